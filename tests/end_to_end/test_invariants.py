"""What holds on every run, held against made-up projects: see the list of promises in the documentation."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from rewire_codemods.relative_imports.codemod import RelativeImports
from support.plugin import load_example
from support.projects import projects
from support.repositories import git, make_repository, tree, write

from rewire.discover import Discovered
from rewire.pipeline import locating
from rewire.registry import load
from rewire.syntax.lexical import scan
from rewire.testing import Trial, rewrite

if TYPE_CHECKING:
    import random
    from collections.abc import Mapping
    from pathlib import Path

    from rewire_codemods.relative_imports.options import ImportOptions

    from rewire.codemod import Project
    from rewire.model.source import SourceFile

LoggerWarning: Any = load_example()
CODEMODS = ("connect-timeout", "relative-imports", LoggerWarning)
BROKEN = {
    "broken/syntax.py": b"def f(:\n    logger.warn('asyncpg connect_timeout')\n",
    "broken/python2.py": b"print 'logger.warn', connect_timeout, asyncpg\nfrom shop import a\n",
    "broken/encoding.py": b"x = '\xff'  # logger.warn connect_timeout asyncpg\n",
    "broken/nul.py": b"logger.warn('\0')\n",
    "broken/cookie.py": b"# coding: no-such-codec\nlogger.warn(1)\n",
    "broken/deep.py": b"logger.warn(" + b"(" * 3000 + b")" * 3000 + b")\n",
}


def run(files: Mapping[str, bytes], **more: Any) -> Trial:
    return rewrite(CODEMODS, files, **more)


@given(projects())
@settings(max_examples=10)
def test_zero_collateral_and_balanced_books(files: dict[str, bytes]) -> None:
    trial = run(files)
    for outcome in trial.result.outcomes:
        assert outcome.balanced
        assert outcome.found == outcome.changed + len(outcome.refusals) + len(outcome.suppressed)
        for file in outcome.changeset.files:
            assert file.before is not None
            assert file.after is not None
            assert file.changes, "a changed file without a change"
            check_untouched(file.before, file.after, file.changes)
    assert all(trial.after[path] == files[path] for path in files if path not in changed_paths(trial))


def test_a_lone_carriage_return_at_the_end_of_a_region_is_kept() -> None:
    """LibCST drops it; the next line was taken for a part of this one's comment, and nobody noticed."""
    text = "import asyncpg\rasync def c(): return await asyncpg.connect(connect_timeout=3)  # why\rx = 1\r"
    trial = run({"m.py": text.encode()})
    assert trial.text("m.py") == text.replace("connect_timeout", "timeout")


def changed_paths(trial: Trial) -> set[str]:
    return {file.path for outcome in trial.result.outcomes for file in outcome.changeset.files}


def check_untouched(before: SourceFile, after: SourceFile, changes: Any) -> None:
    """Everything outside the statements of a change is the same, character for character; so are encoding and mark."""
    assert (before.encoding, before.bom) == (after.encoding, after.bom)
    assert outside(before.text, {change.before for change in changes}) == outside(
        after.text, {change.after for change in changes}
    )
    assert comments(before.text) <= comments(after.text)
    for change in changes:
        assert change.before.of(before.text) != change.after.of(after.text), "a change that changes nothing"
        assert change.before.contains(change.span)
        ends = line_ends(change.after.of(after.text)) - line_ends(change.before.of(before.text))
        assert set(ends) <= {before.newline}, "line ends of another kind came in"


def outside(text: str, spans: set[Any]) -> list[str]:
    pieces, position = [], 0
    for span in sorted(spans):
        pieces.append(text[position : span.start])
        position = span.end
    return [*pieces, text[position:]]


def comments(text: str) -> Counter[str]:
    return Counter(span.of(text) for span in scan(text).comments)


def line_ends(text: str) -> Counter[str]:
    crlf = text.count("\r\n")
    return +Counter({"\r\n": crlf, "\n": text.count("\n") - crlf, "\r": text.count("\r") - crlf})


@given(projects())
@settings(max_examples=15)
def test_a_second_run_makes_no_change(files: dict[str, bytes]) -> None:
    trial = run(files)
    again = run(trial.after)
    assert not again.result.has_changes
    assert again.after == trial.after
    assert again.patch == b""


@given(projects(), st.randoms(use_true_random=False))
@settings(max_examples=10)
def test_the_order_of_the_files_does_not_matter(files: dict[str, bytes], chance: random.Random) -> None:
    trial = run(files)
    shuffled = list(files)
    chance.shuffle(shuffled)
    with pytest.MonkeyPatch.context() as patch:
        original = Discovered.__init__

        def disorderly(self: Discovered, *arguments: Any, **keywords: Any) -> None:
            original(self, *arguments, **keywords)
            order = {path: place for place, path in enumerate(shuffled)}
            object.__setattr__(self, "selected", tuple(sorted(self.selected, key=lambda path: order.get(path, 0))))

        patch.setattr(Discovered, "__init__", disorderly)
        other = run({path: files[path] for path in shuffled})
    assert other.after == trial.after
    assert other.patch == trial.patch
    assert ledger(other) == ledger(trial)


def ledger(trial: Trial) -> Any:
    return [
        (outcome.codemod, outcome.found, sorted(outcome.refusals, key=repr), sorted(outcome.suppressed, key=repr))
        for outcome in trial.result.outcomes
    ]


