"""The text of the generated functions: init_db, create_tables, close_db, in the owner's own manner."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import libcst as cst

from rewire.codemod import Span
from rewire.codemod.cst import dotted_name
from rewire_codemods.applications.reading import plain_names
from rewire_codemods.engine_init.places import whole_span
from rewire_codemods.engine_init.pooling import pool_arguments
from rewire_codemods.engine_init.style import Style, reindent, substitute

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire.codemod.cst import Tree
    from rewire_codemods.engine_init.definition import Definition
    from rewire_codemods.engine_init.options import EngineInitOptions


@dataclass(slots=True)
class Tables:
    """What create_tables does: imports (whole lines) and statements (whole lines without indentation)."""

    imports: list[str] = field(default_factory=list)
    statements: list[str] = field(default_factory=list)


def parameter_name(definition: Definition) -> str | None:
    """The name of init_db's parameter; None where no URL argument is in plain sight."""
    if not any(made.url for made in definition.creation.makers):
        return None
    taken = plain_names(definition.tree)
    return next(name for name in ("database_url", "url", "engine_url", "init_url") if name not in taken)


def write_functions(
    definition: Definition,
    style: Style,
    options: EngineInitOptions,
    tables: Tables | None,
    far: Sequence[tuple[str, str]] = (),
) -> str:
    """init_db, create_tables (where there is something to create) and close_db, separated by two blank lines.

    ``far`` are factories of other modules: import line and name. A function that the owner has already
    (``table_maker``, ``closer``) is not written again.
    """
    parts = [_init(definition, style, options, far)]
    if tables is not None and definition.table_maker is None:
        parts.append(_create_tables(definition, style, options, tables))
    if definition.closer is None:
        parts.append(_close(definition, style, options, far))
    return "\n\n".join(parts)


def engine_declaration(definition: Definition, style: Style) -> str:
    """``engine = None``, with its type where the module says types."""
    if not style.typed:
        return f"{definition.engine} = None"
    kind = "AsyncEngine" if definition.asynchronous else "Engine"
    return f"{definition.engine}: {optional(kind, style)} = None"


def optional(kind: str, style: Style) -> str:
    """``kind`` or None, as a type."""
    return f"{kind} | None" if style.union else f"Optional[{kind}]"


def guard(style: Style, engine: str, indent: str, options: EngineInitOptions) -> str:
    """The lines that make a dependency fail with a clear error before init_db."""
    message = style.string(f"the database is not open: call {options.init_db}() first")
    return f"{indent}if {engine} is None:\n{indent}{style.indent}raise RuntimeError({message})\n"


def _returns(style: Style) -> str:
    return " -> None" if style.typed else ""


def _init(definition: Definition, style: Style, options: EngineInitOptions, far: Sequence[tuple[str, str]]) -> str:
    name = parameter_name(definition)
    step, engine = style.indent, definition.engine
    parameter = ""
    if name is not None:
        parameter = f"{name}: {optional('str', style)} = None" if style.typed else f"{name}=None"
    bound = ", ".join([*definition.bound, *(factory for _, factory in far)])
    what = f"Create the engine and bind {bound} to it" if bound else "Create the engine without connecting"
    lines = [
        f"def {options.init_db}({parameter}){_returns(style)}:",
        step + style.document(f"{what}; one that is open already is closed."),
        f"{step}global {engine}",
        *[step + line for line, _ in far],
        *([""] if far else []),
    ]
    lines += _close_older(definition, style, options)
    lines += _creation(definition, style, options, name)
    for listener in definition.listeners:
        lines.append(step + _registration(definition, listener.call, listener.function.name.value))
    for statement in definition.moved:
        lines.append(reindent(definition.tree.code(statement), "", step))
    lines += [f"{step}{name}.configure(bind={engine})" for name in definition.bound]
    lines += [f"{step}{factory}.configure(bind={engine})" for _, factory in far]
    return "\n".join(lines) + "\n"


def _close_older(definition: Definition, style: Style, options: EngineInitOptions) -> list[str]:
    step, engine = style.indent, definition.engine
    if not _close_is_coroutine(definition):
        return [f"{step}{options.close_db}()"]
    return [
        f"{step}if {engine} is not None:",
        f"{step * 2}try:",
        f"{step * 3}asyncio.get_running_loop().create_task({engine}.dispose())",
        f"{step * 2}except RuntimeError:  # no loop is running",
        f"{step * 3}asyncio.run({engine}.dispose())",
    ]


def _close_is_coroutine(definition: Definition) -> bool:
    if definition.closer is not None:
        return definition.closer.asynchronous is not None
    return definition.asynchronous


def closes_asynchronously(definition: Definition) -> bool:
    """True if close_db has to be awaited."""
    return _close_is_coroutine(definition)


def makes_asynchronously(definition: Definition) -> bool:
    """True if create_tables has to be awaited."""
    if definition.table_maker is not None:
        return definition.table_maker.asynchronous is not None
    return definition.asynchronous


def _registration(definition: Definition, call: cst.Call, function: str) -> str:
    """``event.listen(engine, "connect", f)`` for ``@event.listens_for(engine, "connect")`` on ``f``."""
    tree = definition.tree
    if isinstance(call.func, cst.Attribute) and len(call.args) >= 2:
        position = tree.span(call.args[1]).end
        start = tree.span(call.args[0]).start
        head = tree.code(call.func.value)
        given = tree.text[start:position]
        rest = "".join(f", {tree.code(arg)}" for arg in call.args[2:])
        return f"{head}.listen({given}, {function}{rest})"
    return f"{tree.code(call)}({function})"


