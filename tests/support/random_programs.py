"""Small random packages whose modules import one another in every way, for comparison with the real import system."""

from __future__ import annotations

import random

HANDLERS = (
    "except ImportError:",
    "except ModuleNotFoundError:",
    "except Exception:",
    "except (KeyError, ImportError):",
    "except AttributeError:",
    "except:",
)


class Maker:
    """Makes one project from a seed: files by path. The same seed gives the same project."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.files: dict[str, str] = {}
        r = self.random
        folders = ["", "app", "app/core", "lib"][: r.randint(2, 4)]
        for folder in folders:
            for name in r.sample(["a", "b", "c", "db", "sub"], r.randint(1, 3)):
                self.files[f"{folder}/{name}.py".lstrip("/")] = ""
            if folder and r.random() < 0.7:
                self.files[f"{folder}/__init__.py"] = ""
        self.files["main.py"] = ""
        self.modules = sorted(
            path.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for path in self.files
        )
        for path in sorted(self.files):
            self.files[path] = self.module(path)

    def module(self, path: str) -> str:
        lines = ["first = 1"] if self.random.random() < 0.5 else []
        for _ in range(self.random.randint(0, 4)):
            lines += self.statement(path, 0)
        if self.random.random() < 0.1:
            lines.append(
                "__all__ = ['last', 'x']" if self.random.random() < 0.5 else "def __getattr__(name): return name"
            )
        lines.append("last = 2")
        return "\n".join(lines) + "\n"

    def statement(self, path: str, depth: int) -> list[str]:
        r = self.random
        kind = r.random()
        if depth < 2 and kind < 0.16:
            handler = r.choice(HANDLERS)
            after = r.choice(["pass", "x = None", "raise", *self.statement(path, 2)])
            body = [line for _ in range(r.randint(1, 2)) for line in self.statement(path, depth + 1)]
            tail = (
                ["else:", "    flag = 1"]
                if r.random() < 0.2
                else ["finally:", "    done = 1"]
                if r.random() < 0.2
                else []
            )
            return ["try:", *indent(body), handler, *indent([after]), *tail]
        if depth < 2 and kind < 0.22:
            test = r.choice(
                [
                    "True",
                    "__name__ == '__main__'",
                    "__package__",
                    "not __package__",
                    "TYPE_CHECKING",
                    "'app' in sys.modules",
                ]
            )
            extra = (
                ["from typing import TYPE_CHECKING"]
                if test == "TYPE_CHECKING"
                else ["import sys"]
                if "sys" in test
                else []
            )
            other = ["else:", *indent(self.statement(path, depth + 1))] if r.random() < 0.5 else []
            return [*extra, f"if {test}:", *indent(self.statement(path, depth + 1)), *other]
        if depth < 2 and kind < 0.30:
            name = r.choice(["f", "g"])
            call = [f"{name}()"] if r.random() < 0.7 else []
            return [f"def {name}():", *indent(self.statement(path, 2)), "    return 1", *call]
        if depth < 2 and kind < 0.34:
            return ["class K:", *indent(self.statement(path, 2)), "    z = 1"]
        return [self.simple(path)]

    def simple(self, path: str) -> str:
        r = self.random
        target = r.choice(self.modules)
        kind = r.random()
        name = r.choice(["first", "last", "x", "sub", "a", "b", "db", "core", "nothing", "f"])
        if kind < 0.22:
            return f"from {target} import {name}" if r.random() < 0.8 else f"from {target} import first, {name} as x"
        if kind < 0.40:
            return f"import {target}" + (" as x" if r.random() < 0.4 else "")
        if kind < 0.62:
            dots = "." * r.choice([1, 1, 1, 2, 2, 3])
            tail = r.choice(["", "", "a", "b", "db", "sub", "core", "core.a"])
            return f"from {dots}{tail} import {name}"
        if kind < 0.68:
            return f"from {target} import *"
        if kind < 0.82:
            return f"{target}.{name}" if r.random() < 0.5 else f"y = {target.split('.')[0]}"
        if kind < 0.88:
            return f"{name}.{r.choice(['first', 'last', 'x', 'a'])}"
        if kind < 0.94:
            return r.choice(
                ["from app.nothing import x", "import importlib; x = importlib.import_module('app.a')", "del first"]
            )
        return r.choice(
            [
                "import sys; sys.path.insert(0, 'app')",
                "import os, sys; sys.path.append(os.path.dirname(__file__) + '/core')",
                "x = lambda: nothing",
                "x = [first for first in (1,)]",
            ]
        )


def indent(lines: list[str]) -> list[str]:
    return ["    " + line for line in lines]


def commands(files: dict[str, str]) -> list[str]:
    """Ways to start the project."""
    found = ["python main.py", "python -m main"]
    if "app/a.py" in files:
        found += ["python app/a.py", "python -m app.a", "uvicorn app.a:last"]
    return found
