"""What installing the project puts on ``sys.path``: the folders that hold its packages."""

from __future__ import annotations

import posixpath
import re
import tomllib
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from rewire.project.boot.outside import distributions, normal_name
from rewire.project.boot.tree import under

if TYPE_CHECKING:
    from collections.abc import Callable

    from rewire.project.boot.tree import Files, Tree


def is_package(text: str | None) -> bool:
    """True if a ``pyproject.toml`` of this text describes something to install."""
    if text is None:
        return False
    try:
        data: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    tool = data.get("tool")
    return "build-system" in data or (isinstance(tool, dict) and "poetry" in tool)


def package_folders(tree: Tree, folder: str) -> list[str]:
    """The folders that an installation of ``folder`` puts on ``sys.path``: ``src`` where there is one, else itself."""
    if not any(tree.is_file(posixpath.join(folder, name)) for name in ("pyproject.toml", "setup.py", "setup.cfg")):
        return []
    source = posixpath.join(folder, "src")
    if tree.is_dir(source) and not tree.is_file(posixpath.join(source, "__init__.py")):
        return [source]
    return [folder]


def installed_folders(tree: Tree, folder: str, read_text: Callable[[str], str | None]) -> list[str]:
    """``with_siblings`` if the project at ``folder`` has packaging at all."""
    if tree.is_file(posixpath.join(folder, "setup.py")) or tree.is_file(posixpath.join(folder, "setup.cfg")):
        return with_siblings(tree, folder, read_text)
    path = tree.real(posixpath.join(folder, "pyproject.toml"))
    if path is None or not is_package(read_text(path)):
        return []
    return with_siblings(tree, folder, read_text)


def with_siblings(tree: Tree, folder: str, read_text: Callable[[str], str | None]) -> list[str]:
    """``package_folders`` of a project and of those of the workspace's own projects that it depends on, however far."""
    projects = _projects(tree.files, read_text) if len(tree.files.metadata) > 1 else {}
    names = {project.folder: name for name, project in projects.items()}
    found = package_folders(tree, folder)
    own = tree.real(folder)
    pending = [names[own]] if own in names else []
    seen = set(pending)
    while pending:
        for name in sorted(projects[pending.pop()].needs & projects.keys() - seen):
            seen.add(name)
            pending.append(name)
            place = tree.place(projects[name].folder)
            found += [entry for entry in package_folders(tree, place or "") if place and entry not in found]
    return found


class _Project(NamedTuple):
    """A project of the workspace: its folder, and the distributions that it names as dependencies of any kind."""

    folder: str
    needs: frozenset[str]


@lru_cache(maxsize=1)
def _projects(files: Files, read_text: Callable[[str], str | None]) -> dict[str, _Project]:
    """The workspace's projects, by the name of their distribution."""
    named: dict[str, str] = {}
    needs: dict[str, set[str]] = {}
    for path in files.metadata:
        folder, _, file = path.rpartition("/")
        text = read_text(path)
        if text is None:
            continue
        name = _NAME.search(text)
        if name:
            named.setdefault(folder, normal_name(name[1]))
        needs.setdefault(folder, set()).update(map(normal_name, distributions(file, text)))
    return {name: _Project(folder, frozenset(needs[folder] - {name})) for folder, name in named.items()}


_NAME = re.compile(r"(?:^|[\s(,])name\s*=\s*[\"']?([A-Za-z][\w.-]*)", re.M)
"""A distribution's name in a ``pyproject.toml``, ``setup.cfg`` or call of ``setup()``: the first that is given."""

_INSTALLS = re.compile(r"\b(?:pip3?|uv pip|uv)\s+(?:install|sync)\b|\b(?:poetry|pdm)\s+install\b")
_OF_FOLDER = re.compile(
    r"\binstall\b[^&|;\n]*?\s(?:-e\s+|--editable[ =])?[\"']?(?P<path>\.{1,2}(?:/[\w./-]*)?)"
    r"(?:\[[\w,-]*\])?[\"']?(?=\s|$|;|&)"
)


def installs(text: str, tree: Tree, cwd: str) -> list[str]:
    """The places that the installation commands in ``text``, run in ``cwd``, put on ``sys.path``."""
    if not _INSTALLS.search(text):
        return []
    folders = [match["path"] for match in _OF_FOLDER.finditer(text)]
    if re.search(r"\b(?:poetry|pdm)\s+install\b", text) and "--no-root" not in text:
        folders.append(".")
    if re.search(r"\buv\s+sync\b", text) and "--no-install-project" not in text:
        folders.append(".")
    found: list[str] = []
    for folder in folders:
        found += [place for place in package_folders(tree, under(cwd, folder)) if place not in found]
    return found
