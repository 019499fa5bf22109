"""The memory of whole runs: the same answer where nothing has changed, and never another run's."""

from __future__ import annotations

import dataclasses
import os
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
from toy import Toy, ToyOptions

from rewire.cache import whole
from rewire.deliver import disk
from rewire.discover import discover
from rewire.errors import RewireError
from rewire.model.result import Failure
from rewire.pipeline import Request, Selected, run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rewire.model.result import RunResult
    from rewire.project.index import ProjectIndex

HEAD = "from m import old, new, keep, bad, ok\n"
FILES = {
    "a.py": HEAD + "old(ok)\nold(keep)\nold(bad)  # rewire: ignore[toy] because\n",
    "b.py": HEAD.replace("\n", "\r\n") + "def f(other):\r\n    return old(ok), old(other)\r\n",
    "c.py": "# -*- coding: latin-1 -*-\n" + HEAD + "old(ok)  # é\n",
    "d.py": "old(broken(\n",
    "e.py": "x = 1\n",
    "pkg/f.py": "\ufeff" + HEAD + "old(ok)\n",
    "note.txt": "words\n",
}


@pytest.fixture(autouse=True)
def settled_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The files of a test are younger than any run; their times are exact on this file system."""
    monkeypatch.setattr(whole, "SETTLED", -(10**10))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    lay(root, FILES)
    return root


def lay(root: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode("latin-1" if "latin-1" in text else "utf-8"))


def ask(
    root: Path, *, paths: Sequence[str] = (".",), twice: bool = False, rendered: bool = True, **options: Any
) -> RunResult:
    selected = Selected(Toy(), ToyOptions(**options))
    return run(
        Request(
            discover([root / path for path in paths], root=root),
            (selected,) * (1 + twice),
            rendered=rendered,
            cache=root.parent / "cache.sqlite3",
        )
    )


@pytest.fixture
def located(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The codemod's plans so far: none is made where a run is remembered."""
    made: list[str] = []
    plan = Toy.plan

    def recording(toy: Toy, facts: Mapping[str, Any], *more: Any) -> Any:
        made.append(",".join(facts))
        return plan(toy, facts, *more)

    monkeypatch.setattr(Toy, "plan", recording)
    return made


def is_recalled(root: Path, located: list[str], **asked: Any) -> bool:
    before = len(located)
    ask(root, **asked)
    return len(located) == before


def bare(result: RunResult) -> tuple[object, ...]:
    """Everything that a report, a patch or a commit is made of."""
    outcomes = [
        (
            one.codemod, one.found, one.changed, list(one.changeset.files), one.refusals, one.suppressed, one.rejected,
            one.notes, one.facts, one.options, one.explicit_options, one.promise, one.summary,
        )
        for one in result.outcomes
    ]  # fmt: skip
    return (
        outcomes, result.failures, result.unused_suppressions, result.files_seen, result.net_changes(),
        result.rendered, result.files_changed, result.exit_code(check=True), result.before,
    )  # fmt: skip


@pytest.mark.parametrize("twice", [False, True])
@pytest.mark.parametrize("options", [{}, {"create": "made.py"}, {"fault": "comment"}], ids=str)
def test_an_equal_run_has_the_same_answer_without_a_plan(
    root: Path, located: list[str], options: dict[str, Any], twice: bool
) -> None:
    first = ask(root, twice=twice, **options)
    count = len(located)
    again = ask(root, twice=twice, **options)
    assert len(located) == count
    assert bare(again) == bare(first)
    assert first.outcomes[0].changed or options.get("fault")


def test_a_real_run_after_a_dry_one_is_remembered_too(root: Path, located: list[str]) -> None:
    first = ask(root, rendered=False)
    again = ask(root, rendered=True)
    assert len(located) == 2  # the plan and the second pass of the first run
    assert again.rendered
    assert again.net_changes() == first.net_changes()


def test_a_remembered_answer_writes_the_same_files(root: Path, located: list[str]) -> None:
    first = ask(root, create="made.py")
    count = len(located)
    disk.write(ask(root, create="made.py"))
    assert len(located) == count
    expected = {file.path: file.after.to_bytes() for file in first.net_changes() if file.after}
    assert len(expected) > 3
    assert {path: (root / path).read_bytes() for path in expected} == expected


CHANGES: dict[str, dict[str, str]] = {
    "a file's text": {"a.py": HEAD + "old(ok)\n"},
    "a text of the same length": {"e.py": "y = 2\n"},
    "a new file": {"new.py": "old(ok)\n"},
    "a new file of another kind": {"new.txt": ""},
}


