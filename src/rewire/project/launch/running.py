"""A program about to run, and what it makes Python load; the words that programs understand alike."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from rewire.project.boot.tree import under

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rewire.model.project import Role
    from rewire.project.boot.tree import Tree

Kind = Literal["module", "main-module", "script", "tests"]


class Start(NamedTuple):
    """What a command makes Python load. ``roots`` are absolute in the launch's tree, ``entry`` of a script too."""

    entry: str
    kind: Kind
    roots: tuple[str, ...]
    role: Role
    attribute: str = ""


@dataclass(frozen=True, slots=True)
class Running:
    """A program about to run: its arguments, its directory, its variables, the tree, and ``-m``'s own root."""

    words: tuple[str, ...]
    cwd: str
    variables: Mapping[str, str]
    tree: Tree
    read_text: Callable[[str], str | None] = lambda path: None
    roots: tuple[str, ...] = ()

    def text(self, place: str) -> str | None:
        """The text of the project file at ``place``."""
        path = self.tree.real(place)
        return None if path is None else self.read_text(path)

    def option(self, *names: str) -> str | None:
        """The value of the first option of these names, as ``--x v``, ``--x=v`` or ``-xv``."""
        for index, word in enumerate(self.words):
            for name in names:
                if word == name:
                    return self.words[index + 1] if index + 1 < len(self.words) else None
                if word.startswith(name + "=") and name.startswith("--"):
                    return word[len(name) + 1 :]
                if not name.startswith("--") and word.startswith(name) and not word.startswith("--") and len(word) > 2:
                    return word[len(name) :].lstrip("=")
        return None

    def arguments(self, valued: str) -> list[str]:
        """The words that are neither options nor values of the options named in ``valued``."""
        takes = frozenset(valued.split())
        found: list[str] = []
        skip = False
        for word in self.words:
            if skip:
                skip = False
            elif word.startswith("-") and word != "-":
                skip = word in takes
            else:
                found.append(word)
        return found


def target_of(text: str) -> tuple[str, str]:
    """``pkg.mod:app`` as module and attribute path; calls (``create_app()``) lose their brackets."""
    module, _, attribute = text.partition(":")
    return module, re.sub(r"\\?\(.*", "", attribute)


def is_plain(text: str | None) -> bool:
    """True for text without shell leftovers."""
    return bool(text) and not re.search(r"[$<>{}*\s]", text or "")


def upwards(run: Running, path: str) -> tuple[str, str]:
    """(root, dotted name) of ``path``: up and out of every directory that has an ``__init__.py``."""
    path = under(run.cwd, path).removesuffix(".py")
    if posixpath.basename(path) == "__init__":
        path = posixpath.dirname(path)
    parts: list[str] = []
    while True:
        path, name = posixpath.split(path)
        parts.insert(0, name)
        if path in ("/", "") or not run.tree.is_file(posixpath.join(path, "__init__.py")):
            return path, ".".join(parts)


def program_of(words: Sequence[str]) -> str:
    """The program's own name in ``words[0]``: no folder, no ``.exe``, no version."""
    return re.sub(r"(?:\.exe)?$", "", posixpath.basename(words[0].replace("\\", "/")))


def after_options(words: tuple[str, ...]) -> tuple[str, ...]:
    """``words`` from the first one that is neither an option nor ``--``; ``-m`` stays (``coverage run -m``)."""
    valued = {
        "--env-file",
        "--directory",
        "--project",
        "--with",
        "--extra",
        "--group",
        "-n",
        "-p",
        "--python",
        "-e",
        "-f",
        "--rcfile",
        "--source",
        "-u",
    }
    while words and words[0].startswith("-") and words[0] != "-m":
        words = words[2:] if words[0] in valued and "=" not in words[0] else words[1:]
    return words
