"""A folder on disk as the part of ``Project`` that launches and boots ask about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rewire.model.source import SourceFile, digest_of

if TYPE_CHECKING:
    from pathlib import Path


class FolderProject:
    """Every file below ``root``; nothing is cached but the list."""

    def __init__(self, root: Path) -> None:
        self.root = root
        found = (path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
        self._files = sorted(path for path in found if not path.startswith(".git/") and "__pycache__" not in path)

    @property
    def paths(self) -> list[str]:
        return [path for path in self._files if path.endswith(".py")]

    def files(self) -> list[str]:
        return self._files

    def read_text(self, path: str) -> str | None:
        try:
            return (self.root / path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return None

    def source(self, path: str) -> SourceFile | None:
        text = self.read_text(path)
        return None if text is None else SourceFile(path, text, "utf-8", False, "\n", digest_of(text.encode()))
