"""Examine one file: parse it and write down its facts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import libcst as cst

from rewire.codemod import NestedTooDeeply
from rewire.codemod.cst import parse
from rewire_codemods.connect_timeout import layout, tables
from rewire_codemods.connect_timeout.built import built_dicts
from rewire_codemods.connect_timeout.facts import ASYNCPG, DictFact, Extra, FileFacts, KeywordFact, TextFact
from rewire_codemods.connect_timeout.flows import Flow
from rewire_codemods.connect_timeout.gathering import gathered_by
from rewire_codemods.connect_timeout.guards import is_asyncpg
from rewire_codemods.connect_timeout.layers import layer_facts
from rewire_codemods.connect_timeout.literals import has_key, last_name, literal_key, text_of_string
from rewire_codemods.connect_timeout.origins import Elsewhere, Origins
from rewire_codemods.connect_timeout.sinks import Sinks
from rewire_codemods.connect_timeout.tables import LAYERED, UNPACKS
from rewire_codemods.connect_timeout.urls import LIMIT, StringNode, pieces_of, read_limits
from rewire_codemods.connect_timeout.values import value_of
from rewire_codemods.connect_timeout.walk import name_scopes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rewire.codemod import SourceFile

_STRINGS = (cst.SimpleString, cst.ConcatenatedString, cst.FormattedString)
_REPLACED = ("connect", "create_pool", "acquire")
_REPLACING = frozenset({"setattr", "patch", "object", "AsyncMock", "MagicMock", "Mock"})
_KEYWORD_SINKS = ASYNCPG | {"unproved", "engine-unproved", "chosen"}


def examine(source: SourceFile, elsewhere: Elsewhere | None = None) -> FileFacts:
    """The facts of one file. Raises NotPython or NotLossless where it cannot be parsed."""
    return Examined(source, elsewhere).facts()


class Examined:
    """One parsed file with its names, origins and sinks."""

    def __init__(self, source: SourceFile, elsewhere: Elsewhere | None = None) -> None:
        self.path = source.path
        self.text = source.text
        try:
            self.tree = parse(source.text)
            self.names = name_scopes(self.tree)
        except RecursionError:
            raise NestedTooDeeply("an expression is nested too deeply", advice="exclude the file") from None
        self.origins = Origins(self.names, elsewhere, source.path)
        self.sinks = Sinks(source.path, self.origins)

    def facts(self) -> FileFacts:
        """All of it."""
        keywords = tuple(self._keywords())
        dicts = (*self._displays(), *self._calls(), *self._stores())
        texts = tuple(self._texts())
        return FileFacts(
            asyncpg=any(word in self.text for word in tables.REACHES),
            keywords=keywords,
            dicts=tuple(sorted(dicts, key=lambda fact: fact.place)),
            texts=texts,
            extras=tuple(self._extras()),
            open=tuple(sorted(self.origins.open)),
            examined=True,
            vague=bool(dicts) and self._vague(),
            asserted=tuple(self._asserted()),
            faked=tuple(self._faked()),
            unpacks=UNPACKS.search(self.text) is not None,
            built=tuple(built_dicts(self.sinks)),
            layers=tuple(layer_facts(self.sinks)) if LAYERED.search(self.text) else (),
        )

    def _of(self, *kinds: type[cst.CSTNode]) -> list[cst.CSTNode]:
        return [node for kind in kinds for node in self.names.nodes.get(kind, ())]

    def _keywords(self) -> Iterator[KeywordFact]:
        """Calls that reach asyncpg (or may) with the argument."""
        for call in self._of(cst.Call):
            assert isinstance(call, cst.Call)
            place = layout.index_of_keyword(call.args, tables.KEY)
            if place is None:
                continue
            if self.sinks.sink(call) in _KEYWORD_SINKS:
                fact = self.sinks.read(call)
                yield KeywordFact(
                    fact,
                    self.tree.span(call.args[place]),
                    value_of(call.args[place].value, self.origins),
                    layout.drops_comment(layout.of_call(call), place),
                )

    def _displays(self) -> Iterator[DictFact]:
        """Dict displays with the key."""
        for node in self._of(cst.Dict):
            assert isinstance(node, cst.Dict)
            place = layout.index_of_key(node.elements, tables.KEY)
            if place is None:
                continue
            element = node.elements[place]
            assert isinstance(element, cst.DictElement)
            flow = Flow(self.sinks)
            flow.follow(node)
            yield DictFact(
                path=self.path,
                span=self.tree.span(node),
                kind="Dict",
                place=self.tree.span(element),
                line=self.tree.line(element),
                value=value_of(element.value, self.origins),
                trace=flow.trace(),
                timed=has_key(node, tables.NEW),
                comment=layout.drops_comment(layout.of_dict(node), place),
                alone=len(node.elements) == 1,
                holder=self.tree.span(self._holder(node)),
                guard=is_asyncpg(node, self.names),
            )

    def _holder(self, node: cst.Dict) -> cst.CSTNode:
        """The dict of which ``node`` is an entry, else ``node`` itself."""
        element = self.names.parent(node)
        outer = self.names.parent(element) if isinstance(element, cst.DictElement) else None
        return outer if isinstance(outer, cst.Dict) else node

    def _calls(self) -> Iterator[DictFact]:
        """``dict(connect_timeout=...)``, ``cfg.update(connect_timeout=...)``, and functions that take ``**kwargs``."""
        for call in self._of(cst.Call):
            assert isinstance(call, cst.Call)
            place = layout.index_of_keyword(call.args, tables.KEY)
            if place is None:
                continue
            trace = gathered_by(call, self.sinks)
            if trace is None:
                continue
            arg = call.args[place]
            yield DictFact(
                path=self.path,
                span=self.tree.span(call),
                kind="Call",
                place=self.tree.span(arg),
                line=self.tree.line(arg),
                value=value_of(arg.value, self.origins),
                trace=trace,
                timed=has_key(call, tables.NEW),
                comment=layout.drops_comment(layout.of_call(call), place),
                guard=is_asyncpg(call, self.names),
            )

    def _stores(self) -> Iterator[DictFact]:
        """``cfg["connect_timeout"] = ...`` and ``cfg.setdefault("connect_timeout", ...)``."""
        for node in self._of(cst.Subscript):
            assert isinstance(node, cst.Subscript)
            value = self.names.stores.get(id(node))
            index = node.slice[0].slice
            if value is not None and literal_key(node) == tables.KEY and isinstance(index, cst.Index):
                yield self._store(node.value, index.value, value)
        for call in self._of(cst.Call):
            assert isinstance(call, cst.Call)
            if isinstance(call.func, cst.Attribute) and call.func.attr.value == "setdefault" and len(call.args) == 2:
                key, value = (arg.value for arg in call.args)
                if text_of_string(key) == tables.KEY:
                    yield self._store(call.func.value, key, value)

    def _store(self, holder: cst.CSTNode, key: cst.CSTNode, value: cst.CSTNode) -> DictFact:
        flow = Flow(self.sinks)
        flow.assigned_to(holder, ())
        return DictFact(
            path=self.path,
            span=self.tree.span(value),
            kind="Store",
            place=self.tree.span(key),
            line=self.tree.line(key),
            value=value_of(value, self.origins),
            trace=flow.trace(),
            node=type(value).__name__,
            guard=is_asyncpg(key, self.names),
        )

    def _asserted(self) -> Iterator[int]:
        """``mock.assert_called_with(connect_timeout=...)`` and its kin."""
        for call in self._of(cst.Call):
            assert isinstance(call, cst.Call)
            name = call.func.attr.value if isinstance(call.func, cst.Attribute) else ""
            asks = name == "call" or (name.startswith("assert_") and name.endswith("_with"))
            if asks and layout.index_of_keyword(call.args, tables.KEY) is not None:
                yield self.tree.line(call)

    def _faked(self) -> Iterator[int]:
        """``def fake(dsn, connect_timeout)`` given to ``setattr`` or ``patch``, or assigned to some ``x.connect``."""
        for binding in self.names.parameters.values():
            holder = self.names.parent(binding.node) if binding.name == tables.KEY else None
            function = self.names.parent(holder) if holder is not None else None
            if isinstance(function, cst.FunctionDef):
                uses = self.names.loads.get(function.name.value, ())
                if any(self._replaces(use) for use in uses):
                    yield self.tree.line(function)

    def _replaces(self, use: cst.Name) -> bool:
        """True where a name is put in the place of something else."""
        holder = self.names.parent(use)
        if isinstance(holder, cst.Assign):
            targets = [entry.target for entry in holder.targets]
            return any(isinstance(target, cst.Attribute) and target.attr.value in _REPLACED for target in targets)
        call = self.names.parent(holder) if isinstance(holder, cst.Arg) else None
        return isinstance(call, cst.Call) and last_name(call.func) in _REPLACING

    def _vague(self) -> bool:
        """True if a call that reaches asyncpg unpacks nobody knows what."""
        calls = [call for call in self.names.nodes.get(cst.Call, ()) if any(arg.star == "**" for arg in call.args)]
        reaching = (call for call in calls if self.sinks.sink(call) in ("connect", "create_pool"))
        return any(self.sinks.read(call).splat for call in reaching)

    def _texts(self) -> Iterator[TextFact]:
        """DSN and URL literals that set a limit."""
        for node in self._of(*_STRINGS):
            assert isinstance(node, _STRINGS)
            holder = self.names.parent(node)
            if isinstance(holder, cst.ConcatenatedString) or not LIMIT.search(_text(node)):
                continue
            fact = self._text(node)
            if fact is not None:
                yield fact

    def _text(self, node: StringNode) -> TextFact | None:
        limits = read_limits(node, self.origins)
        if limits is None or limits.driver not in ("", "asyncpg"):
            return None
        flow = Flow(self.sinks, text=True)
        flow.follow(node)
        return TextFact(
            path=self.path,
            span=self.tree.span(node),
            kind=type(node).__name__,
            line=self.tree.line(node),
            driver=limits.driver,
            limits=limits.found,
            pieces=limits.pieces,
            trace=flow.trace(),
            comment="" in limits.pieces and "#" in self.tree.code(node),
        )

    def _extras(self) -> Iterator[Extra]:
        """Other arguments of libpq's in calls and DSNs that reach asyncpg."""
        for call in self._of(cst.Call):
            assert isinstance(call, cst.Call)
            if not any(arg.keyword is not None and arg.keyword.value in tables.LIBPQ_KEYWORDS for arg in call.args):
                continue
            if self.sinks.sink(call) not in ("connect", "create_pool"):
                continue
            for arg in call.args:
                if arg.keyword is not None and arg.keyword.value in tables.LIBPQ_KEYWORDS:
                    yield Extra(arg.keyword.value, self.tree.span(arg), self.tree.line(arg))
        for node in self._of(*_STRINGS):
            for name in _DSN_KEY.findall(text_of_string(node) or ""):
                flow = Flow(self.sinks, text=True)
                flow.follow(node)
                if any(use.kind == "dsn" for use in flow.uses):
                    yield Extra(name, self.tree.span(node), self.tree.line(node), dsn=True)


_DSN_KEY = re.compile(rf"[?&]({'|'.join(sorted(tables.LIBPQ_DSN_KEYS))})=")


def _text(node: cst.CSTNode) -> str:
    """The text of a string literal without its replacement fields, quotes and prefixes included."""
    if isinstance(node, cst.FormattedString):
        return "".join(part.value for part in node.parts if isinstance(part, cst.FormattedStringText))
    return (
        "".join(_text(piece) for piece in pieces_of(node))
        if isinstance(node, cst.ConcatenatedString)
        else (node.value if isinstance(node, cst.SimpleString) else "")
    )
