"""An answer from the cache is the one that ``--no-cache`` gives, whatever was done to the project in between.

Random edits of a small project that every codemod finds something in; those that hide are among them (the same size and
times, other contents by renaming, links, other launch files). The seeds can be others: REWIRE_CACHE_SEEDS=100-200.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from support.repositories import git, make_repository

from rewire.__main__ import main
from rewire.cache import whole

if TYPE_CHECKING:
    from pathlib import Path

PIECES = (
    "from shop.a import b\n", "import shop.a\n", "from .a import b\n", "from ..a import b\n", "x = 1\n", "b = 2\n",
    "from shop.sub.c import x  # rewire: ignore[relative-imports] why\n", "def f(:\n", "from shop import *\n",
    "import asyncpg\nasync def c():\n    return await asyncpg.connect(dsn, connect_timeout=3)\n",
    "from shop.config import OPTIONS\nimport asyncpg\nasync def g():\n    return await asyncpg.connect(**OPTIONS)\n",
    "OPTIONS = {'host': 'h', 'connect_timeout': 5}\n",
    "import asyncpg\nasync def fetch(q):\n    conn = await asyncpg.connect('postgresql://h/d')\n    try:\n"
    "        return await conn.fetch(q)\n    finally:\n        await conn.close()\n",
    "from fastapi import FastAPI\napp = FastAPI()\n",
    "from sqlalchemy.ext.asyncio import create_async_engine\nengine = create_async_engine('postgresql+asyncpg://h/d')\n",
    "if __name__ == '__main__':\n    import shop.a\n",
    "import runpy\nrunpy.run_path('shop/tool.py')\n",
)  # fmt: skip
NAMES = ("shop/__init__.py", "shop/a.py", "shop/b.py", "shop/sub/__init__.py", "shop/sub/c.py", "shop/config.py",
         "shop/tool.py", "main.py", "a.py", "lib/util.py", "src/shop/a.py")  # fmt: skip
OTHERS = {
    "pyproject.toml": ("[tool.rewire]\nroots=['src']\n", "[tool.rewire]\nexclude=['shop/sub']\n", "[project]\n"),
    "Dockerfile": (
        "FROM python\nWORKDIR /app\nCOPY . .\nCMD uvicorn shop.main:app\n",
        "FROM python\nCOPY shop /app\nWORKDIR /app\nCMD python tool.py\n",
    ),
    "Procfile": ("web: python shop/tool.py\n", "web: gunicorn shop.main:app\n"),
    "tox.ini": ("[pytest]\npythonpath=lib\n", "[pytest]\n"),
    ".gitignore": ("shop/b.py\n", "lib/\n"),
    "README.md": ("words\n", "other words\n"),
}
RUNS = (
    ["--dry-run", "--format", "json"],
    ["--dry-run"],
    ["--dry-run", "--select", "relative-imports"],
    ["--dry-run", "shop/sub", "--format", "json"],
    ["--check", "--since", "HEAD"],
    ["--dry-run", "--launch", "python shop/tool.py"],
)


def put(root: Path, choice: random.Random) -> None:
    write(root / choice.choice(NAMES), "".join(choice.choices(PIECES, k=choice.randint(1, 3))))


def put_other(root: Path, choice: random.Random) -> None:
    name = choice.choice(list(OTHERS))
    write(root / name, choice.choice(OTHERS[name]))


def change_in_hiding(root: Path, choice: random.Random) -> None:
    """The same size and the same times, in the same inode or in another one."""
    path = any_file(root, choice)
    status, data = path.stat(), path.read_bytes()
    old, new = (b"shop.a", b"shop.b") if b"shop.a" in data else (b"from ", b"#rom ")
    other = data.replace(old, new)
    place = path if choice.random() < 0.5 else path.with_suffix(".new")
    place.write_bytes(other)
    place.replace(path)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def change_places(root: Path, choice: random.Random) -> None:
    one, other = any_file(root, choice), any_file(root, choice)
    between = one.with_suffix(".between")
    one.rename(between)
    other.rename(one)
    between.rename(other)


def link(root: Path, choice: random.Random) -> None:
    one, other = any_file(root, choice), any_file(root, choice)
    other.unlink()
    if choice.random() < 0.5:
        other.hardlink_to(one)
    else:
        other.symlink_to(one)


def remove(root: Path, choice: random.Random) -> None:
    any_file(root, choice).unlink()


def remove_other(root: Path, choice: random.Random) -> None:
    (root / choice.choice(list(OTHERS))).unlink()


def move_package(root: Path, choice: random.Random) -> None:
    one, other = root / "shop", root / "shop2"
    one.rename(other) if one.exists() else other.rename(one)


def commit(root: Path, choice: random.Random) -> None:
    git(root, "add", "-A")
    git(root, "commit", "-q", "--allow-empty", "-m", "more")


def check_out(root: Path, choice: random.Random) -> None:
    git(root, "checkout", "-q", "-f", "HEAD~1")


def damage_cache(root: Path, choice: random.Random) -> None:
    path = root.parent / "cache" / "cache.sqlite3"
    data = bytearray(path.read_bytes())
    start = choice.randrange(len(data))
    data[start : start + 500] = choice.randbytes(500)
    path.write_bytes(data)


EDITS = (put, put_other, put_other, *[change_in_hiding] * 5, change_places, link, remove, remove_other,
         move_package, commit, check_out, damage_cache)  # fmt: skip


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def any_file(root: Path, choice: random.Random) -> Path:
    return choice.choice(sorted(path for path in root.rglob("*.py") if path.is_file()))


def seeds() -> range:
    first, _, last = os.environ.get("REWIRE_CACHE_SEEDS", "0-3").partition("-")
    return range(int(first), int(last))


@pytest.mark.parametrize("seed", seeds())
def test_cached_answers_are_those_of_a_run_without(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    choice = random.Random(seed)
    root = make_repository(tmp_path / "project", {name: "".join(choice.choices(PIECES, k=2)) for name in NAMES})
    monkeypatch.chdir(root)
    monkeypatch.setenv("REWIRE_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(whole, "SETTLED", 10_000_000)
    recalled: list[bool] = []
    recall = whole.Whole.recall

    def note(*arguments: object) -> object:
        found = recall(*arguments)  # type: ignore[arg-type]
        recalled.append(found is not None)
        return found

    monkeypatch.setattr(whole.Whole, "recall", note)

    def run(*words: str) -> tuple[int, bytes, bytes]:
        code = main(["apply", "--jobs", "1", *words])
        out, err = capfdbinary.readouterr()
        return code, out, re.sub(rb'(in |"seconds": )[0-9.]+', rb"\1", err)

    done: list[str] = []
    for _ in range(12):
        for edit in choice.choices(EDITS, k=choice.randint(0, 2)):
            with suppress(OSError, AssertionError, IndexError, ValueError):  # what cannot be done now is not
                edit(root, choice)
            done.append(edit.__name__)
        time.sleep(0.03)  # so that the files' times can be told from the run's
        words = choice.choice(RUNS) if choice.random() < 0.3 else RUNS[0]  # often the same, which may be recalled
        fresh = run(*words, "--no-cache")
        for _ in range(2):
            assert plain(run(*words)) == plain(fresh), (done, words)
        done.append(" ".join(words))
    assert any(recalled)
    assert not all(recalled)
    same = tmp_path / "same"
    subprocess.run(["cp", "-a", str(root), str(same)], check=True)  # hard links stay what they are
    run("--no-commit")
    with_cache = contents(root)
    shutil.rmtree(root)
    same.rename(root)
    monkeypatch.chdir(root)
    run("--no-commit", "--no-cache")
    assert contents(root) == with_cache


def plain(answer: tuple[int, bytes, bytes]) -> tuple[int, bytes, bytes]:
    return answer[0], re.sub(rb'"seconds": [0-9.e-]+', b"", answer[1]), answer[2]


def contents(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and ".git" not in path.parts
    }
