"""Dockerfiles: what lies where in the image, and what the image starts."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from rewire.model.project import Image
from rewire.project.boot.tree import Tree, under
from rewire.project.launch.command import Evidence, read_command, read_words
from rewire.project.launch.installation import installs

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rewire.model.project import Launch
    from rewire.project.boot.tree import Files

_VARIABLE = re.compile(r"\$\{(\w+)(?::[-+]([^}]*))?\}|\$(\w+)")
_LIBRARY = re.compile(r"site-packages|dist-packages")


@dataclass(slots=True)
class Stage:
    """One ``FROM`` and what follows it, as far as starting the program goes."""

    name: str
    workdir: str = "/"
    variables: dict[str, str] = field(default_factory=dict)
    mounts: list[tuple[str, str]] = field(default_factory=list)
    installed: list[str] = field(default_factory=list)
    entrypoint: tuple[tuple[str, ...], bool, int] = ((), True, 0)
    command: tuple[tuple[str, ...], bool, int] = ((), True, 0)
    user_arguments: dict[str, str] = field(default_factory=dict)

    def copy(self, name: str) -> Stage:
        """A stage that starts where this one ends."""
        return Stage(
            name,
            self.workdir,
            dict(self.variables),
            list(self.mounts),
            list(self.installed),
            self.entrypoint,
            self.command,
        )


@dataclass(frozen=True, slots=True)
class Build:
    """A build of one Dockerfile: the file, the context directory (workspace-relative), the wanted stage."""

    dockerfile: str
    context: str
    target: str | None = None
    ignored: tuple[str, ...] = ()


def stages(text: str, build: Build, files: Files) -> list[Stage]:
    """The stages of a Dockerfile in order. Raises ValueError where docker's own parser refuses the text."""
    import dockerfile

    try:
        instructions = dockerfile.parse_string(text)
    except dockerfile.GoParseError as error:
        raise ValueError(str(error)) from error
    found: list[Stage] = []
    arguments: dict[str, str] = {}
    for instruction in instructions:
        word = instruction.cmd.upper()
        value: tuple[str, ...] = instruction.value
        if word == "ARG" and not found:
            name, _, default = " ".join(value).partition("=")
            arguments[name] = default.strip("\"'")
        elif word == "FROM":
            found.append(_new_stage(value, arguments, found))
        elif found:
            _step(word, instruction, found[-1], found, build, files)
    return found


def _new_stage(value: Sequence[str], arguments: dict[str, str], earlier: Sequence[Stage]) -> Stage:
    """The stage that ``FROM value`` opens."""
    base = _expand(value[0], arguments)
    name = value[2] if len(value) > 2 and value[1].upper() == "AS" else ""
    for stage in earlier:
        if stage.name and stage.name.lower() == base.lower():
            return stage.copy(name)
    stage = Stage(name)
    if "uvicorn-gunicorn" in base or "tiangolo" in base:
        # These images start app.main:app (or main:app) from /app on their own.
        stage.workdir = "/app"
        stage.variables |= {"PYTHONPATH": "/app", "MODULE_NAME": "app.main", "VARIABLE_NAME": "app"}
        stage.command = (("gunicorn", "${APP_MODULE:-$MODULE_NAME:$VARIABLE_NAME}"), False, 0)
    return stage


