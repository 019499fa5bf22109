"""GitHub's workflows and composite actions: ``run`` steps of jobs, one job for each choice of its matrix."""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Any

from rewire.project.boot.tree import HOME, under
from rewire.project.launch.command import read_command
from rewire.project.launch.compose import environment
from rewire.project.launch.installation import installs
from rewire.project.launch.pipelines import at_home, handed_over
from rewire.project.launch.place import line_holding, load_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rewire.model.project import Launch
    from rewire.project.launch.command import Evidence

MAX_VARIANTS = 32
"""How many jobs of one matrix are read; their launches differ in little."""

_EXPRESSION = re.compile(r"\$\{\{\s*([\w.-]+)\s*\}\}")
_UNKNOWN = re.compile(r"\$\{\{[^}]*\}\}/?")


def read_workflow(path: str, text: str, evidence: Evidence) -> list[Launch]:
    """A GitHub workflow or composite action: ``run`` steps, with their working directory and variables."""
    data = load_yaml(text)
    if not isinstance(data, dict):
        return []
    jobs = data.get("jobs")
    named = dict(jobs) if isinstance(jobs, dict) else {"action": data.get("runs")}
    found: list[Launch] = []
    for name, job in named.items():
        if not isinstance(job, dict):
            continue
        for known in _variants(job):
            known = {"github.workspace": HOME, "github.action_path": under(HOME, posixpath.dirname(path)), **known}
            found += _job(str(name), job, data, path, text, evidence, known)
    return list(dict.fromkeys(found))


def _variants(job: Mapping[str, Any]) -> list[dict[str, str]]:
    """The values that a job's matrix gives ``matrix.name`` by turns, as far as its steps ask for them."""
    strategy = job.get("strategy")
    matrix = strategy.get("matrix") if isinstance(strategy, dict) else None
    if not isinstance(matrix, dict):
        return [{}]
    asked = set(re.findall(r"\bmatrix\.([\w.-]+)", str([job.get(key) for key in ("steps", "defaults", "env")])))
    lists = {name: values for name, values in matrix.items() if isinstance(values, list) and name != "include"}
    flat = {
        name: [*dict.fromkeys(_flat(f"matrix.{name}", value) for value in values)] for name, values in lists.items()
    }
    names = [name for name in flat if asked & {name, *(f"{name}.{key}" for key in _keys(lists[name]))}]
    found = [dict(pair for part in parts for pair in part) for parts in product(*(flat[name] for name in names))]
    included = matrix.get("include")
    tables = [entry for entry in included if isinstance(entry, dict)] if isinstance(included, list) else []
    found += [dict(_flat("matrix", entry)) for entry in tables if asked & entry.keys()]
    return (found or [{}])[:MAX_VARIANTS]


def _keys(values: Sequence[Any]) -> set[str]:
    return {str(key) for value in values if isinstance(value, dict) for key in value}


def _flat(name: str, value: Any) -> tuple[tuple[str, str], ...]:
    """A value of a matrix under its name; each part of a table under its own."""
    if isinstance(value, dict):
        return tuple((f"{name}.{key}", str(part)) for key, part in value.items())
    return ((name, str(value)),)


def _job(
    name: str,
    job: Mapping[str, Any],
    data: Mapping[str, Any],
    path: str,
    text: str,
    evidence: Evidence,
    known: Mapping[str, str],
) -> list[Launch]:
    """The launch contexts of one job; what a step installs or sets is there for the ones after it."""
    found: list[Launch] = []
    installed: list[str] = []
    base = {**environment(data.get("env")), **environment(job.get("env"))}
    known = {**{f"env.{key}": value for key, value in base.items()}, **known}
    folder = _default_folder(job) or _default_folder(data) or ""
    steps = job.get("steps")
    for step in steps if isinstance(steps, list) else ():
        if not isinstance(step, dict) or not isinstance(step.get("run"), str):
            continue
        cwd = under(HOME, _filled(str(step.get("working-directory") or folder), known))
        cwd = cwd if cwd.startswith(HOME) else under(HOME, cwd.lstrip("/"))
        run = _filled(step["run"], known)
        variables = {key: _filled(value, known) for key, value in {**base, **environment(step.get("env"))}.items()}
        if "PYTHONPATH" in variables:
            variables["PYTHONPATH"] = ":".join(_workspace(part) for part in variables["PYTHONPATH"].split(":"))
        installed += installs(run, evidence.tree, cwd)
        first = next((line.strip() for line in step["run"].splitlines() if line.strip()), "")
        at = replace(
            evidence,
            name=f"{posixpath.basename(path)}: {name}",
            cwd=cwd,
            variables=variables,
            line=line_holding(text, first),
            installed=tuple(installed),
        )
        found += read_command(run, at)
        base |= handed_over(run, cwd)
    return found


def _filled(text: str, known: Mapping[str, str]) -> str:
    """``text`` with ``${{ ... }}`` put in; what is not known becomes nothing, with the separator after it."""
    text = _EXPRESSION.sub(lambda match: known.get(match[1], match[0]), text)
    return at_home(_UNKNOWN.sub("", text))


def _workspace(part: str) -> str:
    """A ``PYTHONPATH`` entry of a workflow; what is left of ``${{ github.workspace }}/x`` counts from the root."""
    return under(HOME, part) if part and not posixpath.isabs(part) else part or HOME


def _default_folder(table: Mapping[str, Any]) -> str | None:
    defaults = table.get("defaults")
    run = defaults.get("run") if isinstance(defaults, dict) else None
    folder = run.get("working-directory") if isinstance(run, dict) else None
    return folder if isinstance(folder, str) else None
