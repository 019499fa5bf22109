"""Run configurations of editors: VS Code's ``launch.json``, PyCharm's XML files, ``devcontainer.json``."""

from __future__ import annotations

import json
import posixpath
import re
import shlex
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from rewire.project.boot.tree import HOME, under
from rewire.project.launch.command import read_command, read_words
from rewire.project.launch.compose import environment
from rewire.project.launch.place import line_holding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rewire.model.project import Launch
    from rewire.project.launch.command import Evidence

_TEXT_OR_COMMENT = re.compile(r'"(?:\\.|[^"\\])*"|//[^\n]*|/\*.*?\*/', re.S)
_TEXT_OR_COMMA = re.compile(r'"(?:\\.|[^"\\])*"|,(?=\s*[}\]])')
_FOLDER = re.compile(r"\$\{workspace(?:Folder|Root)(?::[^}]*)?\}|\$PROJECT_DIR\$")
_HOOKS = ("onCreateCommand", "updateContentCommand", "postCreateCommand", "postStartCommand", "postAttachCommand")


def load_jsonc(text: str) -> Any:
    """A JSON text that may hold comments and commas before a closing bracket; None where it cannot be read."""
    plain = _TEXT_OR_COMMENT.sub(lambda match: match[0] if match[0].startswith('"') else "", text)
    plain = _TEXT_OR_COMMA.sub(lambda match: "" if match[0] == "," else match[0], plain)
    try:
        return json.loads(plain)
    except (ValueError, RecursionError):
        return None


def read_launch_json(path: str, text: str, evidence: Evidence) -> list[Launch]:
    """https://code.visualstudio.com/docs/python/debugging: ``program`` or ``module`` with ``args``, from ``cwd``."""
    data = load_jsonc(text)
    entries = data.get("configurations") if isinstance(data, dict) else None
    folder = posixpath.dirname(path)
    root = under(HOME, posixpath.dirname(folder) if posixpath.basename(folder) == ".vscode" else folder)
    found: list[Launch] = []
    for entry in entries if isinstance(entries, list) else ():
        if not isinstance(entry, dict) or entry.get("type") not in ("python", "debugpy"):
            continue
        arguments = entry.get("args") or []
        words = shlex.split(arguments) if isinstance(arguments, str) else [str(word) for word in arguments]
        target = [str(entry[key]) for key in ("program", "module") if isinstance(entry.get(key), str)][:1]
        if not target:
            continue
        start = ["python", *(["-m"] if "program" not in entry else []), *target, *words]
        name = str(entry.get("name", "launch"))
        at = replace(
            evidence,
            name=f"launch.json: {name}",
            cwd=under(root, _here(str(entry.get("cwd") or ""), root)),
            variables={key: _here(value, root) for key, value in environment(entry.get("env")).items()},
            line=_line_of(name, text),
        )
        found += read_words(tuple(_here(word, root) for word in start), at)
    return found


def _line_of(name: str, text: str) -> int:
    """The line on which a configuration is named; lists of several (``compounds``) name it as well."""
    match = re.search(rf'"name"\s*:\s*{re.escape(json.dumps(name, ensure_ascii=False))}', text)
    return text.count("\n", 0, match.start()) + 1 if match else 1


def _here(text: str, root: str) -> str:
    """``text`` with the editor's word for the project's folder put in."""
    return _FOLDER.sub(root, text)


def read_run_configuration(path: str, text: str, evidence: Evidence) -> list[Launch]:
    """PyCharm's ``.run/x.run.xml`` and ``.idea/runConfigurations/x.xml``; the project's folder is on ``sys.path``."""
    if "PythonConfigurationType" not in text or "<!" in re.sub(r"<!--.*?-->", "", text, flags=re.S):
        return []
    try:
        tree = ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError):
        return []
    found: list[Launch] = []
    for entry in tree.iter("configuration"):
        options = {option.get("name"): option.get("value") or "" for option in entry.iter("option")}
        script = _here(options.get("SCRIPT_NAME", ""), HOME)
        if entry.get("type") != "PythonConfigurationType" or not script:
            continue
        module = options.get("MODULE_MODE") == "true"
        cwd = _here(options.get("WORKING_DIRECTORY", ""), HOME) or (HOME if module else posixpath.dirname(script))
        variables = {str(env.get("name")): _here(env.get("value") or "", HOME) for env in entry.iter("env")}
        if options.get("ADD_CONTENT_ROOTS", "true") == "true":
            variables["PYTHONPATH"] = ":".join(filter(None, (variables.get("PYTHONPATH"), HOME)))
        words = ["python", *(["-m"] if module else []), script, *_split(options.get("PARAMETERS", ""))]
        name = str(entry.get("name"))
        at = replace(
            evidence, name=f"PyCharm: {name}", cwd=cwd, variables=variables, line=line_holding(text, "SCRIPT_NAME")
        )
        found += read_words(tuple(words), at)
    return found


def _split(text: str) -> list[str]:
    try:
        return shlex.split(_here(text, HOME))
    except ValueError:
        return []


def read_devcontainer(path: str, text: str, evidence: Evidence) -> list[Launch]:
    """https://containers.dev/implementors/json_reference: the commands that are run once the container is there."""
    data = load_jsonc(text)
    found: list[Launch] = []
    for hook in _HOOKS:
        for command in _commands(data.get(hook) if isinstance(data, dict) else None):
            at = replace(evidence, name=f"devcontainer.json: {hook}", cwd=HOME, line=line_holding(text, f'"{hook}"'))
            found += read_command(command, at) if isinstance(command, str) else read_words(tuple(command), at)
    return found


def _commands(value: object) -> Iterator[str | list[str]]:
    """A hook's commands: a text for a shell, a list of words, or several of these by name."""
    if isinstance(value, dict):
        for part in value.values():
            yield from _commands(part)
    elif isinstance(value, list):
        yield [str(word) for word in value]
    elif isinstance(value, str):
        yield value
