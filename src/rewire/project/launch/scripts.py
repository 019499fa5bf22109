"""Shell, PowerShell and batch scripts."""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from rewire.project.boot.finder import entry_file
from rewire.project.boot.tree import HOME, under
from rewire.project.launch.command import read_command

if TYPE_CHECKING:
    from rewire.model.project import Launch
    from rewire.project.boot.tree import Files
    from rewire.project.launch.command import Evidence


def read_script(path: str, text: str, files: Files, evidence: Evidence) -> list[Launch]:
    """The launch contexts of a script.

    Where a script is run from is not written in it: its own folder or the root, whichever holds what it starts.
    """
    if path.endswith((".ps1", ".psm1")):
        text = _powershell(text)
    elif path.endswith((".bat", ".cmd")):
        text = _batch(text)
    own = under(HOME, posixpath.dirname(path))
    at = replace(evidence, here=own)
    found = read_command(text, replace(at, cwd=own))
    if own == HOME or not found:
        return found
    from_root = read_command(text, replace(at, cwd=HOME))
    alive = sum(entry_file(launch, files) is not None for launch in found)
    return from_root if sum(entry_file(launch, files) is not None for launch in from_root) > alive else found


def _powershell(text: str) -> str:
    """PowerShell as a shell would write it, as far as starting programs goes."""
    text = re.sub(r"`\r?\n", " ", text)
    text = re.sub(r"\$env:(\w+)\s*=\s*", r"export \1=", text, flags=re.I)
    text = re.sub(r"\$env:(\w+)", r"${\1}", text, flags=re.I)
    text = re.sub(r"\$PSScriptRoot", "$(dirname $0)", text, flags=re.I)
    text = re.sub(r"\b(?:Set-Location|Push-Location|sl)\b(?:\s+-Path)?", "cd", text, flags=re.I)
    text = re.sub(r"^\s*&\s+", "", text, flags=re.M)
    text = re.sub(
        r"Start-Process\s+(?:-FilePath\s+)?[\"']?(\S+?)[\"']?\s+(?:-ArgumentList\s+)?[\"']([^\"'\n]+)[\"'].*",
        r"\1 \2",
        text,
        flags=re.I,
    )
    return text.replace("\\", "/")


def _batch(text: str) -> str:
    """A batch file as a shell would write it, as far as starting programs goes."""
    lines: list[str] = []
    for line in text.splitlines():
        line = re.sub(r"^\s*@?", "", line)
        if re.match(r"(?:rem\b|::|echo\b|title\b|pause\b|setlocal|goto\b|:\w)", line, re.I):
            lines.append("")
            continue
        line = line.replace("%~dp0", "$(dirname $0)/").replace("\\", "/")
        line = re.sub(r"%(\w+)%", r"${\1}", line)
        line = re.sub(r"^set\s+\"?(\w+)=([^\"]*)\"?", r'export \1="\2"', line, flags=re.I)
        line = re.sub(r"\bcd\s+/d\s+", "cd ", line, flags=re.I)
        started = re.search(r"\bcmd\s+/[kc]\s+\"(.*)\"\s*$", line, re.I)
        if started:
            line = f"( {started[1]} )"
        line = re.sub(r"^start\s+(?:\"[^\"]*\"\s*)?(?:/\w+\s+)*", "", line, flags=re.I)
        lines.append(re.sub(r"^call\s+", "", line, flags=re.I))
    return "\n".join(lines)
