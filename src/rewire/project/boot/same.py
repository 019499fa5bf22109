"""Whether a start loads what it loaded before some files were changed, told by the text of these files alone.

A start reads the files that it loads, and no others. Where all that was changed in them is how import statements spell
what they import, line for line, it takes the same way through them.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from rewire.project.boot.outside import distributions
from rewire.project.contexts import main_package
from rewire.project.modules import package_of
from rewire.syntax.imports import read_imports

if TYPE_CHECKING:
    from collections.abc import Set

    from rewire.model.project import Project
    from rewire.project.boot.outcome import Boot
    from rewire.syntax.import_statement import ImportStatement


class Rewording:
    """Two states of one project: the same files, ``changed`` some of them."""

    def __init__(self, before: Project, after: Project, changed: Set[str]) -> None:
        self.before = before
        self.after = after
        self.changed = changed
        self._known: dict[tuple[str, str], frozenset[int] | None] = {}

    def keeps(self, boot: Boot) -> bool:
        """True if ``boot``, a start of the first state, is sure to be one of the second, too."""
        return self._declares_the_same and all(
            self._keeps_file(boot, one.path, one.name) for one in boot.loaded if one.path in self.changed
        )

    @cached_property
    def _declares_the_same(self) -> bool:
        """True if no file that was changed says anything new of what every start depends on."""
        if not all(path.endswith((".py", ".pyi")) for path in self.changed):
            return False
        for path in self.changed:
            if path.rpartition("/")[2] == "setup.py":
                old, new = self.before.read_text(path) or "", self.after.read_text(path) or ""
                if set(distributions("setup.py", old)) != set(distributions("setup.py", new)):
                    return False
        return True

    def _keeps_file(self, boot: Boot, path: str, name: str) -> bool:
        package = main_package(boot.launch, path) if name == "__main__" else package_of(name, path)
        if (path, package) not in self._known:
            self._known[path, package] = self._reworded(path, package)
        lines = self._known[path, package]
        return lines is not None and not any((path, line) in boot.unlike for line in lines)

    def _reworded(self, path: str, package: str) -> frozenset[int] | None:
        old, new = self.before.source(path), self.after.source(path)
        return reworded(old.text, new.text, package) if old and new else None


def reworded(old: str, new: str, package: str) -> frozenset[int] | None:
    """The lines where ``import a.b as c`` has become ``from a import b as c``, if two texts of a module in ``package``
    (empty: in none) differ in nothing else but how their import statements spell the same modules; None if they do.
    """
    before, after = read_imports(old), read_imports(new)
    if len(before) != len(after):
        return None
    found = set()
    at = there = 0
    line = 1
    for one, other in zip(before, after, strict=True):
        between, written = old[at : one.start], old[one.start : one.end]
        line += _newlines(between)
        if between != new[there : other.start] or _newlines(written) != _newlines(new[other.start : other.end]):
            return None
        if _takes_from(one, other, package):
            found.add(line)
        elif not _is_same(one, other, package):
            return None
        line += _newlines(written)
        at, there = one.end, other.end
    return frozenset(found) if old[at:] == new[there:] else None


def _newlines(text: str) -> int:
    return text.count("\n") + text.count("\r") - text.count("\r\n")


def _is_same(one: ImportStatement, other: ImportStatement, package: str) -> bool:
    """True if both load the same module and take the same names from it, under the same names."""
    if one.is_from is not other.is_from or one.names != other.names:
        return False
    if (one.level, one.module) == (other.level, other.module):
        return True
    meant = _meant(one, package)
    return meant is not None and meant == _meant(other, package)


def _takes_from(one: ImportStatement, other: ImportStatement, package: str) -> bool:
    """True for ``import a.b as c`` and then ``from a import b as c``."""
    if one.is_from or not other.is_from or len(one.names) != 1 or len(other.names) != 1:
        return False
    (dotted, bound), (name, alias) = one.names[0], other.names[0]
    return bool(bound) and bound == (alias or name) and dotted == f"{_meant(other, package)}.{name}"


def _meant(statement: ImportStatement, package: str) -> str | None:
    """The dotted name of the module; None where there is none."""
    if not statement.level:
        return statement.module
    parts = package.split(".") if package else []
    if statement.level > len(parts):
        return None
    base = ".".join(parts[: len(parts) - statement.level + 1])
    return f"{base}.{statement.module}" if statement.module else base
