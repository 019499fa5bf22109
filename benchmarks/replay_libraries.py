"""Libraries with their own test suites, before and after: relative-imports, then the way back through absolute-imports.

    python benchmarks/replay_libraries.py [NAME ...] [--work DIR] [--jobs N] [--list]

Each library's source distribution is downloaded from the package index and unpacked below ``--work`` (default: a
temporary directory), with a virtual environment of its own that holds its dependencies and pytest. Three states are
run: as released, after ``relative-imports``, and after ``absolute-imports`` on top. In each state the suite runs, and
so does every start that may work: ``python -m package``, the console scripts, ``python path/to/file.py`` for every file
with a ``__main__`` guard. A library passes if every test and every start ends in each state as it did in the first.
Nothing of a library is kept in this repository.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
import tomllib
import venv
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from rewire import pipeline, registry
from rewire.deliver import disk
from rewire.discover import discover
from rewire.pipeline import Request, Selected
from rewire.syntax.blocks import has_main_guard

STATES = ("released", "relative", "absolute")


@dataclass(frozen=True)
class Library:
    """How a library's suite is run. ``extra``: what it needs beside its own dependencies; ``tests``: for pytest."""

    name: str
    package: str
    extra: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    seconds: int = 900


LIBRARIES = (
    Library("webob", "webob", tests=("tests",)),
    Library("arrow", "arrow", ("pytz", "dateparser", "pytest-mock", "simplejson", "tzdata"), ("tests", "-p", "no:cov")),
    Library("parso", "parso", tests=("test",)),
    Library("pyasn1", "pyasn1", tests=("tests",)),
    Library("oauthlib", "oauthlib", ("cryptography", "pyjwt", "blinker"), ("tests",)),
    Library("pyflakes", "pyflakes", tests=("pyflakes",)),
    Library("yamllint", "yamllint", tests=("tests",)),
    Library("mkdocs", "mkdocs", ("babel",), ("mkdocs/tests", "-o", "python_files=*_tests.py")),
    Library("bandit", "bandit", ("testtools", "fixtures", "stestr", "testscenarios", "gitpython", "beautifulsoup4",
            "sarif-om", "jschema-to-python", "lxml"), ("tests/unit",)),
    Library("click", "click", tests=("tests", "-m", "not stress")),
    Library("flask", "flask", ("python-dotenv", "asgiref"), ("tests",)),
    Library("werkzeug", "werkzeug", ("ephemeral-port-reserve", "pytest-timeout", "cryptography", "watchdog"),
            ("tests", "--ignore=tests/test_serving.py")),
    Library("attrs", "attr", ("cloudpickle", "hypothesis", "pympler"), ("tests", "-p", "no:xdist")),
    Library("httpx", "httpx", ("trio", "uvicorn", "trustme", "chardet", "brotli", "zstandard", "socksio", "h2", "rich",
            "click", "pygments", "cryptography"), ("tests",)),
    Library("networkx", "networkx", ("numpy",), ("networkx/classes", "networkx/utils", "networkx/readwrite")),
    Library("zope.interface", "zope/interface", ("zope.event", "zope.testing"), ("src/zope/interface",)),
    Library("pygments", "pygments", (),
            ("tests/test_basic_api.py", "tests/test_html_formatter.py", "tests/test_regexlexer.py",
             "tests/test_util.py")),
    Library("more-itertools", "more_itertools", tests=("tests",)),
    Library("pluggy", "pluggy", tests=("testing",)),
    Library("isort", "isort", ("colorama", "natsort", "hypothesis", "toml", "libcst", "hypothesmith", "black"),
            ("tests/unit",)),
)  # fmt: skip


@dataclass
class Row:
    """What one library gave."""

    name: str
    found: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    files: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    passed: Counter[str] = field(default_factory=Counter)
    tests: dict[str, dict[str, str]] = field(default_factory=dict)
    starts: dict[str, dict[str, str]] = field(default_factory=dict)
    trouble: str = ""

    @property
    def differences(self) -> list[str]:
        """Every test and start that does not end as it did in the released state."""
        found = []
        for kind in (self.tests, self.starts):
            first = kind.get(STATES[0], {})
            for state in STATES[1:]:
                later = kind.get(state, {})
                found += [
                    f"{state}: {name}: {first.get(name)} -> {later.get(name)}"
                    for name in sorted({*first, *later})
                    if first.get(name) != later.get(name) and not _never_worked(first.get(name, ""))
                ]
        return found

    @property
    def verdict(self) -> str:
        """One word for the table."""
        if self.trouble:
            return self.trouble
        return "same" if not self.differences else f"{len(self.differences)} DIFFER"