@pytest.mark.parametrize("name", CHANGES)
def test_other_files_have_another_answer(root: Path, located: list[str], name: str) -> None:
    ask(root)
    assert is_recalled(root, located)
    lay(root, CHANGES[name])
    assert not is_recalled(root, located)


def test_a_file_that_is_gone_or_has_the_same_times_is_another_file(root: Path, located: list[str]) -> None:
    ask(root)
    times = (root / "e.py").stat()
    (root / "e.py").write_text("y = 2\n")
    os.utime(root / "e.py", ns=(times.st_atime_ns, times.st_mtime_ns))
    assert not is_recalled(root, located)
    (root / "e.py").unlink()
    assert not is_recalled(root, located)


@pytest.mark.parametrize(
    "asked", [{"create": "made.py"}, {"group": True}, {"twice": True}, {"paths": ["a.py"]}], ids=str
)
def test_another_question_has_another_answer(root: Path, located: list[str], asked: dict[str, Any]) -> None:
    ask(root)
    assert not is_recalled(root, located, **asked)
    assert is_recalled(root, located)


def test_other_code_has_another_answer(root: Path, located: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    ask(root)
    monkeypatch.setattr(whole, "fingerprint", lambda *packages: "other")
    assert not is_recalled(root, located)


def test_another_file_counts_where_it_was_asked_for(
    root: Path, located: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = Toy.plan

    def curious(toy: Toy, facts: Any, project: ProjectIndex, options: Any) -> Any:
        project.read_text("note.txt")
        project.read_text("absent.toml")
        return plan(toy, facts, project, options)

    monkeypatch.setattr(Toy, "plan", curious)
    ask(root)
    assert is_recalled(root, located)
    lay(root, {"note.txt": "other\n"})
    assert not is_recalled(root, located)
    assert is_recalled(root, located)
    lay(root, {".gitignore": "absent.toml\n"})
    ask(root)
    lay(root, {"absent.toml": "not listed, but asked for\n"})
    assert not is_recalled(root, located)


def test_a_tree_too_young_to_tell_is_not_remembered(
    root: Path, located: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole, "SETTLED", 3600 * 10**9)
    ask(root)
    assert not is_recalled(root, located)


def test_a_file_that_changes_while_the_run_is_at_work_is_not_remembered(
    root: Path, located: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = Toy.plan

    def slow(toy: Toy, *more: Any) -> Any:
        with (root / "e.py").open("a") as file:
            file.write("# more\n")
        return plan(toy, *more)

    monkeypatch.setattr(Toy, "plan", slow)
    ask(root)
    monkeypatch.setattr(Toy, "plan", plan)
    made = len(located)
    ask(root)
    assert len(located) > made


def test_a_dead_worker_is_an_accident_and_no_answer(root: Path, located: list[str]) -> None:
    lay(root, {f"m{number}.py": "old(ok)\n" for number in range(300)} | {"m7.py": "die(old(ok))\n"})
    request = Request(
        discover([root], root=root), (Selected(Toy(), ToyOptions()),), jobs=2, cache=root.parent / "cache.sqlite3"
    )
    result = run(request)
    assert [failure.code for failure in result.failures if failure.path == "m7.py"] == ["worker-died"]
    lay(root, {"m7.py": "print(old(ok))\n"})
    assert not is_recalled(root, located)


def test_a_damaged_entry_is_a_miss(root: Path, located: list[str]) -> None:
    first = ask(root)
    connection = sqlite3.connect(root.parent / "cache.sqlite3")
    with connection:
        connection.execute("UPDATE answers SET value = substr(value, 1, length(value) - 2)")
    connection.close()
    count = len(located)
    again = ask(root)
    assert len(located) > count
    assert bare(again) == bare(first)


def test_a_file_that_changes_before_its_changes_are_looked_at_ends_the_run(root: Path) -> None:
    ask(root)
    again = ask(root)
    lay(root, {"a.py": HEAD})
    with pytest.raises(RewireError, match=r"a\.py has changed"):
        again.net_changes()


def test_nothing_is_kept_of_a_tree_that_could_not_be_listed(root: Path, located: list[str]) -> None:
    before = discover([root], root=root)
    partly = dataclasses.replace(before, failures=(Failure("closed", "unreadable", "no", "open it"),))
    request = Request(partly, (Selected(Toy(), ToyOptions()),), cache=root.parent / "cache.sqlite3")
    run(request)
    count = len(located)
    run(request)
    assert len(located) > count
