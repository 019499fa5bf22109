"""pipeline: the books balance, failures and rejections cost what they must and nothing else, codemods compose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from toy import Toy, ToyOptions

from rewire.discover import discover
from rewire.pipeline import Request, Selected, run
from rewire.rewrite import carry

if TYPE_CHECKING:
    from pathlib import Path

    from rewire.model.result import RunResult
    from rewire.model.source import SourceFile

HEAD = "from m import old, new, keep, bad, ok\n"


def run_toy(
    root: Path,
    files: dict[str, str],
    *,
    jobs: int = 1,
    twice: bool = False,
    cache: Path | None = None,
    rendered: bool = False,
    **options: Any,
) -> RunResult:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    selected = tuple(Selected(Toy(), ToyOptions(**options)) for _ in range(1 + twice))
    return run(Request(discover([root], root=root), selected, jobs, rendered, cache=cache))


def record_locates(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    asked: list[str] = []
    locate = Toy.locate

    def recording(toy: Toy, source: SourceFile, *more: Any) -> Any:
        asked.append(source.path)
        return locate(toy, source, *more)

    monkeypatch.setattr(Toy, "locate", recording)
    return asked


def texts(result: RunResult) -> dict[str, str]:
    return {file.path: file.after.text for file in result.net_changes() if file.after}


def test_found_is_changed_plus_refused_plus_suppressed(tmp_path: Path) -> None:
    files = {
        "a.py": HEAD + "old(ok)\nold(keep)\nold(bad)  # rewire: ignore[toy] because\n",
        "b.py": HEAD + "nothing\n",
    }
    result = run_toy(tmp_path, files)
    (outcome,) = result.outcomes
    assert (outcome.found, outcome.changed, len(outcome.refusals), len(outcome.suppressed)) == (3, 1, 1, 1)
    assert texts(result) == {"a.py": files["a.py"].replace("old(ok)", "new(ok)")}
    assert outcome.refusals[0].line == 3
    assert result.exit_code() == 0
    assert result.exit_code(check=True) == 1
    assert (tmp_path / "a.py").read_text() == files["a.py"]


def test_a_second_codemod_sees_what_the_first_left(tmp_path: Path) -> None:
    result = run_toy(tmp_path, {"a.py": HEAD + "old(ok)\n"}, twice=True)
    assert [outcome.found for outcome in result.outcomes] == [1, 0]


def test_a_suppression_used_by_the_first_codemod_is_not_unused_after_lines_moved(tmp_path: Path) -> None:
    text = HEAD + "old(ok)\nold(ok)  # rewire: ignore[toy] x\n"
    result = run_toy(tmp_path, {"a.py": text}, twice=True)
    assert not result.unused_suppressions
    assert [len(outcome.suppressed) for outcome in result.outcomes] == [1, 1]


def test_unused_and_nameless_suppressions_are_reported(tmp_path: Path) -> None:
    text = "x = 1  # rewire: ignore[toy] stale\ny = 2  # rewire: ignore\nz = 3  # rewire: ignore[other] not ours\n"
    result = run_toy(tmp_path, {"a.py": text})
    assert [entry.line for entry in result.unused_suppressions] == [1, 2]


@pytest.mark.parametrize("jobs", [1, 2])
def test_unreadable_files_are_named_and_cost_nobody_else_anything(tmp_path: Path, jobs: int) -> None:
    files = {"a.py": HEAD + "old(ok)\n", "broken.py": "old(x) broken(\n", "nul.py": "old(ok)\0\n"}
    files |= {f"many/m{number}.py": HEAD + "old(ok)\n" for number in range(300)}
    result = run_toy(tmp_path, files, jobs=jobs)
    assert {(failure.path, failure.code) for failure in result.failures} >= {("broken.py", "unparsable")}
    assert {failure.path for failure in result.failures} == {"broken.py", "nul.py"}
    assert result.outcomes[0].changed == 301
    assert result.exit_code() == 3


def test_a_file_that_kills_its_worker_is_named(tmp_path: Path) -> None:
    files = {f"m{number}.py": HEAD + "old(ok)\n" for number in range(300)} | {"killer.py": "old(ok); die()\n"}
    result = run_toy(tmp_path, files, jobs=2)
    assert [(failure.path, failure.code) for failure in result.failures] == [("killer.py", "worker-died")]
    assert result.outcomes[0].changed == 300


@pytest.mark.parametrize(
    ("fault", "check"),
    [
        ("raise", "transformer"),
        ("undefined", "names"),
        ("same", "changed"),
        ("again", "second-pass"),
        ("check", "codemod"),
        ("project", "codemod"),
    ],
)
def test_a_rejected_file_is_as_it_was_and_its_places_are_refusals(tmp_path: Path, fault: str, check: str) -> None:
    files = {"good.py": HEAD + "old(ok)\n", "bad.py": HEAD + "old(bad)\nold(ok)\n"}
    result = run_toy(tmp_path, files, fault=fault)
    (outcome,) = result.outcomes
    assert set(texts(result)) == {"good.py"}
    assert [(entry.path, entry.check) for entry in outcome.rejected] == [("bad.py", check)]
    assert [refusal.code for refusal in outcome.refusals] == ["rejected", "rejected"]
    assert outcome.balanced
    assert result.exit_code() == 3


@pytest.mark.parametrize("fault", ["raise", "check", "project", "again"])
def test_a_group_is_accepted_or_rejected_whole_across_files(tmp_path: Path, fault: str) -> None:
    files = {"good.py": HEAD + "old(ok)\n", "bad.py": HEAD + "old(bad)\n"}
    result = run_toy(tmp_path, files, fault=fault, group=True, create="made.py")
    (outcome,) = result.outcomes
    assert not result.has_changes
    assert [refusal.path for refusal in outcome.refusals] == ["bad.py", "good.py"]
    assert "bad.py" in outcome.refusals[1].reason


def test_created_files_are_part_of_the_changeset(tmp_path: Path) -> None:
    result = run_toy(tmp_path, {"good.py": HEAD + "old(ok)\n"}, create="pkg/made.py")
    assert texts(result)["pkg/made.py"] == "made = 1\n"
    assert result.outcomes[0].changed == 1


def test_the_same_result_for_any_number_of_workers(tmp_path: Path) -> None:
    files = {f"p{number % 7}/m{number}.py": HEAD + "old(ok)\nold(keep)\n" for number in range(300)}
    one, two = run_toy(tmp_path, files), run_toy(tmp_path, files, jobs=2)
    assert texts(one) == texts(two)
    assert [o.refusals for o in one.outcomes] == [o.refusals for o in two.outcomes]


def test_progress_is_told_of_every_stage(tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    (tmp_path / "a.py").write_text(HEAD + "old(ok)\n")
    request = Request(
        discover([tmp_path], root=tmp_path),
        (Selected(Toy(), ToyOptions()),),
        progress=lambda stage, done, total: seen.append((stage, done, total)),
    )
    run(request)
    assert ("search", 1, 1) in seen
    assert ("locate toy", 1, 1) in seen
    assert ("rewrite", 1, 1) in seen


@pytest.mark.parametrize("cold", [False, True], ids=["warm", "cold"])
def test_a_warm_run_gives_what_a_cold_one_gives(tmp_path: Path, cold: bool) -> None:
    files = {f"m{number}.py": HEAD + f"old(ok{number})\nold(keep)\n" for number in range(9)}
    root, cache = tmp_path / "tree", tmp_path / "cache.sqlite3"
    first = run_toy(root, files, cache=None if cold else cache)
    again = run_toy(root, files, cache=cache)
    assert texts(first) == texts(again)
    assert first.outcomes[0].refusals == again.outcomes[0].refusals
    changed = run_toy(root, {"m3.py": HEAD + "old(other)\n"}, cache=cache)
    assert texts(changed)["m3.py"] == HEAD + "new(other)\n"


def test_a_warm_run_locates_nothing_that_it_knows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"a.py": HEAD + "old(ok)\n", "b.py": "old(keep)\n"}
    root, cache = tmp_path / "tree", tmp_path / "cache.sqlite3"
    run_toy(root, files, cache=cache)
    asked: list[str] = []
    located = Toy.locate
    monkeypatch.setattr(
        Toy, "locate", lambda toy, source, *more: asked.append(source.path) or located(toy, source, *more)
    )
    result = run_toy(root, {"b.py": "old(keep)\nold(ok)\n"}, cache=cache)
    assert asked[0] == "b.py"
    assert "a.py" not in asked
    assert result.outcomes[0].found == 3


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_warm_run_rewrites_only_what_has_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: int) -> None:
    files = {f"m{number}.py": HEAD + "old(ok)\n\n\ndef f():\n    return old(ok)\n" for number in range(70)}
    root, cache = tmp_path / "tree", tmp_path / "cache.sqlite3"
    first = run_toy(root, files, cache=cache, jobs=jobs)
    rewritten: list[str] = []
    rewrite = carry.rewrite_file

    def recording(source: SourceFile, *more: Any) -> Any:
        rewritten.append(source.path)
        return rewrite(source, *more)

    monkeypatch.setattr(carry, "rewrite_file", recording)
    again = run_toy(root, {"m3.py": HEAD + "old(other)\n"}, cache=cache)
    assert rewritten == ["m3.py"]
    without = run_toy(root, {})
    assert list(again.outcomes[0].changeset.files) == list(without.outcomes[0].changeset.files)
    assert [file for file in again.net_changes() if file.path != "m3.py"] == [
        file for file in first.net_changes() if file.path != "m3.py"
    ]


@pytest.mark.parametrize("fault", ["comment", "raise", "undefined"])
def test_what_was_rejected_is_judged_again(tmp_path: Path, fault: str) -> None:
    files = {"a.py": HEAD + "old(bad)  # kept\n", "b.py": HEAD + "old(ok)\n"}
    root, cache = tmp_path / "tree", tmp_path / "cache.sqlite3"
    first = run_toy(root, files, cache=cache, fault=fault)
    again = run_toy(root, {"c.py": "x = 1\n"}, cache=cache, fault=fault)
    assert again.outcomes[0].rejected == first.outcomes[0].rejected
    assert texts(again) == texts(first)


def test_options_are_part_of_what_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root, cache = tmp_path / "tree", tmp_path / "cache.sqlite3"
    run_toy(root, {"a.py": HEAD + "old(ok)\n"}, cache=cache)
    asked: list[str] = []
    located = Toy.locate
    monkeypatch.setattr(
        Toy, "locate", lambda toy, source, *more: asked.append(source.path) or located(toy, source, *more)
    )
    run_toy(root, {}, cache=cache, group=True)
    assert "a.py" in asked


def test_a_codemod_that_a_second_run_would_take_elsewhere_is_rejected_whole(tmp_path: Path) -> None:
    result = run_toy(tmp_path, {"a.py": HEAD + "old(ok)\n", "late.py": HEAD + "old(late)\n"}, fault="late")
    (outcome,) = result.outcomes
    assert not result.has_changes
    assert outcome.rejected[0].check == "second-pass"
    assert "late.py" in outcome.rejected[0].detail


@pytest.mark.parametrize(("text", "found"), [("x = 1\n", 0), ("import needed\n", 1)])
def test_a_codemod_is_not_asked_where_nothing_that_it_needs_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, found: int
) -> None:
    monkeypatch.setattr(Toy, "needs", (b"needed",))
    asked = record_locates(monkeypatch)
    result = run_toy(tmp_path, {"a.py": HEAD + "old(ok)\n", "b.py": text})
    assert result.outcomes[0].found == found
    assert bool(asked) == bool(found)


@pytest.mark.parametrize(("guess", "known"), [((b"nobody(",), (b"old(",)), ((b"old(", b"more("), (b"old(",))])
def test_markers_that_were_guessed_too_narrow_are_searched_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, guess: tuple[bytes, ...], known: tuple[bytes, ...]
) -> None:
    answers = iter((guess, known))
    monkeypatch.setattr(Toy, "markers", lambda *_: next(answers))
    result = run_toy(tmp_path, {"a.py": HEAD + "old(ok)\n", "b.py": HEAD + "old(ok)  # rewire: ignore[toy] once\n"})
    assert result.outcomes[0].found == 2
    assert len(result.outcomes[0].suppressed) == 1
    with pytest.raises(StopIteration):
        next(answers)


def test_what_is_put_off_is_searched_for_where_it_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Toy, "needs", (b"needed",))
    files = {f"m{number}.py": HEAD + "old(ok)\n" for number in range(5)}
    files["n.py"] = "import needed\n"
    files["s.py"] = HEAD + "old(ok)  # rewire: ignore[toy] once\n"
    result = run_toy(tmp_path, files, twice=True)
    assert [outcome.found for outcome in result.outcomes] == [6, 1]
    assert len(result.outcomes[0].suppressed) == 1
    (tmp_path / "n.py").write_text("import nothing\n")
    assert run_toy(tmp_path, {}).outcomes[0].found == 0


@pytest.mark.parametrize(
    ("markers", "times"),
    [
        ([(b"old(",), (b"old(",)], 1),
        ([(b"old(", b"more("), (b"old(",)], 2),
        ([(b"old(ok",), (b"old(ok", b"old(")], 2),
        ([(b"old(",), (b"old(", b"nowhere(")], 1),
        ([(b"old(",), (b"old(", b"(keep")], 1),
    ],
)
def test_what_was_located_ahead_counts_for_files_that_hold_no_marker_that_came_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, markers: list[tuple[bytes, ...]], times: int
) -> None:
    monkeypatch.setattr("rewire.pipeline.foreseen.FORESEEN_FROM", 2)
    monkeypatch.setattr(Toy, "markers", lambda *_: markers.pop(0) if len(markers) > 1 else markers[0])
    asked = record_locates(monkeypatch)
    files = {"a.py": HEAD + "old(ok)\n", "b.py": HEAD + "old(ok)\n", "c.py": HEAD + "old(keep)\n", "d.py": "x = 1\n"}
    result = run_toy(tmp_path, files)
    assert result.outcomes[0].found == 3
    assert asked.count("a.py") == times + 1  # once more to see that a second run would find nothing
    assert asked.count("d.py") == 0


def test_what_was_located_ahead_is_no_answer_for_a_later_codemod(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rewire.pipeline.foreseen.FORESEEN_FROM", 2)
    files = dict.fromkeys(("a.py", "b.py"), HEAD + "old(ok)\n") | {"c.py": HEAD + "old(keep)\n"}
    result = run_toy(tmp_path, files, twice=True)
    assert [(outcome.found, outcome.changed) for outcome in result.outcomes] == [(3, 2), (1, 0)]


def test_a_file_that_cannot_be_located_ahead_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rewire.pipeline.foreseen.FORESEEN_FROM", 2)
    result = run_toy(tmp_path, {"a.py": HEAD + "old(ok)\n", "b.py": "broken(old(ok))\n"})
    assert [failure.path for failure in result.failures] == ["b.py"]
    assert result.outcomes[0].changed == 1