def _step(word: str, instruction: object, stage: Stage, found: Sequence[Stage], build: Build, files: Files) -> None:
    """Carry out one instruction on ``stage``."""
    value: tuple[str, ...] = getattr(instruction, "value")  # noqa: B009
    is_json: bool = getattr(instruction, "json")  # noqa: B009
    line: int = getattr(instruction, "start_line")  # noqa: B009
    if word == "WORKDIR":
        stage.workdir = under(stage.workdir, _expand(value[0], stage.variables))
    elif word == "ENV":
        for name, text in zip(value[::2], value[1::2], strict=False):
            stage.variables[name] = _expand(text.strip("\"'"), stage.variables)
    elif word == "ARG":
        name, separator, default = " ".join(value).partition("=")
        if separator:
            stage.variables.setdefault(name, default.strip("\"'"))
    elif word in ("COPY", "ADD"):
        flags: tuple[str, ...] = getattr(instruction, "flags")  # noqa: B009
        _copy([_expand(part, stage.variables) for part in value], flags, stage, found, build, files)
    elif word == "CMD":
        stage.command = (value, is_json, line)
    elif word == "ENTRYPOINT":
        stage.entrypoint = (value, is_json, line)
        stage.command = ((), True, 0)
    elif word == "RUN":
        _run(" ".join(value), stage, build, files)


def _expand(text: str, variables: dict[str, str]) -> str:
    """``text`` with the image's own variables put in."""
    return _VARIABLE.sub(
        lambda match: variables.get(match[1] or match[3], match[2] if match[2] is not None else ""), text
    )


def _copy(
    parts: list[str], flags: Sequence[str], stage: Stage, found: Sequence[Stage], build: Build, files: Files
) -> None:
    """``COPY``: files of the build context, or of an earlier stage, get a place in the image."""
    *sources, target = parts
    into = target.endswith("/") or target in (".", "./") or len(sources) > 1
    place = under(stage.workdir, target)
    origin = next((flag.partition("=")[2] for flag in flags if flag.startswith("--from=")), None)
    if origin is not None:
        _copy_stage(sources, place, origin, stage, found)
        return
    for source in sources:
        for path in _matches(posixpath.normpath(posixpath.join("/", source)).lstrip("/"), build.context, files):
            if path in files.files and (into or place == stage.workdir):
                stage.mounts.append((posixpath.join(place, posixpath.basename(path)), path))
            else:
                stage.mounts.append((place, path))


def _matches(source: str, context: str, files: Files) -> list[str]:
    """The workspace paths that ``COPY source`` takes from the build context."""
    import fnmatch

    path = posixpath.normpath(posixpath.join(context, source)) if source else context
    path = "" if path == "." else path
    if not re.search(r"[*?\[]", source):
        return [path] if path in files.files or files.is_dir(path) else []
    folder, _, pattern = path.rpartition("/")
    return sorted(
        posixpath.join(folder, name) for name in files.children.get(folder, ()) if fnmatch.fnmatchcase(name, pattern)
    )


def _copy_stage(sources: list[str], place: str, origin: str, stage: Stage, found: Sequence[Stage]) -> None:
    """``COPY --from``: what of the project lay at the source in that stage lies at the target now."""
    earlier = next((other for other in found if other.name == origin), None)
    if earlier is None and origin.isdigit() and int(origin) < len(found):
        earlier = found[int(origin)]
    if earlier is None:
        return
    for source in sources:
        if _LIBRARY.search(source) or source.rstrip("/").endswith(("venv", "/usr/local", "/install")):
            stage.installed += [folder for folder in earlier.installed if folder not in stage.installed]
        origin_place = under("/", source)
        for mount, path in earlier.mounts:
            if mount == origin_place or mount.startswith(origin_place.rstrip("/") + "/"):
                stage.mounts.append((place + mount[len(origin_place) :], path))
            elif origin_place.startswith(mount.rstrip("/") + "/"):
                rest = origin_place[len(mount) :].lstrip("/")
                stage.mounts.append((place, posixpath.join(path, rest)))


def _run(text: str, stage: Stage, build: Build, files: Files) -> None:
    """``RUN``: an installation of the project itself puts its packages on ``sys.path``."""
    tree = Tree(files, stage.mounts, build.ignored)
    for place in installs(text, tree, stage.workdir):
        if place not in stage.installed:
            stage.installed.append(place)


