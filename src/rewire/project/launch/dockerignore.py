"""What ``.dockerignore`` keeps out of a build context."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from rewire.project.boot.tree import Files


def ignored_files(
    context: str, dockerfile: str, files: Files, read_text: Callable[[str], str | None]
) -> tuple[str, ...]:
    """The files of ``context`` that its ignore file names (``Dockerfile.dockerignore`` wins over ``.dockerignore``).

    Patterns count from the context (https://docs.docker.com/build/concepts/context/#dockerignore-files), where git's
    match at any depth: each is anchored before pathspec reads it.
    """
    text = read_text(dockerfile + ".dockerignore")
    if text is None:
        text = read_text(posixpath.join(context, ".dockerignore"))
    lines = [line.strip() for line in (text or "").splitlines()]
    lines = [line for line in lines if line and not line.startswith("#")]
    if not lines:
        return ()
    from pathspec import GitIgnoreSpec

    patterns = [("!/" if line.startswith("!") else "/") + line.lstrip("!").lstrip("./").rstrip("/") for line in lines]
    spec = GitIgnoreSpec.from_lines([p for p in patterns if p not in ("/", "!/")])
    prefix = f"{context}/" if context else ""
    inside = [path for path in files.files if path.startswith(prefix)]
    return tuple(sorted(path for path in inside if spec.match_file(path[len(prefix) :])))
