"""CircleCI: jobs made of steps and of commands that take parameters."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rewire.project.boot.tree import HOME, under
from rewire.project.launch.compose import environment
from rewire.project.launch.pipelines import Job, Step, launches_of
from rewire.project.launch.place import load_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rewire.model.project import Launch
    from rewire.project.launch.command import Evidence

MAX_COMMANDS = 8
"""How deep commands may call each other before rewire stops following."""

_PARAMETER = re.compile(r"<<\s*parameters\.([\w-]+)\s*>>")


def read_circleci(path: str, text: str, evidence: Evidence) -> list[Launch]:
    """https://circleci.com/docs/configuration-reference: each ``run`` is a shell of its own."""
    data = load_yaml(text)
    jobs = data.get("jobs") if isinstance(data, dict) else None
    if not isinstance(jobs, dict):
        return []
    commands = data.get("commands")
    reader = _Reader(
        commands if isinstance(commands, dict) else {}, data.get("executors"), list(_calls(data.get("workflows")))
    )
    found = [job for name, table in jobs.items() if isinstance(table, dict) for job in reader.jobs(str(name), table)]
    return launches_of(found, "CircleCI", text, evidence)


def _calls(workflows: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(job, the values that a workflow gives for its parameters)."""
    for workflow in workflows.values() if isinstance(workflows, dict) else ():
        listed = workflow.get("jobs") if isinstance(workflow, dict) else None
        for entry in listed if isinstance(listed, list) else ():
            for name, given in entry.items() if isinstance(entry, dict) else [(entry, {})]:
                yield str(name), given if isinstance(given, dict) else {}


class _Reader:
    """The steps of jobs, with the file's own commands put in for their calls."""

    def __init__(self, commands: Mapping[str, Any], executors: Any, calls: list[tuple[str, Mapping[str, Any]]]) -> None:
        self._commands = commands
        self._executors = executors if isinstance(executors, dict) else {}
        self._calls = calls

    def jobs(self, name: str, table: Mapping[str, Any]) -> Iterator[Job]:
        """A job once for every set of parameters that a workflow gives it."""
        given = [values for called, values in self._calls if called == name and _parameters(table, {})] or [{}]
        for values in given:
            known = _parameters(table, values)
            base = {**self._of_executor(table, "environment"), **_containers(table)}
            variables = {**base, **environment(table.get("environment"))}
            home = str(table.get("working_directory") or self._folder(table) or "~/project")
            home = _checkout(table.get("steps")) or _filled(home, known)
            start = _place(_filled(str(table.get("working_directory") or home), known), home)
            yield Job(name, list(self._steps(table.get("steps"), known, variables, (start, home), 0)))

    def _of_executor(self, table: Mapping[str, Any], key: str) -> dict[str, str]:
        executor = self._executor(table)
        return {**_containers(executor), **environment(executor.get(key))}

    def _folder(self, table: Mapping[str, Any]) -> str:
        return str(self._executor(table).get("working_directory") or "")

    def _executor(self, table: Mapping[str, Any]) -> Mapping[str, Any]:
        """The named executor of a job."""
        named = table.get("executor")
        executor = self._executors.get(named.get("name") if isinstance(named, dict) else named)
        return executor if isinstance(executor, dict) else {}

    def _steps(
        self,
        steps: Any,
        known: Mapping[str, str],
        variables: Mapping[str, str],
        folders: tuple[str, str],
        depth: int,
    ) -> Iterator[Step]:
        """The ``run`` steps of a list, those below ``when`` and in called commands too."""
        start, home = folders
        for entry in steps if isinstance(steps, list) else ():
            calls = entry.items() if isinstance(entry, dict) else [(entry, {})]
            for name, given in calls:
                if name == "run":
                    table = given if isinstance(given, dict) else {"command": given}
                    folder = _filled(str(table.get("working_directory") or ""), known)
                    own = {**variables, **environment(table.get("environment"))}
                    own = {key: _at_home(_filled(value, known), home) for key, value in own.items()}
                    command = _at_home(_filled(str(table.get("command") or ""), known), home)
                    yield Step(command, _place(folder, home) if folder else start, own)
                elif name in ("when", "unless") and isinstance(given, dict):
                    yield from self._steps(given.get("steps"), known, variables, folders, depth)
                elif isinstance(name, str) and depth < MAX_COMMANDS and isinstance(self._commands.get(name), dict):
                    called = self._commands[name]
                    filled = {
                        key: _filled(str(value), known)
                        for key, value in (given.items() if isinstance(given, dict) else ())
                    }
                    inner = _parameters(called, filled)
                    yield from self._steps(called.get("steps"), inner, variables, folders, depth + 1)


def _containers(table: Mapping[str, Any]) -> dict[str, str]:
    """The variables of the first image, in which the steps run."""
    images = table.get("docker")
    first = images[0] if isinstance(images, list) and images else None
    return environment(first.get("environment")) if isinstance(first, dict) else {}


def _parameters(table: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, str]:
    """The values of a job's or command's parameters: what is given, else the default."""
    declared = table.get("parameters")
    known: dict[str, str] = {}
    for name, about in declared.items() if isinstance(declared, dict) else ():
        default = about.get("default", "") if isinstance(about, dict) else ""
        known[str(name)] = str(given.get(name, default))
    return known


def _filled(text: str, known: Mapping[str, str]) -> str:
    """``<< parameters.name >>`` put in; what is not known becomes nothing."""
    return re.sub(r"<<[^<>]*>>", "", _PARAMETER.sub(lambda match: known.get(match[1], ""), text))


def _checkout(steps: Any) -> str:
    """Where the job's ``checkout`` step puts the project, if it says so."""
    for entry in steps if isinstance(steps, list) else ():
        table = entry.get("checkout") if isinstance(entry, dict) else None
        if isinstance(table, dict) and isinstance(table.get("path"), str):
            return str(table["path"])
    return ""


def _place(folder: str, home: str) -> str:
    """A working directory as a place of the tree, where the project's own lies at ``home``."""
    text = HOME if folder == home else _at_home(folder, home)
    return under(HOME, text) if not text.startswith("~") else HOME


def _at_home(text: str, home: str) -> str:
    """``text`` with every spelling of the folder ``home``, that the project lies in, put in."""
    name = home.rstrip("/")
    spelled = {"~/project", "$CIRCLE_WORKING_DIRECTORY", "${CIRCLE_WORKING_DIRECTORY}"}
    if name.startswith(("~", "/")):
        spelled.add(name)
    if name.startswith("~/"):
        spelled |= {f"$HOME/{name[2:]}", f"/home/circleci/{name[2:]}", f"/root/{name[2:]}"}
    for word in sorted(spelled, key=len, reverse=True):
        text = re.sub(rf"(?<![\w./~]){re.escape(word)}(?![\w-])", HOME, text)
    return text
