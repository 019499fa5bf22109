"""Being somebody without rights for a moment, whoever runs the tests."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

NOBODY = 65534


@contextmanager
def without_rights() -> Iterator[None]:
    """Root becomes nobody, whom permission bits bind; everybody else stays who they are."""
    if os.geteuid() != 0:
        yield
        return
    home = os.environ.get("HOME")
    os.environ["HOME"] = os.devnull
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        if home is not None:
            os.environ["HOME"] = home


@contextmanager
def open_folder() -> Iterator[Path]:
    """A directory that nobody can reach (pytest's own lie in one that only its owner may enter)."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    try:
        yield folder.resolve()
    finally:
        shutil.rmtree(folder)


def give_to_nobody(root: Path) -> None:
    """Hand a tree over, where we may."""
    if os.geteuid() != 0:
        return
    for folder, _, names in os.walk(root):
        os.chown(folder, NOBODY, NOBODY)
        for name in names:
            os.chown(Path(folder) / name, NOBODY, NOBODY, follow_symlinks=False)