def _never_worked(outcome: str) -> bool:
    """True for a start that failed as released: how it fails is nobody's promise."""
    return outcome.startswith("exit ") and not outcome.startswith("exit 0")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="libraries (default: all)")
    parser.add_argument("--work", type=Path, help="where to download, unpack and install")
    parser.add_argument("--list", action="store_true", help="name the libraries and stop")
    options = parser.parse_args()
    if options.list:
        print("\n".join(library.name for library in LIBRARIES))
        return 0
    wanted = [library for library in LIBRARIES if not options.names or library.name in options.names]
    work = options.work or Path(tempfile.mkdtemp(prefix="replay-"))
    work.mkdir(parents=True, exist_ok=True)
    rows = []
    for library in wanted:
        started = time.monotonic()
        row = replay(library, work / library.name)
        rows.append(row)
        print(f"{library.name}: {row.verdict} ({time.monotonic() - started:.0f} s)", file=sys.stderr, flush=True)
        for difference in row.differences[:20]:
            print(f"    {difference}", file=sys.stderr)
    print_table(rows)
    return int(any(row.trouble or row.differences for row in rows))


def replay(library: Library, work: Path) -> Row:
    """One library through its three states."""
    row = Row(library.name)
    try:
        tree = unpack(library, work)
        python = install(library, work, tree)
    except (subprocess.SubprocessError, OSError, StopIteration) as error:
        row.trouble = f"not set up: {str(error).splitlines()[0][:80]}"
        return row
    for state in STATES:
        if state != STATES[0]:
            apply(f"{state}-imports", state, tree, row)
        row.tests[state] = run_suite(library, python, tree, work / f"{state}.xml")
        row.passed[state] = sum(outcome == "passed" for outcome in row.tests[state].values())
        row.starts[state] = run_starts(library, python, tree)
    if not row.passed[STATES[0]]:
        row.trouble = "the suite does not run as released"
    return row


def unpack(library: Library, work: Path) -> Path:
    """A fresh copy of the released tree."""
    download = work / "sdist"
    if not download.exists():
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:"]
        command += ["--no-build-isolation", "-d", str(download), library.name]
        subprocess.run(command, check=False, capture_output=True, timeout=300)
        if not list(download.glob("*.tar.gz")):
            shutil.rmtree(download, ignore_errors=True)
            fetch_sdist(library.name, download)
    archive = next(download.glob("*.tar.gz"))
    tree = work / "tree"
    shutil.rmtree(tree, ignore_errors=True)
    with tarfile.open(archive) as packed:
        packed.extractall(tree, filter="data")
    return next(path for path in tree.iterdir() if path.is_dir())


def fetch_sdist(name: str, download: Path) -> None:
    """Download without building metadata: some sdists cannot be prepared in this environment."""
    with tempfile.TemporaryDirectory() as scratch:
        venv.create(scratch, with_pip=True)
        command = [f"{scratch}/bin/python", "-m", "pip", "download", "-q", "--no-deps", "--no-binary", name]
        subprocess.run([*command, "-d", str(download), name], check=True, capture_output=True, timeout=600)


def install(library: Library, work: Path, tree: Path) -> Path:
    """A virtual environment with the library editable, its dependencies and pytest; gives its interpreter."""
    home = work / "venv"
    python = home / "bin" / "python"
    if not python.exists():
        venv.create(home, with_pip=True)
    pip = [str(python), "-m", "pip", "install", "-q"]
    tools = ["pytest<9", "setuptools<80", "wheel", *library.extra]
    subprocess.run([*pip, *tools], check=True, capture_output=True, timeout=900)
    subprocess.run([*pip, "-e", str(tree)], check=True, capture_output=True, timeout=900)
    return python


