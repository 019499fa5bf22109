"""Commands that lead to scripts: what each starts is found, and no script is read for the same thing twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.launch_projects import FolderProject
from support.repositories import write

from rewire.project.launch import command
from rewire.project.launch.read import read_all

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def entries(root: Path) -> list[tuple[str, str]]:
    return [(launch.source, launch.entry) for launch in read_all(FolderProject(root))]


def test_scripts_that_call_each_other_often_are_read_once_a_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight deep, five calls each: followed one by one these are 400,000 texts."""
    calls = "".join(f"./{name}.sh\n" for name in "abcde")
    write(tmp_path, {f"{name}.sh": f"{calls}python {name}.py\n" for name in "abcde"})
    write(tmp_path, {f"{name}.py": "" for name in "abcde"})
    texts = 0
    real = command.simple_commands

    def count(*arguments: object, **words: object) -> object:
        nonlocal texts
        texts += 1
        return real(*arguments, **words)  # type: ignore[arg-type]

    monkeypatch.setattr(command, "simple_commands", count)
    assert {entry for _, entry in entries(tmp_path)} == {f"{name}.py" for name in "abcde"}
    assert texts <= 5 * 6


def test_a_script_is_read_again_where_it_starts_something_else(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "run.sh": 'python "$@"\n',
            "all.sh": "./run.sh one.py\n./run.sh two.py\n./run.sh one.py\n(cd deep; ../run.sh three.py)\n",
            "one.py": "",
            "two.py": "",
            "deep/three.py": "",
        },
    )
    assert {entry for _, entry in entries(tmp_path)} == {"one.py", "two.py", "deep/three.py"}


def test_each_launch_file_is_read_for_itself(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "Procfile": "web: ./start.sh\nworker: ./start.sh\n",
            "start.sh": "python main.py\n",
            "main.py": "",
        },
    )
    assert ("start.sh", "main.py") in entries(tmp_path)
