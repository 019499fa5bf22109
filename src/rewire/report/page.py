"""A codemod's page: what it does, its options and its refusal codes, as text for a terminal or as Markdown.

Everything in it comes from the code: the docstring of the codemod's package, its class, its options dataclass. The
files in ``docs/codemods`` are this module's output.
"""

from __future__ import annotations

import dataclasses
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rewire.model.site import Promise
from rewire.plan import ENGINE_CODES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rewire.codemod.base import Codemod

PROMISES: Mapping[Promise, str] = {
    Promise.PROVED: "the meaning of every changed file is proved to be the same; what cannot be proved is not changed",
    Promise.CHECKED: "each change follows from facts in the code; read the outliers",
    Promise.REVIEW: "behaviour changes on purpose; read the diff",
}


@dataclass(frozen=True, slots=True)
class OptionRow:
    """One row of the option table. ``default`` as TOML would write it."""

    name: str
    type: str
    default: str
    doc: str


def option_rows(codemod: Codemod[Any, Any], types: Mapping[str, str]) -> tuple[OptionRow, ...]:
    """The codemod's options in declaration order. ``types``: field name -> its type in words."""
    return tuple(
        OptionRow(field.name.replace("_", "-"), types[field.name], _toml(field.default), field.metadata.get("doc", ""))
        for field in dataclasses.fields(codemod.options_type)
    )


def text(codemod: Codemod[Any, Any], body: str, options: tuple[OptionRow, ...], width: int) -> str:
    """The page for a terminal ``width`` columns wide, without colours."""
    parts = [f"{codemod.name}: {codemod.summary}", "", f"promise: {codemod.promise} ({PROMISES[codemod.promise]})"]
    if not codemod.default:
        parts.append(f"runs only when selected by name: --select {codemod.name}")
    parts += ["", _readable(body), "", "Options", ""]
    for row in options:
        parts += [f"  {row.name} = {row.default}    ({row.type})", *_wrapped(row.doc, width, "      ")]
    if not options:
        parts.append("  none")
    parts += ["", "Refusal codes", ""]
    for code in codemod.refusal_codes:
        parts += [f"  {code.code}", *_wrapped(code.meaning, width, "      ")]
        parts += _wrapped(f"-> {code.advice}", width, "      ")
    if not codemod.refusal_codes:
        parts.append("  none of its own")
    return "\n".join(parts) + "\n"


def markdown(codemod: Codemod[Any, Any], body: str, options: tuple[OptionRow, ...]) -> str:
    """The page as Markdown: what stands in ``docs/codemods/<name>.md``."""
    only = "" if codemod.default else f" Runs only when selected by name: `--select {codemod.name}`."
    parts = [f"# {codemod.name}", "", f"Promise `{codemod.promise}`: {PROMISES[codemod.promise]}.{only}", ""]
    parts += [_fenced(body), "", "## Options", ""]
    if options:
        parts += [f"In `[tool.rewire.{codemod.name}]`, or `--set {codemod.name}.OPTION=VALUE`.", ""]
        parts += ["| option | type | default | what |", "| --- | --- | --- | --- |"]
        parts += [
            f"| `{row.name}` | {_cell(row.type)} | `{_cell(row.default)}` | {_cell(row.doc)} |" for row in options
        ]
    else:
        parts.append("None.")
    parts += ["", "## Refusal codes", "", "Places that it sees and leaves alone, with what a person can do.", ""]
    parts += ["| code | means | what to do |", "| --- | --- | --- |"]
    parts += [f"| `{one.code}` | {_cell(one.meaning)} | {_cell(one.advice)} |" for one in codemod.refusal_codes]
    parts += [f"| `{code}` | {_cell(meaning)} | {_cell(advice)} |" for code, (meaning, advice) in ENGINE_CODES.items()]
    return "\n".join(parts) + "\n"


_BLOCK = re.compile(r"^(.*)::[ ]*\n\n((?:(?:[ ]+.*)?\n)+)", re.MULTILINE)
_LITERAL = re.compile(r"(?<!`)``(?!`)")


def _readable(body: str) -> str:
    """A docstring for a terminal: the marks that only a renderer needs are gone."""
    return re.sub(r"::$", ":", _LITERAL.sub("`", body.strip()), flags=re.MULTILINE)


def _fenced(body: str) -> str:
    """A docstring as Markdown: a line that ends in ``::`` opens an indented block, which becomes a fenced one."""
    marked = _LITERAL.sub("`", body.strip()) + "\n\n"
    return _BLOCK.sub(lambda match: f"{match[1]}:\n\n```python\n{_dedented(match[2])}\n```\n\n", marked).strip()


def _dedented(block: str) -> str:
    """An indented block without its indentation and the blank lines around it."""
    import textwrap

    return textwrap.dedent(block).strip("\n")


def _toml(value: Any) -> str:
    """A default as TOML would write it; ``none`` where there is no value."""
    if value is None:
        return "none"
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value)


def _cell(words: str) -> str:
    """Words of ours in a Markdown table."""
    return " ".join(words.split()).replace("|", "\\|")


def _wrapped(words: str, width: int, indent: str) -> list[str]:
    """``words`` as indented lines."""
    import textwrap

    return textwrap.wrap(words, max(width, 40), initial_indent=indent, subsequent_indent=indent)
