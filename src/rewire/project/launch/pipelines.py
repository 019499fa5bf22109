"""Continuous integration services whose files list commands: what all of them share, and the plainest of them.

CircleCI and Azure have words of their own for jobs that are put together from others: ``circleci``, ``azure``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from rewire.project.boot.tree import HOME, under
from rewire.project.launch.command import read_command
from rewire.project.launch.compose import environment
from rewire.project.launch.installation import installs
from rewire.project.launch.place import line_holding, load_yaml, load_yamls

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rewire.model.project import Launch
    from rewire.project.launch.command import Evidence

Variables = Mapping[str, str]

_HANDED_ON = re.compile(
    r"""\becho\s+(?:-e\s+)?["']?
        (?:(?:export\s+)?(?P<name>\w+)=(?P<value>[^\n>]*?)["']?\s*>>\s*["']?\$\{?(?:BASH_ENV|GITHUB_ENV)\b
        |\#\#vso\[task\.setvariable\s+variable=(?P<azure>\w+)[^\]]*\](?P<given>[^\n"']*))""",
    re.VERBOSE,
)
"""A step's way of setting a variable for those after it."""

_TRAVIS_PHASES = (
    "before_install",
    "install",
    "before_script",
    "script",
    "after_success",
    "before_deploy",
    "after_script",
)
_APPVEYOR_PHASES = (
    "init", "install", "before_build", "build_script", "after_build", "before_test", "test_script", "after_test",
    "before_deploy", "deploy_script",
)  # fmt: skip
_HOMES = re.compile(
    r"""\$\{?(?:TRAVIS_BUILD_DIR|BITBUCKET_CLONE_DIR|CI_WORKSPACE|DRONE_WORKSPACE|CODEBUILD_SRC_DIR|APPVEYOR_BUILD_FOLDER
        |GITHUB_WORKSPACE|CI_PROJECT_DIR|WORKSPACE|env:APPVEYOR_BUILD_FOLDER)\b\}?
        |%(?:APPVEYOR_BUILD_FOLDER|WORKSPACE)%|/home/travis/build/[\w.-]+/[\w.-]+|/drone/src\b""",
    re.VERBOSE,
)
"""What the services call the folder that they check the project out to."""


class Step(NamedTuple):
    """Commands that one shell runs, from ``folder`` (a place of the tree) with ``variables``."""

    text: str
    folder: str = HOME
    variables: Variables = MappingProxyType({})


class Job(NamedTuple):
    """Steps that run in turn on one machine: what one of them installs is there for those after it."""

    name: str
    steps: Sequence[Step]


def launches_of(jobs: Iterable[Job], service: str, text: str, evidence: Evidence) -> list[Launch]:
    """What ``jobs``, read from a file of this ``text``, start; the same step of several jobs counts once."""
    found: list[Launch] = []
    for job in jobs:
        installed: list[str] = []
        handed_on: dict[str, str] = {}
        for step in job.steps:
            command = at_home(step.text)
            variables = {key: at_home(value) for key, value in {**handed_on, **step.variables}.items()}
            installed += [place for place in installs(command, evidence.tree, step.folder) if place not in installed]
            first = next((line.strip() for line in step.text.splitlines() if line.strip()), "")
            start = line_holding(text, first)
            at = replace(
                evidence,
                name=f"{service}: {job.name}",
                cwd=step.folder,
                variables=variables,
                installed=tuple(installed),
            )
            started = read_command(command, at)
            found += [replace(one, line=_line(one, text, start)) for one in started if one.source == evidence.source]
            found += [one for one in started if one.source != evidence.source]
            handed_on |= handed_over(command, step.folder)
    return list(dict.fromkeys(found))


def _line(launch: Launch, text: str, after: int) -> int:
    """The line from ``after`` on that holds the command, or its longest word that is there; ``after`` if there is none.

    Words that a template's parameters gave stand where they are given.
    """
    words = sorted(launch.command.split(), key=len, reverse=True)
    pieces = re.split(r"[^\w.-]+", launch.command)
    pieces.reverse()  # of words that are as long as each other the last one first: it tells more than the program
    pieces.sort(key=len, reverse=True)
    for word in dict.fromkeys([launch.command, *words[:1], *pieces]):
        for first in (after, 1):
            line = line_holding(text, word, first)
            if len(word) > 3 and word in text.splitlines()[line - 1]:
                return line
    return after


def handed_over(command: str, folder: str) -> dict[str, str]:
    """The variables that a step sets for those after it; a path with ``$PWD`` counts from the step's own folder."""
    found: dict[str, str] = {}
    for match in _HANDED_ON.finditer(command):
        name, value = (match["name"], match["value"]) if match["name"] else (match["azure"], match["given"])
        value = re.sub(r"\\?\$\(pwd\)|\\?\$\{?PWD\b\}?|`pwd`", folder, value.strip().strip("\"'\\"))
        found[name] = re.sub(rf"\\?\$\{{?{name}\b\}}?", "", value)
    return found


def at_home(text: str) -> str:
    """``text`` with the service's words for the project's folder put in."""
    return _HOMES.sub(HOME, text)


def texts_of(value: Any) -> Iterator[str]:
    """The commands of a list, however deep (YAML anchors nest them), of a table by shells' names, or of one text."""
    if isinstance(value, list):
        for entry in value:
            yield from texts_of(entry)
    elif isinstance(value, dict):
        for shell in ("cmd", "ps", "pwsh", "sh", "bash", "command", "script"):
            yield from texts_of(value.get(shell))
    elif isinstance(value, str):
        yield value


def _script(value: Any) -> str:
    return "\n".join(texts_of(value))


def read_travis(path: str, text: str, evidence: Evidence) -> list[Launch]:
    """https://docs.travis-ci.com/user/job-lifecycle: all phases run in one shell; a job may bring its own."""
    data = load_yaml(text)
    if not isinstance(data, dict):
        return []
    jobs = data.get("jobs") or data.get("matrix")
    included = jobs.get("include") if isinstance(jobs, dict) else jobs
    tables = [table for table in included if isinstance(table, dict)] if isinstance(included, list) else []

    def steps(table: Mapping[str, Any], own: Iterable[Variables]) -> Iterator[Step]:
        phases = [*_TRAVIS_PHASES, "deploy"]
        script = "\n".join(filter(None, (_script(table.get(phase, data.get(phase))) for phase in phases)))
        for variables in own:
            yield Step(script, HOME, variables)

    def read() -> Iterator[Job]:
        for step in steps({}, _travis_environments(data.get("env"))):
            yield Job("script", [step])
        for table in tables:
            own = [*_travis_environments(data.get("env"))][:1] if "env" not in table else []
            for step in steps(table, own or _travis_environments(table["env"], data.get("env"))):
                yield Job(str(table.get("name") or table.get("stage") or "job"), [step])

    return launches_of(read(), "Travis", text, evidence)


def _travis_environments(value: Any, shared: Any = None) -> Iterator[Variables]:
    """The variables of each job that ``env`` asks for: ``global`` ones for all, and each other line is a job's."""
    base: dict[str, str] = {}
    for table in (shared, value):
        given = table.get("global") if isinstance(table, dict) else None
        for one in given if isinstance(given, list) else [given]:
            base |= _assignments(one)
    if isinstance(value, dict):
        plain = {key: text for key, text in value.items() if key not in ("global", "matrix", "jobs")}
        value = value.get("matrix") or value.get("jobs") or plain
    lines = value if isinstance(value, list) else [value]
    for line in lines or [None]:
        yield {**base, **_assignments(line)}


def _assignments(value: Any) -> dict[str, str]:
    """``A=1 B="two words"``, or the same as a mapping; encrypted ones are not known."""
    if isinstance(value, dict):
        return {key: text for key, text in environment(value).items() if key != "secure"}
    pairs = re.findall(r"(\w+)=(?:\"([^\"]*)\"|'([^']*)'|(\S*))", value) if isinstance(value, str) else []
    return {name: double or single or plain for name, double, single, plain in pairs}


def read_bitbucket(path: str, text: str, evidence: Evidence) -> list[Launch]:
    """https://support.atlassian.com/bitbucket-cloud: the ``script`` of a step is one shell, in the clone's folder."""
    data = load_yaml(text)

    def read(value: Any, name: str) -> Iterator[Job]:
        for entry in value if isinstance(value, list) else [value]:
            if not isinstance(entry, dict):
                continue
            step = entry.get("step")
            if isinstance(step, dict):
                script = [*texts_of(step.get("script")), *texts_of(step.get("after-script"))]
                yield Job(str(step.get("name") or name), [Step("\n".join(script))])
            for key, inner in entry.items():
                if key not in ("step", "variables"):
                    yield from read(inner, name if key in ("parallel", "steps", "stage") else str(key))

    return launches_of(read(data.get("pipelines") if isinstance(data, dict) else None, ""), "Bitbucket", text, evidence)


def read_drone(path: str, text: str, evidence: Evidence) -> list[Launch]:
    """https://docs.drone.io and https://woodpecker-ci.org: a step's ``commands`` are one shell, in the workspace."""

    def read() -> Iterator[Job]:
        for data in load_yamls(text):
            steps = (data.get("steps") or data.get("pipeline")) if isinstance(data, dict) else None
            listed = steps if isinstance(steps, list) else []
            named = steps.items() if isinstance(steps, dict) else [(None, step) for step in listed]
            shared = environment(data.get("environment")) if isinstance(data, dict) else {}
            tables = [(name, step) for name, step in named if isinstance(step, dict)]
            found = [
                Step(
                    _script(step.get("commands")),
                    under(HOME, at_home(str(step.get("directory") or ""))),
                    {**shared, **environment(step.get("environment"))},
                )
                for _, step in tables
            ]
            for (name, step), one in zip(tables, found, strict=True):
                yield Job(str(name or step.get("name") or "step"), [one])

    return launches_of(read(), "Woodpecker" if "woodpecker" in path else "Drone", text, evidence)


def read_appveyor(path: str, text: str, evidence: Evidence) -> list[Launch]:
    """https://www.appveyor.com/docs/build-configuration: the phases follow each other, folders are kept."""
    data = load_yaml(text)
    if not isinstance(data, dict):
        return []
    given = data.get("environment")
    plain = {key: value for key, value in given.items() if isinstance(value, str)} if isinstance(given, dict) else {}
    script = "\n".join(filter(None, (_script(data.get(phase)) for phase in _APPVEYOR_PHASES))).replace("\\", "/")
    return launches_of([Job("build", [Step(script, HOME, plain)])], "AppVeyor", text, evidence)


def read_codebuild(path: str, text: str, evidence: Evidence) -> list[Launch]:
    """https://docs.aws.amazon.com/codebuild: the commands of all phases run in one shell since version 0.2."""
    data = load_yaml(text)
    phases = data.get("phases") if isinstance(data, dict) else None
    if not isinstance(phases, dict):
        return []
    given = data.get("env")
    variables = environment(given.get("variables")) if isinstance(given, dict) else {}
    tables = [table for table in phases.values() if isinstance(table, dict)]
    script = "\n".join(_script([table.get("commands"), table.get("finally")]) for table in tables)
    return launches_of([Job("build", [Step(script, HOME, variables)])], "CodeBuild", text, evidence)
