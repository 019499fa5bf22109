"""What lies in the folders of a work tree: names of regular files, and anything that nobody expects there."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence, Set


class Disk:
    """What lies in the folders that were looked at: regular files, reached without a symbolic link."""

    def __init__(self, base: str) -> None:
        self.closed: list[str] = []
        self._base = base
        self._files: dict[str, set[str]] = {}
        self._real = {"": True}

    def regular(self, names: Sequence[str], strange: Callable[[], object] | None = None) -> Sequence[str]:
        """Those of ``names`` that are regular files on disk.

        ``strange`` is called once, as soon as something turns up that is neither a file among ``names`` nor a folder of
        such files, or a folder cannot be looked into.
        """
        expected: dict[str, set[str]] = {}
        for name in names:
            folder, _, last = name.rpartition("/")
            known = expected.get(folder)
            if known is None:
                expected[folder] = {last}
            else:
                known.add(last)
        folders = _with_those_above(expected)
        lost: set[str] = set()
        for folder in sorted(folders):
            here = expected.get(folder, set())
            files, others = self._look_into(folder)
            if not here <= files:
                lost.update(f"{folder}/{last}" if folder else last for last in here - files)
            if strange and not self._is_expected(folder, files, others, here, folders):
                strange()
                strange = None
        return [name for name in names if name not in lost] if lost else names

    def _is_expected(
        self, folder: str, files: set[str], others: Mapping[str, bool], expected: set[str], folders: Set[str]
    ) -> bool:
        """True if a folder holds nothing but what is expected, and folders of that."""
        if folder in self.closed or not files <= (expected if folder else expected | {".git"}):
            return False
        below = f"{folder}/" if folder else ""
        return all(
            f"{below}{name}" in folders or (name == ".git" and not folder) or self._is_empty(f"{below}{name}")
            if is_folder
            else name in expected
            for name, is_folder in others.items()
        )

    def _look_into(self, folder: str) -> tuple[set[str], Mapping[str, bool]]:
        """The names of the regular files in ``folder``; of all else there, each with whether it is a folder."""
        known = self._files.get(folder)
        if known is not None:
            return known, {}
        files: set[str] = set()
        others: dict[str, bool] = {}
        try:
            if _is_real_folder(self._base, folder, self._real):
                with os.scandir(f"{self._base}/{folder}") as found:
                    entries = list(found)
                files = {entry.name for entry in entries if entry.is_file(follow_symlinks=False)}
                if len(files) < len(entries):
                    others = {
                        entry.name: entry.is_dir(follow_symlinks=False) for entry in entries if entry.name not in files
                    }
        except OSError:
            self.closed.append(folder)
        below = f"{folder}/" if folder else ""
        self._files[folder] = files
        self._real.update((f"{below}{name}", is_folder) for name, is_folder in others.items())
        return files, others

    def _is_empty(self, folder: str) -> bool:
        """True for a folder with nothing in it, which git has no name for."""
        try:
            with os.scandir(f"{self._base}/{folder}") as found:
                return next(found, None) is None
        except OSError:
            return False


def _with_those_above(folders: Iterable[str]) -> set[str]:
    """``folders`` and every folder that holds one of them, the top (``""``) among them."""
    found = {""}
    for folder in folders:
        while folder not in found:
            found.add(folder)
            folder = folder.rpartition("/")[0]
    return found


def _is_real_folder(base: str, folder: str, known: dict[str, bool]) -> bool:
    """True if ``folder`` is a directory, and all above it are; ``known`` holds those that were seen already.

    Raises OSError where the operating system does not say.
    """
    answer = known.get(folder)
    if answer is None:
        parent = folder.rpartition("/")[0]
        try:
            answer = _is_real_folder(base, parent, known) and stat.S_ISDIR(os.lstat(f"{base}/{folder}").st_mode)
        except FileNotFoundError:
            answer = False
        known[folder] = answer
    return answer
