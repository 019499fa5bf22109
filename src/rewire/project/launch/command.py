"""From the commands of a launch file to launch contexts."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rewire.model.project import Image, Launch
from rewire.project.boot.tree import HOME, under
from rewire.project.launch.programs import PROGRAMS, Running, Start, program_of
from rewire.project.launch.shell import Simple, simple_commands

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rewire.model.project import Role, Tier
    from rewire.project.boot.tree import Tree

MAX_SCRIPTS = 8
"""How many scripts may call each other before rewire stops following."""

_WRAPPERS: Mapping[str, str] = {
    "poetry": "run", "uv": "run", "pipenv": "run", "pdm": "run", "hatch": "run", "rye": "run", "dotenv": "run", "doppler": "run",
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
_SHELLS = frozenset({"sh", "bash", "zsh", "dash", "ash", "source", ".", "/bin/sh", "/bin/bash"})
_PYTHON = re.compile(r"^(?:python|pypy)(?:[23](?:\.\d+)?)?w?$|^py$")
_VALUED_PYTHON = frozenset({"-X", "-W", "--check-hash-based-pycs"})
_PYTEST = frozenset({"pytest", "py.test"})


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where a command was read, and what that file says about it.

    ``installed`` are the tree's places that an installation put on ``sys.path``. ``image`` is the container's tree,
    ``role`` what the file itself calls the process (a Procfile's ``worker``).
    """

    source: str
    name: str
    tier: Tier
    tree: Tree
    cwd: str | None = HOME
    variables: Mapping[str, str] = field(default_factory=dict)
    here: str | None = None
    line: int = 1
    role: Role | None = None
    image: Image | None = None
    installed: tuple[str, ...] = ()
    read_text: Callable[[str], str | None] = lambda path: None
    depth: int = 0


def read_command(text: str, evidence: Evidence) -> list[Launch]:
    """Every launch context that running ``text`` in a shell gives."""
    here = evidence.here if evidence.here is not None else evidence.cwd
    found: list[Launch] = []
    commands = simple_commands(text, evidence.cwd, evidence.variables, here=here, first_line=evidence.line)
    for command in commands:
        found += _read_simple(command, text, evidence)
    return found


def read_words(words: tuple[str, ...], evidence: Evidence) -> list[Launch]:
    """The launch contexts of a command that is given as a list of words (exec form)."""
    command = Simple(words, evidence.cwd, dict(evidence.variables), evidence.line)
    return _read_simple(command, " ".join(words), evidence)


def _read_simple(command: Simple, text: str, evidence: Evidence) -> list[Launch]:
    """The launch contexts of one simple command."""
    variables = dict(command.variables)
    words = unwrap(command.words, variables)
    if not words:
        return []
    program = program_of(words)
    if program in _SHELLS or program.endswith((".sh", ".bash", ".ps1", ".bat", ".cmd")):
        return _shell(program, words, replace(command, variables=variables), evidence)
    cwd = evidence.cwd if command.cwd is None else command.cwd
    if command.cwd is None and evidence.tier in ("document", "process"):
        return []
    if cwd is None:
        return []
    running = Running(words[1:], cwd, variables, evidence.tree, evidence.read_text)
    start = start_of(program, running)
    if start is None:
        return []
    shown = text.strip() if "\n" not in text.strip() and len(text) < 200 else " ".join(command.words)
    return [launch_of(start, shown, replace(evidence, cwd=cwd, line=command.line, variables=variables))]


def unwrap(words: tuple[str, ...], variables: dict[str, str]) -> tuple[str, ...]:
    """``words`` without the programs that only run another one; ``env``'s assignments go into ``variables``."""
    while words:
        program = program_of(words)
        if program in _WRAPPERS and _WRAPPERS[program] in words[1:]:
            if program == "coverage":
                words = ("python", *_after_options(words[words.index("run") + 1 :]))
                continue
            words = _after_options(words[words.index(_WRAPPERS[program]) + 1 :])
        elif program in _PREFIXES or (program == "uvx" and len(words) > 1):
            words = _after_options(words[1:])
            if program in _TAKE_ONE and words and not _PYTHON.match(program_of(words)):
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


def _after_options(words: tuple[str, ...]) -> tuple[str, ...]:
    """``words`` from the first one that is neither an option nor ``--``; ``-m`` stays (``coverage run -m``)."""
    valued = {
        "--env-file",
        "--directory",
        "--project",
        "--with",
        "--extra",
        "--group",
        "-n",
        "-p",
        "--python",
        "-e",
        "-f",
        "--rcfile",
        "--source",
        "-u",
    }
    while words and words[0].startswith("-") and words[0] != "-m":
        words = words[2:] if words[0] in valued and "=" not in words[0] else words[1:]
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
        if _PYTHON.match(name) or name in PROGRAMS or name in _PYTEST or name == "alembic":
            return words[index:]
        if " " in word and program in ("watchfiles", "nodemon", "concurrently"):
            return tuple(word.split())
    return ()


def _shell(program: str, words: tuple[str, ...], command: Simple, evidence: Evidence) -> list[Launch]:
    """``sh -c "..."``, ``bash script.sh``, ``./script.sh``: what the inner text starts."""
    if evidence.depth >= MAX_SCRIPTS:
        return []
    inner = replace(evidence, cwd=command.cwd, variables=command.variables, depth=evidence.depth + 1, line=command.line)
    if program in _SHELLS:
        rest = words[1:]
        for index, word in enumerate(rest):
            if re.fullmatch(r"-\w*c", word) and index + 1 < len(rest):
                return read_command(rest[index + 1], inner)
        rest = tuple(word for word in rest if not word.startswith("-"))
        if not rest:
            return []
        words = rest
    if command.cwd is None or "$" in words[0]:
        return []
    place = under(command.cwd, words[0].replace("\\", "/"))
    path = evidence.tree.real(place)
    text = evidence.read_text(path) if path else None
    if path is None or text is None:
        return []
    if path.endswith((".py", ".pyw")):
        return read_words(("python", words[0]), inner)
    return read_command(text, replace(inner, here=posixpath.dirname(place), line=1, source=path))


