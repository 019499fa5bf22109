"""Check one case in every way there is; what is wrong is an AssertionError that shows it as a diff."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections import Counter
from difflib import unified_diff
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from rewire.read import decode
from rewire.syntax.lexical import scan
from rewire.syntax.modern import parses
from rewire.testing.case import Case, codemod_names
from rewire.testing.trial import Trial, lay_out, rewrite
from rewire.testing.variants import as_it_is, with_bom, with_crlf

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rewire.codemod.base import Codemod
    from rewire.testing.variants import Dress

_CLOTHES: tuple[tuple[str, Dress], ...] = (
    ("as it is", as_it_is),
    ("with CRLF line ends", with_crlf),
    ("with a byte order mark", with_bom),
)
_NO_GIT_CONFIGURATION = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_COUNT": "0"}


def check_case(case: Case, codemod: str | type[Codemod[Any, Any]] | None = None) -> Trial:
    """Check ``case`` in all its forms; ``codemod`` instead of the one it names. Gives the plain run's ``Trial``.

    Raises AssertionError naming the case, the form and what was wrong.
    """
    codemods: Sequence[Any] = case.codemods if codemod is None else (codemod,)
    options: Mapping[str, Any] = dict(
        zip(codemod_names(codemods), (case.options.get(name, {}) for name in codemod_names(case.codemods)), strict=True)
    )
    plain: Trial | None = None
    for form, dress in _CLOTHES:
        files, expected = dress(case.files, case.files), dress(case.expected, case.files)
        if files is None or expected is None:
            continue
        trial = rewrite(tuple(codemods), files, options, select=case.select)
        _check_form(case, f"{case.id}, {form}", trial, expected)
        _check_second_run(case, f"{case.id}, {form}, second run", codemods, options, trial)
        _check_patch(f"{case.id}, {form}", trial)
        plain = plain or trial
    assert plain is not None
    return plain


def check_changes(
    codemod: str | type[Codemod[Any, Any]],
    before: str | bytes,
    after: str | bytes,
    options: Mapping[str, Any] | None = None,
    *,
    refuses: Sequence[str] = (),
    path: str = "module.py",
    drops_comments: bool = False,
) -> Trial:
    """Check that one file comes out as ``after``, in every form."""
    assert before != after, "before and after are the same: this is a case for check_leaves"
    return check_case(_inline(codemod, before, after, options, refuses, path, drops_comments))


def check_leaves(
    codemod: str | type[Codemod[Any, Any]],
    text: str | bytes,
    options: Mapping[str, Any] | None = None,
    *,
    refuses: Sequence[str] = (),
    path: str = "module.py",
) -> Trial:
    """Check that one file stays as it is, byte for byte, and that the refusals are exactly ``refuses``."""
    return check_case(_inline(codemod, text, text, options, refuses, path, drops_comments=False))


def _inline(
    codemod: str | type[Codemod[Any, Any]],
    before: str | bytes,
    after: str | bytes,
    options: Mapping[str, Any] | None,
    refuses: Sequence[str],
    path: str,
    drops_comments: bool,
) -> Case:
    return Case(
        id=path,
        codemods=(codemod,),
        files=MappingProxyType({path: before.encode() if isinstance(before, str) else before}),
        expected=MappingProxyType({path: after.encode() if isinstance(after, str) else after}),
        options={codemod_names((codemod,))[0]: dict(options or {})},
        refuses=frozenset(refuses),
        drops_comments=drops_comments,
    )


def _check_form(case: Case, title: str, trial: Trial, expected: Mapping[str, bytes]) -> None:
    failed = {failure.path: f"{failure.code}: {failure.reason}" for failure in trial.result.failures}
    assert set(failed) == case.fails, f"{title}: files that fail should be {sorted(case.fails)}, are {failed}"
    rejected = [refused for outcome in trial.result.outcomes for refused in outcome.rejected]
    assert not rejected or "rejected" in case.refuses, f"{title}: rejected by verify: {rejected}"
    _check_tree(title, trial, expected)
    assert trial.codes == case.refuses, (
        f"{title}: should refuse {sorted(case.refuses) or 'nothing'}, refuses {sorted(trial.codes) or 'nothing'}"
        + _told(trial)
    )
    _check_ledger(case, title, trial)
    for path in trial.changed:
        if path.endswith(".py") and path in trial.after:
            _check_file(case, f"{title}, {path}", trial.before.get(path), trial.after[path])


def _check_tree(title: str, trial: Trial, expected: Mapping[str, bytes]) -> None:
    wrong = [path for path in sorted({*expected, *trial.after}) if expected.get(path) != trial.after.get(path)]
    if wrong:
        shown = "\n".join(_diff(path, expected.get(path), trial.after.get(path)) for path in wrong)
        raise AssertionError(f"{title}: not as expected\n{shown}{_told(trial)}")


def _check_ledger(case: Case, title: str, trial: Trial) -> None:
    figures: Counter[str] = Counter()
    for outcome in trial.result.outcomes:
        own = {
            "found": outcome.found,
            "changed": outcome.changed,
            "refused": len(outcome.refusals),
            "suppressed": len(outcome.suppressed),
        }
        assert outcome.balanced, f"{title}: the ledger of {outcome.codemod} does not balance: {own}"
        figures.update(own)
    for name, count in case.counts.items():
        assert figures[name] == count, f"{title}: {name} should be {count}, is {figures[name]}{_told(trial)}"
    declared = {code.code for code in _declared(case)}
    if declared:
        unknown = trial.codes - declared - {"rejected", "suppressed-with-group"}
        assert not unknown, f"{title}: refusal codes that the codemod does not declare: {sorted(unknown)}"


def _declared(case: Case) -> list[Any]:
    return [code for codemod in case.codemods if not isinstance(codemod, str) for code in codemod.refusal_codes]


def _check_file(case: Case, title: str, before: bytes | None, after: bytes) -> None:
    now = decode("after.py", after)
    text = getattr(now, "text", None)
    assert text is not None, f"{title}: what comes out cannot be read: {now}"
    was = decode("before.py", before) if before is not None else None
    old = getattr(was, "text", "")
    assert parses(text) or not parses(old), f"{title}: what comes out does not parse"
    if not case.drops_comments:
        lost = _comments(old) - _comments(text)
        assert not lost, f"{title}: comments lost: {sorted(lost)} ('# comments: dropped' if that is meant)"


def _comments(text: str) -> Counter[str]:
    return Counter(span.of(text).rstrip() for span in scan(text).comments)


def _check_second_run(
    case: Case, title: str, codemods: Sequence[Any], options: Mapping[str, Any], first: Trial
) -> None:
    again = rewrite(tuple(codemods), first.after, options, select=case.select)
    _check_tree(title, again, first.after)
    assert not again.result.has_changes, f"{title}: changes what the first run made, and back"


def _check_patch(title: str, trial: Trial) -> None:
    """The patch gives the same tree under ``git apply``; not asked where there is no git, or nothing changed."""
    if not trial.changed:
        assert not trial.patch, f"{title}: nothing changed, but there is a patch:\n{_shown(trial.patch)}"
        return
    git = shutil.which("git")
    if git is None:
        return
    with tempfile.TemporaryDirectory(prefix="rewire-patch-") as scratch:
        root = Path(scratch).resolve()
        lay_out(root, trial.before)
        environment = {**os.environ, **_NO_GIT_CONFIGURATION, "GIT_CEILING_DIRECTORIES": str(root.parent)}
        done = subprocess.run(  # no shell, no text of the case on the command line
            [git, "apply", "--whitespace=nowarn", "-"],
            input=trial.patch,
            cwd=root,
            env=environment,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, f"{title}: git apply says {_shown(done.stderr)}\n{_shown(trial.patch)}"
        got = {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}
    for path in sorted({*got, *trial.after}):
        assert got.get(path) == trial.after.get(path), f"{title}: git apply gives another {path}\n" + _diff(
            path, trial.after.get(path), got.get(path)
        )


def _diff(path: str, expected: bytes | None, got: bytes | None) -> str:
    """A unified diff for people: line ends and odd characters are visible where that is where they differ."""
    if expected is None or got is None:
        return f"{path}: " + ("should not be there" if expected is None else "is missing")
    left, right = _shown(expected), _shown(got)
    one, other = left.split("\n"), right.split("\n")
    if left == right or any("\r" in text or "\ufeff" in text for text in (left, right)):
        one, other = ([ascii(line)[1:-1] for line in side] for side in (one, other))
    return "\n".join(unified_diff(one, other, f"expected {path}", f"got {path}", lineterm=""))


def _shown(data: bytes) -> str:
    return data.decode("utf-8", "backslashreplace")


def _told(trial: Trial) -> str:
    """What the run said, for the reader of a failed test."""
    lines = [f"  refused {at.path}:{at.line} {at.code}: {at.reason}" for at in trial.refusals]
    lines += [f"  note {note.path} {note.text}" for outcome in trial.result.outcomes for note in outcome.notes]
    return "".join("\n" + line for line in lines)
