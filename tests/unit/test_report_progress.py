"""The progress bar: nothing for a short run, files, rate and time left for a long one, and gone at the end."""

from __future__ import annotations

import io
import re

import pytest

from rewire.report import progress
from rewire.report.progress import ProgressBar


class Clock:
    """A clock that goes when it is told to."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(progress.time, "monotonic", made)
    return made


def plain(stream: io.StringIO) -> str:
    return re.sub(r"\x1b\[[\d;?]*[a-zA-Z]", "", stream.getvalue())


def test_nothing_is_drawn_within_the_first_second(clock: Clock) -> None:
    stream = io.StringIO()
    with ProgressBar(stream) as bar:
        for done in range(10):
            bar("search", done, 10)
            clock.now += 0.09
    assert stream.getvalue() == ""


def test_a_long_run_shows_stage_files_rate_and_time_left(clock: Clock) -> None:
    stream = io.StringIO()
    with ProgressBar(stream) as bar:
        for done in range(0, 5000, 100):
            clock.now += 0.2
            bar("search", done, 5000)
        bar("locate relative-imports", 0, 70)
    seen = plain(stream)
    assert re.search(r"search .*1200/5000 +[\d,]+ files/s +\d:\d\d:\d\d", seen)
    assert re.search(r"locate relative-imports .* 0/70", seen)


def test_it_is_drawn_a_few_times_a_second_at_most(clock: Clock) -> None:
    stream = io.StringIO()
    with ProgressBar(stream) as bar:
        clock.now += 2
        for done in range(100_000):
            bar("search", done, 100_000)
            clock.now += 0.0001
    assert plain(stream).count("search") <= 110


def test_it_goes_away_even_when_the_run_is_interrupted(clock: Clock) -> None:
    stream = io.StringIO()

    def run() -> None:
        with ProgressBar(stream) as bar:
            clock.now += 2
            bar("search", 1, 10)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()
    assert "search" in plain(stream)
    assert stream.getvalue().endswith(("\x1b[2K", "\x1b[?25h"))
    assert "\x1b[?25h" in stream.getvalue()


def test_without_colour_it_only_moves_the_cursor(clock: Clock) -> None:
    stream = io.StringIO()
    with ProgressBar(stream, colour=False) as bar:
        for done in range(0, 5000, 100):
            clock.now += 0.2
            bar("search", done, 5000)
    assert "search" in plain(stream)
    assert not re.search(r"\x1b\[[1-9][\d;]*m", stream.getvalue())
