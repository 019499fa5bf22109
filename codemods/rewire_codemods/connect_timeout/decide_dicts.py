"""A key ``connect_timeout`` in a dict: rename it with all its readers, drop it, or leave everything as it is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rewire_codemods.connect_timeout import tables
from rewire_codemods.connect_timeout.decide_keywords import limit_of, note_lost_limit, note_value
from rewire_codemods.connect_timeout.dict_refusals import (
    HANDED_ON,
    HARD,
    SETTINGS,
    calls_of,
    must_drop,
    readers_of,
    refused_dict,
)
from rewire_codemods.connect_timeout.edits import Add, Drop, DropEntry, Merge, NewKey, NewValue, Rename
from rewire_codemods.connect_timeout.facts import ASYNCPG
from rewire_codemods.connect_timeout.refusals import UNPROVED

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from rewire_codemods.connect_timeout.facts import BuiltFact, DictFact, Sink, Use
    from rewire_codemods.connect_timeout.ledger import Ledger
    from rewire_codemods.connect_timeout.options import Replace

_ARGUMENTS = ("connect_args", "server_settings", "engine_settings")


def decide_dicts(ledger: Ledger, facts: Sequence[DictFact], option: Replace, vague: Collection[str] = ()) -> None:
    """Decide on all dicts; those that share a use stand or fall together.

    ``vague`` are the files in which a call that reaches asyncpg unpacks nobody knows what.
    """
    for family in _families([_guarded(fact) for fact in facts]):
        reached = [fact for fact in family if any(matters(use) for use in fact.trace.uses)]
        if not reached:
            for fact in family:
                _drop_unread(ledger, fact)
                _refuse_lost(ledger, fact, vague)
            continue
        verdict = next(filter(None, (refused_dict(ledger, fact, family, option) for fact in family)), None)
        if verdict is not None:
            for fact in family:
                ledger.refuse(fact.path, fact.place, fact.line, *verdict)
            continue
        drops = [must_drop(ledger, fact, option) for fact in family]
        for fact, drop in zip(family, drops, strict=True):
            _apply(ledger, fact, option, drop=drop)


def _guarded(fact: DictFact) -> DictFact:
    """The fact with what is known of the driver where the dict is made, for calls that do not tell it."""
    if fact.guard is None:
        return fact
    sink: Sink = "engine" if fact.guard else "driver"
    uses = [
        replace(use, call=replace(use.call, sink=sink))
        if use.call is not None and use.call.sink == "engine-unproved"
        else use
        for use in fact.trace.uses
    ]
    return replace(fact, trace=replace(fact.trace, uses=tuple(uses)))


def _refuse_lost(ledger: Ledger, fact: DictFact, vague: Collection[str]) -> None:
    """A dict that gets out of sight in a file where asyncpg gets something out of sight."""
    if fact.value.action == "unusable":
        return  # "timeout", say, in a table of names: no limit
    if fact.path not in vague or any(use.call is not None and use.call.sink == "driver" for use in fact.trace.uses):
        return
    for use in fact.trace.uses:
        away = use.kind == "lent" or (use.kind == "escape" and not use.detail.startswith("compared"))
        if away and (use.call is None or use.call.sink == "other"):
            detail = f"{use.detail} at {use.path}:{use.line}, and may reach asyncpg"
            ledger.refuse(fact.path, fact.place, fact.line, "escapes", detail)
            return


def decide_built(ledger: Ledger, fact: BuiltFact, declaring: Sequence[str]) -> None:
    """Refuse a dict that gets the key from an object or a list, unless the code itself takes it out again.

    ``declaring`` are the files that may hold a class with such a field: an unknown object may be one of these.
    """
    if any(use.kind == "removed" for use in fact.trace.uses):
        return
    use = next(filter(matters, fact.trace.uses), None)
    if use is not None and use.call is not None:
        where = f"{use.call.name}() at {use.path}:{use.line}"
        if not fact.code:
            if declaring and ledger.project.is_selected(fact.path):
                text = (
                    f"{fact.what} is unpacked into {where}: should it have a field {tables.KEY}, as in {declaring[0]}, "
                )
                ledger.note(f"{text}Python refuses the call", fact.path, fact.line)
            return
        ledger.refuse(fact.path, fact.span, fact.line, fact.code, f"{fact.what}, {where}" if fact.what else where)


def _families(facts: Sequence[DictFact]) -> list[list[DictFact]]:
    """Facts that share a use, directly or through others. What a ``**`` parameter is unpacked into is no shared use."""
    families: list[tuple[set[tuple[str, object]], list[DictFact]]] = []
    for fact in facts:
        shared = (use for use in fact.trace.uses if use.kind != "splat" or not use.indirect)
        marks: set[tuple[str, object]] = {(use.path, use.span) for use in shared}
        marks.add((fact.path, fact.place))
        joined = [family for family in families if family[0] & marks]
        members = [member for family in joined for member in family[1]]
        families = [family for family in families if family not in joined]
        families.append((marks.union(*(family[0] for family in joined)), [*members, fact]))
    return [members for _, members in families]


def matters(use: Use) -> bool:
    """True if the use hands the dict to asyncpg, or to what may be asyncpg."""
    if use.call is None:
        return False
    if use.call.sink == "url":
        return use.kind == "escape"
    if use.kind == "escape":
        return use.call.sink == "chosen"
    return use.kind in HANDED_ON and use.call.sink in ASYNCPG | set(UNPROVED)


def _apply(ledger: Ledger, fact: DictFact, option: Replace, *, drop: bool) -> None:
    """Carry the verdict out: the key, its readers, and the calls where the limit moves."""
    group = f"{fact.path}:{fact.place.start}"
    if any(use.kind in SETTINGS for use in fact.trace.uses):
        _move_out_of_settings(ledger, fact, option, group)
        return
    if drop:
        _drop(ledger, fact, group)
        for call in calls_of(fact):
            note_lost_limit(ledger, call, fact.value.shown)
        return
    _rename(ledger, fact, group)
    note_value(ledger, fact.value, fact.path, fact.line)
    for use in fact.trace.uses:
        if use.kind in HANDED_ON and use.call is not None:
            (ledger.at_times if use.indirect else ledger.timed).add((use.call.path, use.call.span))
    for use in readers_of(ledger, fact):
        summary = f'["{tables.KEY}"] -> ["{tables.NEW}"], the key\'s new name'
        ledger.edit(
            (use.path, use.span, "SimpleString"),
            NewKey(tables.KEY, tables.NEW),
            summary,
            "reader of the key renamed",
            group=group,
            support=True,
            edits_strings=True,
        )


def _rename(ledger: Ledger, fact: DictFact, group: str) -> None:
    summary = f'"{tables.KEY}": {fact.value.shown} -> "{tables.NEW}": {fact.value.written}'
    if fact.kind == "Store":
        place = (fact.path, fact.place, "SimpleString")
        ledger.edit(place, NewKey(tables.KEY, tables.NEW), summary, "key renamed", group=group, edits_strings=True)
        if fact.value.action != "keep":
            ledger.edit(
                (fact.path, fact.span, fact.node),
                NewValue(fact.value),
                summary,
                "value converted",
                group=group,
                support=True,
                edits_strings=True,
            )
        return
    ledger.edit(
        (fact.path, fact.span, fact.kind),
        (Rename(tables.KEY, tables.NEW, fact.value),),
        summary,
        "key renamed" if fact.value.action == "keep" else "key renamed, value converted",
        group=group,
        edits_strings=True,
    )


def _drop(ledger: Ledger, fact: DictFact, group: str, *, support: bool = False, reason: str = "") -> None:
    """Take the key out; where nothing else is in the dict, the argument that it is written in goes as a whole."""
    whole = [use for use in fact.trace.uses if use.kind in _ARGUMENTS and use.span == fact.holder and use.call]
    if fact.alone and whole and whole[0].call is not None and len(calls_of(fact)) == 1:
        use, call = whole[0], whole[0].call
        step = DropEntry("connect_args", "server_settings") if use.kind == "engine_settings" else Drop(use.kind)
        ledger.edit(
            (call.path, call.span, "Call"),
            (step,),
            f'"{tables.KEY}": {fact.value.shown} dropped{reason}, and with it the dict',
            "key dropped with its dict",
            group=group,
            drops_comments=fact.comment or use.comment,
            edits_strings=True,
        )
        return
    ledger.edit(
        (fact.path, fact.span, fact.kind),
        (Drop(tables.KEY),),
        f'"{tables.KEY}": {fact.value.shown} dropped{reason}',
        "key dropped",
        group=group,
        support=support,
        drops_comments=fact.comment,
        edits_strings=True,
    )


def _move_out_of_settings(ledger: Ledger, fact: DictFact, option: Replace, group: str) -> None:
    """``server_settings={"connect_timeout": ...}``: the key goes, each call gets the limit."""
    _drop(ledger, fact, group, reason=": it is no setting of the server's")
    for use in fact.trace.uses:
        if use.kind not in SETTINGS or use.call is None:
            continue
        call = use.call
        limit = limit_of(call, ledger)
        if option == "strip" or limit in HARD or (limit and option == "auto"):
            note_lost_limit(ledger, call, fact.value.shown)
            continue
        code = fact.value.written
        step = Add(tables.NEW, code) if use.kind == "server_settings" else Merge("connect_args", tables.NEW, code)
        ledger.timed.add((call.path, call.span))
        ledger.edit(
            (call.path, call.span, "Call"),
            (step,),
            f"{tables.NEW}={code} added to {call.name}()",
            "limit moved out of server_settings",
            group=group,
            support=True,
            edits_strings=True,
        )


def _drop_unread(ledger: Ledger, fact: DictFact) -> None:
    """The last reader was a keyword that this plan drops: the key goes with it, and nothing else."""
    uses = fact.trace.uses
    gone = [use for use in uses if use.kind == "read" and ledger.is_gone(use.path, use.span)]
    quiet = all(use.kind in ("read", "shown") for use in uses) and fact.kind != "Store"
    if not gone or not quiet or readers_of(ledger, fact) or not ledger.project.is_selected(fact.path):
        return
    use = gone[0]
    keyword = next(span for path, span in ledger.gone if path == use.path and span.contains(use.span))
    for (path, span, kind), edit in list(ledger.edits.items()):
        if path == use.path and kind == "Call" and span.contains(keyword):
            group = sorted(edit.groups)[0]
            _drop(ledger, fact, group, support=True, reason=": nothing reads it any more")
            return