@given(projects())
@settings(max_examples=8)
def test_files_that_fail_cost_the_others_nothing(files: dict[str, bytes]) -> None:
    alone, together = run(files), run({**files, **BROKEN})
    failed = {failure.path for failure in together.result.failures}
    assert set(BROKEN) - {"broken/deep.py"} <= failed
    assert {path: together.after[path] for path in files} == dict(alone.after)
    assert {path: together.after[path] for path in BROKEN} == BROKEN
    assert all(failure.reason and failure.advice for failure in together.result.failures)


@pytest.mark.parametrize("jobs", [3])
def test_the_number_of_workers_does_not_matter(monkeypatch: pytest.MonkeyPatch, jobs: int) -> None:
    """With more files than a batch holds, so that the workers do get to work, and one file that fails among them."""
    site = b"import asyncpg\nfrom shop.a import b\nasync def c(): return await asyncpg.connect(connect_timeout=3)\n"
    files = {f"shop/m{number}.py": site for number in range(300)} | BROKEN
    files |= {"shop/__init__.py": b"", "shop/a.py": b"b = 1\n"}
    codemods = ("connect-timeout", "relative-imports")
    prepared: list[str] = []
    prepare = RelativeImports.prepare

    def note(codemod: RelativeImports, project: Project, options: ImportOptions) -> None:
        prepared.append(codemod.name)
        prepare(codemod, project, options)

    monkeypatch.setattr(RelativeImports, "prepare", note)
    alone = rewrite(codemods, files)
    assert not prepared
    monkeypatch.setattr(locating, "SPREAD_FROM", 1)
    spread = rewrite(codemods, files, jobs=jobs)
    assert "relative-imports" in prepared
    assert len(alone.changed) == 300
    assert spread.after == alone.after
    assert spread.patch == alone.patch
    assert ledger(spread) == ledger(alone)
    assert spread.result.failures == alone.result.failures


@given(projects())
@settings(max_examples=6)
def test_patch_commit_and_disk_hold_the_same_bytes(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]
) -> None:
    """``git apply`` of the dry run's patch, the commits of the real run, and the files that it leaves behind."""
    trial = run(files)
    assume(trial.changed)
    names = [codemod for codemod in CODEMODS if isinstance(codemod, str)]
    expected = rewrite(names, files)
    place = tmp_path_factory.mktemp("same")
    patched = make_repository(place / "patched", files)
    if expected.patch:
        git(patched, "apply", "--whitespace=nowarn", "-", stdin=expected.patch)
    assert tree(patched) == dict(expected.after)
    applied = make_repository(place / "applied", files)
    assert run_command(applied, names) == 0
    assert tree(applied) == dict(expected.after)
    assert git(applied, "status", "--porcelain") == b""
    if expected.patch:
        git(patched, "commit", "-q", "-a", "-m", "patched")
    assert git(applied, "rev-parse", "HEAD^{tree}") == git(patched, "rev-parse", "HEAD^{tree}")
    tip = git(applied, "rev-parse", "HEAD")
    assert run_command(applied, names) == 0
    assert git(applied, "rev-parse", "HEAD") == tip, "a second run made a commit"


def run_command(folder: Path, names: list[str]) -> int:
    """``rewire apply`` in this process, from ``folder``."""
    from rewire.__main__ import main

    selected = [word for name in names for word in ("--select", name)]
    return main(["apply", str(folder), "--quiet", "--jobs", "1", *selected])


def test_every_built_in_is_among_the_made_up_projects() -> None:
    """The generator has places for the codemods that these tests run; the others have tests of their own."""
    assert {"connect-timeout", "relative-imports"} <= set(load().codemods)
    text = b"import asyncpg\nfrom shop.a import b\nasync def c(): return await asyncpg.connect(connect_timeout=3)\n"
    trial = run({"shop/__init__.py": b"", "shop/a.py": b"b = 1\n", "shop/b.py": text + b"logger.warn(1)\n"})
    assert [outcome.changed for outcome in trial.result.outcomes] == [1, 1, 1]


def test_nothing_of_the_target_is_executed(tmp_path: Path) -> None:
    """Every module that Python or a tool might import by itself leaves a mark when it is."""
    mark = tmp_path / "executed"
    trap = f"open({str(mark)!r}, 'a').write(__file__)\nfrom shop.a import b\nimport asyncpg\n"
    trap += "async def c(): return await asyncpg.connect(connect_timeout=3)\n"
    names = ["libcst", "git", "rich", "msgspec", "pathspec", "fissix", "asyncpg", "tomllib", "yaml"]
    special = ["setup", "conftest", "sitecustomize", "usercustomize", "shop/__main__", "shop/__init__", "shop/a"]
    files = {f"{name}.py": trap for name in (*names, *special)} | {"rich/__init__.py": trap}
    root = make_repository(tmp_path / "target", files)
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    script = "import sys; sys.path[0:1] = []; from rewire.__main__ import main; sys.exit(main())"
    for command in (["-c", script], ["-m", "rewire"]):
        for words in (["apply", "--dry-run"], ["doctor"], ["list"]):
            command_line = [sys.executable, *command, *words]
            done = subprocess.run(command_line, cwd=root, env=environment, capture_output=True, check=False)
            assert done.returncode in (0, 1, 3), done.stderr.decode()
            assert not mark.exists(), mark.read_text()
    write(root, {"check.py": "import shop.a\n"})
    subprocess.run([sys.executable, "check.py"], cwd=root, env=environment, capture_output=True, check=False)
    assert mark.exists(), "the trap itself does not work"
