"""Commands that documents tell people to run: fenced blocks of a README."""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from rewire.project.boot.finder import entry_file
from rewire.project.boot.tree import HOME, under
from rewire.project.launch.command import read_command

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rewire.model.project import Launch
    from rewire.project.boot.tree import Files
    from rewire.project.launch.command import Evidence

_FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})[ \t]*([\w+-]*)[^\n]*\n(.*?)^[ \t]*\1[ \t]*$", re.M | re.S)
_SHELLS = frozenset(
    {
        "",
        "bash",
        "sh",
        "shell",
        "zsh",
        "console",
        "shell-session",
        "powershell",
        "ps1",
        "cmd",
        "bat",
        "terminal",
        "text",
    }
)
_INDENTED = re.compile(r"^\.\. code(?:-block)?:: *(?:bash|sh|shell|console)\s*\n((?:[ \t]+[^\n]*\n|\s*\n)+)", re.M)


def read_document(path: str, text: str, files: Files, evidence: Evidence) -> list[Launch]:
    """The launch contexts of a document's shell blocks; a block's lines belong together, ``cd`` included.

    People follow a document from the root or from where it lies, whichever holds what is started.
    """
    found: list[Launch] = []
    for line, block in _blocks(text):
        here = under(HOME, posixpath.dirname(path))
        best: list[Launch] = []
        for folder in dict.fromkeys((HOME, here)):
            known = _known_folders(block, evidence, folder)
            launches = read_command(known, replace(evidence, cwd=folder, here=folder, line=line))
            if not best or _alive(launches, files) > _alive(best, files):
                best = launches
        found += best
    return found


def _alive(launches: list[Launch], files: Files) -> int:
    return sum(entry_file(launch, files) is not None for launch in launches)


def _blocks(text: str) -> Iterator[tuple[int, str]]:
    """(line of its first command, text without prompts) of every block a shell could run."""
    for match in _FENCE.finditer(text):
        if match[2].lower() in _SHELLS:
            yield text.count("\n", 0, match.start(3)) + 1, _without_prompts(match[3])
    for match in _INDENTED.finditer(text):
        yield text.count("\n", 0, match.start(1)) + 1, _without_prompts(match[1])


def _without_prompts(block: str) -> str:
    return "\n".join(re.sub(r"^\s*(?:\(\w+\)\s*)?[$>%]\s+", "", line).strip() for line in block.splitlines())


def _known_folders(block: str, evidence: Evidence, folder: str) -> str:
    """``block`` without the ``cd`` into the folder that ``git clone`` made: the project itself."""
    if re.search(r"\bgit\s+clone\b", block):
        return re.sub(r"(?<=\n)(\s*)cd [^\n&;]+", r"\1", block, count=1)
    first = re.search(r"\A\s*cd\s+(\S+)", block)
    if first and not evidence.tree.is_dir(under(folder, first[1])):
        return block[: first.start()] + "\n" * block[: first.end()].count("\n") + block[first.end() :].lstrip(" &;")
    return block
