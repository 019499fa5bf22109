"""Azure Pipelines: stages, jobs, steps, and the templates that they are put together from."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING, Any

from rewire.project.boot.tree import HOME, under
from rewire.project.launch.compose import environment
from rewire.project.launch.pipelines import Job, Step, launches_of
from rewire.project.launch.place import load_yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rewire.model.project import Launch
    from rewire.project.launch.command import Evidence

MAX_TEMPLATES = 8
"""How deep templates may name each other before rewire stops following."""

_HOMES = re.compile(
    r"\$\((?:System\.DefaultWorkingDirectory|Build\.SourcesDirectory|Build\.Repository\.LocalPath)\)"
    r"|\$\(Pipeline\.Workspace\)/s\b|\$\{?(?:BUILD_SOURCESDIRECTORY|SYSTEM_DEFAULTWORKINGDIRECTORY)\}?",
    re.I,
)
_PARAMETER = re.compile(r"\$\{\{\s*(?:parameters|variables)\.([\w.-]+)\s*\}\}")
_MACRO = re.compile(r"\$\(([\w.-]+)\)")
_SHELLS = ("script", "bash", "pwsh", "powershell")


def read_azure(path: str, text: str, evidence: Evidence) -> list[Launch]:
    """https://learn.microsoft.com/azure/devops/pipelines/yaml-schema: each step is a shell of its own."""
    data = load_yaml(text)
    if not isinstance(data, dict):
        return []
    reader = _Reader(evidence.read_text)
    jobs = list(reader.jobs(data, {}, path, "pipeline", 0))
    return launches_of(jobs, "Azure Pipelines", text, evidence)


class _Reader:
    """The jobs of a pipeline and of its templates; a job's lines that lie elsewhere are placed at its first one."""

    def __init__(self, read_text: Callable[[str], str | None]) -> None:
        self._read_text = read_text

    def jobs(
        self, table: Mapping[str, Any], known: Mapping[str, str], path: str, name: str, depth: int
    ) -> Iterator[Job]:
        """Every job in and below ``table``, a pipeline, stage, job, deployment or template of the file ``path``."""
        known = {**known, **_parameters(table.get("parameters"), known), **_variables(table.get("variables"))}
        name = str(table.get("job") or table.get("deployment") or table.get("stage") or name)
        if isinstance(table.get("steps"), list):
            yield Job(name, list(self._steps(table["steps"], known, path, depth)))
        for key in ("stages", "jobs"):
            for entry in table[key] if isinstance(table.get(key), list) else ():
                for one, values, place, deeper in self._entered(entry, known, path, depth):
                    yield from self.jobs(one, values, place, name, deeper)
        strategy = table.get("strategy")
        for life in strategy.values() if isinstance(strategy, dict) else ():
            for hook in life.values() if isinstance(life, dict) else ():
                if isinstance(hook, dict) and "steps" in hook:
                    yield from self.jobs(hook, known, path, name, depth)
        extended = table.get("extends")
        if isinstance(extended, dict):
            for one, values, place, deeper in self._entered(extended, known, path, depth):
                yield from self.jobs(one, values, place, name, deeper)

    def _steps(self, steps: list[Any], known: Mapping[str, str], path: str, depth: int) -> Iterator[Step]:
        for entry in steps:
            for one, values, place, deeper in self._entered(entry, known, path, depth):
                if one is not entry and isinstance(one.get("steps"), list):
                    inner = {**values, **_parameters(one.get("parameters"), values)}
                    yield from self._steps(one["steps"], inner, place, deeper)
                elif one is entry:
                    yield from _step(one, values)

    def _entered(
        self, entry: Any, known: Mapping[str, str], path: str, depth: int
    ) -> Iterator[tuple[Mapping[str, Any], Mapping[str, str], str, int]]:
        """``entry`` itself, what its template holds, or, for ``${{ if ... }}``, what stands below it."""
        if not isinstance(entry, dict):
            return
        template = entry.get("template")
        if isinstance(template, str):
            place = template.lstrip("/") if template.startswith("/") else _relative(path, template)
            text = self._read_text(place) if depth < MAX_TEMPLATES and "@" not in template else None
            data = load_yaml(text) if text is not None else None
            if isinstance(data, dict):
                given = entry.get("parameters")
                values = {
                    str(key): _filled(str(value), known)
                    for key, value in (given.items() if isinstance(given, dict) else ())
                }
                yield data, {**known, **_parameters(data.get("parameters"), known), **values}, place, depth + 1
            return
        conditional = [value for key, value in entry.items() if str(key).startswith("${{") and isinstance(value, list)]
        if not conditional:
            yield entry, known, path, depth
        for value in conditional:
            for inner in value:
                yield from self._entered(inner, known, path, depth)