def guess_context(text: str, path: str, files: Files) -> str:
    """The build context where nothing says it: the Dockerfile's own folder, or the root if only from there its
    ``COPY`` sources are found.
    """
    here = posixpath.dirname(path)
    if not here:
        return here
    sources = re.findall(r"^\s*(?:COPY|ADD)\s+((?!.*--from)\S.*?)\s+\S+\s*$", text, re.M | re.I)
    words = [word for line in sources for word in line.split() if not word.startswith("-") and word.strip("./")]
    if not words:
        return here

    def score(context: str) -> int:
        return sum(bool(_matches(posixpath.normpath("/" + word).lstrip("/"), context, files)) for word in words)

    above = [here]
    while above[-1]:
        above.append(posixpath.dirname(above[-1]))
    return max(above, key=score)


def read_dockerfile(
    text: str, build: Build, files: Files, read_text: Callable[[str], str | None], evidence: Evidence | None = None
) -> list[Launch]:
    """The launch contexts that the image of one Dockerfile starts; ``evidence`` overrides where it was found."""
    found = stages(text, build, files)
    if not found:
        return []
    stage = next((stage for stage in found if stage.name and stage.name == build.target), found[-1])
    inside = in_image(stage, build, files, read_text, build.dockerfile, build.dockerfile)
    if evidence is not None:
        inside = replace(inside, source=evidence.source, name=evidence.name, role=evidence.role, line=evidence.line)
    return start_image(stage, inside)


def in_image(
    stage: Stage, build: Build, files: Files, read_text: Callable[[str], str | None], source: str, name: str
) -> Evidence:
    """What a command that runs in the image of ``stage`` sees."""
    image = Image(tuple(stage.mounts), stage.workdir, (), tuple(stage.installed), build.ignored)
    return Evidence(
        source=source,
        name=name,
        tier="deploy",
        tree=Tree(files, stage.mounts, build.ignored),
        cwd=stage.workdir,
        variables=dict(stage.variables),
        role="worker",
        image=image,
        installed=tuple(stage.installed),
        read_text=read_text,
    )


def start_image(
    stage: Stage,
    evidence: Evidence,
    command: tuple[str, ...] | str | None = None,
    entrypoint: tuple[str, ...] | str | None = None,
) -> list[Launch]:
    """What the image starts. ``command`` and ``entrypoint`` replace its own (compose, a platform's file)."""
    entry, entry_json, entry_line = stage.entrypoint
    words, words_json, line = stage.command
    if entrypoint is not None:
        entry, entry_json, entry_line = _given(entrypoint, evidence.line)
        words, words_json, line = (), True, evidence.line
    if command is not None:
        words, words_json, line = _given(command, evidence.line)
    own = evidence.source.rpartition("/")[2].lower().startswith(("dockerfile", "containerfile")) or evidence.line <= 1
    evidence = replace(evidence, line=(line or entry_line or 1) if own else evidence.line)
    if entry and not entry_json:
        return read_command(" ".join(entry), evidence)
    if entry:
        if not words_json:
            words = ("/bin/sh", "-c", " ".join(words))
        return _entrypoint(entry, words, evidence)
    if not words:
        return []
    return read_words(words, evidence) if words_json else read_command(" ".join(words), evidence)


def _given(command: tuple[str, ...] | str, line: int) -> tuple[tuple[str, ...], bool, int]:
    """A command as a platform's file gives it: text is split, not handed to a shell."""
    if isinstance(command, tuple):
        return command, True, line
    return (command,), False, line


def _entrypoint(entry: tuple[str, ...], words: tuple[str, ...], evidence: Evidence) -> list[Launch]:
    """An entry point in exec form with its arguments; a script that ends in ``exec "$@"`` runs the arguments."""
    script = next((word for word in entry if word.endswith(".sh") or "entrypoint" in word), None)
    found = read_words((*entry, *words) if script is None else entry, evidence)
    if script is not None and words:
        path = evidence.tree.real(under(evidence.cwd or "/", script))
        text = evidence.read_text(path) if path else None
        if text is None or '"$@"' in text or "$@" in text or "$*" in text:
            found += read_words(words, evidence)
    return found
