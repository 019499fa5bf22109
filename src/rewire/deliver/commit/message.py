"""A commit's message, written from the ledger and nothing else: what, how much, what not, how to do and undo it."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from typing import TYPE_CHECKING, Any

from rewire import __version__
from rewire.deliver.patch import quote_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rewire.deliver.commit.series import Step
    from rewire.model.result import Outcome

_ASCII = "".join(map(chr, range(32, 127))) + "\n"

LISTED = 20
"""How many files, and how many notes, a message lists."""


def subject(step: Step) -> str:
    """``rewire(<codemod>): <what>``; one line, at most 200 characters, no control characters."""
    what = step.outcome.summary
    if step.grain == "file":
        what = f"{what} in {_some(sorted(step.files))}"
    elif step.grain == "site":
        first = min(step.changes, key=lambda change: change.support, default=None)
        if first is not None:
            place = f"{quote_path(first.path)}:{first.line}"
            more = f" and {len(step.changes) - 1} more" if len(step.changes) > 1 else ""
            what = f"{first.summary or what} ({place}{more})"
    return _plain(f"rewire({step.outcome.codemod}): {what}")[:200]


def message(step: Step, *, command: str, parent_tree: str, result_tree: str) -> str:
    """The whole message; the trailers are the last paragraph, as ``git interpret-trailers`` reads them."""
    paragraphs = [
        subject(step),
        _figures(step),
        _files(step),
        *_left(step),
        _ways(step, command),
        _trailers(step.outcome, parent_tree, result_tree),
    ]
    return "\n\n".join(paragraphs) + "\n"


def encode(text: str, encoding: str) -> bytes | None:
    """A message in the encoding that a repository keeps its messages in; None where that cannot be done.

    git takes a message's bytes as they come and notes ``i18n.commitEncoding`` beside them, so they must be in it; what
    it writes by itself (cherry-pick, am) it converts, and so do we. Encodings count in which ASCII is ASCII, as git
    needs for all that stands before the message.
    """
    if encoding.lower() in ("", "utf-8", "utf8"):
        return text.encode()
    try:
        data = text.encode(encoding)
        is_true = data.decode(encoding) == text and _ASCII.encode(encoding) == _ASCII.encode()
    except (LookupError, ValueError):  # no text encoding of Python's; a character that it does not have
        return None
    return data if is_true else None


def reproduce(outcome: Outcome) -> str:
    """The command that runs one codemod with the options that the user set."""
    words = ["rewire", "apply", "--select", outcome.codemod]
    for name, value in sorted(outcome.explicit_options.items()):
        words += ["--set", f"{outcome.codemod}.{name}={value if isinstance(value, str) else _json(value)}"]
    return shlex.join(words)


def _figures(step: Step) -> str:
    own = sum(not change.support for change in step.changes)
    support = len(step.changes) - own
    head = f"{_count(own, 'site')} in {_count(len(step.files), 'file')}"
    if support:
        head += f", and {_count(support, 'edit')} that they need"
    outcome = step.outcome
    ledger = (
        f"The run of {outcome.codemod}: {outcome.found} found = {outcome.changed} changed + {len(outcome.refusals)} "
        f"refused + {len(outcome.suppressed)} suppressed. Promise: {outcome.promise}."
    )
    return f"{head}.\n{ledger}"


def _files(step: Step) -> str:
    counts = Counter(change.path for change in step.changes if not change.support)
    lines = []
    for path, data in sorted(step.files.items()):
        said = f": {counts[path]}" if counts[path] else ""
        lines.append(f"  {quote_path(path)}{said}{' (deleted)' if data is None else ''}")
    return "\n".join(["Files and sites:", *_cut(lines)])


def _left(step: Step) -> Iterator[str]:
    codes = Counter(refusal.code for refusal in step.outcome.refusals)
    if codes:
        yield "\n".join(["Refused, by code:", *(f"  {code}: {count}" for code, count in sorted(codes.items()))])
    if step.outcome.notes:
        yield "\n".join(["Notes:", *_cut([f"  {_plain(note.text)}" for note in step.outcome.notes])])


def _ways(step: Step, command: str) -> str:
    lines = [f"Reproduce: {_plain(reproduce(step.outcome))}"]
    if command:
        lines.append(f"Part of the run: {_plain(command)}")
    lines.append("Undo: git revert, with the name of this commit")
    return "\n".join(lines)


def _trailers(outcome: Outcome, parent_tree: str, result_tree: str) -> str:
    return "\n".join(
        [
            f"Rewire-Codemod: {outcome.codemod}",
            f"Rewire-Version: {__version__}",
            f"Rewire-Options: {_json(_plain_options(outcome.explicit_options))}",
            f"Rewire-Parent-Tree: {parent_tree}",
            f"Rewire-Result-Tree: {result_tree}",
        ]
    )


def _plain_options(options: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: list(value) if isinstance(value, tuple | frozenset | set) else value for name, value in options.items()
    }


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=True, default=str)


def _cut(lines: list[str]) -> list[str]:
    return lines if len(lines) <= LISTED else [*lines[:LISTED], f"  and {len(lines) - LISTED} more"]


def _some(paths: Iterable[str]) -> str:
    first, *rest = paths
    return quote_path(first) + (f" and {len(rest)} more" if rest else "")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _plain(text: str) -> str:
    """One line: what would end it, or speak to a terminal, becomes a blank or a question mark."""
    line = " ".join(text.split())
    return "".join(char if char.isprintable() else "?" for char in line)
