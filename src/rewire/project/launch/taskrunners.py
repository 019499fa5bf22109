"""Task runners with a language of their own: just, Task, and GitLab's pipelines."""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rewire.project.boot.tree import HOME, under
from rewire.project.launch.command import read_command
from rewire.project.launch.compose import environment
from rewire.project.launch.installation import installs
from rewire.project.launch.place import line_holding, load_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rewire.model.project import Launch
    from rewire.project.launch.command import Evidence

_RECIPE = re.compile(r"^@?(?!(?:set|export|alias|import|mod)\s)([\w-]+)(?:\s+(?!:=)[^\n]*?)?:(?!=)")
_TEXT = r"""["']([^"'\n]*)["']"""
_FOLDER = re.compile(rf"working-directory(?:\s*:=\s*|\s*:\s*|\(){_TEXT}")
_GITLAB = frozenset(
    {"stages", "variables", "default", "include", "workflow", "image", "services", "cache", "before_script", "spec"}
)
_REFERENCE = re.compile(r"^(\s*(?:- )?[^#\n]*?)!reference\b.*$", re.M)


def read_justfile(path: str, text: str, evidence: Evidence) -> list[Launch]:
    """https://just.systems/man: each line of a recipe is a shell of its own; one with ``#!`` is a single script."""
    variables = dict(re.findall(rf"^(?:export\s+)?(\w+)\s*:=\s*{_TEXT}\s*$", text, re.M))
    whole = re.search(rf"^set\s+{_FOLDER.pattern}", text, re.M)
    here = under(HOME, posixpath.dirname(path))
    found: list[Launch] = []
    for name, folder, number, lines in _recipes(text):
        cwd = under(here, folder or (whole[1] if whole else ""))
        at = replace(evidence, name=f"just: {name}", cwd=cwd, here=cwd)
        if lines and lines[0].lstrip().startswith("#!"):
            if re.match(r"\s*#!.*\b(?:ba|z|da)?sh\b", lines[0]):
                script = "\n".join(line.strip() for line in lines)
                found += read_command(_filled(script, variables), replace(at, line=number))
            continue
        for index, line in enumerate(lines):
            command = _filled(line.strip().lstrip("@-"), variables)
            found += read_command(command, replace(at, line=number + index))
    return found


def _recipes(text: str) -> Iterator[tuple[str, str, int, list[str]]]:
    """(name, its own working directory, the number of its first line, its lines) of every recipe."""
    name, folder, first = "", "", 0
    body: list[str] = []
    pending = ""
    for number, line in enumerate([*text.splitlines(), "end:"], 1):
        if line.startswith((" ", "\t")) or (not line.strip() and body):
            body.append(line)
            continue
        rule, attribute = _RECIPE.match(line), _FOLDER.search(line) if line.startswith("[") else None
        if name and (rule or attribute or line.strip()):
            yield name, folder, first, body
            name, folder, body = "", "", []
        if attribute:
            pending = attribute[1]
        elif rule:
            name, folder, first, body, pending = rule[1], pending, number + 1, [], ""


def _filled(text: str, variables: Mapping[str, str]) -> str:
    """``{{name}}`` put in; what is not known becomes nothing."""
    return re.sub(r"\{\{\s*(\w*)[^}]*\}\}", lambda match: variables.get(match[1], ""), text)


def read_taskfile(path: str, text: str, evidence: Evidence) -> list[Launch]:
    """https://taskfile.dev: the commands of every task, in its ``dir``, with its ``env``."""
    data = load_yaml(text)
    tasks = data.get("tasks") if isinstance(data, dict) else None
    here = under(HOME, posixpath.dirname(path))
    found: list[Launch] = []
    for name, task in tasks.items() if isinstance(tasks, dict) else ():
        table = task if isinstance(task, dict) else {"cmds": task}
        known = {**_plain(data.get("vars")), **_plain(table.get("vars"))}
        cwd = under(here, _variables(str(table.get("dir") or ""), known, here))
        values = {**environment(data.get("env")), **environment(table.get("env"))}
        variables = {key: _variables(value, known, here) for key, value in values.items()}
        for command in _listed(table.get("cmds") or table.get("cmd")):
            line = line_holding(text, command.splitlines()[0]) if command.strip() else 1
            at = replace(evidence, name=f"task: {name}", cwd=cwd, variables=variables, line=line)
            found += read_command(_variables(command, known, here), at)
    return found


def _plain(value: object) -> dict[str, str]:
    """The variables that are given as plain texts and numbers."""
    return (
        {key: str(text) for key, text in value.items() if not isinstance(text, dict)} if isinstance(value, dict) else {}
    )


def _variables(text: str, known: Mapping[str, str], here: str) -> str:
    """``{{.NAME}}`` put in."""
    values = {"ROOT_DIR": here, "TASKFILE_DIR": here, **known}
    return re.sub(r"\{\{\s*\.?(\w*)[^}]*\}\}", lambda match: values.get(match[1], ""), text)


def _listed(value: Any) -> Iterator[str]:
    """The texts of a command, or of a list of commands; ``cmd`` is a command's own table."""
    for entry in value if isinstance(value, list) else [value]:
        command = entry.get("cmd") if isinstance(entry, dict) else entry
        if isinstance(command, str):
            yield command
        elif isinstance(command, list):
            yield from _listed(command)


def read_gitlab(path: str, text: str, evidence: Evidence) -> list[Launch]:
    """https://docs.gitlab.com/ci/yaml: ``before_script`` and ``script`` of a job run in one shell, from the root."""
    data = load_yaml(_REFERENCE.sub(r"\1", text))
    if not isinstance(data, dict):
        return []
    default = data.get("default")
    shared = data.get("before_script") or (default.get("before_script") if isinstance(default, dict) else None)
    found: list[Launch] = []
    for name, job in data.items():
        if name in _GITLAB or not isinstance(job, dict):
            continue
        before, own = list(_listed(job.get("before_script", shared))), list(_listed(job.get("script")))
        variables = {**environment(data.get("variables")), **environment(job.get("variables"))}
        variables = {key: value.replace("$CI_PROJECT_DIR", HOME) for key, value in variables.items()}
        script = "\n".join([*before, *own]).replace("$CI_PROJECT_DIR", HOME)
        at = replace(
            evidence,
            name=f"GitLab: {name}",
            cwd=HOME,
            variables=variables,
            installed=tuple(installs(script, evidence.tree, HOME)),
            line=line_holding(text, f"{name}:"),
        )
        found += [replace(launch, line=at.line) for launch in read_command(script, at)]
    return found
