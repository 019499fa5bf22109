"""The codemod's own proof says no to what a wrong plan would write."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from rewire_codemods.connect_timeout.proof import prove_file, prove_project

from rewire.model.workspace import Workspace
from rewire.project.index import ProjectIndex
from rewire.read import decode

if TYPE_CHECKING:
    from pathlib import Path

    from rewire.model.source import SourceFile

BEFORE = """\
import asyncpg

CONFIG = {"host": "db", "connect_timeout": 10}
print(f"limit {CONFIG['connect_timeout']}")
asyncpg.connect(**CONFIG)
"""


def source(text: str, path: str = "module.py") -> SourceFile:
    read = decode(path, text.encode())
    assert hasattr(read, "digest")
    return read


def test_a_right_result_is_accepted() -> None:
    after = BEFORE.replace("connect_timeout", "timeout")
    assert prove_file(source(BEFORE), source(after)) is None


@pytest.mark.parametrize(
    "after",
    [
        BEFORE.replace('"connect_timeout": 10', '"timeout": 10'),
        BEFORE.replace(', "connect_timeout": 10', ""),
        BEFORE.replace("['connect_timeout']", "['timeout']"),
    ],
    ids=["the key alone renamed", "the key dropped", "the reader alone renamed"],
)
def test_a_dangling_reader_is_found(after: str) -> None:
    assert "reads a key that its dict no longer has" in (prove_file(source(BEFORE), source(after)) or "")


def test_a_dangling_reader_of_an_attribute_is_found() -> None:
    before = """\
class Database:
    def __init__(self):
        self.config = {"connect_timeout": 10}

    def show(self):
        return self.config["connect_timeout"]
"""
    after = before.replace('{"connect_timeout": 10}', "{}")
    assert "line 6" in (prove_file(source(before), source(after)) or "")


def test_an_argument_given_twice_is_found() -> None:
    before = "import asyncpg\nasyncpg.connect(connect_timeout=10, timeout=5)\n"
    after = before.replace("connect_timeout", "timeout")
    assert "line 2" in (prove_file(source(before), source(after)) or "")


def project(root: Path, files: dict[str, str], overlay: dict[str, str] | None = None) -> ProjectIndex:
    for path, text in files.items():
        (root / path).write_text(text)
    laid = {path: source(text, path) for path, text in (overlay or {}).items()}
    return ProjectIndex(Workspace(root, tuple(sorted(files)), overlay=laid))


def test_a_dangling_reader_in_another_file_is_found(tmp_path: Path) -> None:
    files = {
        "config.py": 'CONFIG = {"host": "db", "connect_timeout": 10}\n',
        "log.py": 'from config import CONFIG\n\nprint(CONFIG["connect_timeout"])\n',
    }
    changed = {"config.py": files["config.py"].replace("connect_timeout", "timeout")}
    before = project(tmp_path, files)
    wrong = prove_project(before, project(tmp_path, files, changed), ["config.py"])
    assert list(wrong) == ["config.py"]
    assert "log.py:3" in wrong["config.py"]
    both = {path: text.replace("connect_timeout", "timeout") for path, text in files.items()}
    assert prove_project(before, project(tmp_path, files, both), ["config.py", "log.py"]) == {}
