"""``connect_timeout=`` written in a call: drop it, rename it, move it into connect_args, or leave it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rewire_codemods.connect_timeout import tables
from rewire_codemods.connect_timeout.edits import Drop, Move, Operation, Rename
from rewire_codemods.connect_timeout.refusals import UNPROVED

if TYPE_CHECKING:
    from rewire_codemods.connect_timeout.facts import CallFact, KeywordFact, Value
    from rewire_codemods.connect_timeout.ledger import Ledger
    from rewire_codemods.connect_timeout.options import Replace


def decide_keyword(ledger: Ledger, fact: KeywordFact, option: Replace) -> None:
    """Decide on one call."""
    call = fact.call
    if not ledger.project.is_selected(call.path):
        return
    code = _refused(fact, option)
    if code is not None:
        named = code in ("unproved-pool", "driver-unproved")
        detail = call.own if code == "own-connect" else f"{call.name}()" if named else ""
        ledger.refuse(call.path, fact.span, call.line, code, detail)
        return
    place = (call.path, call.span, "Call")
    group = f"{call.path}:{call.span.start}"
    operations: tuple[Operation, ...]
    if drops(call, option, ledger):
        ledger.gone.append((call.path, fact.span))
        summary = f"{tables.KEY}={fact.value.shown} dropped from {call.name}(){why(call)}"
        ledger.edit(
            place,
            (Drop(tables.KEY),),
            summary,
            "keyword dropped",
            group=group,
            drops_comments=fact.comment,
            edits_strings=fact.value.quoted,
        )
        note_lost_limit(ledger, call, fact.value.shown)
        return
    if call.sink == "engine":
        operations = (Move(tables.KEY, "connect_args", tables.NEW, fact.value),)
        summary = f'{tables.KEY}={fact.value.shown} -> connect_args["timeout"] in {call.name}()'
        shape = "engine keyword moved into connect_args"
    else:
        operations = (Rename(tables.KEY, tables.NEW, fact.value),)
        summary = f"{tables.KEY}={fact.value.shown} -> {tables.NEW}={fact.value.written} in {call.name}()"
        shape = "keyword renamed" if fact.value.action == "keep" else "keyword renamed, value converted"
    ledger.timed.add((call.path, call.span))
    comment = fact.comment and call.sink == "engine"
    strings = call.sink == "engine" or (fact.value.action == "replace" and fact.value.quoted)
    ledger.edit(place, operations, summary, shape, group=group, drops_comments=comment, edits_strings=strings)
    note_value(ledger, fact.value, call.path, call.line)
    if call.splat:
        text = f"{call.name}() also unpacks a dict: should it hold timeout, Python refuses the call"
        ledger.note(text, call.path, call.line)


def _refused(fact: KeywordFact, option: Replace) -> str | None:
    call = fact.call
    if call.own:
        return "own-connect"
    if call.sink in UNPROVED:
        return UNPROVED[call.sink]
    if option == "strip" or (call.limit and option == "auto") or call.limit in ("timeout=", "timeout"):
        return None
    if call.sink == "engine" and call.arguments == "elsewhere":
        return "arguments-elsewhere"
    return "value-unusable" if fact.value.action == "unusable" else None


def drops(call: CallFact, option: Replace, ledger: Ledger) -> bool:
    """True if the limit goes without a replacement."""
    limit = limit_of(call, ledger)
    return option == "strip" or bool(limit and option == "auto") or limit in ("timeout=", "timeout")


def limit_of(call: CallFact, ledger: Ledger) -> str:
    """The limit that a call has, edits of this plan included."""
    if (call.path, call.span) in ledger.timed:
        return "timeout="
    return call.limit


def why(call: CallFact) -> str:
    """The reason for a bare strip, for the summary."""
    return f" ({call.limit} is there)" if call.limit else ""


def note_lost_limit(ledger: Ledger, call: CallFact, code: str) -> None:
    """Say which limit is gone and what applies now."""
    limit = limit_of(call, ledger)
    if limit in ("asyncio.wait_for", "asyncio.timeout") and call.sink == "create_pool":
        text = f"{limit} limits the making of the pool only: connections that it opens later have 60 s, not {code}"
    elif limit:
        return
    elif call.sink == "acquire":
        text = f"the limit of {code} at {call.name}() is gone: asyncpg waits for a free connection without limit"
    else:
        text = f"the limit of {code} at {call.name}() is gone: asyncpg's default of {tables.DEFAULT_SECONDS} s applies"
    ledger.note(text, call.path, call.line)


def note_value(ledger: Ledger, value: Value, path: str, line: int) -> None:
    """Say what nobody can know before the program runs."""
    if value.known:
        return
    if value.action == "float":
        text = (
            f"{value.shown} is read when the program runs: it must be a positive number (0 makes asyncpg fail at once)"
        )
    else:
        text = f"{value.shown} is kept: asyncpg needs a positive number or None (libpq's 0 makes it fail at once)"
    ledger.note(text, path, line)
