"""Web servers that load the project's code themselves: Apache with mod_wsgi, uwsgi and gunicorn by their settings."""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from rewire.project.boot.finder import entry_file
from rewire.project.boot.tree import HOME, under
from rewire.project.launch.command import launch_of, read_words
from rewire.project.launch.place import line_holding
from rewire.project.launch.running import Start
from rewire.project.launch.services import on_machine

if TYPE_CHECKING:
    from rewire.model.project import Launch
    from rewire.project.boot.tree import Files
    from rewire.project.launch.command import Evidence

_ALIAS = re.compile(
    r"^[ \t]*(WSGI(?:Import)?Script(?:Alias(?:Match)?)?)[ \t]+(?:\"[^\"\n]+\"|\S+)[ \t]+\"?([^\"\s]+)\"?", re.M | re.I
)
_DAEMON = re.compile(r"^[ \t]*WSGIDaemonProcess[ \t]+(.*)$", re.M | re.I)
_OPTION = r"\b{}=(?:\"([^\"\n]*)\"|'([^'\n]*)'|(\S+))"
_PATH = re.compile(r"^[ \t]*WSGIPythonPath[ \t]+\"?([^\"\n]*?)\"?[ \t]*$", re.M | re.I)
_CHDIR = re.compile(r"^[ \t]*chdir[ \t]*=[ \t]*(\S+)", re.M)


def read_apache(path: str, text: str, files: Files, evidence: Evidence) -> list[Launch]:
    """https://modwsgi.readthedocs.io: ``WSGIScriptAlias / /srv/shop/wsgi.py`` executes that file by its path.

    The script's own folder is not put on ``sys.path``: only ``python-path`` and ``home`` of ``WSGIDaemonProcess``, and
    ``WSGIPythonPath``, are.
    """
    if "WSGIScript" not in text:
        return []
    joined = text.replace("\\\n", "  ")
    daemons = _DAEMON.findall(joined)
    places = [place for daemon in daemons for place in _values(daemon, "python-path").split(":")]
    home = next(filter(None, (_values(daemon, "home") for daemon in daemons)), "")
    places += [place for found in _PATH.findall(joined) for place in found.split(":")]
    found: list[Launch] = []
    for _, script in _ALIAS.findall(joined):
        folder = posixpath.dirname(script)
        at = on_machine(evidence, folder, "", files)
        line = line_holding(text, script)
        roots = tuple(under("/", place) for place in ((home,) if home else ()) + tuple(places) if place)
        at = replace(
            at, name=f"{posixpath.basename(path)}: {posixpath.basename(script)}", line=line, cwd=home or folder
        )
        start = Start(under("/", script), "script", roots, "server", "application")
        found.append(launch_of(start, f"WSGIScriptAlias {script}", at))
    return found


def _values(daemon: str, name: str) -> str:
    match = re.search(_OPTION.format(re.escape(name)), daemon)
    return next((part for part in match.groups() if part), "") if match else ""


def read_uwsgi(path: str, text: str, files: Files, evidence: Evidence) -> list[Launch]:
    """``uwsgi`` started with this ini file, where it lies unless it says ``chdir``."""
    if "[uwsgi]" not in text:
        return []
    name = posixpath.basename(path)
    chdir = _CHDIR.search(text)
    at = replace(evidence, name=name, line=line_holding(text, "[uwsgi]"))
    if chdir and chdir[1].startswith("/"):
        at = on_machine(at, chdir[1], "", files)
        ini = at.tree.place(path)
    else:
        ini = name
    return read_words(("uwsgi", "--ini", ini), at) if ini else []


def read_gunicorn(path: str, text: str, files: Files, evidence: Evidence) -> list[Launch]:
    """``gunicorn`` with this settings file, started where it lies or at the root, whichever holds the program."""
    if "wsgi_app" not in text:
        return []
    name = posixpath.basename(path)
    at = replace(evidence, name=name, line=line_holding(text, "wsgi_app"))
    best: list[Launch] = []
    for folder, word in ((under(HOME, posixpath.dirname(path)), name), (HOME, path)):
        found = read_words(("gunicorn", "-c", word), replace(at, cwd=folder))
        if not best or _alive(found, files) > _alive(best, files):
            best = found
    return [replace(launch, line=at.line) for launch in best]


def _alive(launches: list[Launch], files: Files) -> int:
    return sum(entry_file(launch, files) is not None for launch in launches)
