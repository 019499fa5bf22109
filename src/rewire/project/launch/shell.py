"""A shell text as the simple commands it runs, each with the directory and the variables it runs with.

Not a shell: no loops, no functions, no pipes' meaning. ``cd``, ``export``, assignments, ``&&``, ``;``, subshells and
the common ways of naming the script's own directory are followed, since they decide what Python can import.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_HERE = "\0here\0"
_OWN_FOLDER = re.compile(
    r"""\$\(\s*(?:cd\s+(?:--\s+)?["']?)?(?:\$\(\s*)?dirname\s+(?:--\s+)?"?\$\{?(?:0|BASH_SOURCE(?:\[0\])?)\}?"?\s*\)?["']?
        (?P<up>(?:/\.\.)*)["']?(?:\s*(?:>\s*/dev/null(?:\s+2>&1)?\s*)?&&\s*pwd(?:\s+-P)?\s*)?\)?""",
    re.VERBOSE,
)
_WORKING_FOLDER = re.compile(r"\$\(\s*pwd(?:\s+-P)?\s*\)|`\s*pwd(?:\s+-P)?\s*`")
_VARIABLE = re.compile(r"\$\{(\w+)(?::?[-=]([^}]*))?\}|\$(\w+)")
_ASSIGNMENT = re.compile(r"(?:\w+)=")
_KEYWORDS = frozenset(
    {"if", "then", "else", "elif", "fi", "while", "until", "do", "done", "!", "{", "}", "exec", "time", "command"}
)
_SEPARATORS = frozenset({"&&", "||", ";", "|", "&", ";;", "|&"})
_REDIRECTION = re.compile(r"^(?:\d*|&)(?:>>?|<<?<?)&?$")


class Simple(NamedTuple):
    """One simple command: its words, where it runs (``cwd`` None: unknown) and the variables set for it."""

    words: tuple[str, ...]
    cwd: str | None
    variables: Mapping[str, str]
    line: int


@dataclass(slots=True)
class _State:
    cwd: str | None
    variables: dict[str, str]
    here: str | None
    arguments: tuple[str, ...] = ()
    stack: list[tuple[str | None, dict[str, str]]] = field(default_factory=list)


def simple_commands(
    text: str,
    cwd: str | None,
    variables: Mapping[str, str],
    *,
    here: str | None = None,
    first_line: int = 1,
    arguments: tuple[str, ...] = (),
) -> list[Simple]:
    """The commands of ``text`` in order.

    ``here`` is the directory of the script that holds the text, ``arguments`` are what it is called with. Relative
    ``cd`` from an unknown place stays unknown.
    """
    state = _State(cwd, dict(variables), here, arguments)
    text = _WORKING_FOLDER.sub("${PWD}", text)
    found: list[Simple] = []
    for line, logical in _logical_lines(text, first_line):
        for words in _split(_own_folder(logical, here)):
            command = _run(words, state, line)
            if command is not None:
                found.append(command)
    return found


def _logical_lines(text: str, first: int) -> Iterator[tuple[int, str]]:
    """Lines with backslash continuations joined, here-documents left out."""
    lines = text.splitlines()
    index = 0
    while index < len(lines):
        start, line = index, lines[index]
        while line.rstrip().endswith("\\") and index + 1 < len(lines):
            index += 1
            line = line.rstrip()[:-1] + " " + lines[index].strip()
        document = re.search(r"<<-?\s*['\"]?(\w+)['\"]?", line)
        index += 1
        if document and "<<<" not in line:
            while index < len(lines) and lines[index].strip() != document[1]:
                index += 1
            index += 1
        yield first + start, line


def _own_folder(line: str, here: str | None) -> str:
    """``line`` with every spelling of "the folder this script lies in" replaced by that folder."""
    if here is None or "dirname" not in line:
        return line
    return _OWN_FOLDER.sub(lambda match: _HERE + match["up"], line)


def words_of(line: str) -> list[str]:
    """The words of one shell line; what cannot be split (an open quote) is split at white space."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        return list(lexer)
    except ValueError:
        return line.split()


def _split(line: str) -> Iterator[list[str]]:
    """The words of each simple command of a line; ``(`` and ``)`` come as commands of their own."""
    current: list[str] = []
    for word in words_of(line):
        if word.startswith("#") and not word.startswith("#!"):
            break
        if word in _SEPARATORS or set(word) <= set("();") or set(word) <= set("&|;"):
            if current:
                yield current
                current = []
            for bracket in word:
                if bracket in "()":
                    yield [bracket]
        else:
            current.append(word)
    if current:
        yield current


def _run(words: list[str], state: _State, line: int) -> Simple | None:
    """Follow what a command does to the shell itself; the command if it starts a program."""
    if words == ["("]:
        state.stack.append((state.cwd, dict(state.variables)))
        return None
    if words == [")"]:
        if state.stack:
            state.cwd, state.variables = state.stack.pop()
        return None
    words = _without_redirections(words)
    words = [part for word in words for part in (state.arguments or (word,) if word in ("$@", "$*") else (word,))]
    words = [_expand(word, state) for word in words]
    while words and words[0] in _KEYWORDS:
        words = words[1:]
    local: dict[str, str] = {}
    while words and _ASSIGNMENT.match(words[0]):
        name, _, value = words[0].partition("=")
        local[name] = value
        words = words[1:]
    if not words:
        state.variables.update(local)
        return None
    if words[0] in ("cd", "pushd"):
        target = next((word for word in words[1:] if not word.startswith("-")), None)
        state.cwd = enter(state.cwd, target)
        return None
    if words[:2] == ["set", "--"]:
        state.arguments = state.arguments or tuple(words[2:])  # behind a test of $# as a rule: what is given wins
        return None
    if words[0] in ("export", "set", "declare", "local", "readonly", "$env:PYTHONPATH"):
        for word in words[1:]:
            if _ASSIGNMENT.match(word):
                name, _, value = word.partition("=")
                state.variables[name] = value
        return None
    return Simple(tuple(words), state.cwd, {**state.variables, **local}, line)


def enter(cwd: str | None, target: str | None) -> str | None:
    """The directory after ``cd target``; None where the text does not tell."""
    if target is None or target == "-" or target.startswith("~") or "$" in target or "*" in target:
        return None
    if posixpath.isabs(target):
        return posixpath.normpath(target)
    return None if cwd is None else posixpath.normpath(posixpath.join(cwd, target))


def _without_redirections(words: list[str]) -> list[str]:
    """``words`` without ``> file`` and the like."""
    kept: list[str] = []
    skip = False
    for word in words:
        if skip:
            skip = False
        elif _REDIRECTION.match(word):
            if kept and kept[-1] in ("1", "2") and word.startswith(">"):
                kept.pop()
            skip = not word.endswith("&1")
        elif not re.match(r"^\d?>{1,2}&?\S+$", word):
            kept.append(word)
    return kept


def _expand(word: str, state: _State) -> str:
    """``word`` with the variables whose value is known put in; ``${X:-default}`` gives the default."""
    if _HERE in word:
        word = word.replace(_HERE, state.here or ".")
    if "$" not in word:
        return word

    def value(match: re.Match[str]) -> str:
        name = match[1] or match[3]
        if name in state.variables:
            return state.variables[name]
        if name == "PWD" and state.cwd is not None:
            return state.cwd
        if match[2] is not None:
            return _VARIABLE.sub(value, match[2])
        return match[0] if name != "PYTHONPATH" else ""

    return _VARIABLE.sub(value, word)
