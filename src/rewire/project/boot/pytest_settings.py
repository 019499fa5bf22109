"""What pytest's own configuration says about where tests are and how they are imported."""

from __future__ import annotations

import configparser
import posixpath
import re
import shlex
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rewire.project.boot.tree import Files


IMPORT_MODE = re.compile(r"--import-mode[= ](\w+)")
"""The one option of pytest's that decides how test files are imported."""


@dataclass(frozen=True, slots=True)
class PytestSettings:
    """The settings that count for imports; ``rootdir`` is relative to the workspace, the paths to ``rootdir``."""

    rootdir: str
    source: str = ""
    testpaths: tuple[str, ...] = ()
    pythonpath: tuple[str, ...] = ()
    python_files: tuple[str, ...] = ("test_*.py", "*_test.py")
    norecursedirs: tuple[str, ...] = ()
    import_mode: str = "prepend"


def pytest_settings(
    files: Files, read_text: Callable[[str], str | None], folder: str, command: str = ""
) -> PytestSettings:
    """The settings for a run that starts in ``folder``: the first file upwards that holds a pytest section."""
    above = folder
    while True:
        for name in ("pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg"):
            path = posixpath.join(above, name)
            text = read_text(path) if path in files.files else None
            table = None if text is None else section(name, text)
            if table is not None:
                return _settings(above, path, table, command)
        if not above:
            return _settings(folder, "", {}, command)
        above = posixpath.dirname(above)


def section(name: str, text: str) -> Mapping[str, Any] | None:
    """pytest's section of a file called ``name``; None if it has none."""
    if name == "pyproject.toml":
        try:
            tool = tomllib.loads(text).get("tool", {}).get("pytest", {})
        except tomllib.TOMLDecodeError:
            return None
        table = tool.get("ini_options") if isinstance(tool, dict) else None
        if table is None and isinstance(tool, dict) and tool:
            table = tool
        return table if isinstance(table, dict) else None
    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except configparser.Error:
        return None
    title = "tool:pytest" if name == "setup.cfg" else "pytest"
    if parser.has_section(title):
        return dict(parser.items(title))
    return {} if name in ("pytest.ini", ".pytest.ini") else None


def _settings(rootdir: str, source: str, table: Mapping[str, Any], command: str) -> PytestSettings:
    """Settings from a section and the command line."""
    added = table.get("addopts", "")
    options = " ".join(added) if isinstance(added, list) else str(added)
    mode = IMPORT_MODE.search(f"{options} {command}")
    named = {
        key: _words(table[key])
        for key in ("testpaths", "pythonpath", "python_files", "norecursedirs")
        if table.get(key)
    }
    return PytestSettings(rootdir, source, import_mode=mode[1] if mode else "prepend", **named)


def _words(value: object) -> tuple[str, ...]:
    """A list, or a text of words."""
    if isinstance(value, list):
        return tuple(str(item) for item in value)
    try:
        return tuple(shlex.split(str(value)))
    except ValueError:
        return tuple(str(value).split())
