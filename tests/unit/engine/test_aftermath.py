"""What is answered beside a rewriting is what would be answered later, and nothing is asked twice."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from test_pipeline import HEAD, record_locates, run_toy, texts

from rewire.deliver import patch
from rewire.pipeline import aftermath, rounds, state

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

FILES = {
    "a.py": HEAD + "old(ok)\nold(keep)\n",
    "bad.py": HEAD + "old(bad)\n",
    "c d.py": "from m import old, new, ok\r\nold(ok)\r\nold(ok)",
    "é.py": "# -*- coding: latin-1 -*-\n" + HEAD + "x = 'é'\nold(ok)\n",
    "n.py": "x = 1\n",
}


@pytest.mark.parametrize("jobs", [1, 2])
@pytest.mark.parametrize("options", [{}, {"create": "made.py"}, {"fault": "project"}, {"group": True}], ids=str)
def test_the_patch_is_the_one_that_would_be_made_at_the_end(tmp_path: Path, options: dict[str, Any], jobs: int) -> None:
    files = {**FILES, **{f"m{number}.py": HEAD + "old(ok)\n" for number in range(80 * (jobs - 1))}}
    made = run_toy(tmp_path, files, jobs=jobs, rendered=True, **options)
    assert made.rendered
    assert made.rendered.files == len(made.net_changes()) > 2
    assert made.rendered.patch == patch.render(replace(made, rendered=None))


def test_each_file_is_rendered_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rendered: list[str] = []
    fragment = patch.fragment

    def recording(file: Any, root: Path) -> bytes:
        rendered.append(file.path)
        return fragment(file, root)

    monkeypatch.setattr(patch, "fragment", recording)
    run_toy(tmp_path, FILES, rendered=True, create="made.py")
    assert sorted(rendered) == ["a.py", "bad.py", "c d.py", "made.py", "é.py"]


def test_a_patch_of_several_codemods_is_made_at_the_end(tmp_path: Path) -> None:
    made = run_toy(tmp_path, FILES, rendered=True, twice=True)
    assert made.rendered
    assert made.rendered.patch == patch.render(replace(made, rendered=None))


@pytest.mark.parametrize("jobs", [1, 2])
def test_the_second_pass_locates_in_nothing_that_was_rewritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, jobs: int
) -> None:
    asked: list[list[str]] = []
    locate = rounds.locate

    def recording(*arguments: Any) -> Any:
        known = arguments[4]
        asked.append([path for path in arguments[3] if path not in known])
        return locate(*arguments)

    monkeypatch.setattr(rounds, "locate", recording)
    run_toy(tmp_path, FILES, jobs=jobs, create="made.py")
    assert asked == [["made.py"]]


def test_every_text_is_located_in_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    located = record_locates(monkeypatch)
    run_toy(tmp_path, {"a.py": HEAD + "old(ok)\n", "b.py": HEAD + "old(keep)\n"})
    assert sorted(located) == ["a.py", "a.py", "b.py"]  # before, and after the change


class Nothing:
    """No question."""

    asked: frozenset[bytes] = frozenset()

    def __bool__(self) -> bool:
        return False


def test_a_later_codemod_finds_what_the_search_of_the_rewritten_file_finds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it was searched beside the rewriting or when the run moves on."""
    by_worker = run_toy(tmp_path, FILES, twice=True)
    monkeypatch.setattr(aftermath, "search_bytes", lambda *_: pytest.fail("not beside the rewriting"))
    monkeypatch.setattr(rounds, "_question", lambda *_: Nothing())
    searched: list[str] = []
    search_bytes = state.search_bytes
    monkeypatch.setattr(state, "search_bytes", lambda path, *more: searched.append(path) or search_bytes(path, *more))
    by_main = run_toy(tmp_path, {}, twice=True)
    assert searched
    assert [outcome.found for outcome in by_worker.outcomes] == [outcome.found for outcome in by_main.outcomes]
    assert texts(by_worker) == texts(by_main)
