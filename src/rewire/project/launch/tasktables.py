"""Tables of tasks in TOML files: poe, taskipy, pdm, rye, hatch and pixi, and the scripts of a Pipfile."""

from __future__ import annotations

import posixpath
import re
import shlex
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from rewire.project.boot.tree import HOME, under
from rewire.project.launch.command import launch_of, read_command
from rewire.project.launch.compose import environment
from rewire.project.launch.installation import installed_folders, package_folders
from rewire.project.launch.place import line_holding, load_toml
from rewire.project.launch.running import Start

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rewire.model.project import Launch
    from rewire.project.launch.command import Evidence

_FILES = {"hatch.toml": "hatch", "pixi.toml": "pixi", "poe_tasks.toml": "poe"}
"""Files that hold one tool's table at their top level."""

_CALL = re.compile(r"\s*([A-Za-z_][\w.]*):([A-Za-z_][\w.]*)\s*(?:\(.*\))?\s*$", re.S)


class Task(NamedTuple):
    """A task: what runs it, its name, its text or table, and what its tool says of all its tasks."""

    tool: str
    name: str
    given: Any
    folder: str = ""
    variables: Mapping[str, str] = MappingProxyType({})
    installed: bool = True


def read_tasks(path: str, text: str, evidence: Evidence) -> list[Launch]:
    """The launch contexts of every task in ``pyproject.toml``, ``Pipfile``, or a tool's own file."""
    name = posixpath.basename(path)
    here = under(HOME, posixpath.dirname(path))
    data = load_toml(text)
    installed = installed_folders(evidence.tree, here, evidence.read_text)
    if name == "Pipfile":
        tasks = [Task("pipenv", str(key), given) for key, given in _table(data.get("scripts")).items()]
        installed = [*installed, *_of_pipfile(data, evidence, here)]
    else:
        tools = {_FILES[name]: _table(data.get("tool")).get(_FILES[name], data)} if name in _FILES else data.get("tool")
        tasks = [task for tool, read in _TOOLS.items() for task in read(_table(_table(tools).get(tool)))]
    found: list[Launch] = []
    for task in tasks:
        table = _table(task.given)
        folder = next((table[key] for key in ("cwd", "working_dir") if isinstance(table.get(key), str)), task.folder)
        values = {**task.variables, **environment(table.get("env"))}
        at = replace(
            evidence,
            name=f"{task.tool}: {task.name}",
            cwd=under(here, _filled(folder, here, {})),
            variables={key: _filled(value, here, {}) for key, value in values.items()},
            installed=tuple(dict.fromkeys(installed)) if task.installed else (),
        )
        found += _started(task.given, text, at, here)
    return found


def _started(given: Any, text: str, evidence: Evidence, here: str) -> list[Launch]:
    """What a task's text, words, table, or list of such starts."""
    if isinstance(given, str):
        at = replace(evidence, line=line_holding(text, given.strip().partition("\n")[0]))
        return read_command(_filled(given, here, {}), at)
    if isinstance(given, list):
        return [launch for part in given for launch in _started(part, text, evidence, here)]
    table = _table(given)
    found: list[Launch] = []
    for key in ("cmd", "shell", "script", "call", "sequence", "composite", "chain"):
        value = table.get(key)
        if key == "cmd" and isinstance(value, list) and all(isinstance(word, str) for word in value):
            line = line_holding(text, evidence.name.partition(": ")[2])
            found += [replace(one, line=line) for one in read_command(shlex.join(value), evidence)]
        elif key in ("script", "call") and isinstance(value, str):
            found += _called(value, text, evidence)
        elif value is not None:
            found += _started(value, text, evidence, here)
    return found


def _called(reference: str, text: str, evidence: Evidence) -> list[Launch]:
    """``package.module:function(...)``: imported by a ``python -c`` that starts in the task's folder."""
    match = _CALL.match(reference)
    if match is None:
        return []
    cwd = evidence.cwd or HOME
    source = under(cwd, "src")
    roots = (cwd, source) if evidence.name.startswith("poe:") and evidence.tree.is_dir(source) else (cwd,)
    start = Start(match[1], "module", roots, "script", match[2])
    return [launch_of(start, reference.strip(), replace(evidence, line=line_holding(text, reference.strip())))]


