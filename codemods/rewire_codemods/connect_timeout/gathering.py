"""Calls that gather their keywords in a dict: ``dict`` and its classes, functions with ``**kwargs``, ``update``."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import libcst as cst

from rewire_codemods.connect_timeout import tables
from rewire_codemods.connect_timeout.flows import Flow

if TYPE_CHECKING:
    from rewire_codemods.connect_timeout.facts import Trace
    from rewire_codemods.connect_timeout.origins import Origins
    from rewire_codemods.connect_timeout.passing import Callee
    from rewire_codemods.connect_timeout.sinks import Sinks


def gathered_by(call: cst.Call, sinks: Sinks) -> Trace | None:
    """Where the keywords of a call go that gathers them; None if it does not."""
    flow = Flow(sinks)
    origin = sinks.origins.of(call.func)
    made = _dict_class(origin, sinks.origins)
    if origin in tables.DICTS or made:
        if made == "TypedDict":
            flow.add("escape", call, f"its type is {sinks.names.tree.code(call.func)}")
        flow.follow(call)
        return flow.trace()
    callees = flow.callees(call)
    if any(callee.function.params.star_kwarg is not None for callee in callees):
        return _handed_on(call, callees, flow)
    if isinstance(call.func, cst.Attribute) and call.func.attr.value == "update":
        flow.assigned_to(call.func.value, ())
        return flow.trace()
    return None


def _handed_on(call: cst.Call, callees: list[Callee], flow: Flow) -> Trace | None:
    """The same for functions of the project's, one of which is called."""
    taken = [callee for callee in callees if not flow.gathered(callee, call)]
    if len(taken) == len(callees):
        return None
    if taken:
        flow.add("escape", call, f"taken by {taken[0].name} itself")
    if flow.sinks.is_given_connector(call) and not any(
        use.call is not None and use.call.sink != "other" for use in flow.uses
    ):
        flow.add("escape", call, "handed on", call=replace(flow.sinks.read(call), sink="chosen"))
    return flow.trace()


def _dict_class(origin: str, origins: Origins) -> str:
    """``dict`` or ``TypedDict`` for a class of the project's that makes itself of its keywords as these do."""
    home, known = origins.definition(origin) or (None, None)
    if home is None or not isinstance(known, cst.ClassDef) or home.of_member(known, "__init__"):
        return ""
    bases = [home.of(base.value) for base in known.bases]
    typed = any(base.rpartition(".")[2] == "TypedDict" for base in bases)
    return "TypedDict" if typed else "dict" if any(base in tables.DICTS for base in bases) else ""
