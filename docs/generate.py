"""Write every part of the documentation that is derived from the code; ``--check`` only says what is out of date.

    python docs/generate.py

Generated as a whole: ``docs/codemods/*.md`` and ``docs/report.schema.json``. In ``README.md`` and ``docs/*.md``, what
stands between ``<!-- begin NAME -->`` and ``<!-- end NAME -->``.
"""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rewire import registry
from rewire.cli import parser
from rewire.config.convert import describe
from rewire.config.load import KEYS, LAUNCH_KEYS
from rewire.config.options import option_types
from rewire.model.result import EXIT_CODES
from rewire.model.site import Promise
from rewire.report import ledger, markdown, page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from rewire.codemod import Codemod

TOP = Path(__file__).resolve().parents[1]
MARK = re.compile(r"(<!-- begin (?P<name>[\w-]+) -->\n).*?(\n?<!-- end (?P=name) -->)", re.DOTALL)
INTERRUPTED = 130
ENDED = 143


def codemods() -> list[Codemod[Any, Any]]:
    """The built-in codemods, in default order."""
    found = registry.load().codemods.values()
    return [one for one in found if type(one).__module__.startswith("rewire_codemods.")]


def codemod_pages() -> Iterator[tuple[str, str]]:
    """(file, text) of each codemod's page and of their index."""
    for codemod in codemods():
        types = {name: describe(kind) for name, kind in option_types(codemod).items()}
        rows = page.option_rows(codemod, types)
        yield f"docs/codemods/{codemod.name}.md", page.markdown(codemod, registry.load().page(codemod), rows)
    yield "docs/codemods/README.md", f"# Codemods\n\nIn the order in which a run applies them.\n\n{codemod_table('')}\n"


def codemod_table(folder: str = "docs/codemods/") -> str:
    """Name, what, promise."""
    return _table(
        ("codemod", "what it does", "promise"),
        (
            [
                f"[`{one.name}`]({folder}{one.name}.md)",
                one.summary + ("" if one.default else " (only when selected by name)"),
                f"`{one.promise}`",
            ]
            for one in codemods()
        ),
    )


def exit_codes() -> str:
    """The exit codes."""
    rows = [[f"{code}", meaning] for code, meaning in sorted(EXIT_CODES.items())]
    rows += [[f"{INTERRUPTED}", "interrupted (Ctrl-C)"], [f"{ENDED}", "ended by SIGTERM (129: by SIGHUP)"]]
    return _table(("code", "means"), rows)


def help_text(*words: str) -> str:
    """What ``--help`` prints, 100 columns wide."""
    os.environ["COLUMNS"] = "100"
    os.environ.pop("FORCE_COLOR", None)
    built = parser.build()
    for word in words:
        choices = next(action.choices for action in built._actions if action.dest == "command")
        built = choices[word]  # type: ignore[index, assignment]
    return f"```text\n{built.format_help().rstrip()}\n```"


def keys() -> str:
    """The keys of a configuration file."""
    return _table(("key", "type", "what"), ([f"`{name}`", describe(kind), doc] for name, (kind, doc) in KEYS.items()))


def launch_keys() -> str:
    """The keys of a ``[[launch]]`` table."""
    return _table(
        ("key", "type", "what"), ([f"`{name}`", describe(kind), doc] for name, (kind, doc) in LAUNCH_KEYS.items())
    )


def promises() -> str:
    """What the three promises mean."""
    return _table(("promise", "means"), ([f"`{one}`", page.PROMISES[one]] for one in Promise))


def checks() -> str:
    """The checks that every changed file passes."""
    return _table(("check", "what it makes sure of"), ([name, meaning] for name, meaning in markdown.CHECKS))


def engine_codes() -> str:
    """The refusal codes that any codemod may show."""
    rows = ([f"`{code}`", meaning, advice] for code, (meaning, advice) in page.ENGINE_CODES.items())
    return _table(("code", "means", "what to do"), rows)


def ledger_fields() -> str:
    """The JSON document, object by object."""
    parts = []
    kinds = [
        value
        for value in vars(ledger).values()
        if isinstance(value, type) and getattr(value, "__module__", "") == ledger.__name__
    ]
    for kind in [ledger.Ledger, *(one for one in kinds if one is not ledger.Ledger)]:
        rows = ([f"`{field.name}`", f"`{field.type}`"] for field in fields(kind))
        doc = " ".join((kind.__doc__ or "").split()).replace("``", "`")
        parts.append(f"### {kind.__name__}\n\n{doc}\n\n{_table(('field', 'type'), rows)}")
    return "\n\n".join(parts)


BLOCKS: Mapping[str, Callable[[], str]] = {
    "codemods": codemod_table,
    "exit-codes": exit_codes,
    "apply-help": lambda: help_text("apply"),
    "fleet-help": lambda: help_text("fleet"),
    "keys": keys,
    "launch-keys": launch_keys,
    "promises": promises,
    "checks": checks,
    "engine-codes": engine_codes,
    "ledger": ledger_fields,
}


def _table(head: tuple[str, ...], rows: Any) -> str:
    """A Markdown table."""
    lines = [f"| {' | '.join(head)} |", f"| {' | '.join('---' for _ in head)} |"]
    lines += [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return "\n".join(lines)


def generated() -> Iterator[tuple[Path, str]]:
    """Every file that holds something generated, with the text that it should have."""
    for name, text in codemod_pages():
        yield TOP / name, text
    yield TOP / "docs/report.schema.json", json.dumps(ledger.schema(), indent=2) + "\n"
    for path in [TOP / "README.md", *sorted((TOP / "docs").glob("*.md"))]:
        text = path.read_text(encoding="utf-8")
        filled = MARK.sub(lambda match: f"{match[1]}{BLOCKS[match['name']]()}{chr(10)}{match[3].lstrip()}", text)
        if MARK.search(text):
            yield path, filled


def main(arguments: list[str]) -> int:
    """Write, or with ``--check`` say what differs; 1 if anything does."""
    stale = []
    for path, text in generated():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(path.relative_to(TOP).as_posix())
            if "--check" not in arguments:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
    wanted = {path.name for path, _ in generated()}
    pages = sorted((TOP / "docs/codemods").glob("*.md"))
    stale += [f"{path.relative_to(TOP).as_posix()} (no such codemod)" for path in pages if path.name not in wanted]
    for name in stale:
        sys.stdout.write(f"{'out of date' if '--check' in arguments else 'written'}: {name}\n")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
