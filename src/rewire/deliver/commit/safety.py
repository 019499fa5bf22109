"""Programs that a repository's own configuration names: found, and never started.

A repository can arrive in an archive with a ``.git/config`` that was written by somebody else. What the user's own
configuration names (git-lfs, a signing program) is used; what ``.git/config`` names is not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rewire.deliver.commit.git import listed
from rewire.errors import GitError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rewire.deliver.commit.git import Git

_NAMES_A_PROGRAM = r"^(filter\..*\.(clean|smudge|process|required)|gpg\.program|gpg\..*\.(program|defaultkeycommand))$"
_REPOSITORY_SCOPES = ("local", "worktree")
_HARMLESS = {
    "git-lfs clean -- %f", "git-lfs smudge -- %f", "git-lfs filter-process", "gpg", "gpg2", "gpgsm", "ssh-keygen",
}  # fmt: skip
"""What ``git lfs install --local`` writes, and the programs git would start without any setting."""
_SIGNERS = {
    "gpg.program": "gpg",
    "gpg.openpgp.program": "gpg",
    "gpg.x509.program": "gpgsm",
    "gpg.ssh.program": "ssh-keygen",
}


@dataclass(frozen=True, slots=True)
class Programs:
    """``overlay`` puts the user's own settings back in force. ``filters`` and ``signers`` are names left out so."""

    overlay: Mapping[str, str]
    filters: frozenset[str]
    signers: tuple[str, ...]


def read_programs(git: Git) -> Programs:
    """What the repository's own configuration would start, and the settings that prevent it."""
    status, output, _ = git.attempt("config", "-z", "--show-scope", "--get-regexp", _NAMES_A_PROGRAM)
    fields = output.decode("utf-8", "surrogateescape").split("\0")[:-1] if status == 0 else []
    users: dict[str, str] = {}
    repositorys: dict[str, str] = {}
    for scope, entry in zip(fields[::2], fields[1::2], strict=True):
        key, _, value = entry.partition("\n")
        (repositorys if scope in _REPOSITORY_SCOPES else users)[key] = value
    distrusted = {key for key, value in repositorys.items() if not key.endswith(".required") and value not in _HARMLESS}
    filters = frozenset(key.split(".", 1)[1].rpartition(".")[0] for key in distrusted if key.startswith("filter."))
    overlay = {key: users.get(key, _SIGNERS.get(key, "")) for key in distrusted}
    overlay.update({f"filter.{name}.required": users.get(f"filter.{name}.required", "false") for name in filters})
    unsigned = tuple(sorted(key for key in distrusted if key.startswith("gpg.")))
    return Programs(overlay, filters, unsigned)


def wants_signature(git: Git, programs: Programs) -> bool:
    """True if commits are to be signed. Raises GitError where only the repository says with which program."""
    if git.answer("config", "--type=bool", "--get", "commit.gpgSign") != "true":
        return False
    if programs.signers:
        raise GitError(
            f"commits are to be signed, and only this repository's configuration says how: {programs.signers[0]}",
            advice="rewire starts no program that a repository names: set it with git config --global, or turn "
            "commit.gpgSign off here",
        )
    return True


def refuse_distrusted_filters(git: Git, programs: Programs, paths: tuple[str, ...]) -> None:
    """Raise GitError where a path to be changed goes through a filter that only the repository's own settings name."""
    if not programs.filters or not paths:
        return
    records = git.records("check-attr", "-z", "--stdin", "filter", stdin=listed(paths))
    for path, name in zip(records[::3], records[2::3], strict=True):
        if name in programs.filters:
            raise GitError(
                f"{path} goes through the filter {name!r}, which this repository's own configuration defines",
                advice="rewire starts no program that a repository names: define the filter with git config --global "
                "if you trust it, or leave these files out (--exclude)",
            )


def is_safe_branch_name(git: Git, name: str) -> bool:
    """True if ``name`` can be a branch, and cannot be taken for an option or for HEAD."""
    if name == "HEAD" or name.startswith(("-", "refs/")) or re.search(r"[\x00-\x20\x7f]", name):
        return False
    return git.attempt("check-ref-format", f"refs/heads/{name}")[0] == 0
