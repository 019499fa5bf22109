"""A key ``connect_timeout`` in a dict: rename it with all its readers, drop it, or leave everything as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rewire_codemods.connect_timeout import tables
from rewire_codemods.connect_timeout.decide_keywords import Replace, limit_of, note_lost_limit, note_value
from rewire_codemods.connect_timeout.edits import Add, Drop, DropEntry, Merge, NewKey, NewValue, Rename
from rewire_codemods.connect_timeout.facts import ASYNCPG

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire_codemods.connect_timeout.facts import CallFact, DictFact, Use
    from rewire_codemods.connect_timeout.ledger import Ledger

_SETTINGS = ("server_settings", "engine_settings")
_SINKS = ("splat", "connect_args", *_SETTINGS)
_ARGUMENTS = ("connect_args", "server_settings", "engine_settings")
_HARD = ("timeout=", "timeout")


def decide_dicts(ledger: Ledger, facts: Sequence[DictFact], option: Replace) -> None:
    """Decide on all dicts; those that share a use stand or fall together."""
    for family in _families(facts):
        reached = [fact for fact in family if any(_matters(use) for use in fact.trace.uses)]
        if not reached:
            for fact in family:
                _drop_unread(ledger, fact)
            continue
        verdict = next(filter(None, (_refused(ledger, fact, family, option) for fact in family)), None)
        if verdict is not None:
            for fact in family:
                ledger.refuse(fact.path, fact.place, fact.line, *verdict)
            continue
        drops = [_must_drop(ledger, fact, option) for fact in family]
        for fact, drop in zip(family, drops, strict=True):
            _apply(ledger, fact, option, drop=drop)


def _families(facts: Sequence[DictFact]) -> list[list[DictFact]]:
    """Facts that share a use, directly or through others."""
    families: list[tuple[set[tuple[str, object]], list[DictFact]]] = []
    for fact in facts:
        marks: set[tuple[str, object]] = {(use.path, use.span) for use in fact.trace.uses}
        marks.add((fact.path, fact.place))
        joined = [family for family in families if family[0] & marks]
        members = [member for family in joined for member in family[1]]
        families = [family for family in families if family not in joined]
        families.append((marks.union(*(family[0] for family in joined)), [*members, fact]))
    return [members for _, members in families]


def _matters(use: Use) -> bool:
    """True if the use hands the dict to asyncpg, or to what may be asyncpg."""
    if use.call is None:
        return False
    if use.call.sink == "url":
        return use.kind == "escape"
    return use.kind in _SINKS and use.call.sink in ASYNCPG | {"unproved", "engine-unproved"}


def _refused(ledger: Ledger, fact: DictFact, family: Sequence[DictFact], option: Replace) -> tuple[str, str] | None:
    """The first reason to leave the dict alone."""
    for use in fact.trace.uses:
        verdict = _refused_use(ledger, use)
        if verdict is not None:
            return verdict
    if "taken" in fact.trace.flags:
        return "wrapper-parameter", ""
    reads = _reads(ledger, fact)
    for use in reads:
        if not ledger.project.is_selected(use.path):
            return "outside-selection", f"{use.path}:{use.line} reads the key"
        if use.indirect:
            return "key-read-elsewhere", f"{use.path}:{use.line} reads it from a parameter"
    mixed = [use for use in fact.trace.uses if use.kind == "mixed"]
    if mixed and reads:
        return "other-values", mixed[0].detail
    if not ledger.project.is_selected(fact.path):
        return "outside-selection", fact.path
    return _refused_mode(ledger, fact, family, reads, option)


def _refused_use(ledger: Ledger, use: Use) -> tuple[str, str] | None:
    where = f"{use.path}:{use.line}"
    call = use.call
    if use.kind == "removed":
        return "key-removed", where
    if use.kind == "escape":
        if call is not None and call.sink == "url":
            return "url-object", where
        if call is not None and call.sink == "driver":
            return "other-driver", f"{use.detail} at {where}"
        return "escapes", f"{use.detail} at {where}"
    if use.kind not in _SINKS or call is None:
        return None
    if call.sink == "driver":
        return "other-driver", f"{call.name}() at {where}"
    if call.sink not in ASYNCPG:
        code = {"unproved": "unproved-pool", "engine-unproved": "url-unproved"}.get(call.sink, "escapes")
        return code, f"{use.detail} at {where}"
    if call.own:
        return "own-connect", f"{call.own} at {where}"
    if not ledger.project.is_selected(use.path) and use.kind in _SETTINGS:
        return "outside-selection", use.path
    return None


def _refused_mode(
    ledger: Ledger, fact: DictFact, family: Sequence[DictFact], reads: Sequence[Use], option: Replace
) -> tuple[str, str] | None:
    """Reasons that depend on whether the key is renamed or dropped."""
    calls = _calls(fact)
    settings = [use for use in fact.trace.uses if use.kind in _SETTINGS]
    if settings:
        if len(settings) != len([use for use in fact.trace.uses if use.kind in _SINKS]):
            return "escapes", "it is server settings in one place and connect arguments in another"
        if reads or fact.kind == "Store":
            return ("key-read-elsewhere", f"{reads[0].path}:{reads[0].line}") if reads else ("key-set-apart", "")
        if any(use.kind == "engine_settings" and use.call and use.call.arguments == "elsewhere" for use in settings):
            return "arguments-elsewhere", ""
    elif _must_drop(ledger, fact, option):
        hard = option != "strip" and not all(limit_of(call, ledger) in _HARD for call in calls) and not fact.timed
        if hard and option != "strip" and any(limit_of(call, ledger) in _HARD for call in calls):
            return "mixed-limits", ""
        if reads:
            return "key-read-elsewhere", f"{reads[0].path}:{reads[0].line}"
        if any(member.kind == "Store" for member in family):
            return "key-set-apart", ""
        return None
    if fact.value.action == "unusable" and not (settings and option == "strip"):
        return "value-unusable", fact.value.code
    foreign = [use for use in reads if not use.plain and not _is_keyword_value(ledger, use)]
    if fact.value.action in ("replace", "float") and foreign:
        return "key-read-elsewhere", f"{foreign[0].path}:{foreign[0].line} expects {fact.value.shown}"
    return None


def _must_drop(ledger: Ledger, fact: DictFact, option: Replace) -> bool:
    """True if the key goes; False if it is renamed."""
    limits = [limit_of(call, ledger) for call in _calls(fact)]
    if option == "strip" or fact.timed or any(limit in _HARD for limit in limits):
        return True
    if option == "rename" or not limits or not all(limits):
        return False
    return not _reads(ledger, fact) and fact.kind != "Store"


def _calls(fact: DictFact) -> list[CallFact]:
    return [use.call for use in fact.trace.uses if use.kind in _SINKS and use.call is not None]


def _reads(ledger: Ledger, fact: DictFact) -> list[Use]:
    """The readers that stay, without the dict's own store."""
    return [
        use
        for use in fact.trace.uses
        if use.kind == "read"
        and not ledger.is_gone(use.path, use.span)
        and not (fact.kind == "Store" and (use.path, use.span) == (fact.path, fact.place))
    ]


