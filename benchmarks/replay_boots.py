"""Static boots against real imports, over the history of applications that are kept outside this repository.

    python benchmarks/replay_boots.py REPOSITORY COMMIT [COMMIT ...] [--launch COMMAND] [-- REPOSITORY COMMIT ...]

REPOSITORY is a git directory or a checkout. At each commit every launch context that rewire reads (and every
``--launch``) is started twice: by ``rewire.project.boot``, and for real, in a subprocess whose third-party packages are
stand-ins and whose sockets are shut. A line is printed for each start, then a table. Exit 1 if the two disagree.

Only errors of the import system are compared. A program that ends in an error of its own, after imports that worked (a
missing variable of the environment, arithmetic on a stand-in), is counted as *own error*, and agrees if the static boot
says that it gets as far.
"""

from __future__ import annotations

import argparse
import json
import os
import posixpath
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from rewire.model.source import SourceFile, digest_of
from rewire.project.boot.finder import entry_file, launch_places, workdir_place
from rewire.project.boot.outside import declared_modules
from rewire.project.boot.simulate import Simulator
from rewire.project.boot.tree import HOME, Files, tree_of
from rewire.project.launch.read import read_all, read_launches

DRIVER = Path(__file__).with_name("real_import.py")
IMPORT_ERRORS = ("ImportError", "ModuleNotFoundError", "AttributeError", "NameError", "SyntaxError", "IndentationError")