def start_of(program: str, running: Running) -> Start | None:
    """What ``program`` makes Python load; None for programs that are no way to start the project."""
    if _PYTHON.match(program):
        return _python(running)
    if program in _PYTEST:
        return _pytest(running)
    if program in PROGRAMS:
        return PROGRAMS[program](running)
    if program.endswith((".py", ".pyw")):
        return _script(running, program, ())
    return None


def _python(running: Running) -> Start | None:
    """``python file.py``, ``python -m module``; ``-c`` and standard input are no launch of a file."""
    words = running.words
    while words and words[0].startswith("-"):
        if words[0] == "-m" or re.fullmatch(r"-[a-zA-Z]*m", words[0]):
            return _main_module(replace(running, words=words[2:]), words[1]) if len(words) > 1 else None
        if words[0].startswith("-c") or words[0] == "-":
            return None
        words = words[2:] if words[0] in _VALUED_PYTHON else words[1:]
    if not words:
        return None
    return _script(replace(running, words=words[1:]), words[0], words[1:])


def _main_module(running: Running, module: str) -> Start | None:
    """``python -m module``: the working directory comes first on ``sys.path``, then what the program adds."""
    with_cwd = replace(running, roots=(running.cwd,))
    if module in ("pytest", "py.test"):
        return _pytest(with_cwd)
    if module == "unittest":
        return Start(running.cwd, "tests", (running.cwd,), "test")
    if module == "coverage" and running.words[:1] == ("run",):
        return _python(replace(running, words=_after_options(running.words[1:])))
    if module in ("debugpy", "pdb", "cProfile", "trace"):
        words = running.words
        while words and not (words[0] == "-m" or words[0].endswith(".py")):
            words = words[1:]
        return _python(replace(running, words=words))
    if module in PROGRAMS:
        return PROGRAMS[module](with_cwd)
    if not re.fullmatch(r"[\w.]+", module):
        return None
    return Start(module, "main-module", (running.cwd,), "script")


def _script(running: Running, path: str, arguments: tuple[str, ...]) -> Start | None:
    """``python path``: the script's folder comes first on ``sys.path``. ``manage.py`` tells its role by its word."""
    if not re.fullmatch(r"[^$<>{}*|]+", path) or path == "-":
        return None
    place = under(running.cwd, path.replace("\\", "/"))
    if running.tree.is_dir(place):
        return Start(posixpath.join(place, "__main__.py"), "script", (place,), "script")
    if not place.endswith((".py", ".pyw")) and not running.tree.is_file(place):
        return None
    role: Role = "script"
    if posixpath.basename(place) == "manage.py":
        word = arguments[0] if arguments else ""
        role = {"runserver": "server", "migrate": "migration", "makemigrations": "migration", "test": "test"}.get(
            word, "script"
        )  # type: ignore[assignment]
    elif posixpath.basename(place) == "setup.py":
        return None
    return Start(place, "script", (posixpath.dirname(place),), role)


def _pytest(running: Running) -> Start:
    """``pytest [paths]``: each test file's first folder without ``__init__.py`` goes on ``sys.path``."""
    valued = "-k -m -p -c -o -n -W --rootdir --cov --cov-report --maxfail --tb --junitxml --ignore --durations --timeout --dist --deselect --confcutdir --basetemp --cov-config --cov-fail-under --import-mode --log-level --log-cli-level --asyncio-mode --color"
    paths = [word.partition("::")[0] for word in running.arguments(valued)]
    paths = [path for path in paths if not re.search(r"[$<>{}*]", path)]
    known = [under(running.cwd, path) for path in paths]
    return Start(" ".join(known), "tests", running.roots, "test")


def launch_of(start: Start, command: str, evidence: Evidence) -> Launch:
    """A ``Launch`` from what a command starts: places turned into paths of the workspace."""
    tree, cwd = evidence.tree, evidence.cwd or HOME
    path_variable = evidence.variables.get("PYTHONPATH", "")
    extra = [under(cwd, part) for part in re.split(r"[:;]", path_variable) if part and "$" not in part]
    places = tuple(dict.fromkeys((*start.roots, *extra)))
    installed = tuple(place for place in evidence.installed if place not in places)
    roots = [tree.directory(place) for place in (*places, *installed)]
    role = start.role
    if evidence.role is not None and role in ("script", "unknown"):
        role = evidence.role
    entry = start.entry
    if start.kind == "script":
        entry = tree.real(start.entry) or _as_path(tree, start.entry)
    elif start.kind == "tests":
        entry = " ".join(_as_path(tree, place) for place in start.entry.split())
    image = evidence.image
    if image is not None:
        image = replace(image, workdir=cwd, roots=places, installed=installed)
    return Launch(
        name=evidence.name,
        command=command,
        workdir=tree.directory(cwd) or "",
        roots=tuple(dict.fromkeys(root for root in roots if root is not None)),
        entry=entry,
        entry_kind=start.kind,
        role=role,
        tier=evidence.tier,
        source=evidence.source,
        line=evidence.line,
        attribute=start.attribute,
        installed=tuple(root for place in installed if (root := tree.directory(place)) is not None),
        image=image,
    )


def _as_path(tree: Tree, place: str) -> str:
    """``place`` relative to the workspace root, as far as that can be said of something that may not be there."""
    real = tree.real(place)
    if real is not None:
        return real
    if place == HOME:
        return ""
    return place.removeprefix(HOME + "/")
