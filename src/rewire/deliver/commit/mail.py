"""A draft's commits as a series of patches, as ``git format-patch`` writes it: ``git am`` makes the same trees of them.

Every setting that gives such files another shape is switched off, so that the series is the same on every machine.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rewire.deliver.commit.git import Git, only_this_repository

if TYPE_CHECKING:
    from pathlib import Path

    from rewire.deliver.commit.branch import Draft

_SETTINGS = {
    "core.attributesFile": "/dev/null",
    "diff.external": "",
    "diff.indentHeuristic": "true",
    "diff.suppressBlankEmpty": "false",
    "format.encodeEmailHeaders": "true",
    "format.filenameMaxLength": "64",
    "format.forceInBodyFrom": "false",
    "format.from": "false",
    "format.mboxrd": "false",
    "format.noprefix": "false",
    "format.numbered": "auto",
    "format.pretty": "email",
    "format.signOff": "false",
    "i18n.logOutputEncoding": "UTF-8",
    "log.mailmap": "false",
    "log.showSignature": "false",
}

_OPTIONS = (
    "--quiet", "--no-attach", "--no-thread", "--no-cover-letter", "--no-to", "--no-cc", "--no-add-header", "--no-base",
    "--no-notes", "--no-signature", "--subject-prefix=PATCH", "--suffix=.patch", "--no-color", "--no-ext-diff",
    "--no-textconv", "--no-renames", "--no-relative", "--full-index", "--binary", "--src-prefix=a/", "--dst-prefix=b/",
    "--unified=3", "--inter-hunk-context=0", "--diff-algorithm=myers", "-O/dev/null",
)  # fmt: skip


def write_series(made: Draft, folder: Path) -> tuple[str, ...]:
    """Write one file a commit into ``folder`` (which is there, and holds no other series); their names, in order."""
    with only_this_repository():
        git = Git(made.ground.git.root, {**made.ground.git.settings, **_SETTINGS})
        git.run("format-patch", *_OPTIONS, "-o", str(folder), f"{made.base}..{made.tip}")
    return tuple(sorted(path.name for path in folder.glob("[0-9]*.patch")))
