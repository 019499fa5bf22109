"""What change to a launch would let it boot: tried out, not guessed."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rewire.model.project import Launch
    from rewire.project.boot.outcome import Boot
    from rewire.project.boot.simulate import Simulator

MAX_TRIES = 6


def find_cure(simulator: Simulator, boot: Boot) -> str:
    """The smallest change to ``boot``'s launch with which it boots, in words; empty if none of those tried does.

    Container images are left out: what lies where in them is changed in the Dockerfile, not in the command.
    """
    launch = boot.launch
    if launch.image is not None or launch.entry_kind == "tests" or not boot.failures:
        return ""
    seen: set[Launch] = set()
    for words, other in _others(simulator, boot):
        if other in seen:
            continue
        seen.add(other)
        if len(seen) > MAX_TRIES:
            break
        if simulator.boot(other).boots:
            return words
    return ""


def _others(simulator: Simulator, boot: Boot) -> Iterator[tuple[str, Launch]]:
    """(what is different, the launch) of each change worth trying."""
    launch = boot.launch
    top = boot.failures[0].wanted.partition(".")[0]
    for place in simulator.ownership.places(top) if top else ():
        folder = posixpath.dirname(place)
        if folder not in launch.roots:
            shown = folder or "."
            yield (
                f"it boots with PYTHONPATH={shown} (seen from the repository root)",
                replace(launch, roots=(*launch.roots, folder)),
            )
    file = _entry_path(boot)
    if file is None:
        return
    for root in dict.fromkeys(_folders_above(file)):
        name = _dotted(file, root)
        if name is None or name == launch.entry:
            continue
        where = f"from {root}" if root else "from the repository root"
        if launch.entry_kind == "module":
            words = f"it boots as {name}{':' + launch.attribute if launch.attribute else ''} started {where}"
            yield words, replace(launch, entry=name, workdir=root, roots=(root,), installed=())
        elif name.count("."):
            words = f"it boots as python -m {name} started {where}"
            yield (
                words,
                replace(launch, entry=name, entry_kind="main-module", workdir=root, roots=(root,), installed=()),
            )


def _entry_path(boot: Boot) -> str | None:
    """The file that the launch starts, or means to start."""
    started = [one.path for one in boot.loaded if one.name in ("__main__", boot.launch.entry)]
    return started[0] if started else None


def _folders_above(file: str) -> Iterator[str]:
    folder = posixpath.dirname(file)
    while folder:
        folder = posixpath.dirname(folder)
        yield folder


def _dotted(file: str, root: str) -> str | None:
    """The module name of ``file`` counted from ``root``; None if a folder on the way is no identifier."""
    inside = file[len(root) + 1 :] if root else file
    parts = inside.removesuffix(".py").split("/")
    parts = parts[:-1] if parts[-1] in ("__init__", "__main__") else parts
    return ".".join(parts) if parts and all(part.isidentifier() for part in parts) else None