class Checkout:
    """A commit's files, as the part of ``Project`` that boots ask about."""

    def __init__(self, root: Path) -> None:
        self.root = root
        found = (path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
        self._files = sorted(found)

    @property
    def paths(self) -> list[str]:
        """The Python files."""
        return [path for path in self._files if path.endswith(".py")]

    def files(self) -> list[str]:
        """Every file."""
        return self._files

    def read_text(self, path: str) -> str | None:
        """A text file; None if it is not one."""
        try:
            return (self.root / path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return None

    def source(self, path: str) -> SourceFile | None:
        """A Python file."""
        text = self.read_text(path)
        return None if text is None else SourceFile(path, text, "utf-8", False, "\n", digest_of(text.encode()))


@dataclass(frozen=True)
class Outcome:
    """One start: empty ``kind`` means that it boots."""

    kind: str = ""
    path: str = ""
    line: int = 0
    text: str = ""


def check_out(repository: Path, commit: str, root: Path) -> None:
    """Write the files of ``commit`` below ``root``, through an index of our own."""
    git = repository / ".git" if (repository / ".git").exists() else repository
    environment = {**os.environ, "GIT_INDEX_FILE": str(root.parent / "index"), "GIT_DIR": str(git)}
    root.mkdir(parents=True)
    for words in (["read-tree", commit], ["checkout-index", "-a", "-q", "-f"]):
        subprocess.run(
            ["git", f"--work-tree={root}", *words], cwd=root, env=environment, check=False, capture_output=True
        )


def start_really(project: Checkout, launch, simulator: Simulator, scratch: Path, python: str) -> Outcome | None:
    """Start ``launch`` in a subprocess; None where nothing of it can be started this way (a test run)."""
    tree = tree_of(simulator.files, launch.image)
    home = scratch / "image"
    if launch.image is not None:
        build_image(project, tree, simulator.files, home)
    before, after = launch_places(launch, tree)

    def real(place: str) -> str:
        return str(home) + place if launch.image is not None else str(project.root) + place.removeprefix(HOME)

    entry = launch.entry
    if launch.entry_kind == "script":
        entry = real(tree.place(entry) or entry)
    order = {
        "before": [real(place) for place in before],
        "after": [real(place) for place in after],
        "cwd": real(workdir_place(launch)),
        "kind": launch.entry_kind,
        "entry": entry,
        "attribute": launch.attribute,
        "base": str(home) if launch.image is not None else "",
        "own": sorted(project_names(project)),
        "declared": sorted(declared_modules(simulator.files, project.read_text)),
    }
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(scratch), "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        done = subprocess.run(
            [python, "-P", str(DRIVER)],
            input=json.dumps(order),
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Outcome()
    answer = next((line for line in reversed(done.stdout.splitlines()) if line.startswith("REPLAY ")), None)
    if answer is None:
        return Outcome("died", "", 0, (done.stderr or done.stdout)[-300:])
    said = json.loads(answer.removeprefix("REPLAY "))
    base = str(home) if launch.image is not None else str(project.root)
    frames = [(path[len(base) :], line) for path, line in said["frames"] if path.startswith(base)]
    path, line = frames[-1] if frames else ("", 0)
    path = (tree.real(path) or path) if launch.image is not None else path.lstrip("/")
    text = said["text"].replace(base + "/", "/" if launch.image is not None else "")
    return Outcome(said["kind"], path, line, text)


def project_names(project: Checkout) -> set[str]:
    """Every name that a file or a folder with Python files has in the checkout: such a module gets no stand-in."""
    names: set[str] = set()
    for path in project.paths:
        parts = path.split("/")
        names |= {part.removesuffix(".py") for part in parts}
    return names


def build_image(project: Checkout, tree, files: Files, home: Path) -> None:
    """The container's tree on disk."""
    pending = ["/"]
    seen: set[str] = set()
    for mount, path in tree._mounts:
        pending.append(mount)
        if path in files.files:
            copy(project, tree, mount, home)
    while pending:
        place = pending.pop()
        if place in seen:
            continue
        seen.add(place)
        for name in tree.names(place):
            inner = posixpath.join(place, name)
            if tree.is_dir(inner):
                pending.append(inner)
            else:
                copy(project, tree, inner, home)


def copy(project: Checkout, tree, place: str, home: Path) -> None:
    path = tree.real(place)
    if path is not None and (project.root / path).is_file():
        target = Path(str(home) + place)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes((project.root / path).read_bytes())


def start_statically(simulator: Simulator, launch) -> Outcome:
    """The static boot in the same terms."""
    failures = simulator.boot(launch).failures
    if not failures:
        return Outcome()
    first = failures[0]
    return Outcome(first.kind, first.path, first.line, first.text)


def agree(static: Outcome, real: Outcome) -> str:
    """``agree``, ``own error`` or ``DISAGREE``."""
    own_exit = real.kind == "SystemExit" and not static.kind and real.text not in ("", "0", "None")
    if own_exit or (real.kind and real.kind not in IMPORT_ERRORS and real.kind != "SystemExit"):
        return "own error" if not static.kind or static.kind == real.kind else "DISAGREE"
    if real.kind == "SystemExit" and real.text in ("", "0", "None"):
        return "agree" if not static.kind or static.kind == "SystemExit" else "DISAGREE"
    if bool(static.kind or static.text) != bool(real.kind):
        return "DISAGREE"
    if not real.kind:
        return "agree"
    if not static.kind and real.kind in ("ModuleNotFoundError", "AttributeError", "ImportError") and not static.path:
        return "agree"
    same = (static.kind, static.path, static.line, static.text) == (real.kind, real.path, real.line, real.text)
    return (
        "agree"
        if same or (real.kind in ("SyntaxError", "IndentationError") and static.line == real.line)
        else "DISAGREE"
    )


def replay(repository: Path, commits: list[str], commands: list[str], python: str) -> Counter[str]:
    """Every context at every commit; prints a line for each."""
    counts: Counter[str] = Counter()
    for commit in commits:
        with tempfile.TemporaryDirectory(prefix="replay") as name:
            root = Path(name).resolve() / "tree"
            check_out(repository, commit, root)
            project = Checkout(root)
            simulator = Simulator(project)
            files = simulator.files
            alive = set(read_launches(project, launch_arguments=commands))
            known = set()
            for number, launch in enumerate(read_all(project, launch_arguments=commands)):
                key = (
                    launch.workdir,
                    launch.roots,
                    launch.entry,
                    launch.entry_kind,
                    launch.attribute,
                    launch.installed,
                    launch.image,
                )
                if launch.entry_kind == "tests" or entry_file(launch, files) is None or key in known:
                    continue
                known.add(key)
                static = start_statically(simulator, launch)
                real = start_really(project, launch, simulator, Path(name) / str(number), python)
                verdict = agree(static, real) if real else "skipped"
                counts[verdict] += 1
                counts["boots" if not real.kind else "does not boot"] += verdict in ("agree",)
                mark = " " if launch in alive else "-"
                print(
                    f"{verdict:9} {commit[:8]} {mark}{launch.source}: {launch.command[:60]!r} -> {show(real)}",
                    flush=True,
                )
                if verdict == "DISAGREE":
                    print(f"          static: {show(static)}")
    return counts


def show(outcome: Outcome) -> str:
    return (
        f"{outcome.path}:{outcome.line} {outcome.kind}: {outcome.text}"[:300]
        if outcome.kind or outcome.text
        else "boots"
    )


def main(words: list[str]) -> int:
    """Replay every repository that ``words`` name."""
    groups: list[list[str]] = [[]]
    for word in words:
        if word == "--":
            groups.append([])
        else:
            groups[-1].append(word)
    totals: Counter[str] = Counter()
    for group in groups:
        parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
        parser.add_argument("repository", type=Path)
        parser.add_argument("commits", nargs="+")
        parser.add_argument("--launch", action="append", default=[])
        parser.add_argument("--python", default=sys.executable)
        args = parser.parse_args(group)
        counts = replay(args.repository, args.commits, args.launch, args.python)
        print(f"== {args.repository.name}: {dict(counts)}")
        totals += counts
    print(f"== all: {dict(totals)}")
    return 1 if totals["DISAGREE"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
