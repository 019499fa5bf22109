"""``rewire apply --executor dask``: the bytes of a local run, whatever happens to workers, and no trace of it after."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support import plugin
from support.clusters import PATIENCE, Cluster, processes_with, running, wait_for
from support.command import Command, Done
from support.repositories import make_repository, tree, words

if TYPE_CHECKING:
    from collections.abc import Iterator

FIXTURES = Path(__file__).parents[1] / "fixtures"
FILES = 260
"""More than are located in one process."""

SECRET = "nobody writes this to a disk"

FRAGILE = '''
import os, pathlib, time
from acme_codemods.logger_warning.codemod import LoggerWarning, Use
from acme_codemods.logger_warning.transformer import Rename
from rewire.codemod import Span

DEADLY = "REWIRE_TEST_DEADLY" in os.environ

class Fragile(LoggerWarning):
    """The example's codemod, for which some files are too much."""

    name = "fragile"

    def locate(self, source, markers, options):
        if DEADLY and source.path.endswith("kills_its_reader.py"):
            os._exit(9)
        if source.path.endswith("waits.py") and "REWIRE_TEST_FLAG" in os.environ:
            pathlib.Path(os.environ["REWIRE_TEST_FLAG"]).touch()
            time.sleep(3600)
        if source.path.startswith("shop/m"):
            start = source.text.find("logger.warn(")
            return (Use(Span(start, start + len("logger.warn")), True),) if start >= 0 else None
        return super().locate(source, markers, options)

    def transformer(self, options):
        return FragileRename()

class FragileRename(Rename):
    """Renames, if it can."""

    def rewrite(self, site, original, updated):
        if DEADLY and site.path.endswith("kills_its_writer.py"):
            os._exit(9)
        if site.path.endswith("raises.py"):
            raise ValueError("too much")
        return super().rewrite(site, original, updated)
