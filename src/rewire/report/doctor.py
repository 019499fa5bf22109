"""What ``rewire doctor`` prints: the contexts first, then the findings, for people or as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rewire.project.doctor.findings import CODES
from rewire.report.escape import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rewire.project.boot.outcome import Trouble
    from rewire.project.doctor.findings import ContextReport, Examination, Finding

SCHEMA_VERSION = 1
MAX_SHOWN = 12
"""Findings of one code that are printed without ``--verbose``."""


def render_text(examination: Examination, *, everything: bool = False) -> str:
    """The examination for people."""
    lines = [*_roots(examination), *_contexts(examination), *_matches(examination), *_findings(examination, everything)]
    lines += ["", _verdict(examination)]
    return "\n".join(lines) + "\n"


def _verdict(examination: Examination) -> str:
    counted = [context for context in examination.contexts if not context.overruled]
    failing = [context for context in counted if not context.boot.boots]
    total = len(counted)
    if not total:
        return 'no launch file was found: say how the project is started with --launch "cd backend && uvicorn main:app"'
    if not failing:
        return f"all {total} launch contexts boot" if total > 1 else "the launch context boots"
    return f"{len(failing)} of {total} launch contexts do not boot"


def _roots(examination: Examination) -> Iterator[str]:
    yield "import roots"
    for root in examination.roots:
        yield f"  {one_line(root.path) or '.'}  ({one_line(root.why)})"
    if not examination.roots:
        yield "  none"


def _contexts(examination: Examination) -> Iterator[str]:
    yield ""
    yield "launch contexts, best evidence first"
    for context in examination.contexts:
        launch = context.launch
        where = f"{launch.source}:{launch.line}" if launch.line and launch.tier != "user" else launch.source
        verdict = "boots " if context.boot.boots else "FAILS "
        yield f"  {verdict} {one_line(launch.name)}  [{launch.tier}, {launch.role}]"
        yield f"         {one_line(launch.command)}"
        if context.overruled:
            yield "         overruled: the configuration says how this program is started"
        yield f"         {_started(context)}; read from {one_line(where)}"
        for trouble in context.boot.failures[:MAX_SHOWN]:
            yield from ("         " + line for line in _trouble(trouble))
        if len(context.boot.failures) > MAX_SHOWN:
            yield f"         ... and {len(context.boot.failures) - MAX_SHOWN} more"
        if context.cure:
            yield f"         -> {one_line(context.cure)}"
    if not examination.contexts:
        yield "  none"


def _started(context: ContextReport) -> str:
    launch = context.launch
    roots = ", ".join(one_line(root) or "." for root in launch.roots) or "none in the project"
    kind = {"module": "imports", "main-module": "runs module", "script": "runs script", "tests": "collects tests under"}
    entry = one_line(launch.entry) or "."
    files = len({one.path for one in context.boot.loaded})
    return f"{kind[launch.entry_kind]} {entry} in {one_line(launch.workdir) or '.'}; sys.path: {roots}; {files} files"


def _trouble(trouble: Trouble) -> Iterator[str]:
    place = f"{one_line(trouble.path)}:{trouble.line}: " if trouble.path else ""
    yield f"{place}{one_line(trouble.message)}"
    if trouble.chain:
        via = " <- ".join(f"{one_line(path)}:{line}" for path, line in reversed(trouble.chain[-4:]))
        yield f"  imported by {via}"


def _matches(examination: Examination) -> Iterator[str]:
    if examination.matches is None:
        return
    yield ""
    if examination.matches:
        yield "the message fits"
        yield from (f"  {one_line(name)}" for name in examination.matches)
    else:
        yield "the message fits no context: the deployed program is started in a way that no file here says"


def _findings(examination: Examination, everything: bool) -> Iterator[str]:
    groups: dict[str, list[Finding]] = {}
    for finding in examination.findings:
        groups.setdefault(finding.code, []).append(finding)
    for code, findings in groups.items():
        yield ""
        yield f"{code}: {CODES[code]}"
        shown = findings if everything else findings[:MAX_SHOWN]
        for finding in shown:
            place = f"{one_line(finding.path)}:{finding.line}" if finding.line else one_line(finding.path)
            yield f"  {place}  {one_line(finding.text)}"
            if finding.advice:
                yield f"      {one_line(finding.advice)}"
            if finding.contexts and len(examination.contexts) > 1 and code not in ("dead-command", "conflict"):
                yield f"      in {', '.join(one_line(name) for name in finding.contexts[:4])}"
        if len(findings) > len(shown):
            yield f"  ... and {len(findings) - len(shown)} more (--verbose shows all)"


def render_json(examination: Examination) -> str:
    """The examination for machines. ``schema_version`` changes when a key goes or changes its meaning."""
    data = {
        "schema_version": SCHEMA_VERSION,
        "healthy": examination.healthy,
        "roots": [{"path": root.path, "why": root.why} for root in examination.roots],
        "contexts": [_context_json(context) for context in examination.contexts],
        "findings": [_finding_json(finding) for finding in examination.findings],
        "missing_init": list(examination.missing_init),
        "error_fits": None if examination.matches is None else list(examination.matches),
    }
    return json.dumps(data, indent=2) + "\n"


def _context_json(context: ContextReport) -> dict[str, Any]:
    launch, boot = context.launch, context.boot
    return {
        "name": launch.name,
        "command": launch.command,
        "workdir": launch.workdir,
        "roots": list(launch.roots),
        "installed": list(launch.installed),
        "entry": launch.entry,
        "entry_kind": launch.entry_kind,
        "attribute": launch.attribute,
        "role": launch.role,
        "tier": launch.tier,
        "source": launch.source,
        "line": launch.line,
        "boots": boot.boots,
        "failures": [_trouble_json(one) for one in boot.failures],
        "swallowed": [_trouble_json(one) for one in boot.swallowed],
        "possible": [_trouble_json(one) for one in boot.possible],
        "later": [_trouble_json(one) for one in boot.later],
        "loaded": [{"path": one.path, "name": one.name, "later": one.later} for one in boot.loaded],
        "cure": context.cure,
        "overruled": context.overruled,
    }


def _trouble_json(trouble: Trouble) -> dict[str, Any]:
    return {
        "path": trouble.path,
        "line": trouble.line,
        "error": trouble.message,
        "wanted": trouble.wanted,
        "caught_at": trouble.caught or None,
        "imported_by": [{"path": path, "line": line} for path, line in trouble.chain],
    }


def _finding_json(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "severity": finding.severity,
        "path": finding.path,
        "line": finding.line,
        "text": finding.text,
        "advice": finding.advice,
        "contexts": list(finding.contexts),
    }
