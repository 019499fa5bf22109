"""The examination: every launch context started, and what else is wrong with names and imports."""

from __future__ import annotations

import posixpath
from collections import defaultdict
from typing import TYPE_CHECKING

from rewire.project.boot.finder import entry_file
from rewire.project.boot.program import Program
from rewire.project.boot.simulate import Simulator
from rewire.project.doctor.cure import find_cure
from rewire.project.doctor.findings import ContextReport, Examination, Finding
from rewire.project.doctor.message import fitting
from rewire.project.doctor.names import hidden_standard, look_alikes, missing_init, near, two_names
from rewire.project.launch.read import read_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rewire.model.project import Launch, Project
    from rewire.project.boot.outcome import Boot, Trouble


def examine(project: Project, given: Sequence[Launch] = (), error: str = "") -> Examination:
    """Examine ``project``. ``given`` are the user's own launches, ``error`` a message to place.

    With a ``--launch`` only those are started. With launches in the configuration, what files say of the same program
    is shown but does not count.
    """
    simulator = Simulator(project)
    asked = any(launch.source == "--launch" for launch in given)
    everything = tuple(given) if asked else (*given, *read_all(project))
    told = {entry_file(launch, simulator.files) for launch in given} - {None}
    files = simulator.files
    alive = [launch for launch in everything if launch.tier == "user" or entry_file(launch, files) is not None]
    contexts: list[ContextReport] = []
    for launch in _distinct(alive):
        boot = simulator.boot(launch)
        if launch.tier == "document" and not boot.boots:
            # A document's command that cannot work today is a finding about the document, not a context.
            continue
        overruled = launch.tier != "user" and entry_file(launch, simulator.files) in told
        contexts.append(ContextReport(launch, boot, find_cure(simulator, boot), overruled))
    shown = {context.launch for context in contexts}
    findings = [
        *_dead([launch for launch in everything if launch not in alive], simulator),
        *_stale_documents([launch for launch in _distinct(alive) if launch not in shown], simulator),
        *_conflicts(contexts, simulator),
        *_troubles(contexts, simulator),
        *two_names(contexts),
        *hidden_standard(contexts),
        *_path_edits(contexts),
        *_missing_init_findings(contexts, simulator),
        *look_alikes(simulator.files),
        *_nowhere(project, contexts, simulator),
        *_possible_scripts(project, contexts, simulator),
    ]
    return Examination(
        tuple(project.roots),
        tuple(contexts),
        tuple(findings),
        fitting(error, contexts) if error else None,
        missing_init(contexts, simulator.files),
    )


def _distinct(launches: Sequence[Launch]) -> list[Launch]:
    """Launches that differ in more than where they were read; the best evidence stays."""
    kept: dict[object, Launch] = {}
    for launch in launches:
        kept.setdefault(
            (
                launch.workdir,
                launch.roots,
                launch.entry,
                launch.entry_kind,
                launch.attribute,
                launch.installed,
                launch.image,
            ),
            launch,
        )
    return list(kept.values())


def _dead(launches: Sequence[Launch], simulator: Simulator) -> Iterator[Finding]:
    """Commands whose target does not exist."""
    for launch in launches:
        hints = near(simulator.files, launch.entry.removesuffix(".py").replace("/", "."))
        advice = f"did it mean {' or '.join(hints)}?" if hints else "nothing of that name is in the project"
        severity = "error" if launch.tier in ("user", "deploy") else "warning"
        yield Finding(
            "dead-command", severity, launch.source, launch.line,  # type: ignore[arg-type]
            f"{launch.command!r} starts {launch.entry}, which does not exist"
            + (f" under {launch.workdir}" if launch.workdir else ""),
            advice, (launch.name,),
        )  # fmt: skip


def _stale_documents(launches: Sequence[Launch], simulator: Simulator) -> Iterator[Finding]:
    """Commands in documents that cannot work today."""
    for launch in launches:
        trouble = simulator.boot(launch).failures[0]
        yield Finding(
            "dead-command", "note", launch.source, launch.line,
            f"{launch.command!r} cannot work: {_place(trouble)}{trouble.message}",
            "correct the document", (launch.name,),
        )  # fmt: skip


def _place(trouble: Trouble) -> str:
    return f"{trouble.path}:{trouble.line}: " if trouble.path else ""


def _conflicts(contexts: Sequence[ContextReport], simulator: Simulator) -> Iterator[Finding]:
    """Deploy files that start the same file under different names or from different roots, with another result."""
    by_entry: dict[str, list[ContextReport]] = defaultdict(list)
    for context in contexts:
        path = entry_file(context.launch, simulator.files)
        if path and context.launch.tier in ("user", "deploy", "script") and context.launch.entry_kind != "tests":
            by_entry[path].append(context)
    for path, group in by_entry.items():
        ways = {
            (one.launch.entry if one.launch.entry_kind == "module" else one.launch.entry_kind, one.launch.roots)
            for one in group
        }
        sources = {one.launch.source for one in group}
        results = {(one.boot.boots, frozenset((each.path, each.name) for each in one.boot.loaded)) for one in group}
        if len(ways) > 1 and len(sources) > 1 and len(results) > 1:
            told = "; ".join(
                f"{one.launch.source}:{one.launch.line} as {one.launch.entry} from {one.launch.workdir or '.'}"
                + ("" if one.boot.boots else " (does not boot)")
                for one in group
            )
            yield Finding(
                "conflict", "warning", path, 0, f"started in ways that do not agree: {told}",
                "say which one counts with --launch or [[tool.rewire.launch]]", tuple(one.launch.name for one in group),
            )  # fmt: skip


