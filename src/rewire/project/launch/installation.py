"""What installing the project puts on ``sys.path``: the folders that hold its packages."""

from __future__ import annotations

import posixpath
import tomllib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from rewire.project.boot.tree import Tree


def is_package(text: str | None) -> bool:
    """True if a ``pyproject.toml`` of this text describes something to install."""
    if text is None:
        return False
    try:
        data: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    tool = data.get("tool", {})
    return "build-system" in data or "poetry" in tool


def package_folders(tree: Tree, folder: str) -> list[str]:
    """The folders that an installation of ``folder`` puts on ``sys.path``: ``src`` where there is one, else itself."""
    if not any(tree.is_file(posixpath.join(folder, name)) for name in ("pyproject.toml", "setup.py", "setup.cfg")):
        return []
    source = posixpath.join(folder, "src")
    if tree.is_dir(source) and not tree.is_file(posixpath.join(source, "__init__.py")):
        return [source]
    return [folder]


def installed_folders(tree: Tree, folder: str, read_text: Callable[[str], str | None]) -> list[str]:
    """``package_folders`` if the project at ``folder`` has packaging at all."""
    if tree.is_file(posixpath.join(folder, "setup.py")) or tree.is_file(posixpath.join(folder, "setup.cfg")):
        return package_folders(tree, folder)
    path = tree.real(posixpath.join(folder, "pyproject.toml"))
    if path is None or not is_package(read_text(path)):
        return []
    return package_folders(tree, folder)