'''
"""As the example's codemod, but it parses only what may not parse, and does not survive everything."""


CONNECT = """\
import asyncpg

from backend.config import DATABASE_URL


async def connect():
    return await asyncpg.connect(DATABASE_URL, connect_timeout={0})  # {0}
"""


def module(number: int) -> str:
    other = f"from shop.m{number * 7 % FILES:03} import value as other"
    return (
        f'"""Module {number}: {SECRET}."""\nimport logging\n\n{other}\n\n'
        f"logger = logging.getLogger(__name__)\nvalue = {number}\n\n\ndef report():\n    logger.warn('%s', other)\n"
    )


def project() -> dict[str, str | bytes]:
    """Places for every codemod and faults of every kind."""
    files: dict[str, str | bytes] = {f"shop/m{number:03}.py": module(number) for number in range(FILES)}
    files["shop/__init__.py"] = ""
    for number, name in enumerate(("kills_its_reader", "kills_its_writer", "raises", "waits")):
        files[f"shop/{name}.py"] = module(number)
    files |= {
        "shop/broken.py": module(1) + "def (:\n",
        "shop/python2.py": module(1) + "print 'x'\n",
        "shop/deep.py": module(1) + "x = " + "(" * 3000 + ")" * 3000 + "\n",
        "shop/undecodable.py": module(1).encode() + b"# \xff\n",
        "shop/cookie.py": b"# -*- coding: no-such-codec -*-\n" + module(1).encode(),
        "shop/zero.py": module(1).encode() + b"# \0\n",
        "shop/latin.py": b"# -*- coding: latin-1 -*-\n# caf\xe9\n" + module(1).encode(),
        "shop/marked.py": b"\xef\xbb\xbf" + module(2).encode(),
        "shop/crlf.py": module(3).replace("\n", "\r\n"),
        "shop/kept.py": module(4).replace("other)\n", "other)  # rewire: ignore[fragile] on purpose\n"),
    }
    for number in range(40):
        files[f"db/c{number:02}.py"] = CONNECT.format(number)
    for case in (FIXTURES / "shared_pool" / "depends", FIXTURES / "engine_init" / "canonical"):
        before = case / "before"
        files |= {str(path.relative_to(before)): path.read_bytes() for path in before.rglob("*") if path.is_file()}
    return files


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def rewire(home: Path) -> Command:
    """The command, with the example plug-in and the fragile one, in a repository of its own."""
    command = Command(home / "projects" / "shop", home / "site")
    plugin.install(home / "site", package="fragile_codemods", code="")
    (home / "site" / "fragile_codemods.py").unlink()
    folder = home / "site" / "fragile_codemods" / "fragile"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").touch()
    (folder / "__init__.py").touch()
    (folder / "codemod.py").write_text(FRAGILE)
    with pytest.MonkeyPatch.context() as patch:
        for role in ("AUTHOR", "COMMITTER"):
            patch.setenv(f"GIT_{role}_NAME", "Test Person")
            patch.setenv(f"GIT_{role}_EMAIL", "test@example.org")
        make_repository(home / "projects" / "shop", project())
    return command


@pytest.fixture(scope="module")
def cluster(home: Path, rewire: Command) -> Iterator[Cluster]:
    """Two workers that know the codemods, stand elsewhere, and see nothing below ``projects``."""
    settings = {
        "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1",
        "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "10s",
        "PYTHONPATH": rewire.environment["PYTHONPATH"],
    }
    with running(home / "cluster", home / "projects", **settings) as made:
        made.add_workers(2)
        yield made


APPLY = ("apply", "--no-cache")
ALL = (*APPLY, "--ignore", "logger-warning")


def timeless(done: Done) -> tuple[int, str, str]:
    """What a run said, but for how long it took."""
    seconds = re.compile(r'( files in |"seconds": )[\d.]+')
    return done.code, seconds.sub(r"\1", done.out.decode()), seconds.sub(r"\1", done.err)


def test_a_local_cluster_gives_the_patch_of_a_local_run(rewire: Command, home: Path) -> None:
    (home / "tmp").mkdir()
    deadly = {"REWIRE_TEST_DEADLY": "yes", "TMPDIR": str(home / "tmp")}
    here = rewire(*ALL, "--dry-run", "--jobs", "2", **deadly)
    there = rewire(*ALL, "--dry-run", "--jobs", "2", "--executor", "dask", **deadly)
    assert timeless(there) == timeless(here)
    assert here.code == 3
    assert here.text.count("\n+++ ") > FILES
    assert "rejected: shop/kills_its_writer.py: worker: the process that rewrote it died\n" in here.err
    assert "failed: shop/kills_its_reader.py: the process that read it died" in here.err
    assert not list((home / "tmp").iterdir())


def test_a_cluster_that_sees_no_file_gives_the_report_of_a_local_run(rewire: Command, cluster: Cluster) -> None:
    ask = (*ALL, "--dry-run", "--format", "json")
    here = rewire(*ask, "--jobs", "2")
    there = rewire(*ask, "--executor", "dask", "--scheduler", cluster.address)
    assert timeless(there) == timeless(here)
    report = json.loads(here.text)
    assert all(codemod["changed"] for codemod in report["codemods"])
    assert {codemod["name"] for codemod in report["codemods"]} >= {"fragile", "relative-imports", "engine-init"}
    assert {"python2", "unparsable", "undecodable"} <= {failure["code"] for failure in report["failures"]}
    assert [entry["path"] for codemod in report["codemods"] for entry in codemod["rejected"]] == ["shop/raises.py"]
    kept = [path for path in cluster.scratch.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
    assert not kept


def test_the_commits_are_those_of_a_local_run(rewire: Command, cluster: Cluster, home: Path) -> None:
    made = {}
    for name, options in {"here": ["--jobs", "2"], "there": ["--scheduler", cluster.address]}.items():
        copy = home / "projects" / name
        shutil.copytree(rewire.folder, copy)
        command = Command.__new__(Command)
        command.folder, command.environment = copy, rewire.environment
        done = command(*ALL, *options, *(["--executor", "dask"] if name == "there" else []))
        assert done.code == 3, done.err
        made[name] = words(copy, "log", "--format=%T%n%B"), tree(copy)
    assert made["there"] == made["here"]
    assert made["here"][0].count("Rewire-Codemod:") >= 4


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_is_ended_leaves_no_process_behind(rewire: Command, tmp_path: Path, how: signal.Signals) -> None:
    flag, scratch = tmp_path / "begun", tmp_path / "tmp"
    scratch.mkdir()
    before = tree(rewire.folder)
    process = subprocess.Popen(
        rewire.words(*APPLY, "--select", "fragile", "--dry-run", "--jobs", "2", "--executor", "dask"),
        cwd=rewire.folder,
        env={**rewire.environment, "REWIRE_TEST_FLAG": str(flag), "TMPDIR": str(scratch)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    wait_for(lambda: flag.exists() or process.poll() is not None)
    assert len(processes_with(str(flag))) >= 4, "the run, the host of the cluster, two workers"
    process.send_signal(how)
    out, err = process.communicate(timeout=PATIENCE)
    wait_for(lambda: not processes_with(str(flag)))
    wait_for(lambda: not list(scratch.iterdir()))
    assert not out
    if how == signal.SIGINT:
        assert (process.returncode, err) == (130, b"rewire: interrupted; nothing was written\n")
    if how == signal.SIGTERM:
        assert (process.returncode, err) == (143, b"rewire: ended by SIGTERM; nothing was written\n")
    assert tree(rewire.folder) == before


def test_a_scheduler_is_no_mere_option(rewire: Command) -> None:
    done = rewire(*APPLY, "--dry-run", "--scheduler", "tcp://127.0.0.1:1")
    assert (done.code, done.out) == (2, b"")
    assert "add --executor dask" in done.err


def test_without_the_extra_the_error_names_it(rewire: Command) -> None:
    blocked = "import sys; sys.modules['distributed'] = None; from rewire.__main__ import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", blocked, *APPLY, "--dry-run", "--executor", "dask"],
        cwd=rewire.folder,
        env=rewire.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "distributed is not installed\n" in done.stderr
    assert "pip install 'rewire-codemods[distributed]'" in done.stderr


def test_a_run_on_this_machine_loads_no_dask(rewire: Command) -> None:
    probe = (
        "import sys; from rewire.__main__ import main; code = main();"
        "sys.exit(any(name.partition('.')[0] in ('dask', 'distributed', 'tornado') for name in sys.modules))"
    )
    command = [sys.executable, "-c", probe, "apply", "--select", "connect-timeout", "--dry-run", "db"]
    done = subprocess.run(command, cwd=rewire.folder, env=rewire.environment, capture_output=True, check=False)
    assert (done.returncode, bool(done.stdout)) == (0, True), os.fsdecode(done.stderr)
