"""A progress bar on the terminal, for what takes longer than a second: files, rate and time left."""

from __future__ import annotations

import time
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

    from rich.progress import Progress, TaskID

DELAY = 1.0
"""Seconds before anything is shown: a short run draws nothing, and does not pay for importing rich."""

INTERVAL = 0.1
"""Seconds between two drawings. Drawn from the caller's thread: a run that forks workers should have no other."""


class ProgressBar:
    """Call it with (stage, done, total); use as a context manager, which takes the bar away at the end."""

    def __init__(self, stream: IO[str], *, colour: bool = True) -> None:
        self._stream = stream
        self._colour = colour
        self._started = time.monotonic()
        self._drawn = 0.0
        self._progress: Progress | None = None
        self._task: TaskID | None = None
        self._stage = ""

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Show how far ``stage`` has come."""
        now = time.monotonic()
        if now - self._started < DELAY:
            return
        if self._progress is None:
            self._progress = self._open()
        if stage != self._stage:
            if self._task is not None:
                self._progress.remove_task(self._task)
            self._task = self._progress.add_task(stage, total=total, completed=done)
            self._stage = stage
        assert self._task is not None
        self._progress.update(self._task, completed=done, total=total)
        if now - self._drawn >= INTERVAL:
            self._progress.refresh()
            self._drawn = now

    def _open(self) -> Progress:
        """The bar itself."""
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
        from rich.text import Text

        class Rate(TextColumn):
            def render(self, task: object) -> Text:
                speed = getattr(task, "speed", None)
                return Text(f"{speed:,.0f} files/s" if speed else "")

        progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            Rate(""),
            TimeRemainingColumn(),
            console=Console(file=self._stream, force_terminal=True, no_color=not self._colour),
            auto_refresh=False,
            transient=True,
        )
        progress.start()
        return progress