def apply(codemod: str, state: str, tree: Path, row: Row) -> None:
    """Run one codemod over the tree and write the result."""
    chosen = registry.load().get(codemod)
    found = discover([tree], root=tree)
    result = pipeline.run(Request(found, (Selected(chosen, chosen.options_type()),), jobs=1))
    disk.write(result)
    (outcome,) = result.outcomes
    assert outcome.balanced
    row.found[state], row.changed[state] = outcome.found, outcome.changed
    row.files[state] = len(outcome.changeset.files)
    if state == "relative":
        row.codes.update(refusal.code for refusal in outcome.refusals)
    if outcome.rejected:
        row.trouble = f"rejected: {outcome.rejected[0].path}: {outcome.rejected[0].detail}"


def run_suite(library: Library, python: Path, tree: Path, report: Path) -> dict[str, str]:
    """Outcome by test."""
    report.unlink(missing_ok=True)
    command = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", f"--junitxml={report}"]
    command += ["-o", "addopts=", *library.tests]
    try:
        done = subprocess.run(
            command, cwd=tree, capture_output=True, text=True, timeout=library.seconds, env=environment(), check=False
        )
    except subprocess.TimeoutExpired:
        return {"the whole suite": "timed out"}
    if not report.exists():
        return {"the whole suite": (done.stdout + done.stderr)[-300:]}
    outcomes = {}
    for case in ElementTree.parse(report).iter("testcase"):
        result = next((child.tag for child in case if child.tag in ("failure", "error", "skipped")), "passed")
        name = re.sub(r"0x[0-9a-f]+|\d{6,}", "N", f"{case.get('classname')}::{case.get('name')}")
        outcomes[name] = result
    return outcomes


def run_starts(library: Library, python: Path, tree: Path) -> dict[str, str]:
    """How each start that may work ends: its exit code, and the kind of error if an import failed."""
    starts = {}
    place = next((path for path in (tree / "src" / library.package, tree / library.package) if path.is_dir()), None)
    if place is None:
        return {}
    name = library.package.replace("/", ".")
    if (place / "__main__.py").exists():
        starts[f"-m {name}"] = [str(python), "-m", name, "--help"]
    for script in console_scripts(tree):
        if (python.parent / script).exists():
            starts[script] = [str(python.parent / script), "--help"]
    for path in sorted(place.rglob("*.py")):
        if path.name == "__main__.py" or has_main_guard(path.read_text(encoding="utf-8", errors="replace")):
            starts[str(path.relative_to(tree))] = [str(python), str(path), "--help"]
    return {name: run_start(command, tree) for name, command in starts.items()}


def console_scripts(tree: Path) -> list[str]:
    """Names of the console scripts that pyproject.toml or setup.cfg declare."""
    found: list[str] = []
    if (tree / "pyproject.toml").exists():
        data = tomllib.loads((tree / "pyproject.toml").read_text(encoding="utf-8"))
        found += data.get("project", {}).get("scripts", {})
    for metadata in [*tree.glob("*.egg-info/entry_points.txt"), *tree.glob("src/*.egg-info/entry_points.txt")]:
        section = metadata.read_text(encoding="utf-8").partition("[console_scripts]")[2].partition("[")[0]
        found += [line.partition("=")[0].strip() for line in section.splitlines() if "=" in line]
    return sorted(set(found))


def run_start(command: list[str], tree: Path) -> str:
    with tempfile.TemporaryDirectory() as scratch:
        try:
            done = subprocess.run(
                command, cwd=scratch, capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL,
                env=environment(), check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return "timed out"
    last = done.stderr.strip().splitlines()[-1:] if done.returncode else []
    return f"exit {done.returncode} {''.join(last)[:120]}".replace(str(tree), "")


def environment() -> dict[str, str]:
    """Without what would let one library see another, or this project."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    return {**kept, "PYTHONDONTWRITEBYTECODE": "1", "LC_ALL": "C.UTF-8", "COLUMNS": "80"}


def print_table(rows: list[Row]) -> None:
    """Markdown, for the docs."""
    print("| library | found | changed | files | back | tests passed | starts | before = after = way back | left |")
    print("| --- | --: | --: | --: | --: | --- | --: | --- | --- |")
    for row in rows:
        left = ", ".join(f"{code} {count}" for code, count in row.codes.most_common())
        passed = " / ".join(str(row.passed[state]) for state in STATES)
        print(
            f"| {row.name} | {row.found['relative']} | {row.changed['relative']} | {row.files['relative']} "
            f"| {row.changed['absolute']} | {passed} | {len(row.starts.get(STATES[0], {}))} | {row.verdict} | {left} |"
        )


if __name__ == "__main__":
    sys.exit(main())
