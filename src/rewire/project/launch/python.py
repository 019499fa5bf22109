"""``python file.py``, ``python -m module``, ``pytest``: what Python's own ways of starting load."""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from rewire.project.boot.tree import under
from rewire.project.launch.programs import PROGRAMS, SETTINGS
from rewire.project.launch.running import Running, Start, after_options

if TYPE_CHECKING:
    from rewire.model.project import Role

PYTHON = re.compile(r"^(?:python|pypy)(?:[23](?:\.\d+)?)?w?$|^py$")
_VALUED = frozenset({"-X", "-W", "--check-hash-based-pycs"})
_PLAIN = re.compile(r"[^$<>{}()*|\"'`]+")
"""A path without what a shell would replace or take away."""

PYTEST = frozenset({"pytest", "py.test"})


def start_of(program: str, path: str, running: Running) -> Start | None:
    """What ``program`` makes Python load; None for programs that are no way to start the project.

    ``path`` is the program as the command writes it.
    """
    if PYTHON.match(program):
        return _python(running)
    if program in PYTEST:
        return _pytest(running)
    if program in PROGRAMS:
        return PROGRAMS[program](running)
    if program.endswith((".py", ".pyw")) or _has_python_in_its_first_line(running, path):
        return _script(running, path, running.words)
    return None


def settings_of(program: str, running: Running) -> Start | None:
    """The file of settings that ``program`` runs by its path, where it imports the project's own modules."""
    if PYTHON.match(program) and running.words[:1] == ("-m",) and len(running.words) > 1:
        program = running.words[1]
        running = replace(running, words=running.words[2:], roots=(running.cwd,))
    return SETTINGS[program](running) if program in SETTINGS else None


def _has_python_in_its_first_line(running: Running, path: str) -> bool:
    """True for a file of the project, named by its path, that the system hands to Python."""
    if "/" not in path or not _PLAIN.fullmatch(path):
        return False
    text = running.text(under(running.cwd, path))
    return text is not None and re.match(r"#!\S*[/ ](?:env\s+(?:-S\s+)?)?(?:python|pypy)", text) is not None


def _python(running: Running) -> Start | None:
    """``python file.py``, ``python -m module``; ``-c`` and standard input are no launch of a file."""
    words = running.words
    while words and words[0].startswith("-"):
        if words[0] == "-m" or re.fullmatch(r"-[a-zA-Z]*m", words[0]):
            return _main_module(replace(running, words=words[2:]), words[1]) if len(words) > 1 else None
        if words[0].startswith("-c") or words[0] == "-":
            return None
        words = words[2:] if words[0] in _VALUED else words[1:]
    if not words:
        return None
    return _script(replace(running, words=words[1:]), words[0], words[1:])


def _main_module(running: Running, module: str) -> Start | None:
    """``python -m module``: the working directory comes first on ``sys.path``, then what the program adds."""
    with_cwd = replace(running, roots=(running.cwd,))
    if module in ("pytest", "py.test"):
        return _pytest(with_cwd)
    if module == "unittest":
        return Start(running.cwd, "tests", (running.cwd,), "test")
    if module == "coverage" and running.words[:1] == ("run",):
        return _python(replace(running, words=after_options(running.words[1:])))
    if module in ("debugpy", "pdb", "cProfile", "trace"):
        words = running.words
        while words and not (words[0] == "-m" or words[0].endswith(".py")):
            words = words[1:]
        return _python(replace(running, words=words))
    if module in PROGRAMS:
        return PROGRAMS[module](with_cwd)
    if not re.fullmatch(r"[\w.]+", module):
        return None
    return Start(module, "main-module", (running.cwd,), "script")


def _script(running: Running, path: str, arguments: tuple[str, ...]) -> Start | None:
    """``python path``: the script's folder comes first on ``sys.path``. ``manage.py`` tells its role by its word."""
    if not _PLAIN.fullmatch(path) or path == "-":
        return None
    place = under(running.cwd, path.replace("\\", "/"))
    if running.tree.is_dir(place):
        return Start(posixpath.join(place, "__main__.py"), "script", (place,), "script")
    if not place.endswith((".py", ".pyw")) and not running.tree.is_file(place):
        return None
    role: Role = "script"
    if posixpath.basename(place) == "manage.py":
        word = arguments[0] if arguments else ""
        role = {"runserver": "server", "migrate": "migration", "makemigrations": "migration", "test": "test"}.get(
            word, "script"
        )  # type: ignore[assignment]
    elif posixpath.basename(place) == "setup.py":
        return None
    return Start(place, "script", (posixpath.dirname(place),), role)


def _pytest(running: Running) -> Start:
    """``pytest [paths]``: each test file's first folder without ``__init__.py`` goes on ``sys.path``."""
    valued = (
        "-k -m -p -c -o -n -W --rootdir --cov --cov-report --maxfail --tb --junitxml --ignore --durations "
        "--timeout --dist --deselect --confcutdir --basetemp --cov-config --cov-fail-under --import-mode "
        "--log-level --log-cli-level --asyncio-mode --color"
    )
    paths = [word.partition("::")[0] for word in running.arguments(valued)]
    paths = [path for path in paths if not re.search(r"[$<>{}*]", path)]
    known = [under(running.cwd, path) for path in paths]
    return Start(" ".join(known), "tests", running.roots, "test")
