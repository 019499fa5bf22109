"""Random functions around one connection: whatever is changed is the same program, and nothing is ever rejected."""

from __future__ import annotations

import ast
import random

import pytest
from oracle import differences
from rewire_codemods.shared_pool.codemod import SharedPool

from rewire.testing import rewrite

HEAD = """\
import asyncio
import os

import asyncpg

DATABASE_URL = os.environ["DATABASE_URL"]
pool = None


def get_pool():
    return pool


"""
CONNECTS = (
    "conn = await asyncpg.connect(DATABASE_URL)",
    "conn: asyncpg.Connection = await asyncpg.connect(DATABASE_URL)",
)
CLOSES = (
    "await conn.close()",
    "await conn.close()  # bye",
    "if conn:\n    await conn.close()",
    "if conn is not None and not conn.is_closed():\n    await conn.close()",
    "try:\n    await conn.close()\nexcept Exception:\n    pass",
    "if conn:\n    await conn.close()\n    print('closed')",
)
WORK = (
    "x = await conn.fetch('a')",
    "await conn.execute('''\n  SELECT 1\n''')",
    "# note\nx = 1",
    "await helper(conn, x)",
    "x = compute(\n    x,\n    y,\n)",
    "print('a')  # say",
)
LEAVES = ("return x", "return None", "raise ValueError(x)", "return await conn.fetch('z')")


class Writer:
    """Writes functions; ``chance`` decides, so the same seed writes the same functions."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)

    def function(self, name: str) -> str:
        while True:
            lines = [f"async def {name}(x, y, items):"]
            opening = self.chance.choice(CONNECTS)
            if self.chance.random() < 0.4:
                lines += ["    conn = None", "    try:", f"        {opening}"]
                lines += [*self.block(2, " " * 8, False), *self.ending(" " * 4)]
            else:
                lines += [f"    {opening}", *self.block(3, " " * 4, False)]
            text = "\n".join(lines)
            try:
                ast.parse(text)
            except SyntaxError:
                continue
            return text

    def block(self, depth: int, indent: str, loop: bool) -> list[str]:
        return [line for _ in range(self.chance.randint(1, 4)) for line in self.statement(depth, indent, loop)]

    def statement(self, depth: int, indent: str, loop: bool) -> list[str]:
        chance, inner = self.chance.random(), indent + "    "
        if chance < 0.3 or (depth == 0 and chance < 0.7):
            return self.put(WORK, indent)
        if chance < 0.45 or depth == 0:
            return self.put(CLOSES, indent)
        if chance < 0.53:
            return self.put(LEAVES, indent)
        if chance < 0.57:
            return self.put(("continue", "break") if loop else ("y = 2",), indent)
        if chance < 0.58:
            return self.put(CONNECTS, indent)
        if chance < 0.72:
            return self.choice(depth, indent, loop)
        if chance < 0.8:
            head = self.chance.choice(("for x in range(3):", "for x in items:", "while x:"))
            return [indent + head, *self.block(depth - 1, inner, True)]
        if chance < 0.85:
            head = self.chance.choice(("async with conn.transaction():", "with open('f') as f:"))
            return [indent + head, *self.block(depth - 1, inner, loop)]
        return [indent + "try:", *self.block(depth - 1, inner, loop), *self.ending(indent, depth, loop)]

    def choice(self, depth: int, indent: str, loop: bool) -> list[str]:
        inner = indent + "    "
        lines = [indent + self.chance.choice(("if x:", "if not x:", "if conn:")), *self.block(depth - 1, inner, loop)]
        if self.chance.random() < 0.3:
            lines += [indent + "elif y:", *self.block(depth - 1, inner, loop)]
        if self.chance.random() < 0.4:
            lines += [indent + "else:", *self.block(depth - 1, inner, loop)]
        return lines

    def ending(self, indent: str, depth: int = 1, loop: bool = False) -> list[str]:
        lines, inner, chance = [], indent + "    ", self.chance.random()
        if chance < 0.6:
            lines += [indent + "except ValueError as e:", *self.put(WORK[2:3] + WORK[4:] + LEAVES[:3], inner)]
            if self.chance.random() < 0.3:
                lines += [indent + "else:", *self.block(max(0, depth - 1), inner, loop)]
        if chance > 0.3:
            lines.append(indent + "finally:  # last")
            lines += self.put(("print('before')",), inner) if self.chance.random() < 0.3 else []
            lines += self.put(CLOSES, inner)
            lines += self.put(("print('after')",), inner) if self.chance.random() < 0.3 else []
        return lines

    def put(self, texts: tuple[str, ...], indent: str) -> list[str]:
        return [indent + line for line in self.chance.choice(texts).split("\n")]


@pytest.mark.parametrize("seed", range(6))
def test_what_is_changed_is_the_same_program(seed: int) -> None:
    writer = Writer(seed)
    functions = [writer.function(f"f{number}") for number in range(40)]
    source = HEAD + "\n\n\n".join(functions) + "\n"
    trial = rewrite(SharedPool, {"module.py": source})
    outcome = trial.outcome
    assert not outcome.rejected
    assert outcome.balanced
    assert outcome.changed >= 8
    after = trial.text("module.py")
    kept = [text for text in after.split("\n\n\nasync def ") if "asyncpg.connect(" in text]
    mixed = {text.removeprefix("async def ").partition("(")[0] for text in kept}
    found = [line for line in differences(source, after) if line.partition(":")[0] not in mixed]
    assert found == []