def _table(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _filled(text: str, here: str, known: Mapping[str, str]) -> str:
    """``text`` with a tool's own words put in: the project's folder, variables, what stands for arguments."""
    text = re.sub(r"\$\{?(?:POE_ROOT|POE_PWD|PDM_PROJECT_ROOT|PIXI_PROJECT_ROOT)\b\}?|\{root\}", here, text)
    text = re.sub(r"\{args:?([^{}]*)\}", r"\1", text)
    return re.sub(r"(?<!\$)\{(\w+)\}", lambda match: known.get(match[1], match[0]), text)


def _poe(table: Mapping[str, Any]) -> Iterator[Task]:
    """https://poethepoet.natn.io"""
    for name, given in _table(table.get("tasks")).items():
        yield Task("poe", name, given, variables=environment(table.get("env")))


def _taskipy(table: Mapping[str, Any]) -> Iterator[Task]:
    """https://github.com/taskipy/taskipy: variables are ``{name}`` in the text."""
    settings = _table(table.get("settings"))
    known = {key: value for key, value in _table(table.get("variables")).items() if isinstance(value, str)}
    for name, given in _table(table.get("tasks")).items():
        command = given.get("cmd") if isinstance(given, dict) else given
        if isinstance(command, str):
            command = _filled(command, HOME, known)
            given = {**given, "cmd": command} if isinstance(given, dict) else command
        yield Task("taskipy", name, given, str(settings.get("cwd") or ""))


def _pdm(table: Mapping[str, Any]) -> Iterator[Task]:
    """https://pdm-project.org/latest/usage/scripts: what ``_`` says holds for all."""
    scripts = _table(table.get("scripts"))
    shared = _table(scripts.get("_"))
    for name, given in scripts.items():
        if name != "_":
            yield Task("pdm", name, given, str(shared.get("working_dir") or ""), environment(shared.get("env")))


def _rye(table: Mapping[str, Any]) -> Iterator[Task]:
    """https://rye.astral.sh/guide/pyproject/#toolryescripts"""
    for name, given in _table(table.get("scripts")).items():
        yield Task("rye", name, given)


def _hatch(table: Mapping[str, Any]) -> Iterator[Task]:
    """https://hatch.pypa.io/latest/config/environment: other environments have what ``default`` has."""
    environments = _table(table.get("envs"))
    for name, own in environments.items():
        template = environments.get(str(_table(own).get("template", "default")))
        base = {} if own is template or _table(own).get("detached") else _table(template)
        shared = {**environment(base.get("env-vars")), **environment(_table(own).get("env-vars"))}
        skipped = bool(_table(own).get("detached") or _table(own).get("skip-install", base.get("skip-install")))
        for task, given in _table(_table(own).get("scripts")).items():
            yield Task("hatch", f"{name}.{task}", given, "", shared, not skipped)


def _pixi(table: Mapping[str, Any]) -> Iterator[Task]:
    """https://pixi.sh/latest/workspace/advanced_tasks"""
    features = [_table(feature) for feature in _table(table.get("feature")).values()]
    for holder in (table, *features):
        shared = environment(_table(holder.get("activation")).get("env"))
        for name, given in _table(holder.get("tasks")).items():
            yield Task("pixi", name, given, variables=shared)


_TOOLS: Mapping[str, Callable[[Mapping[str, Any]], Iterator[Task]]] = {
    "poe": _poe,
    "taskipy": _taskipy,
    "pdm": _pdm,
    "rye": _rye,
    "hatch": _hatch,
    "pixi": _pixi,
}


def _of_pipfile(data: Mapping[str, Any], evidence: Evidence, here: str) -> list[str]:
    """What a Pipfile's own packages, given by their ``path``, put on ``sys.path``."""
    found: list[str] = []
    for section in ("packages", "dev-packages"):
        for given in _table(data.get(section)).values():
            place = _table(given).get("path")
            if isinstance(place, str):
                found += package_folders(evidence.tree, under(here, place))
    return found
