"""The answer to a request: remembered where an equal run had it, else worked out by the line."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from rewire.model.result import Failure, Rendered, RunResult
from rewire.model.workspace import Workspace

if TYPE_CHECKING:
    from pathlib import Path

    from rewire.cache.whole import Whole
    from rewire.model.source import SourceFile
    from rewire.pipeline.request import Request


def run(request: Request) -> RunResult:
    """Run every codemod of ``request`` in order, in memory, and say what each of them did.

    Raises RewireError where a codemod breaks its contract or the books do not balance; trouble with one file is a
    ``Failure`` or a refusal in the result.
    """
    started = time.perf_counter()
    memory = _memory(request)
    result = memory.recall(partial(_source, request.discovered.root)) if memory else None
    known = result is not None
    if result is None:
        from rewire.pipeline.line import run as work_out  # what only work needs is not imported for a memory

        result = work_out(request)
    if request.rendered and result.rendered is None:
        result = replace(result, rendered=_render(result))
    if memory and not known and _is_lasting(result):
        memory.keep(result)
    if request.discovered.narrowed:  # what a comment suppresses may hang together with files that are not looked at
        nameless = tuple(entry for entry in result.unused_suppressions if not entry.codemod)
        result = replace(result, unused_suppressions=nameless)
    return replace(result, seconds=time.perf_counter() - started)


def _render(result: RunResult) -> Rendered:
    files = result.net_changes()
    if not files:
        return Rendered(b"", 0)
    from rewire.deliver import patch

    return Rendered(patch.render_files(files, result.before.root), len(files))


def _source(root: Path, path: str) -> SourceFile | None:
    from rewire import read

    source = read.read(root, path)
    return None if isinstance(source, Failure) else source


def _is_lasting(result: RunResult) -> bool:
    """False where the answer was an accident of this run's: a worker that died."""
    return not (
        any(failure.code == "worker-died" for failure in result.failures)
        or any(entry.check == "worker" for outcome in result.outcomes for entry in outcome.rejected)
    )


def _memory(request: Request) -> Whole | None:
    """The memory of ``request``; None where nothing is to be remembered, or not all could be read.

    How the work is spread (``jobs``, ``executor``) and watched (``progress``) makes no difference to the answer.
    """
    discovered = request.discovered
    if request.cache is None or discovered.failures:
        return None
    from rewire.cache.whole import Whole  # and sqlite3

    packages = sorted({type(selected.codemod).__module__.partition(".")[0] for selected in request.codemods})
    asked = [
        (one.codemod.name, one.codemod.version, one.options, sorted(one.explicit_options.items()))
        for one in request.codemods
    ]
    return Whole(
        request.cache,
        Workspace(discovered.root, discovered.selected, discovered.context),
        discovered.others,
        packages,
        (asked, sorted(request.settings.items())),
    )
