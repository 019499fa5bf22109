"""Waiting for changes on disk: the one room that speaks to watchfiles."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rewire.errors import RewireError, UsageError

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import TracebackType

QUIET = 30
"""Milliseconds without a further change that end a burst of changes."""

LONGEST_BURST = 1_000
"""Milliseconds after which a burst is answered though it goes on."""

PULSE = 50
"""Milliseconds after which watchfiles hands control back, change or no change."""

RECURSIVE = sys.platform != "linux"
"""Linux watches folders one by one, so that what git ignores (a virtual environment) costs nothing; others, trees."""


def require_watchfiles() -> None:
    """Raise UsageError where the extra is not installed."""
    try:
        import watchfiles  # noqa: F401
    except ImportError:
        raise UsageError(
            "--watch needs the library watchfiles, which is not installed",
            advice="pip install 'rewire-codemods[watch]'",
        ) from None


class Watcher:
    """Notes every change in some folders from the moment that ``follow`` returns; a context manager."""

    def __init__(self, *, recursive: bool = RECURSIVE) -> None:
        self._recursive = recursive
        self._folders: frozenset[str] = frozenset()
        self._changes: Generator[set[str], None, None] | None = None

    def __enter__(self) -> Watcher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._changes is not None:
            self._changes.close()

    def follow(self, folders: frozenset[str]) -> bool:
        """Watch these from now on; True if they are others than before, so that a look before this call was early."""
        folders = _tops(folders) if self._recursive else folders
        if folders == self._folders and self._changes is not None:
            return False
        earlier, self._changes = self._changes, self._start(folders)
        if earlier is not None:
            earlier.close()
        self._folders = folders
        return True

    def wait(self) -> frozenset[str] | None:
        """The whole paths of what changed since the last answer, as soon as there is a pause; None: anything may have.

        Raises KeyboardInterrupt on Ctrl-C.
        """
        assert self._changes is not None, "follow comes first"
        try:
            while not (found := next(self._changes)):
                pass
        except RuntimeError:  # watchfiles' own kind: it gives up at a name that is no text
            self._changes = self._start(self._folders)
            return None
        return frozenset(found)

    def _start(self, folders: frozenset[str]) -> Generator[set[str], None, None]:
        """A stream of changes that has begun to listen. Raises RewireError where the system refuses."""
        for last in (False, False, True):
            there = sorted(folder for folder in folders if os.path.isdir(folder))  # noqa: PTH112 - thousands
            if not there:
                raise RewireError("the folders of the project are gone: there is nothing left to watch")
            stream = _stream(there, recursive=self._recursive)
            try:
                return _after(next(stream), stream)
            except (OSError, RuntimeError) as error:
                if isinstance(error, FileNotFoundError) and not last:
                    continue  # one went away in between
                raise RewireError(
                    f"the folders of the project cannot be watched: {error}",
                    advice="raise the system's limit (Linux: sysctl fs.inotify.max_user_watches, max_user_instances), "
                    "or set WATCHFILES_FORCE_POLLING=1",
                ) from error
        raise AssertionError("the last try answers or raises")


def _stream(folders: list[str], *, recursive: bool) -> Generator[set[str], None, None]:
    """Sets of changed paths; an empty one whenever nothing happened for a while."""
    import watchfiles

    for changes in watchfiles.watch(
        *folders,
        watch_filter=None,
        debounce=LONGEST_BURST,
        step=QUIET,
        rust_timeout=PULSE,
        yield_on_timeout=True,
        recursive=recursive,
        ignore_permission_denied=True,
    ):
        yield {path for _, path in changes}


def _after(early: set[str], stream: Generator[set[str], None, None]) -> Generator[set[str], None, None]:
    """What came with the first look, then the rest."""
    yield early
    yield from stream


def _tops(folders: frozenset[str]) -> frozenset[str]:
    """The folders that lie in no other of them."""
    return frozenset(folder for folder in folders if not any(str(up) in folders for up in Path(folder).parents))
