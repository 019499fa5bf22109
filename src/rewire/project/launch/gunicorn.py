"""gunicorn: its command line, ``GUNICORN_CMD_ARGS``, and its settings file, which is Python and is run by its path.

True to gunicorn's ``app/base.py``: the working directory goes on ``sys.path``, then ``chdir`` before it, then each part
of ``pythonpath`` before that; the command line wins over the variable, and that over the file.
"""

from __future__ import annotations

import ast
import shlex
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from rewire.project.boot.tree import under
from rewire.project.launch.running import Start, is_plain, target_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rewire.project.launch.running import Running

SETTINGS = ("wsgi_app", "chdir", "pythonpath")
"""What of a settings file decides on the start."""

_VALUED = (
    "-b --bind -w --workers -k --worker-class -t --timeout -c --config --backlog --threads "
    "--worker-connections --max-requests --max-requests-jitter --graceful-timeout --keep-alive "
    "--limit-request-line --chdir -D -e --env -p --pid --worker-tmp-dir -u --user -g --group -m --umask "
    "--access-logfile --access-logformat --error-logfile --log-file --log-level --logger-class "
    "--log-config -n --name --pythonpath --paste --forwarded-allow-ips --keyfile --certfile"
)


def gunicorn(run: Running) -> Start | None:
    """``gunicorn [module:attribute]`` (else ``wsgi_app``; default attribute ``application``)."""
    read = _settings(run)
    target = next(iter(run.arguments(_VALUED)), None) or read.get("wsgi_app")
    if not is_plain(target):
        return None
    module, attribute = target_of(target or "")
    cwd = under(run.cwd, _option(run, read, "chdir") or "")
    given = _option(run, read, "pythonpath") or ""
    extra = [under(cwd, part) for part in reversed(given.split(",")) if part]
    roots = tuple(dict.fromkeys((*extra, cwd, run.cwd, *run.roots)))
    return Start(module, "module", roots, "server", attribute or "application")


def gunicorn_settings(run: Running) -> Start | None:
    """The settings file, where it imports what lies in the project: it is run by its path, in no package."""
    place = settings_place(run)
    text = run.text(place) if place else None
    roots = tuple(dict.fromkeys((run.cwd, *run.roots)))
    if not place or text is None or not _imports_own(text, roots, run):
        return None
    return Start(place, "script", roots, "script")


def settings_place(run: Running) -> str:
    """Where the settings file lies: ``-c``, else ``gunicorn.conf.py`` of the working directory; empty: nowhere."""
    named = run.option("-c", "--config") or _of_variable(run).option("-c", "--config")
    if named and named.startswith("python:"):
        named = named.removeprefix("python:").replace(".", "/") + ".py"
    place = under(run.cwd, (named or "gunicorn.conf.py").removeprefix("file:"))
    return place if run.tree.is_file(place) else ""


def _of_variable(run: Running) -> Running:
    """The command line that ``GUNICORN_CMD_ARGS`` holds."""
    try:
        words = shlex.split(run.variables.get("GUNICORN_CMD_ARGS", ""))
    except ValueError:
        words = []
    return replace(run, words=tuple(words))


def _option(run: Running, read: Mapping[str, str], name: str) -> str | None:
    return run.option(f"--{name}") or _of_variable(run).option(f"--{name}") or read.get(name)


def _settings(run: Running) -> Mapping[str, str]:
    """What the settings file says in texts that can be worked out."""
    place = settings_place(run)
    text = run.text(place) if place else None
    if text is None or not any(name in text for name in SETTINGS):
        return {}
    from rewire.project.boot.evaluate import Evaluator
    from rewire.project.launch.constants import constants, parsed

    tree = parsed(text)
    if tree is None:
        return {}
    look = constants(tree, Evaluator(run.tree, run.cwd, (3, 11), run.variables), place)
    values = {name: look((name,)) for name in SETTINGS}
    return {name: str(value) for name, value in values.items() if isinstance(value, str | PurePosixPath)}


def _imports_own(text: str, roots: tuple[str, ...], run: Running) -> bool:
    """True if the text imports a module that is found below ``roots``, or relatively."""
    from rewire.project.boot.finder import find
    from rewire.project.launch.constants import parsed

    tree = parsed(text)
    for node in ast.walk(tree) if tree is not None else ():
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
            if node.level:
                return True
        if any(find(run.tree, name.partition(".")[0], roots) for name in names):
            return True
    return False
