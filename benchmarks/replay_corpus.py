"""Replay rewire on real code bases: everything that the documentation promises of a run, checked on each of them.

    python benchmarks/replay_corpus.py TREE...            folders, wheels, sdists, or requirements that pip fetches
    python benchmarks/replay_corpus.py --select connect-timeout --select relative-imports TREE...

For each tree: a repository of its own with one commit; a dry run whose patch passes ``git apply --check``; the patch
applied in a second work tree; the real run; both trees equal; found = changed + refused + suppressed for every codemod
(from the JSON report); a second run that changes nothing and commits nothing; every changed file compiles if it did
before; no traceback; the time. Nothing of the trees is executed. Exits 1 if anything does not hold.
"""

from __future__ import annotations

import argparse
import ast
import json
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from measure import clean_environment
from trees import git, tree

REWIRE = str(Path(sys.executable).parent / "rewire")


@dataclass
class Replay:
    """What one tree gave: figures by codemod, and what did not hold."""

    name: str
    files: int = 0
    seconds: float = 0.0
    commits: int = 0
    failures: int = 0
    compiled: int = 0
    figures: dict[str, str] = field(default_factory=dict)
    codes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def expect(self, holds: bool, what: str) -> None:
        """Note what does not hold."""
        if not holds:
            self.wrong.append(what)