def _relative(path: str, template: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(path), template))


def _step(step: Mapping[str, Any], known: Mapping[str, str]) -> Iterator[Step]:
    """The commands of one step: a shell's own key, or a task that runs a script."""
    own = {**{key.upper().replace(".", "_"): value for key, value in known.items()}, **environment(step.get("env"))}
    variables = {key: _filled(value, known) for key, value in own.items()}
    shell = next((key for key in _SHELLS if isinstance(step.get(key), str)), None)
    if shell is not None:
        folder = _filled(str(step.get("workingDirectory") or ""), known)
        yield Step(_as_shell(shell, _filled(step[shell], known)), under(HOME, folder), variables)
        return
    inputs = step.get("inputs")
    if not isinstance(inputs, dict):
        return
    task = str(step.get("task", "")).partition("@")[0].lower()
    folder = _filled(str(inputs.get("workingDirectory") or inputs.get("workingFolder") or ""), known)
    command = _of_task(task, {str(key): _filled(str(value), known) for key, value in inputs.items()})
    if command:
        yield Step(_as_shell(task, command), under(HOME, folder), variables)


def _of_task(task: str, inputs: Mapping[str, str]) -> str:
    """The command of one of the tasks that run something."""
    arguments = inputs.get("arguments", "")
    if task == "pythonscript":
        script = inputs.get("scriptPath") or inputs.get("filePath") or ""
        return f"python {script} {arguments}" if script else ""
    if task in ("bash", "powershell", "shellscript"):
        script = inputs.get("filePath") or inputs.get("scriptPath") or ""
        if script and inputs.get("targetType", "").lower() != "inline":
            return f"./{script} {arguments}" if not script.startswith("/") else f"{script} {arguments}"
        return inputs.get("script", "")
    if task == "azurecli":
        return inputs.get("inlineScript", "")
    return inputs.get("script", "") if task == "cmdline" else ""


def _as_shell(shell: str, text: str) -> str:
    """A command of PowerShell or of ``cmd`` with the separators of a shell's paths."""
    return text.replace("\\", "/") if shell in ("pwsh", "powershell") else text


def _parameters(value: Any, known: Mapping[str, str]) -> dict[str, str]:
    """The parameters that are not given yet, by their defaults: a list of tables, or a plain mapping."""
    found: dict[str, str] = {}
    if isinstance(value, dict):
        found = {str(name): str(default) for name, default in value.items() if not isinstance(default, dict | list)}
    for entry in value if isinstance(value, list) else ():
        if isinstance(entry, dict) and "default" in entry and not isinstance(entry["default"], dict | list):
            found[str(entry.get("name"))] = str(entry["default"])
    return {name: text for name, text in found.items() if name not in known}


def _variables(value: Any) -> dict[str, str]:
    """A mapping of variables, or a list of tables with ``name`` and ``value``."""
    if isinstance(value, dict):
        return {str(name): str(text) for name, text in value.items() if not isinstance(text, dict | list)}
    tables = [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []
    return {str(entry["name"]): str(entry.get("value", "")) for entry in tables if "name" in entry}


def _filled(text: str, known: Mapping[str, str]) -> str:
    """``text`` with parameters, variables and the project's folder put in; what is not known becomes nothing."""
    text = _HOMES.sub(HOME, text)
    text = _PARAMETER.sub(lambda match: known.get(match[1], ""), text)
    text = re.sub(r"\$\{\{[^}]*\}\}", "", text)
    for _ in range(3):  # a variable may be given in terms of others
        text = _MACRO.sub(lambda match: known.get(match[1], match[0]), _HOMES.sub(HOME, text))
    return text
