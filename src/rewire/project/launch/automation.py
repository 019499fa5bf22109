"""Files that run commands for people and machines: workflows, Makefile, tox, nox, package.json, task tables."""

from __future__ import annotations

import ast
import json
import posixpath
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rewire.project.boot.tree import HOME, under
from rewire.project.launch.command import read_command, read_words
from rewire.project.launch.compose import environment
from rewire.project.launch.installation import installed_folders, installs
from rewire.project.launch.place import line_holding, load_ini, load_toml, load_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rewire.model.project import Launch
    from rewire.project.launch.command import Evidence

_EXPRESSION = re.compile(r"\$\{\{[^}]*\}\}/?")


def read_workflow(path: str, text: str, evidence: Evidence) -> list[Launch]:
    """A GitHub workflow: ``run`` steps, with their working directory and variables."""
    data = load_yaml(text)
    jobs = data.get("jobs") if isinstance(data, dict) else None
    if not isinstance(jobs, dict):
        return []
    found: list[Launch] = []
    for name, job in jobs.items():
        if isinstance(job, dict):
            found += _job(str(name), job, data, path, text, evidence)
    return found


def _job(
    name: str, job: dict[str, Any], data: dict[str, Any], path: str, text: str, evidence: Evidence
) -> list[Launch]:
    """The launch contexts of one job; what a step installs is there for the ones after it."""
    found: list[Launch] = []
    installed: list[str] = []
    base = {**environment(data.get("env")), **environment(job.get("env"))}
    folder = _default_folder(job) or _default_folder(data) or ""
    steps = job.get("steps")
    for step in steps if isinstance(steps, list) else ():
        if not isinstance(step, dict) or not isinstance(step.get("run"), str):
            continue
        where = _EXPRESSION.sub("", str(step.get("working-directory") or folder))
        cwd = under(HOME, where.lstrip("/"))
        run = _EXPRESSION.sub("", step["run"])
        variables = {key: _EXPRESSION.sub("", value) for key, value in {**base, **environment(step.get("env"))}.items()}
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
    return found


def _workspace(part: str) -> str:
    """A ``PYTHONPATH`` entry of a workflow; what is left of ``${{ github.workspace }}/x`` counts from the root."""
    return under(HOME, part) if part and not posixpath.isabs(part) else part or HOME


def _default_folder(table: Mapping[str, Any]) -> str | None:
    defaults = table.get("defaults")
    run = defaults.get("run") if isinstance(defaults, dict) else None
    folder = run.get("working-directory") if isinstance(run, dict) else None
    return folder if isinstance(folder, str) else None


def read_makefile(path: str, text: str, evidence: Evidence) -> list[Launch]:
    """A Makefile's recipes: each line is a shell of its own, in the Makefile's folder."""
    variables = dict(re.findall(r"^(\w+)\s*[:?]?=\s*(.*?)\s*$", text, re.M))
    found: list[Launch] = []
    target = ""
    lines = text.splitlines()
    index = 0
    while index < len(lines):
        line, number = lines[index], index + 1
        while line.endswith("\\") and index + 1 < len(lines):
            index += 1
            line = line[:-1] + " " + lines[index].strip()
        index += 1
        rule = re.match(r"^([\w./%-]+)\s*:(?!=)", line)
        if rule:
            target = rule[1]
        elif line.startswith("\t"):
            command = _make_variables(line.strip().lstrip("@-+"), variables)
            at = replace(evidence, name=f"{posixpath.basename(path)}: {target}", line=number)
            found += read_command(command, at)
    return found


def _make_variables(text: str, variables: Mapping[str, str], depth: int = 0) -> str:
    """``$(NAME)`` and ``${NAME}`` put in, ``$$`` as ``$``."""
    replaced = re.sub(r"\$[({](\w+)[)}]", lambda match: variables.get(match[1], ""), text)
    return (
        _make_variables(replaced, variables, depth + 1)
        if replaced != text and depth < 5
        else replaced.replace("$$", "$")
    )


