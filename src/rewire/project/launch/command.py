"""From the commands of a launch file to launch contexts."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rewire.model.project import Image, Launch
from rewire.project.boot.tree import HOME, under
from rewire.project.launch.installation import installed_folders
from rewire.project.launch.python import settings_of, start_of
from rewire.project.launch.running import Running, Start, program_of
from rewire.project.launch.shell import Simple, simple_commands
from rewire.project.launch.wrappers import unwrap

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

    from rewire.model.project import Role, Tier
    from rewire.project.boot.tree import Tree

MAX_SCRIPTS = 8
"""How many scripts may call each other before rewire stops following."""

_ENVIRONMENTS = frozenset({"poetry", "uv", "pdm", "hatch", "rye", "pipenv"})
"""Programs that run another one where the project is installed. Where tests run, it is as well."""

_SHELLS = frozenset({"sh", "bash", "zsh", "dash", "ash", "source", ".", "/bin/sh", "/bin/bash"})


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a command was read, and what that file says about it.

    ``installed`` are the tree's places that an installation put on ``sys.path``. ``image`` is the container's tree,
    ``role`` what the file itself calls the process (a Procfile's ``worker``), ``arguments`` what a script is given.
    """

    source: str
    name: str
    tier: Tier
    tree: Tree
    cwd: str | None = HOME
    variables: Mapping[str, str] = field(default_factory=dict)
    here: str | None = None
    line: int = 1
    role: Role | None = None
    image: Image | None = None
    installed: tuple[str, ...] = ()
    read_text: Callable[[str], str | None] = lambda path: None
    depth: int = 0
    arguments: tuple[str, ...] = ()
    entered: set[Hashable] = field(default_factory=set, compare=False, repr=False)
    """The scripts that one text has led to, each with all that decides what it starts."""


def read_command(text: str, evidence: Evidence) -> list[Launch]:
    """Every launch context that running ``text`` in a shell gives."""
    here = evidence.here if evidence.here is not None else evidence.cwd
    if evidence.depth == 0:
        evidence = replace(evidence, entered=set())
    found: list[Launch] = []
    commands = simple_commands(
        text,
        evidence.cwd,
        evidence.variables,
        here=here,
        first_line=evidence.line,
        arguments=evidence.arguments,
    )
    for command in commands:
        found += _read_simple(command, text, evidence)
    return found


def read_words(words: tuple[str, ...], evidence: Evidence) -> list[Launch]:
    """The launch contexts of a command that is given as a list of words (exec form)."""
    command = Simple(words, evidence.cwd, dict(evidence.variables), evidence.line)
    return _read_simple(command, " ".join(words), evidence)


def _read_simple(command: Simple, text: str, evidence: Evidence) -> list[Launch]:
    """The launch contexts of one simple command."""
    variables = dict(command.variables)
    words = unwrap(command.words, variables)
    if not words:
        return []
    program = program_of(words)
    if program in _SHELLS or program.endswith((".sh", ".bash", ".ps1", ".bat", ".cmd")):
        return _shell(program, words, command._replace(variables=variables), evidence)
    cwd = evidence.cwd if command.cwd is None else command.cwd
    if command.cwd is None and evidence.tier in ("document", "process"):
        return []
    if cwd is None:
        return []
    running = Running(words[1:], cwd, variables, evidence.tree, evidence.read_text)
    start = start_of(program, words[0], running)
    if start is None:
        return []
    shown = text.strip() if "\n" not in text.strip() and len(text) < 200 else " ".join(command.words)
    shown = shown.replace(f"{HOME}/", "")
    if evidence.image is None and (start.kind == "tests" or program_of(command.words) in _ENVIRONMENTS):
        own = installed_folders(evidence.tree, cwd, evidence.read_text)
        evidence = replace(evidence, installed=tuple(dict.fromkeys((*evidence.installed, *own))))
    at = replace(evidence, cwd=cwd, line=command.line, variables=variables)
    settings = settings_of(program, running)
    found = [launch_of(start, shown, at)]
    return [*found, launch_of(settings, shown, replace(at, role=None))] if settings else found


def _shell(program: str, words: tuple[str, ...], command: Simple, evidence: Evidence) -> list[Launch]:
    """``sh -c "..."``, ``bash script.sh``, ``./script.sh``: what the inner text starts."""
    if evidence.depth >= MAX_SCRIPTS:
        return []
    inner = replace(evidence, cwd=command.cwd, variables=command.variables, depth=evidence.depth + 1, line=command.line,
                    arguments=())  # fmt: skip
    if program in _SHELLS:
        rest = words[1:]
        for index, word in enumerate(rest):
            if re.fullmatch(r"-\w*c", word) and index + 1 < len(rest):
                return read_command(rest[index + 1], inner)
        first = next((index for index, word in enumerate(rest) if not word.startswith("-")), None)
        if first is None:
            return []
        words = rest[first:]
    if command.cwd is None or "$" in words[0]:
        return []
    place = under(command.cwd, words[0].replace("\\", "/"))
    path = evidence.tree.real(place)
    text = evidence.read_text(path) if path else None
    if path is None or text is None:
        return []
    if path.endswith((".py", ".pyw")):
        return read_words(("python", words[0]), inner)
    call = (place, command.cwd, tuple(sorted(command.variables.items())), words[1:])
    if call in evidence.entered:
        return []  # it starts what it started before; scripts that call each other often would be read without end
    evidence.entered.add(call)
    return read_command(
        text, replace(inner, here=posixpath.dirname(place), line=1, source=path, arguments=tuple(words[1:]))
    )


def launch_of(start: Start, command: str, evidence: Evidence) -> Launch:
    """A ``Launch`` from what a command starts: places turned into paths of the workspace."""
    tree, cwd = evidence.tree, evidence.cwd or HOME
    path_variable = evidence.variables.get("PYTHONPATH", "")
    extra = [under(cwd, part) for part in re.split(r"[:;]", path_variable) if part and "$" not in part]
    places = tuple(dict.fromkeys((*start.roots, *extra)))
    installed = tuple(place for place in evidence.installed if place not in places)
    roots = [tree.directory(place) for place in (*places, *installed)]
    role = start.role
    if evidence.role is not None and role in ("script", "unknown"):
        role = evidence.role
    entry = start.entry
    if start.kind == "script":
        entry = tree.real(start.entry) or _as_path(tree, start.entry)
    elif start.kind == "tests":
        entry = " ".join(_as_path(tree, place) for place in start.entry.split())
    image = evidence.image
    if image is not None:
        image = replace(image, workdir=cwd, roots=places, installed=installed)
    return Launch(
        name=evidence.name,
        command=command,
        workdir=tree.directory(cwd) or "",
        roots=tuple(dict.fromkeys(root for root in roots if root is not None)),
        entry=entry,
        entry_kind=start.kind,
        role=role,
        tier=evidence.tier,
        source=evidence.source,
        line=evidence.line,
        attribute=start.attribute,
        installed=tuple(root for place in installed if (root := tree.directory(place)) is not None),
        image=image,
    )


def _as_path(tree: Tree, place: str) -> str:
    """``place`` relative to the workspace root, as far as that can be said of something that may not be there."""
    real = tree.real(place)
    if real is not None:
        return real
    if place == HOME:
        return ""
    return place.removeprefix(HOME + "/")
