"""A round of watching: what it leaves for the next one."""

from __future__ import annotations

from argparse import Namespace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NoReturn

from rewire.cli.watch import rounds

if TYPE_CHECKING:
    import pytest


def test_after_a_round_this_process_has_what_rewrites(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Even after one that failed: a process that loaded it in every round would make each save wait for it."""
    told: list[str] = []

    def fail(args: Namespace, asked: Any) -> NoReturn:
        raise ValueError("half a file")

    monkeypatch.setattr(rounds, "_run", fail)
    monkeypatch.setattr("rewire.verify.accept.workshop", lambda: told.append(capsys.readouterr().err))
    args = Namespace(check=False, quiet=False, verbose=False, output=None, format="json", color="never")
    asked: Any = SimpleNamespace(request=SimpleNamespace(discovered=SimpleNamespace(selected=("a.py",), context=())))
    assert rounds.make_round(args, asked, 1) is None
    (shown,) = told
    assert "half a file" in shown
    assert "watching 1 Python file" in shown  # the user has been told before