def _troubles(contexts: Sequence[ContextReport], simulator: Simulator) -> Iterator[Finding]:
    """What is swallowed, what may fail, what fails later; once a place and message."""
    kinds: tuple[tuple[str, Callable[[Boot], Sequence[Trouble]]], ...] = (
        ("swallowed", lambda boot: boot.swallowed),
        ("may-fail", lambda boot: boot.possible),
        ("fails-later", lambda boot: boot.later),
    )
    for code, pick in kinds:
        where: dict[tuple[str, int, str, int], list[str]] = defaultdict(list)
        wanted: dict[tuple[str, int, str, int], str] = {}
        for context in contexts:
            for trouble in pick(context.boot):
                key = (trouble.path, trouble.line, trouble.message, trouble.caught)
                where[key].append(context.launch.name)
                wanted[key] = trouble.wanted
        for key, names in where.items():
            path, line, message, caught = key
            text = f"{message} (swallowed at line {caught})" if caught and code == "swallowed" else message
            yield Finding(code, "warning", path, line, text, _hint(wanted[key], simulator), tuple(dict.fromkeys(names)))


def _hint(wanted: str, simulator: Simulator) -> str:
    """Where something of the wanted name is."""
    hints = near(simulator.files, wanted) if wanted else ()
    return f"the project has {', '.join(hints)}" if hints else ""


def _path_edits(contexts: Sequence[ContextReport]) -> Iterator[Finding]:
    """Lines that edit ``sys.path``."""
    seen: set[tuple[str, int]] = set()
    for context in contexts:
        for edit in context.boot.path_edits:
            if (edit.path, edit.line) in seen:
                continue
            seen.add((edit.path, edit.line))
            added = ", ".join(folder or "." for folder in edit.added)
            text = f"adds {added} to sys.path" if added else "edits sys.path"
            if edit.missing:
                text += f"; {', '.join(edit.missing)} does not exist in the project"
            if edit.unknown:
                text += "; what it adds cannot be read from the text"
            severity = "warning" if edit.missing or edit.unknown else "note"
            yield Finding("path-edit", severity, edit.path, edit.line, text, "", (context.launch.name,))  # type: ignore[arg-type]


def _missing_init_findings(contexts: Sequence[ContextReport], simulator: Simulator) -> Iterator[Finding]:
    for folder in missing_init(contexts, simulator.files):
        yield Finding(
            "missing-init", "note", folder, 0, "imported as a package without an __init__.py",
            "works as a namespace package; rewire doctor --fix-packages makes it a regular one",
        )  # fmt: skip


def _nowhere(project: Project, contexts: Sequence[ContextReport], simulator: Simulator) -> Iterator[Finding]:
    """Imports of the project's own modules that exist nowhere, in files that no context loads."""
    loaded = {one.path for context in contexts for one in context.boot.loaded}
    for path in project.paths:
        if path in loaded:
            continue
        seen: set[str] = set()
        for name in project.imports(path):
            known = name.level or simulator.ownership.owns(name.module, (name.name,) if name.name else (), path)
            if not known or name.module in seen or "type_checking" in name.guards or project.resolve(name) is not None:
                continue
            seen.add(name.module)
            source = project.source(path)
            line = source.line_of(name.span.start) if source is not None else 0
            shown = "." * name.level + name.module + (f".{name.name}" if name.name and name.name != "*" else "")
            yield Finding(
                "no-such-module",
                "warning",
                path,
                line,
                f"{shown} is nowhere in the project",
                _hint(name.module or name.name or "", simulator),
            )


def _possible_scripts(project: Project, contexts: Sequence[ContextReport], simulator: Simulator) -> Iterator[Finding]:
    """Files with a ``__main__`` guard that nothing starts."""
    started = {one.path for context in contexts for one in context.boot.loaded if one.name == "__main__"}
    for path in project.paths:
        if path in started or posixpath.basename(path) in ("__init__.py", "__main__.py", "setup.py"):
            continue
        source = project.source(path)
        if source is None or "__main__" not in source.text:
            continue
        program = simulator.program(path)
        if isinstance(program, Program) and program.main_guard:
            yield Finding(
                "possible-script", "note", path, program.main_guard,
                "has a __main__ block, and no launch file starts it",
                "say how it is started, or take the block away",
            )  # fmt: skip
