"""Programs that only run another program: what is left when they are taken off a command."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rewire.project.launch.programs import PROGRAMS
from rewire.project.launch.python import PYTEST, PYTHON
from rewire.project.launch.running import after_options, program_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_WRAPPERS: Mapping[str, str] = {
    "poetry": "run", "uv": "run", "pipenv": "run", "pdm": "run", "hatch": "run", "rye": "run", "dotenv": "run",
    "doppler": "run",
    "conda": "run", "pixi": "run", "coverage": "run", "newrelic-admin": "run-program", "chamber": "exec", "op": "run",
    "infisical": "run", "honcho": "run", "foreman": "run", "heroku": "local:run",
}  # fmt: skip
"""Programs that run another one, and the word after which it comes."""

_PREFIXES = frozenset(
    [
        "env",
        "sudo",
        "nohup",
        "nice",
        "ionice",
        "setsid",
        "stdbuf",
        "xvfb-run",
        "tini",
        "dumb-init",
        "catchsegv",
        "ddtrace-run",
        "opentelemetry-instrument",
        "gosu",
        "su-exec",
        "chpst",
        "start",
        "call",
        "pwsh",
        "winpty",
        "unbuffer",
        "script",
        "timeout",
        "watch",
        "exec",
        "viztracer",
        "scalene",
        "time",
        "command",
        "&",
        "@",
    ]
)
_TAKE_ONE = frozenset({"gosu", "su-exec", "timeout", "nice"})


def unwrap(words: tuple[str, ...], variables: dict[str, str]) -> tuple[str, ...]:
    """``words`` without the programs that only run another one; ``env``'s assignments go into ``variables``."""
    while words:
        program = program_of(words)
        if program in _WRAPPERS and _WRAPPERS[program] in words[1:]:
            if program == "coverage":
                words = ("python", *after_options(words[words.index("run") + 1 :]))
                continue
            words = after_options(words[words.index(_WRAPPERS[program]) + 1 :])
        elif program in _PREFIXES or (program == "uvx" and len(words) > 1):
            words = after_options(words[1:])
            if program in _TAKE_ONE and words and not PYTHON.match(program_of(words)):
                words = words[1:]
            while words and re.match(r"^\w+=", words[0]):
                name, _, value = words[0].partition("=")
                variables[name] = value
                words = words[1:]
        elif program in ("watchmedo", "watchfiles", "nodemon", "concurrently", "docker", "docker-compose"):
            words = _inner(program, words)
        else:
            return words
    return words


def _inner(program: str, words: tuple[str, ...]) -> tuple[str, ...]:
    """The command that a file watcher or a container tool is told to run."""
    if "--" in words:
        return words[words.index("--") + 1 :]
    if program.startswith("docker"):
        verb = next((index for index, word in enumerate(words) if word in ("run", "exec")), None)
        if verb is None:
            return ()
        words = words[verb:]
    for index, word in enumerate(words[1:], 1):
        name = program_of((word,))
        if PYTHON.match(name) or name in PROGRAMS or name in PYTEST or name == "alembic":
            return words[index:]
        if " " in word and program in ("watchfiles", "nodemon", "concurrently"):
            return tuple(word.split())
    return ()
