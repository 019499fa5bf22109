"""Which earlier run would have had the same answer: everything that a request asks, as the key of its memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rewire.cache.whole import Whole

if TYPE_CHECKING:
    from rewire.model.result import RunResult
    from rewire.model.workspace import Workspace
    from rewire.pipeline.request import Request


def is_lasting(result: RunResult) -> bool:
    """False where the answer was an accident of this run's: a worker that died."""
    return not (
        any(failure.code == "worker-died" for failure in result.failures)
        or any(entry.check == "worker" for outcome in result.outcomes for entry in outcome.rejected)
    )


def remember(request: Request, workspace: Workspace) -> Whole | None:
    """The memory of ``request``; None where nothing is to be remembered, or not all could be read.

    How the work is spread (``jobs``, ``executor``) and watched (``progress``) makes no difference to the answer.
    """
    discovered = request.discovered
    if request.cache is None or discovered.failures:
        return None
    packages = sorted({type(selected.codemod).__module__.partition(".")[0] for selected in request.codemods})
    asked = [
        (one.codemod.name, one.codemod.version, one.options, sorted(one.explicit_options.items()))
        for one in request.codemods
    ]
    return Whole(
        request.cache,
        workspace,
        discovered.others,
        packages,
        (asked, sorted(request.settings.items())),
    )
