"""Files that keep a process running on a machine: systemd units, supervisord, circus."""

from __future__ import annotations

import posixpath
import re
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING

from rewire.model.project import Image
from rewire.project.boot.tree import HOME, Tree, under
from rewire.project.launch.command import read_command
from rewire.project.launch.compose import role_of
from rewire.project.launch.place import line_holding, load_ini

if TYPE_CHECKING:
    from rewire.model.project import Launch
    from rewire.project.boot.tree import Files
    from rewire.project.launch.command import Evidence


def read_unit(path: str, text: str, files: Files, evidence: Evidence) -> list[Launch]:
    """A systemd unit: what is run before the service, and the service, in ``WorkingDirectory`` with ``Environment``."""
    if not re.search(r"^\[Service\]", text, re.M):
        return []
    name = posixpath.basename(path).removesuffix(".service")
    variables = dict(pair for line in re.findall(r"^Environment=(.*)", text, re.M) for pair in _pairs(line))
    folder = next(iter(re.findall(r"^WorkingDirectory=[-]?(.*?)\s*$", text, re.M)), "")
    found: list[Launch] = []
    for command in re.finditer(r"^Exec(Start|StartPre|Reload)=[@:+!-]*((?:\\\n|[^\n])+)", text, re.M):
        line = text.count("\n", 0, command.start()) + 1
        role = role_of(name) if command[1] == "Start" else None
        at = replace(evidence, name=f"systemd: {name}", variables=variables, line=line, role=role)
        words = re.sub(r"\\\n\s*", " ", command[2])
        found += read_command(words, on_machine(at, folder, words, files))
    return found


def _pairs(line: str) -> list[tuple[str, str]]:
    """``A=1 "B=two words"``: the assignments of one line."""
    try:
        words = shlex.split(line)
    except ValueError:
        words = line.split()
    return [(name, value) for name, equals, value in (word.partition("=") for word in words) if equals]


def read_supervisor(path: str, text: str, files: Files, evidence: Evidence) -> list[Launch]:
    """supervisord's programs: ``command`` in ``directory`` with ``environment``."""
    settings = load_ini(text)
    found: list[Launch] = []
    for title in settings.sections():
        if title.startswith("program:"):
            name = title.partition(":")[2]
            command = settings.get(title, "command", fallback="") or ""
            pairs = re.findall(r"(\w+)=\"?([^\",]*)\"?", settings.get(title, "environment", fallback="") or "")
            line = line_holding(text, "command", line_holding(text, f"[{title}]"))
            at = replace(evidence, name=f"supervisord: {name}", variables=dict(pairs), line=line, role=role_of(name))
            folder = settings.get(title, "directory", fallback="") or ""
            found += [
                replace(launch, line=line) for launch in read_command(command, on_machine(at, folder, command, files))
            ]
    return found


def read_circus(path: str, text: str, files: Files, evidence: Evidence) -> list[Launch]:
    """https://circus.readthedocs.io: a watcher's ``cmd`` and ``args`` in ``working_dir`` with ``[env:...]``."""
    settings = load_ini(text)
    found: list[Launch] = []
    for title in settings.sections():
        if not title.startswith("watcher:"):
            continue
        name = title.partition(":")[2]
        command = " ".join(filter(None, (settings.get(title, key, fallback="") for key in ("cmd", "args"))))
        variables: dict[str, str] = {}
        for section in ("env", f"env:{name}"):
            if settings.has_section(section):
                variables.update((key, value or "") for key, value in settings.items(section))
        line = line_holding(text, "cmd", line_holding(text, f"[{title}]"))
        folder = settings.get(title, "working_dir", fallback="") or ""
        at = replace(evidence, name=f"circus: {name}", variables=variables, line=line, role=role_of(name))
        if folder and not folder.startswith("/"):
            at = replace(at, cwd=under(at.cwd or HOME, folder))
        found += [replace(one, line=line) for one in read_command(command, on_machine(at, folder, command, files))]
    return found


def on_machine(evidence: Evidence, folder: str, command: str, files: Files) -> Evidence:
    """``evidence`` with the machine's own folders taken for the project's.

    ``/opt/shop/backend`` stands for ``backend`` where the project has such a folder, else for its root. A unit
    without a folder that names a script by its whole path runs where that script lies.
    """
    folder = folder.rstrip("/")
    if not folder.startswith("/"):
        script = re.search(r"(/\S+)/[\w.-]+\.(?:py|sh)\b", command)
        if not script:
            return evidence
        folder = script[1]
    inside = ""
    parts = folder.strip("/").split("/")
    for start in range(len(parts)):
        tail = "/".join(parts[start:])
        if files.is_dir(tail):
            inside = tail
            break
    home = folder[: -len(inside) - 1] if inside else folder
    mounts = ((home or "/", ""),)
    tree = Tree(files, mounts)
    return replace(evidence, tree=tree, cwd=folder, here=folder, image=Image(mounts, folder, ()))
