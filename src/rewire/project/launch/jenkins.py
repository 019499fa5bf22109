"""Jenkins: the ``sh`` and ``bat`` steps of a Jenkinsfile, in the ``dir`` and ``withEnv`` blocks that they stand in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rewire.project.boot.tree import HOME, under
from rewire.project.launch.pipelines import Job, Step, at_home, launches_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rewire.model.project import Launch
    from rewire.project.launch.command import Evidence

_TEXT = (
    r"""(?:\"\"\"(?P<{0}a>.*?)\"\"\"|'''(?P<{0}b>.*?)'''|"(?P<{0}c>(?:\\.|[^"\\\n])*)"|'(?P<{0}d>(?:\\.|[^'\\\n])*)')"""
)
_TOKEN = re.compile(
    r"(?P<comment>//[^\n]*|/\*.*?\*/)"
    rf"|\bdir\s*\(\s*(?:path\s*:\s*)?{_TEXT.format('f')}\s*\)\s*(?P<folder>\{{)"
    r"|\bwithEnv\s*\(\s*(?P<pairs>\[[^\]]*\])\s*\)\s*(?P<variables>\{)"
    r"|\benvironment\s*\{(?P<declared>(?:[^{}]|\$\{[^{}]*\})*)\}"
    rf"|\bstage\s*\(\s*{_TEXT.format('n')}\s*\)"
    rf"|\b(?P<step>sh|bat|powershell|pwsh)\b\s*\(?\s*(?:(?:[\w\s:,]|'[^'\n]*'|\"[^\"\n]*\")*?\bscript\s*:\s*)?{_TEXT.format('s')}"
    rf"|{_TEXT.format('x')}|(?P<open>\{{)|(?P<close>\}})",
    re.S,
)
_PAIR = re.compile(r"""["'](\w+)=([^"'\n]*)["']""")
_DECLARED = re.compile(r"""^\s*(\w+)\s*=\s*["']([^"'\n]*)["']""", re.M)


def read_jenkinsfile(path: str, text: str, evidence: Evidence) -> list[Launch]:
    """https://www.jenkins.io/doc/book/pipeline/syntax: each ``sh`` is a shell of its own, in the workspace."""
    return launches_of(_jobs(text), "Jenkins", text, evidence)


def _jobs(text: str) -> Iterator[Job]:
    """The steps of each stage; what ``environment`` declares is known where its block stands, and below."""
    stack: list[tuple[str, dict[str, str]]] = [(HOME, {})]
    name, steps = "pipeline", list[Step]()
    for token in _TOKEN.finditer(text):
        folder, variables = stack[-1]
        if token["folder"]:
            stack.append((under(folder, _inside(_text(token, "f"))), variables))
        elif token["variables"]:
            given = {key: _inside(value) for key, value in _PAIR.findall(token["pairs"])}
            stack.append((folder, {**variables, **given}))
        elif token["declared"] is not None:
            stack[-1] = (folder, {**variables, **{k: _inside(v) for k, v in _DECLARED.findall(token["declared"])}})
        elif token["open"]:
            stack.append((folder, variables))
        elif token["close"]:
            stack = stack[:-1] or [(HOME, {})]
        elif token["step"]:
            command = _text(token, "s")
            command = command.replace("\\\\", "/").replace("\\", "/") if token["step"] != "sh" else command
            steps.append(Step(_inside(command), folder, variables))
        elif _text(token, "n"):
            yield Job(name, steps)
            name, steps = _text(token, "n"), []
    yield Job(name, steps)


def _text(token: re.Match[str], group: str) -> str:
    return next((token[group + kind] for kind in "abcd" if token[group + kind] is not None), "")


def _inside(text: str) -> str:
    """``text`` with Jenkins's words for the workspace put in."""
    return at_home(re.sub(r"\$\{?env\.WORKSPACE\b\}?", HOME, text))
