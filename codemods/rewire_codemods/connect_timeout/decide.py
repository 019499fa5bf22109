"""Every decision, over the whole project: which calls, keys and URLs change, which are left and why."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from rewire.codemod import Plan, SourceError
from rewire_codemods.connect_timeout import tables
from rewire_codemods.connect_timeout.built import may_unpack
from rewire_codemods.connect_timeout.crossing import Crossing
from rewire_codemods.connect_timeout.decide_dicts import decide_built, decide_dicts
from rewire_codemods.connect_timeout.decide_keywords import decide_keyword
from rewire_codemods.connect_timeout.decide_texts import decide_text
from rewire_codemods.connect_timeout.elsewhere import FromFile, Views
from rewire_codemods.connect_timeout.environment import environment_limits, refuse_environment
from rewire_codemods.connect_timeout.examine import Examined, examine
from rewire_codemods.connect_timeout.ledger import Ledger
from rewire_codemods.connect_timeout.links import Links
from rewire_codemods.connect_timeout.unpacked import data_files, decide_unpacked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rewire.codemod import Project
    from rewire_codemods.connect_timeout.facts import FileFacts
    from rewire_codemods.connect_timeout.options import Options


_CONVERTS = re.compile(r"\b_?asdict\(|\bmodel_dump\(|\.dict\(|\bvars\(|\.__dict__\b")


def decide(facts: Mapping[str, FileFacts], project: Project, options: Options) -> Plan:
    """The plan: keywords first (they say what is read no more), then dicts, then URLs."""
    reaching = [path for path, entry in facts.items() if entry.asyncpg]
    limits = environment_limits(project) if reaching else {}
    data = data_files(project) if any(facts[path].unpacks for path in reaching) else {}
    if not limits and not data and not any(entry.examined or entry.pending for entry in facts.values()):
        return Plan()
    links = Links(project, reaching)
    views = Views(project)
    looked_at = {path: _examined(entry, path, project, links) for path, entry in facts.items()}
    mentioned = {path: entry for path, entry in looked_at.items() if entry is not None} | _outside(project)
    known = {path: _settled(entry, path, views, links) for path, entry in mentioned.items()}
    declaring = sorted(path for path, entry in facts.items() if entry.declares)
    if declaring:
        known |= _converting(reaching, views)
    crossing = Crossing(project, views, known, reaching)
    ledger = Ledger(project)
    for path in sorted(known):
        for keyword in known[path].keywords:
            decide_keyword(ledger, keyword, options.replace)
    dicts = [
        replace(fact, trace=crossing.extend(fact.trace, text=False))
        for path in sorted(known)
        for fact in known[path].dicts
    ]
    decide_dicts(ledger, dicts, options.replace, [path for path, entry in known.items() if entry.vague])
    for path in sorted(known):
        for text in known[path].texts:
            extended = crossing.extend(text.trace, text=True)
            decide_text(ledger, replace(text, trace=extended), options.replace)
    if limits:
        refuse_environment(ledger, views, reaching, limits)
    for path in sorted(known):
        for built in known[path].built:
            trace = crossing.extend(built.trace, text=False) if built.code else built.trace
            decide_built(ledger, replace(built, trace=trace), declaring)
    _refuse_layers(ledger, known)
    decide_unpacked(ledger, views, facts, data, known)
    _extras(ledger, known, options.also)
    if ledger.edits:
        _note_assertions(ledger, known)
    return ledger.plan()


def _outside(project: Project) -> dict[str, FileFacts]:
    """Facts about the files that this run may not change but whose dicts, URLs and readers count."""
    found = {}
    for path in project.paths:
        if project.is_selected(path):
            continue
        source = project.source(path)
        if source is not None and tables.KEY in source.text:
            try:
                found[path] = examine(source)
            except SourceError:
                continue
    return found


def _converting(reaching: Sequence[str], views: Views) -> dict[str, FileFacts]:
    """Facts about the files that may unpack an object with such a field, which another file defines.

    These need never say the word.
    """
    found = {}
    for path in reaching:
        source = views.project.source(path)
        if source is None or not _CONVERTS.search(source.text):
            continue
        try:
            alone = Examined(source)  # finding the files that are imported costs far more than this look
        except SourceError:
            continue
        view = views.view(path) if may_unpack(alone.sinks) else None
        if view is not None:
            found[path] = view.facts()
    return found


def _settled(entry: FileFacts, path: str, views: Views, links: Links) -> FileFacts:
    """The facts again, with the names of other files resolved, where an answer hung on one of them."""
    if not any(links.may_reach(dotted) for dotted in entry.open):
        return entry
    source = views.project.source(path)
    return examine(source, FromFile(views, path)) if source is not None else entry


def _examined(entry: FileFacts, path: str, project: Project, links: Links) -> FileFacts | None:
    """A file that locate put off, if it is near one that speaks of asyncpg."""
    if entry.examined:
        return entry
    source = project.source(path) if entry.pending else None
    if source is None or not ((entry.declares and _CONVERTS.search(source.text)) or links.is_near(path)):
        return None
    try:
        return examine(source)
    except SourceError:
        return None


def _note_assertions(ledger: Ledger, facts: Mapping[str, FileFacts]) -> None:
    """Tests that expect the old argument of a mock will fail: say where."""
    for path, entry in facts.items():
        for line in entry.asserted:
            ledger.note(
                f"a mock is expected to be called with {tables.KEY}: look whether it stands for asyncpg", path, line
            )
        for line in entry.faked:
            ledger.note(
                f"a function with a parameter {tables.KEY} takes another's place: look whether that is asyncpg's",
                path,
                line,
            )


def _refuse_layers(ledger: Ledger, facts: Mapping[str, FileFacts]) -> None:
    """Limits that a library hands on, and URLs that name asyncpg themselves and go out of sight."""
    for path, entry in facts.items():
        for layer in entry.layers:
            if not ledger.has_decided(path, layer.span):
                ledger.refuse(path, layer.span, layer.line, "layer", layer.what)
        for text in entry.texts:
            away = next((use for use in text.trace.uses if use.kind in ("escape", "lent")), None)
            if text.driver and away is not None and not ledger.has_decided(path, text.span):
                ledger.refuse(path, text.span, text.line, "escapes", f"{away.detail} at {away.path}:{away.line}")


def _extras(ledger: Ledger, facts: Mapping[str, FileFacts], also: tuple[str, ...]) -> None:
    """Other arguments of libpq's: a note, or a refusal for those that the user asked for."""
    for path, entry in facts.items():
        for extra in entry.extras:
            table = tables.LIBPQ_DSN_KEYS if extra.dsn else tables.LIBPQ_KEYWORDS
            what = f"{extra.name} in a DSN" if extra.dsn else f"{extra.name}="
            if extra.name in also or "all" in also:
                ledger.refuse(path, extra.span, extra.line, "libpq-argument", f"{what}: {table[extra.name]}")
            elif ledger.project.is_selected(path):
                ledger.note(f"asyncpg has no {what} either: {table[extra.name]}", path, extra.line)
