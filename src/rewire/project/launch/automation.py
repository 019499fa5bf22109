"""Files that run commands for people: Makefile, nox, package.json."""

from __future__ import annotations

import ast
import json
import posixpath
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from rewire.project.boot.tree import HOME, under
from rewire.project.launch.command import read_command, read_words
from rewire.project.launch.installation import installs
from rewire.project.launch.place import line_holding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rewire.model.project import Launch
    from rewire.project.launch.command import Evidence


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
                    evidence,
                    name=f"nox: {function.name}",
                    cwd=cwd,
                    variables=_nox_variables(call),
                    installed=tuple(installed),
                    line=call.lineno,
                )
                found += read_words(tuple(words), at)
    return found


def _nox_variables(call: ast.Call) -> dict[str, str]:
    """What ``env={...}`` of a call gives in words that are written out."""
    given = next((key.value for key in call.keywords if key.arg == "env"), None)
    pairs = zip(given.keys, given.values, strict=True) if isinstance(given, ast.Dict) else ()
    return {
        str(name.value): value.value
        for name, value in pairs
        if isinstance(name, ast.Constant) and isinstance(value, ast.Constant) and isinstance(value.value, str)
    }


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
