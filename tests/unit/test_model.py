"""The nouns: lossless sources, spans, line numbers, workspaces, the ledger and the exit code."""

from __future__ import annotations

import codecs
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rewire.model.result import EXIT_CODES, Failure, Outcome, Rejected, RunResult
from rewire.model.site import Change, Promise, Refusal, Suppression
from rewire.model.source import SourceFile, Span, digest_of, line_of
from rewire.model.workspace import Changeset, FileChange, Workspace


def source(path: str, text: str, *, bom: bool = False, encoding: str = "utf-8") -> SourceFile:
    data = (codecs.BOM_UTF8 if bom else b"") + text.encode(encoding)
    return SourceFile(path, text, encoding, bom, "\n", digest_of(data))


def change(path: str, *, support: bool = False, start: int = 0) -> Change:
    span = Span(start, start + 1)
    return Change("toy", path, span, 1, "s", "", support, span, span)


def outcome(*files: FileChange, found: int = 0, codemod: str = "toy", **more: object) -> Outcome:
    return Outcome(codemod, "s", Promise.CHECKED, found, Changeset(codemod, files), **more)  # type: ignore[arg-type]


def refusal(code: str = "c") -> Refusal:
    return Refusal("toy", "a.py", Span(0, 1), code, "r", "a")


@given(st.text(alphabet="a\r\n", max_size=20), st.integers(0, 20))
def test_line_numbers_count_every_kind_of_line_end(text: str, offset: int) -> None:
    offset = min(offset, len(text))
    inside = text[:offset].endswith("\r") and text[offset : offset + 1] == "\n"
    before = text[: offset - 1] if inside else text[:offset]
    assert line_of(text, offset) == len((before + "x").replace("\r\n", "\n").replace("\r", "\n").split("\n"))


@given(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9), st.integers(0, 9))
def test_spans(one: int, two: int, three: int, four: int) -> None:
    left, right = Span(min(one, two), max(one, two)), Span(min(three, four), max(three, four))
    characters = [set(range(span.start, span.end)) for span in (left, right)]
    if all(characters):
        assert left.overlaps(right) == bool(characters[0] & characters[1])
        assert left.contains(right) == (characters[1] <= characters[0])
    assert left.overlaps(right) == right.overlaps(left)


def test_sources_know_their_bytes() -> None:
    plain = source("a.py", "é\r\n", bom=True)
    assert plain.to_bytes() == codecs.BOM_UTF8 + "é\r\n".encode()
    assert plain.with_text("x").digest == digest_of(codecs.BOM_UTF8 + b"x")
    latin = source("a.py", "é", encoding="latin-1")
    assert latin.to_bytes() == b"\xe9"
    with pytest.raises(UnicodeEncodeError):
        latin.with_text("→")


def test_workspaces_lay_changes_over_the_disk() -> None:
    workspace = Workspace(Path("/r"), ("a.py", "b.py"))
    old, new = source("a.py", "1"), source("c.py", "2")
    later = workspace.with_changes([FileChange("a.py", old, None, ()), FileChange("c.py", None, new, ())])
    assert later.paths == ("b.py", "c.py")
    assert later.overlay == {"c.py": new}
    assert workspace.paths == ("a.py", "b.py")
    assert later.on_disk("c.py") == Path("/r/c.py")


def test_the_ledger_balances_or_does_not() -> None:
    file = FileChange("a.py", source("a.py", "1"), source("a.py", "2"), (change("a.py"), change("a.py", support=True)))
    suppressed = (Suppression("toy", "a.py", Span(0, 1), "#"),)
    good = outcome(file, found=3, refusals=(refusal(),), suppressed=suppressed)
    assert (good.changed, len(good.changes), good.balanced) == (1, 2, True)
    assert not outcome(file, found=2, refusals=(refusal(),), suppressed=suppressed).balanced


def run(*outcomes: Outcome, failures: tuple[Failure, ...] = ()) -> RunResult:
    workspace = Workspace(Path("/r"), ())
    return RunResult(workspace, workspace, outcomes, failures)


def test_net_changes_are_first_before_and_last_after() -> None:
    one, two, three = (source("a.py", text) for text in "123")
    first = outcome(FileChange("a.py", one, two, (change("a.py"),)), codemod="x")
    second = outcome(FileChange("a.py", two, three, (change("a.py", start=4),)), codemod="y")
    (net,) = run(first, second).net_changes()
    assert (net.before, net.after, len(net.changes)) == (one, three, 2)
    back = outcome(FileChange("a.py", two, one, ()), codemod="y")
    assert run(first, back).net_changes() == ()
    made = outcome(FileChange("b.py", None, one, ()))
    gone = outcome(FileChange("b.py", one, None, ()))
    assert run(made, gone).net_changes() == ()
    assert [file.path for file in run(made, first).net_changes()] == ["a.py", "b.py"]


@pytest.mark.parametrize(
    ("changed", "failed", "rejected", "check", "code"),
    [
        (False, False, False, False, 0),
        (True, False, False, False, 0),
        (True, False, False, True, 1),
        (False, False, False, True, 0),
        (True, True, False, False, 3),
        (True, True, False, True, 3),
        (True, False, True, True, 3),
    ],
)
def test_exit_codes(changed: bool, failed: bool, rejected: bool, check: bool, code: int) -> None:
    file = FileChange("a.py", source("a.py", "1"), source("a.py", "2"), (change("a.py"),))
    entry = outcome(
        *([file] if changed else []),
        rejected=(Rejected("b.py", "c", "d"),) if rejected else (),
    )
    result = run(entry, failures=(Failure("c.py", "x", "r", "a"),) if failed else ())
    assert result.exit_code(check=check) == code
    assert code in EXIT_CODES


def test_values_are_frozen_and_cross_processes() -> None:
    for value in (source("a.py", "1"), change("a.py"), refusal(), Failure("a", "b", "c", "d"), Span(1, 2)):
        assert pickle.loads(pickle.dumps(value)) == value
        with pytest.raises((AttributeError, TypeError)):
            value.path = "other"  # type: ignore[union-attr, misc]