def rewire(place: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    """Run ``rewire apply`` in ``place``."""
    environment = {**clean_environment(), "GIT_AUTHOR_NAME": "Replay", "GIT_AUTHOR_EMAIL": "replay@example.org"}
    environment |= {"GIT_COMMITTER_NAME": "Replay", "GIT_COMMITTER_EMAIL": "replay@example.org"}
    return subprocess.run([REWIRE, "apply", *words], cwd=place, env=environment, capture_output=True, check=False)


def replay(what: str, scratch: Path, options: list[str]) -> Replay:
    """Every check on one tree."""
    source = tree(what)
    found = Replay(source.name)
    place, patched = scratch / "real", scratch / "patched"
    for copy in (place, patched):
        shutil.rmtree(copy, ignore_errors=True)
        git(source, "clone", "--quiet", "--no-hardlinks", str(source), str(copy))
    found.files = sum(path.endswith(".py") for path in git(place, "ls-files", "-z").split("\0"))
    report = rewire(place, "--dry-run", "--format", "json", *options)
    found.expect(report.returncode in (0, 3), f"dry run exits {report.returncode}: {report.stderr.decode()[-300:]}")
    read_ledger(found, report.stdout)
    check_delivery(found, place, patched, options)
    return found


def read_ledger(found: Replay, report: bytes) -> None:
    """The figures by codemod; they must add up."""
    try:
        ledger = json.loads(report)
    except ValueError:
        found.wrong.append("the JSON report cannot be read")
        return
    for outcome in ledger["codemods"]:
        parts = [outcome[name] for name in ("found", "changed", "refused", "suppressed")]
        found.figures[outcome["name"]] = " ".join(map(str, parts))
        found.expect(parts[0] == sum(parts[1:]), f"{outcome['name']} does not balance: {parts}")
        found.codes.update(f"{outcome['name']}:{refusal['code']}" for refusal in outcome["refusals"])
        for rejected in outcome.get("rejected", ()):
            found.wrong.append(f"rejected {rejected}")
    found.failures = len(ledger.get("failures", ()))


def check_delivery(found: Replay, place: Path, patched: Path, options: list[str]) -> None:
    """Patch, commits and second run."""
    started = time.perf_counter()
    dry = rewire(place, "--dry-run", "--quiet", *options)
    found.seconds = time.perf_counter() - started
    found.expect(not git(place, "status", "--porcelain"), "the dry run wrote something")
    if dry.stdout:
        for words in (["--check"], []):
            command = ["git", "apply", *words, "--whitespace=nowarn", "-"]
            done = subprocess.run(command, cwd=patched, input=dry.stdout, capture_output=True, check=False)
            found.expect(done.returncode == 0, f"git apply {words}: {done.stderr.decode()[-300:]}")
    start = git(place, "rev-parse", "HEAD").strip()
    real = rewire(place, "--quiet", *options)
    found.expect(real.returncode in (0, 3), f"real run exits {real.returncode}: {real.stderr.decode()[-300:]}")
    for run in (dry, real):
        found.expect(b"Traceback" not in run.stderr, "a traceback")
    found.commits = int(git(place, "rev-list", "--count", f"{start}..HEAD"))
    found.expect(not git(place, "status", "--porcelain"), "the real run left something uncommitted")
    git(patched, "add", "--all", "--force")
    found.expect(git(patched, "write-tree") == git(place, "rev-parse", "HEAD^{tree}"), "patch and real run differ")
    check_compiles(found, place, start)
    tip = git(place, "rev-parse", "HEAD")
    again = rewire(place, "--quiet", *options)
    found.expect(again.returncode in (0, 3), f"second run exits {again.returncode}: {again.stderr.decode()[-300:]}")
    found.expect(git(place, "rev-parse", "HEAD") == tip, "the second run made a commit")


def check_compiles(found: Replay, place: Path, start: str) -> None:
    """Every changed file compiles if it did before, at every commit."""
    commits = git(place, "rev-list", "--reverse", f"{start}..HEAD").split()
    for before, after in zip([start, *commits], commits, strict=False):
        changed = git(place, "diff", "--name-only", "-z", "--diff-filter=M", before, after).split("\0")
        paths = [path for path in changed if path.endswith(".py") and "\n" not in path]
        found.compiled += len(paths)
        broken = [
            path for path, data in zip(paths, contents(place, after, paths), strict=True) if not compiles(path, data)
        ]
        for path, data in zip(broken, contents(place, before, broken), strict=True):
            found.expect(not compiles(path, data), f"{path} no longer compiles at {after[:8]}")


def contents(place: Path, commit: str, paths: list[str]) -> list[bytes]:
    """The files as ``commit`` holds them, by one process of git's."""
    asked = "".join(f"{commit}:{path}\n" for path in paths).encode()
    answer = subprocess.run(
        ["git", "cat-file", "--batch"], cwd=place, input=asked, capture_output=True, check=True
    ).stdout
    found, position = [], 0
    for _ in paths:
        end = answer.index(b"\n", position)
        size = int(answer[position:end].split()[-1])
        found.append(answer[end + 1 : end + 1 + size])
        position = end + size + 2
    return found


def compiles(path: str, data: bytes) -> bool:
    """True if the running Python's grammar takes the file; nothing is run."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(data, path, "exec", flags=ast.PyCF_ONLY_AST, dont_inherit=True)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return False
    return True


def main() -> int:
    """Replay each tree and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trees", nargs="+", metavar="TREE")
    parser.add_argument("--select", action="append", default=[], metavar="CODEMOD")
    parser.add_argument("--set", action="append", default=[], metavar="CODEMOD.OPTION=VALUE")
    chosen = parser.parse_args()
    options = [word for name in chosen.select for word in ("--select", name)]
    options += [word for setting in chosen.set for word in ("--set", setting)]
    print("| tree | files | codemod | found = changed + refused + suppressed | commits | failed files | s | held |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    wrong = False
    for what in chosen.trees:
        with tempfile.TemporaryDirectory(prefix="rewire-replay-") as scratch:
            found = replay(what, Path(scratch), options)
        wrong = wrong or bool(found.wrong)
        verdict = "; ".join(found.wrong[:5]) or f"yes, {found.compiled} changed files compile"
        head = [found.name, f"{found.files:,}"]
        tail = [str(found.commits), str(found.failures), f"{found.seconds:.1f}", verdict]
        for name, figures in found.figures.items() or [("", "")]:
            print(f"| {' | '.join([*head, name, figures, *tail])} |", flush=True)
            head, tail = ["", ""], ["", "", "", ""]
        print("  ", ", ".join(f"{code} {count}" for code, count in found.codes.most_common(12)), file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
