"""Whether a dict's key may change: what becomes of it, who reads it, and the first reason to leave it alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rewire_codemods.connect_timeout.decide_keywords import limit_of
from rewire_codemods.connect_timeout.facts import ASYNCPG
from rewire_codemods.connect_timeout.refusals import UNPROVED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire_codemods.connect_timeout.facts import CallFact, DictFact, Use
    from rewire_codemods.connect_timeout.ledger import Ledger
    from rewire_codemods.connect_timeout.options import Replace

SETTINGS = ("server_settings", "engine_settings")
HANDED_ON = ("splat", "connect_args", *SETTINGS)
HARD = ("timeout=", "timeout")
"""Limits beside which a second ``timeout`` would be an error."""


def refused_dict(ledger: Ledger, fact: DictFact, family: Sequence[DictFact], option: Replace) -> tuple[str, str] | None:
    """The first reason to leave the dict alone."""
    for use in fact.trace.uses:
        verdict = _refused_use(ledger, use)
        if verdict is not None:
            return verdict
    if "taken" in fact.trace.flags:
        return "wrapper-parameter", ""
    reads = readers_of(ledger, fact)
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
        if call is not None and call.sink == "chosen":
            return "driver-unproved", f"{use.detail} at {where}"
        return "escapes", f"{use.detail} at {where}"
    if use.kind not in HANDED_ON or call is None:
        return None
    if call.sink == "driver":
        return "other-driver", f"{call.name}() at {where}"
    if call.sink not in ASYNCPG:
        code = UNPROVED.get(call.sink, "escapes")
        return code, f"{use.detail} at {where}"
    if call.own:
        return "own-connect", f"{call.own} at {where}"
    if not ledger.project.is_selected(use.path) and use.kind in SETTINGS:
        return "outside-selection", use.path
    return None


def _refused_mode(
    ledger: Ledger, fact: DictFact, family: Sequence[DictFact], reads: Sequence[Use], option: Replace
) -> tuple[str, str] | None:
    """Reasons that depend on whether the key is renamed or dropped."""
    calls = calls_of(fact)
    settings = [use for use in fact.trace.uses if use.kind in SETTINGS]
    if settings:
        if len(settings) != len([use for use in fact.trace.uses if use.kind in HANDED_ON]):
            return "escapes", "it is server settings in one place and connect arguments in another"
        if reads or fact.kind == "Store":
            return ("key-read-elsewhere", f"{reads[0].path}:{reads[0].line}") if reads else ("key-set-apart", "")
        if any(use.kind == "engine_settings" and use.call and use.call.arguments == "elsewhere" for use in settings):
            return "arguments-elsewhere", ""
    elif must_drop(ledger, fact, option):
        hard = option != "strip" and not all(limit_of(call, ledger) in HARD for call in calls) and not fact.timed
        if hard and option != "strip" and any(limit_of(call, ledger) in HARD for call in calls):
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


def must_drop(ledger: Ledger, fact: DictFact, option: Replace) -> bool:
    """True if the key goes; False if it is renamed."""
    limits = [limit_of(call, ledger) for call in calls_of(fact)]
    if option == "strip" or fact.timed or any(limit in HARD for limit in limits):
        return True
    if option == "rename" or not limits or not all(limits):
        return False
    return not readers_of(ledger, fact) and fact.kind != "Store"


def calls_of(fact: DictFact) -> list[CallFact]:
    """The calls that the dict is handed to."""
    return [use.call for use in fact.trace.uses if use.kind in HANDED_ON and use.call is not None]


def readers_of(ledger: Ledger, fact: DictFact) -> list[Use]:
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