def read_tox(path: str, text: str, evidence: Evidence) -> list[Launch]:
    """``tox.ini``: the commands of every environment; the package is installed unless it says not to."""
    settings = load_ini(text)
    here = under(HOME, posixpath.dirname(path))
    found: list[Launch] = []
    base = dict(settings.items("testenv")) if settings.has_section("testenv") else {}
    skips = settings.has_section("tox") and any(
        settings.get("tox", key, fallback="") in ("true", "True") for key in ("skipsdist", "no_package")
    )
    for title in settings.sections():
        if not title.startswith("testenv"):
            continue
        table = {**base, **dict(settings.items(title))}
        commands = _tox_value(table.get("commands") or "", here)
        if title != "testenv" and "commands" not in dict(settings.items(title)):
            continue
        cwd = under(here, _tox_value(table.get("changedir") or table.get("change_dir") or "", here).strip())
        pairs = [
            line.partition("=")
            for line in _tox_value(table.get("setenv") or table.get("set_env") or "", here).splitlines()
        ]
        skipped = skips or (table.get("skip_install") or "").strip().lower() == "true"
        installed = () if skipped else tuple(installed_folders(evidence.tree, here, evidence.read_text))
        installed = tuple(dict.fromkeys((*installed, *installs(commands, evidence.tree, cwd))))
        at = replace(
            evidence,
            name=f"tox: {title.partition(':')[2] or 'testenv'}",
            cwd=cwd,
            variables={name.strip(): value.strip() for name, equals, value in pairs if equals},
            installed=installed,
            line=line_holding(text, f"[{title}]"),
        )
        found += [replace(launch, line=at.line) for launch in read_command(commands, at)]
    return found


def _tox_value(text: str, here: str) -> str:
    """tox's own substitutions, as far as they name folders."""
    text = re.sub(r"\{(?:toxinidir|tox_root)\}", here, text)
    text = re.sub(r"\{posargs(?::([^}]*))?\}", lambda match: match[1] or "", text)
    text = re.sub(r"\{(?:envpython|env_python)\}", "python", text)
    return re.sub(r"^\s*-\s*(?=\S)", "", re.sub(r"\{[^}]*\}", "", text), flags=re.M)


def read_noxfile(path: str, text: str, evidence: Evidence) -> list[Launch]:
    """``noxfile.py``: ``session.run("pytest", ...)`` with words that are written out."""
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return []
    here = under(HOME, posixpath.dirname(path))
    found: list[Launch] = []
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        installed: list[str] = []
        cwd = here
        calls = [
            node for node in ast.walk(function) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        ]
        for call in sorted(calls, key=lambda node: (node.lineno, node.col_offset)):
            assert isinstance(call.func, ast.Attribute)
            words = [part.value for part in call.args if isinstance(part, ast.Constant) and isinstance(part.value, str)]
            if call.func.attr == "chdir" and words:
                cwd = under(here, words[0])
            elif call.func.attr == "install":
                installed += installs("pip install " + " ".join(words), evidence.tree, cwd)
            elif call.func.attr == "run" and words:
                at = replace(
                    evidence, name=f"nox: {function.name}", cwd=cwd, installed=tuple(installed), line=call.lineno
                )
                found += read_words(tuple(words), at)
    return found


def read_package_json(path: str, text: str, evidence: Evidence) -> list[Launch]:
    """``package.json`` scripts that start Python."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return []
    scripts = data.get("scripts") if isinstance(data, dict) else None
    found: list[Launch] = []
    for name, command in scripts.items() if isinstance(scripts, dict) else ():
        if isinstance(command, str):
            for inner in _concurrent(command):
                at = replace(evidence, name=f"package.json: {name}", line=line_holding(text, f'"{name}"'))
                found += read_command(inner, at)
    return found


def _concurrent(command: str) -> Iterator[str]:
    """The commands that ``concurrently`` or ``npm-run-all`` is given in quotes, or the command itself."""
    if re.match(r"\s*(?:npx\s+)?concurrently\b", command):
        yield from (double or single for double, single in re.findall(r"\"([^\"]+)\"|'([^']+)'", command))
    else:
        yield command


def read_tasks(path: str, text: str, evidence: Evidence) -> list[Launch]:
    """Task tables in ``pyproject.toml``: poe, taskipy, pdm, rye, hatch."""
    tool = load_toml(text).get("tool", {})
    if not isinstance(tool, dict):
        return []
    tables: list[tuple[str, Any]] = [
        (f"{name} {key}", tool.get(name, {}).get(key) if isinstance(tool.get(name), dict) else None)
        for name, key in (("poe", "tasks"), ("taskipy", "tasks"), ("pdm", "scripts"), ("rye", "scripts"))
    ]
    hatch = tool.get("hatch", {})
    environments = hatch.get("envs", {}) if isinstance(hatch, dict) else {}
    tables += [("hatch", table.get("scripts")) for table in environments.values() if isinstance(table, dict)]
    installed = tuple(installed_folders(evidence.tree, under(HOME, posixpath.dirname(path)), evidence.read_text))
    found: list[Launch] = []
    for kind, table in tables:
        for name, command in table.items() if isinstance(table, dict) else ():
            if isinstance(command, dict):
                command = command.get("cmd") or command.get("shell")
            lines = command if isinstance(command, list) else [command]
            for line in lines:
                if isinstance(line, str):
                    at = replace(evidence, name=f"{kind}: {name}", installed=installed, line=line_holding(text, line))
                    found += read_command(line, at)
    return found
