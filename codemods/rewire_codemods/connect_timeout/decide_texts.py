"""A limit in the query of a DSN or SQLAlchemy URL: take it out of the text and put it into the call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rewire_codemods.connect_timeout import tables
from rewire_codemods.connect_timeout.decide_keywords import limit_of, note_lost_limit, note_value
from rewire_codemods.connect_timeout.edits import Add, Merge, NewText, Operation

if TYPE_CHECKING:
    from rewire_codemods.connect_timeout.facts import CallFact, TextFact, Use, Value
    from rewire_codemods.connect_timeout.ledger import Ledger
    from rewire_codemods.connect_timeout.options import Replace

_FLAGS = (
    ("environment", "dsn-from-environment"),
    ("settings", "dsn-from-settings"),
    ("parameter", "dsn-from-parameter"),
    ("built", "dsn-built"),
)
_HARD = ("timeout=", "timeout")


def decide_text(ledger: Ledger, fact: TextFact, option: Replace) -> None:
    """Decide on one literal."""
    uses = [use for use in fact.trace.uses if use.kind in ("dsn", "url") and use.call and _reaches(use.call, fact)]
    if not uses:
        return
    verdict = _refused(ledger, fact, uses, option)
    if verdict is not None:
        ledger.refuse(fact.path, fact.span, fact.line, *verdict)
        return
    group = f"{fact.path}:{fact.span.start}"
    names = ", ".join(name for name, _ in fact.limits)
    ledger.edit(
        (fact.path, fact.span, fact.kind),
        NewText(fact.pieces),
        f"{names} taken out of the {'URL' if fact.driver else 'DSN'}",
        f"{'URL' if fact.driver else 'DSN'} without the limit",
        group=group,
        drops_comments=fact.comment,
        edits_strings=True,
    )
    for call in dict.fromkeys(use.call for use in uses if use.call is not None):
        _give(ledger, call, fact, option, group)


def _reaches(call: CallFact, fact: TextFact) -> bool:
    """A plain DSN also reaches an engine where it is given another scheme on its way (``built``)."""
    if call.sink in ("connect", "create_pool"):
        return not fact.driver
    return call.sink == "engine" or (call.sink == "engine-unproved" and bool(fact.driver))


def _refused(ledger: Ledger, fact: TextFact, uses: list[Use], option: Replace) -> tuple[str, str] | None:
    for flag, code in _FLAGS:
        if flag in fact.trace.flags:
            return code, ""
    for use in fact.trace.uses:
        where = f"{use.path}:{use.line}"
        call = use.call
        if use.kind == "mixed":
            return "other-values", use.detail
        if use.kind == "escape" or (use not in uses and call is not None and use.kind in ("url", "dsn", "splat")):
            other = call is not None and call.sink == "driver"
            return ("other-driver" if other else "escapes"), f"{use.detail} at {where}"
        if use in uses and call is not None:
            verdict = _refused_call(ledger, fact, use, call, option)
            if verdict is not None:
                return verdict
    if not ledger.project.is_selected(fact.path):
        return "outside-selection", fact.path
    return None


def _refused_call(ledger: Ledger, fact: TextFact, use: Use, call: CallFact, option: Replace) -> tuple[str, str] | None:
    if call.own:
        return "own-connect", call.own
    if not ledger.project.is_selected(use.path):
        return "outside-selection", use.path
    limit = _seconds(fact)
    if limit is None or option == "strip" or limit_of(call, ledger) in _HARD:
        return None
    if limit.action == "unusable":
        return "value-unusable", limit.code
    if use.span != fact.span and not limit.new and limit.action != "replace":
        return "dsn-built", f"its limit is {limit.code}"
    if call.sink == "engine" and call.arguments == "elsewhere":
        return "arguments-elsewhere", f"{call.name}() at {use.path}:{use.line}"
    return None


def _seconds(fact: TextFact) -> Value | None:
    """The limit for connecting: libpq's word for it before asyncpg's."""
    found = dict(fact.limits)
    return found.get(tables.KEY) or found.get(tables.NEW)


def _give(ledger: Ledger, call: CallFact, fact: TextFact, option: Replace, group: str) -> None:
    """Put into the call what the text no longer says."""
    steps: list[Operation] = []
    limit = _seconds(fact)
    present = limit_of(call, ledger)
    if limit is not None:
        if option == "strip" or present in _HARD or (present and option == "auto"):
            note_lost_limit(ledger, call, limit.shown)
        elif (call.path, call.span) in ledger.at_times:
            text = (
                f"{call.name}() is given a timeout by some that call its function: those that give none have 60 s now"
            )
            ledger.note(text, call.path, call.line)
        else:
            code = limit.written
            steps.append(Merge("connect_args", tables.NEW, code) if fact.driver else Add(tables.NEW, code))
            ledger.timed.add((call.path, call.span))
            note_value(ledger, limit, call.path, call.line)
            if call.splat:
                text = f"{call.name}() also unpacks a dict: should it hold timeout, Python refuses the call"
                ledger.note(text, call.path, call.line)
    commands = dict(fact.limits).get("command_timeout")
    if commands is not None and "command_timeout" not in call.keywords and commands.action != "unusable":
        steps.append(Add("command_timeout", commands.written))
    if steps:
        ledger.edit(
            (call.path, call.span, "Call"),
            tuple(steps),
            f"{', '.join(_shown(step) for step in steps)} added to {call.name}()",
            "limit added to the call",
            group=group,
            support=True,
            edits_strings=bool(fact.driver),
        )


def _shown(step: Operation) -> str:
    if isinstance(step, Merge):
        return f'{step.argument}["{step.key}"]={step.code}'
    return f"{step.name}={step.code}" if isinstance(step, Add) else ""