def _is_keyword_value(ledger: Ledger, use: Use) -> bool:
    """True for a reader that hands the limit to a call which this plan gives ``timeout=``."""
    return any(path == use.path and span.contains(use.span) for path, span in ledger.timed)


def _apply(ledger: Ledger, fact: DictFact, option: Replace, *, drop: bool) -> None:
    """Carry the verdict out: the key, its readers, and the calls where the limit moves."""
    group = f"{fact.path}:{fact.place.start}"
    if any(use.kind in _SETTINGS for use in fact.trace.uses):
        _move_out_of_settings(ledger, fact, option, group)
        return
    if drop:
        _drop(ledger, fact, group)
        for call in _calls(fact):
            note_lost_limit(ledger, call, fact.value.shown)
        return
    _rename(ledger, fact, group)
    note_value(ledger, fact.value, fact.path, fact.line)
    for call in _calls(fact):
        ledger.timed.add((call.path, call.span))
    for use in _reads(ledger, fact):
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
    if fact.alone and whole and whole[0].call is not None and len(_calls(fact)) == 1:
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
        if use.kind not in _SETTINGS or use.call is None:
            continue
        call = use.call
        limit = limit_of(call, ledger)
        if option == "strip" or limit in _HARD or (limit and option == "auto"):
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
    if not gone or not quiet or _reads(ledger, fact) or not ledger.project.is_selected(fact.path):
        return
    use = gone[0]
    keyword = next(span for path, span in ledger.gone if path == use.path and span.contains(use.span))
    for (path, span, kind), edit in list(ledger.edits.items()):
        if path == use.path and kind == "Call" and span.contains(keyword):
            group = sorted(edit.groups)[0]
            _drop(ledger, fact, group, support=True, reason=": nothing reads it any more")
            return