def _creation(definition: Definition, style: Style, options: EngineInitOptions, name: str | None) -> list[str]:
    """The moved statement, its URL argument replaced by the parameter."""
    tree, creation, step = definition.tree, definition.creation, style.indent
    in_place = creation.factory is not None
    span = tree.span(creation.makers[0].call) if in_place else whole_span(tree, creation.statement)
    replacements: list[tuple[Span, str]] = list(_without_annotations(definition))
    lines: list[str] = []
    urls = [made.url for made in creation.makers]
    texts = {tree.code(url.value) for url in urls if url is not None}
    uniform = len(texts) == 1 and all(url is not None for url in urls)
    if name is not None and uniform:
        (text,) = texts
        first = next(url for url in urls if url is not None)
        lines += [f"{step}if {name} is None:", *_assigned(name, text, _line_indent(tree, first.value), step * 2)]
        replacements += [(tree.span(url.value), name) for url in urls if url is not None]
        replacements += _tests(definition, text, name)
    elif name is not None:
        replacements += [
            (tree.span(url.value), f"{tree.code(url.value)} if {name} is None else {name}") for url in urls if url
        ]
    if options.pool:
        added = pool_arguments(definition, style, name if uniform else None)
        replacements += added[1]
        lines += [step + line for line in added[0]]
    moved = substitute(span.of(tree.text), span.start, replacements)
    if in_place:
        moved = f"{creation.name} = {reindent(moved, _line_indent(tree, creation.makers[0].call), '')}"
    return [*lines, reindent(moved, "", step)]


def _assigned(name: str, text: str, old: str, new: str) -> list[str]:
    """``name = text``, whose further lines come from the indentation ``old``."""
    first, newline, rest = text.partition("\n")
    if newline and not text.rstrip().endswith((")", "]", "}")):
        first, rest = f"({first}", f"{rest})"
    return [f"{new}{name} = {first}{newline}{reindent(rest, old, new) if rest else ''}"]


def _line_indent(tree: Tree, node: cst.CSTNode) -> str:
    """The white space before the line on which a node starts."""
    start = tree.text.rfind("\n", 0, tree.span(node).start) + 1
    line = tree.text[start:]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _without_annotations(definition: Definition) -> list[tuple[Span, str]]:
    """``engine: Engine = ...`` becomes ``engine = ...``: a global name cannot be annotated inside a function."""
    tree = definition.tree
    found = []
    for node in tree.walk(definition.creation.statement):
        if not isinstance(node, cst.AnnAssign) or node.value is None:
            continue
        if isinstance(node.target, cst.Name) and node.target.value == definition.engine:
            found.append((Span(tree.span(node.target).end, tree.span(node.value).start), " = "))
    return found


def _tests(definition: Definition, url: str, name: str) -> list[tuple[Span, str]]:
    """Where the ``if`` asks which URL it is, it asks the parameter."""
    statement = definition.creation.statement
    if not isinstance(statement, cst.If) or not all(part.isidentifier() for part in url.split(".")):
        return []
    tree = definition.tree
    found = []
    rest: cst.If | cst.Else | None = statement
    while isinstance(rest, cst.If):
        for node in tree.walk(rest.test):
            above = tree.parent(node)
            is_attribute = isinstance(above, cst.Attribute) and above.attr is node
            if isinstance(node, (cst.Name, cst.Attribute)) and dotted_name(node) == url and not is_attribute:
                found.append((tree.span(node), name))
        rest = rest.orelse
    return found


def _create_tables(definition: Definition, style: Style, options: EngineInitOptions, tables: Tables) -> str:
    step = style.indent
    head = "async def" if definition.asynchronous else "def"
    lines = [
        f"{head} {options.create_tables}(){_returns(style)}:",
        step + style.document("Create the tables of every mapped class; those that exist already are left alone."),
    ]
    lines += [step + line for line in tables.imports]
    if tables.imports:
        lines.append("")
    for statement in tables.statements:
        lines.append(reindent(statement, "", step))
    return "\n".join(lines) + "\n"


def close_body(definition: Definition, step: str) -> list[str]:
    """What close_db does once it knows that there is an engine."""
    engine = definition.engine
    wait = "await " if _close_is_coroutine(definition) and definition.asynchronous else ""
    lines = [f"{step}{'await ' if awaited else ''}{name}.remove()" for name, awaited in definition.registries]
    lines += [f"{step}{name}.configure(bind=None)" for name in definition.bound]
    return [*lines, f"{step}{wait}{engine}.dispose()", f"{step}{engine} = None"]


def close_head(definition: Definition, step: str) -> list[str]:
    """The first lines of close_db."""
    engine = definition.engine
    return [f"{step}global {engine}", f"{step}if {engine} is None:", f"{step * 2}return"]


def _close(definition: Definition, style: Style, options: EngineInitOptions, far: Sequence[tuple[str, str]]) -> str:
    step = style.indent
    head = "async def" if definition.asynchronous else "def"
    what = "Dispose of the engine" + (" and unbind the session factory" if definition.bound or far else "")
    lines = [
        f"{head} {options.close_db}(){_returns(style)}:",
        step + style.document(f"{what}; does nothing while there is no engine."),
        *close_head(definition, step),
        *[step + line for line, _ in far],
        *([""] if far else []),
        *[f"{step}{factory}.configure(bind=None)" for _, factory in far],
        *close_body(definition, step),
    ]
    return "\n".join(lines) + "\n"
