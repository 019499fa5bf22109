"""Finding, reading and refusing configuration files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rewire.config import LaunchEntry, load
from rewire.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def refusal(tmp_path: Path, text: str, name: str = "pyproject.toml") -> str:
    """What is said about a configuration, with the file's own path taken out."""
    path = write(tmp_path / name, text)
    with pytest.raises(ConfigError) as caught:
        load(tmp_path)
    assert caught.value.exit_code == 2
    assert str(path) in caught.value.message
    return caught.value.message.replace(str(path), "FILE")


def test_no_file_at_all_gives_the_defaults(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    config = load(tmp_path)
    assert config.source is None
    assert config.select == config.ignore == config.exclude == config.roots == ()
    assert config.jobs is config.commit_per is None


def test_every_key_is_read(tmp_path: Path) -> None:
    path = write(
        tmp_path / "pyproject.toml",
        """
        [tool.rewire]
        select = ["a", "b"]
        ignore = ["c"]
        exclude = ["vendor/", "*_pb2.py"]
        jobs = 3
        commit-per = "file"
        roots = ["src"]

        [[tool.rewire.launch]]
        command = "uvicorn main:app"
        workdir = "backend"
        pythonpath = ["lib"]
        name = "api"
        role = "server"

        [tool.rewire.some-codemod]
        option = true
        """,
    )
    config = load(tmp_path)
    assert config.source == path
    assert config.directory == tmp_path
    assert (config.select, config.ignore, config.roots) == (("a", "b"), ("c",), ("src",))
    assert (config.exclude, config.jobs, config.commit_per) == (("vendor/", "*_pb2.py"), 3, "file")
    assert config.launch == (LaunchEntry("uvicorn main:app", "api", "backend", ("lib",), "server"),)
    assert config.codemods == {"some-codemod": {"option": True}}


def test_the_nearest_file_upwards_is_taken(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", "[tool.rewire]\njobs = 1\n")
    nearer = write(tmp_path / "a" / "rewire.toml", "jobs = 2\n")
    below = tmp_path / "a" / "b" / "c"
    below.mkdir(parents=True)
    assert load(below).source == nearer


def test_rewire_toml_wins_over_pyproject_beside_it(tmp_path: Path) -> None:
    write(tmp_path / "pyproject.toml", "[tool.rewire]\njobs = 1\n")
    write(tmp_path / "rewire.toml", "jobs = 2\n")
    assert load(tmp_path).jobs == 2


def test_a_pyproject_without_our_table_does_not_end_the_search(tmp_path: Path) -> None:
    write(tmp_path / "rewire.toml", "jobs = 2\n")
    write(tmp_path / "a" / "pyproject.toml", "[tool.ruff]\nline-length = 100\n")
    assert load(tmp_path / "a").jobs == 2


def test_a_pyproject_that_only_mentions_us_does_not_end_the_search(tmp_path: Path) -> None:
    write(tmp_path / "rewire.toml", "jobs = 2\n")
    write(tmp_path / "a" / "pyproject.toml", "[project]\ndependencies = ['rewire-codemods']\n")
    assert load(tmp_path / "a").jobs == 2


@pytest.mark.parametrize("kind", ["directory", "file of a linked worktree"])
def test_the_top_of_a_repository_ends_the_search(tmp_path: Path, kind: str) -> None:
    write(tmp_path / "rewire.toml", "jobs = 2\n")
    top = tmp_path / "project"
    if kind == "directory":
        (top / ".git").mkdir(parents=True)
    else:
        write(top / ".git", "gitdir: elsewhere\n")
    assert load(top).source is None


def test_the_search_starts_at_the_folder_of_a_file(tmp_path: Path) -> None:
    write(tmp_path / "rewire.toml", "jobs = 2\n")
    assert load(write(tmp_path / "a" / "x.py", "")).jobs == 2


def test_broken_toml_of_somebody_else_is_not_our_business(tmp_path: Path) -> None:
    write(tmp_path / "rewire.toml", "jobs = 2\n")
    write(tmp_path / "a" / "pyproject.toml", "[tool.ruff\n")
    assert load(tmp_path / "a").jobs == 2


def test_an_explicit_file_is_the_only_one_read(tmp_path: Path) -> None:
    write(tmp_path / "rewire.toml", "jobs = 2\n")
    other = write(tmp_path / "other" / "mine.toml", "jobs = 5\n")
    assert load(tmp_path, other).jobs == 5
    with pytest.raises(ConfigError, match="no such configuration file"):
        load(tmp_path, tmp_path / "absent.toml")
    with pytest.raises(ConfigError, match=r"has no \[tool.rewire\] table"):
        load(tmp_path, write(tmp_path / "other" / "pyproject.toml", "[project]\n"))


def test_a_syntax_error_is_placed(tmp_path: Path) -> None:
    message = refusal(tmp_path, "[tool.rewire]\njobs = = 2\n")
    assert message.startswith("FILE:2:8: not valid TOML")


def test_bytes_that_are_not_utf8_are_placed(tmp_path: Path) -> None:
    path = tmp_path / "rewire.toml"
    path.write_bytes(b"jobs = 2 # caf\xe9\n")
    with pytest.raises(ConfigError, match="not UTF-8 at byte 14"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[tool.rewire]\n\nselct = ["a"]\n', "FILE:3: tool.rewire.selct: unknown key; did you mean 'select'?"),
        ('[tool]\nrewire.selct = ["a"]\n', "FILE:2: tool.rewire.selct: unknown key; did you mean 'select'?"),
        ("[tool.rewire]\nzzz = 1\n", "FILE:2: tool.rewire.zzz: unknown key (known: select, "),
        ('[tool.rewire]\nselect = "a"\n', "FILE:2: tool.rewire.select: expected array, got str"),
        ('[tool.rewire]\nselect = [\n  "a",\n  7,\n]\n', "FILE:2: tool.rewire.select[1]: expected str, got int"),
        ("[tool.rewire]\njobs = 0\n", "FILE:2: tool.rewire.jobs: expected a positive number, got 0"),
        ('[tool.rewire]\njobs = "2"\n', "FILE:2: tool.rewire.jobs: expected int, got str"),
        ("[tool.rewire]\njobs = true\n", "FILE:2: tool.rewire.jobs: expected int, got bool"),
        (
            '[tool.rewire]\ncommit-per = "line"\n',
            "FILE:2: tool.rewire.commit-per: expected one of 'codemod', 'file', 'site', got 'line'",
        ),
        ("[tool]\nrewire = 3\n", "FILE:2: tool.rewire: expected a table, got int"),
        ("[tool.rewire]\nlaunch = 3\n", "FILE:2: tool.rewire.launch: expected an array of tables"),
        (
            '[[tool.rewire.launch]]\ncommand = "a"\n[[tool.rewire.launch]]\ncomand = "b"\n',
            "FILE:4: tool.rewire.launch[1].comand: unknown key; did you mean 'command'?",
        ),
        (
            '[[tool.rewire.launch]]\nworkdir = "a"\n',
            "FILE:1: tool.rewire.launch[0].command: a launch needs a command",
        ),
        (
            '[[tool.rewire.launch]]\ncommand = "a"\nrole = "king"\n',
            "FILE:3: tool.rewire.launch[0].role: expected one of 'server', 'worker', ",
        ),
        (
            '[[tool.rewire.launch]]\ncommand = "a"\npythonpath = "lib"\n',
            "FILE:3: tool.rewire.launch[0].pythonpath: expected array, got str",
        ),
    ],
)
def test_what_is_wrong_is_named_by_file_line_and_key(tmp_path: Path, text: str, expected: str) -> None:
    assert refusal(tmp_path, text).startswith(expected)


def test_rewire_toml_has_its_keys_at_the_top(tmp_path: Path) -> None:
    assert refusal(tmp_path, "jobs = 1\nselct = []\n", "rewire.toml").startswith("FILE:2: selct: unknown key")
