"""``rewire fleet`` over real repositories: what it makes of each, what it leaves alone, and how it adds up."""

from __future__ import annotations

import json
import os
import re
import shlex
import stat
from typing import TYPE_CHECKING

import pytest
from support.fleets import BOTH, BRANCH, ONE, Fleet, footprint, mailed, messages, tip
from support.repositories import git, make_repository, tree, words, write

if TYPE_CHECKING:
    from pathlib import Path

WARN = 'logger.warn("a")\n'
PLAIN = {"app/__init__.py": "", "app/main.py": WARN, "app/other.py": f"from app import main\n{WARN}x = main\n"}


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return Fleet(tmp_path / "fleet", tmp_path / "site")


def test_each_repository_gets_a_branch_and_a_series_that_git_am_takes(fleet: Fleet, tmp_path: Path) -> None:
    plain = fleet.add("plain", PLAIN)
    odd = fleet.add(
        "größer als sonst",
        {
            "a b/ü.py": f"# ü\r\n{WARN}".replace("\n", "\r\n"),
            "latin.py": b"# coding: latin-1\n# \xe9\nlogger.warn('x')",
            "form\x0cfeed.py": f"\x0c\n{WARN}",
            'quo"te.py': f"From here\n--- {WARN}".replace("From here", "# From here").replace("---", "1 -"),
            "run.py": f"#!/usr/bin/env python\n{WARN}",
        },
    )
    (odd / "run.py").chmod(0o755)
    git(odd, "commit", "-qam", "may be run")
    attributes = fleet.add("attributes", {".gitattributes": "*.py text eol=crlf\n", "a.py": WARN.replace("\n", "\r\n")})
    before = {repository: footprint(repository) for repository in (plain, odd, attributes)}
    done = fleet.run(*BOTH)
    assert done.code == 0, done.err
    for repository in (plain, odd, attributes):
        assert footprint(repository) == before[repository]
        assert git(repository, "status", "--porcelain") == b""
        assert words(repository, "symbolic-ref", "HEAD") == "refs/heads/main"
        clone = mailed(repository, "main", fleet.output / repository.name, tmp_path / f"{repository.name} mailed")
        assert words(clone, "rev-parse", "HEAD^{tree}") == words(repository, "rev-parse", f"{BRANCH}^{{tree}}")
        assert messages(clone, "origin/main..HEAD") == messages(repository, f"main..{BRANCH}")
        assert tip(repository) == fleet.record(repository.name)["tip"]
    assert [one.split("\n")[0][:27] for one in messages(plain, f"main..{BRANCH}")] == [
        "rewire(relative-imports): w",
        "rewire(logger-warning): cal",
    ]
    shown = git(odd, "ls-tree", "-r", "-z", BRANCH).decode().split("\0")
    assert [line.split(" ")[0] for line in shown if line.endswith("run.py")] == ["100755"]
    assert sorted(path.name for path in fleet.output.iterdir()) == [
        "attributes", "größer als sonst", "plain", "state.json", "state.lock", "summary.json", "summary.md",
    ]  # fmt: skip


def test_a_series_is_the_same_whatever_the_repository_s_settings_say(fleet: Fleet, tmp_path: Path) -> None:
    settings = {
        "format_signOff": "true",
        "format_headers": "X-Evil: yes\n",
        "format_subjectPrefix": "EVIL",
        "format_attach": "evil",
        "format_coverLetter": "true",
        "format_useAutoBase": "true",
        "format_outputDirectory": "elsewhere",
        "format_suffix": ".evil",
        "format_thread": "true",
        "format_pretty": "oneline",
        "diff_noprefix": "true",
        "diff_mnemonicPrefix": "true",
        "diff_external": "/bin/false",
        "diff_context": "0",
        "diff_renames": "copies",
        "color_ui": "always",
    }
    plain = fleet.add("plain", PLAIN)
    set_up = fleet.add("set-up", PLAIN, **settings)
    date = {"GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z", "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z"}
    fleet.command.environment.update(date)
    assert fleet.run().code == 0
    series = [sorted((fleet.output / name).glob("*.patch")) for name in ("plain", "set-up")]
    assert [path.name for path in series[0]] == [path.name for path in series[1]]
    texts = [re.sub(rb"^From [0-9a-f]+", b"", path.read_bytes()) for paths in series for path in paths]
    assert texts[0] == texts[1]
    assert not (set_up / "elsewhere").exists()
    clone = mailed(set_up, "main", fleet.output / "set-up", tmp_path / "mailed")
    assert words(clone, "rev-parse", "HEAD^{tree}") == words(plain, "rev-parse", f"{BRANCH}^{{tree}}")


def test_what_stands_in_the_way_costs_its_own_repository_only(fleet: Fleet, tmp_path: Path) -> None:
    good = fleet.add("good", PLAIN)
    dirty = fleet.add("dirty", PLAIN)
    write(dirty, {"app/main.py": "mine = 1\n"})
    git(fleet.folder, "init", "-q", "empty")
    fleet.name("empty")
    write(fleet.folder, {"folder/a.py": WARN, "file.py": WARN})
    fleet.name("folder")
    fleet.name("file.py")
    fleet.name("absent # later")
    fleet.name("good/app")
    git(fleet.folder, "clone", "-q", "--bare", str(good), "bare")
    fleet.name("bare")
    taken = fleet.add("taken", PLAIN)
    git(taken, "branch", BRANCH)
    above = fleet.add("above", PLAIN)
    git(above, "branch", BRANCH.split("/")[0])
    merging = fleet.add("merging", PLAIN)
    git(merging, "update-ref", "MERGE_HEAD", "HEAD")
    wrong = fleet.add("wrong", {**PLAIN, "rewire.toml": "slect = []\n"})
    detached = fleet.add("detached", PLAIN)
    git(detached, "checkout", "-q", "--detach")
    before = {path: tree(path) for path in (dirty, taken, above, merging, wrong, good, detached)}
    refs = {path: words(path, "for-each-ref") for path in (dirty, taken, above, merging, wrong)}
    done = fleet.run()
    assert done.code == 3, done.err
    reasons = {one["path"]: one["reason"] for one in fleet.summary()["repositories"] if one["status"] == "failed"}
    at = fleet.folder
    assert {path.removeprefix(f"{at}/"): reason.replace(f"{at}/", "") for path, reason in reasons.items()} == {
        "dirty": "uncommitted changes: app/main.py",
        "empty": "the repository has no commit yet",
        "folder": "not a git repository",
        "file.py": "a file, and no repository",
        "absent # later": "no such folder",
        "good/app": "a folder inside the repository good",
        "bare": "bare is in a bare repository or in .git: there are no files to change",
        "taken": f"there is a branch {BRANCH} already, and it is not (or no longer) what rewire fleet made",
        "above": "there is a branch rewire already",
        "merging": "a merge is in progress in this repository",
        "wrong": "wrong/rewire.toml:1: slect: unknown key; did you mean 'select'?",
    }
    text = done.text
    for reason in reasons.values():
        assert reason in text
    assert tip(good) == fleet.record("good")["tip"] != ""
    assert tip(detached) == fleet.record("detached")["tip"] != ""
    assert fleet.record("detached")["base"] == ""
    for path, files in before.items():
        assert tree(path) == files
    for path, found in refs.items():
        assert words(path, "for-each-ref") == found
    assert "13 entries: 11 failed, 2 done; changed 4 files" in text
    git(dirty, "checkout", "-q", "--", ".")
    again = fleet.run()
    assert again.code == 3
    assert "good: done, 2 files; as before" in again.err
    assert fleet.record("dirty")["status"] == "done"


def test_a_repository_is_worked_on_once_however_often_it_is_named(fleet: Fleet) -> None:
    plain = fleet.add("plain", PLAIN)
    git(plain, "worktree", "add", "-q", "--detach", "../linked")
    (fleet.folder / "alias").symlink_to("plain")
    for line in ("./plain/", "alias", str(plain), "linked"):
        fleet.name(line)
    inner = make_repository(plain / "inner", PLAIN)
    fleet.name("plain/inner")
    done = fleet.run()
    assert done.code == 3
    found = [(one["line"], one["status"], one["reason"]) for one in fleet.summary()["repositories"]]
    assert found == [
        (1, "done", ""),
        (2, "duplicate", "the same repository as line 1"),
        (3, "duplicate", "the same repository as line 1"),
        (4, "duplicate", "the same repository as line 1"),
        (5, "failed", "another work tree of the repository on line 1: the two share their branches"),
        (6, "done", ""),
    ]
    assert fleet.record("inner")["notes"] == [f"lies inside {plain} (line 1); each is worked on by itself"]
    assert fleet.summary()["files_changed"] == 4
    assert tip(inner)
    assert words(plain, "ls-tree", "--name-only", BRANCH) == "app"


def test_duplicates_alone_are_no_failure(fleet: Fleet) -> None:
    fleet.add("plain", PLAIN)
    fleet.name("plain")
    assert fleet.run().code == 0


def test_two_repositories_of_one_name_have_folders_that_tell_them_apart_and_keep_them(fleet: Fleet) -> None:
    fleet.add("team a/api", PLAIN)
    fleet.add("team b/api", PLAIN)
    fleet.add("web", PLAIN)
    assert fleet.run().code == 0
    folders = [one["folder"] for one in fleet.summary()["repositories"]]
    assert folders == ["team a-api", "team b-api", "web"]
    for folder in folders:
        assert len(list((fleet.output / folder).glob("*.patch"))) == 1
    fleet.list.write_text("web\nteam b/api\n")
    fleet.add("team c/WEB", PLAIN)
    assert fleet.run().code == 0
    assert [one["folder"] for one in fleet.summary()["repositories"]] == ["web", "team b-api", "team c-WEB"]


MIXED = {
    "a.py": 'logger.warn("a")\nlogger.warn("b")\nkept = logger.warn\n',
    "b.py": 'logger.warn("c")  # rewire: ignore[logger-warning] our own\n',
    "pkg/__init__.py": "",
    "pkg/d.py": "from pkg import e\n",
    "pkg/e.py": "",
}


def test_the_summary_adds_up(fleet: Fleet) -> None:
    fleet.add("mixed", MIXED)
    fleet.add("more", {**MIXED, "z.py": "x = logger.warn\n"})
    fleet.add("nothing", {"a.py": "x = 1\n"})
    fleet.add("broken", {"a.py": WARN, "b.py": "logger.warn(\n"})
    fleet.name("absent")
    done = fleet.run(*BOTH)
    assert done.code == 3
    summary = fleet.summary()
    assert summary["exit_code"] == 3
    assert summary["statuses"] == {"done": 3, "unchanged": 1, "failed": 1}
    for total in summary["codemods"]:
        rows = [row for one in summary["repositories"] for row in one["figures"] if row["codemod"] == total["codemod"]]
        for name in ("files", "found", "changed", "refused", "suppressed"):
            assert total[name] == sum(row[name] for row in rows)
        for row in [*rows, total]:
            assert row["found"] == row["changed"] + row["refused"] + row["suppressed"]
        assert total["repositories"] == sum(row["files"] > 0 for row in rows)
    assert [(one["codemod"], one["found"], one["changed"], one["refused"], one["suppressed"], one["repositories"])
            for one in summary["codemods"]] == [
        ("relative-imports", 2, 2, 0, 0, 2), ("logger-warning", 10, 5, 3, 2, 3),
    ]  # fmt: skip
    assert [(one["code"], one["places"], one["repositories"]) for one in summary["refusals"]] == [
        ("not-called", 3, ["more", "mixed"])
    ]
    assert summary["refusals"][0]["advice"] == "rename it by hand"
    for one in summary["repositories"]:
        if one["written"]:
            ledger = json.loads((fleet.output / one["folder"] / "report.json").read_bytes())
            assert [entry["found"] for entry in ledger["codemods"]] == [row["found"] for row in one["figures"]]
    text = done.text
    assert re.search(r"^mixed +relative-imports .*done\n +logger-warning +1 +4 +2 +1 +1$", text, re.MULTILINE)
    assert re.search(
        r"^all +relative-imports .*\n +logger-warning +3 +10 +5 +3 +2 +in 3 repositories$", text, re.MULTILINE
    )
    assert re.search(r"^broken +logger-warning +1 +1 +1 +0 +0 +done, 1 failed$", text, re.MULTILINE)
    assert "logger-warning not-called (3)" in text
    assert "nothing found in nothing" in text
    assert "5 entries: 3 done, 1 no change, 1 failed; changed 5 files" in text
    page = (fleet.output / "summary.md").read_text()
    assert "| logger-warning | 3 | 3 | 10 | 5 | 3 | 2 |" in page
    assert fleet.run(*BOTH, "--format", "markdown").text == page
    assert json.loads(fleet.run(*BOTH, "--format", "json").out) == summary


def test_names_from_a_repository_cannot_steer_a_terminal_or_a_page(fleet: Fleet) -> None:
    name = "evil\x1b[31m|`<b>"
    fleet.add(name, {"a.py": WARN})
    fleet.add("plain", {"a.py": WARN})
    done = fleet.run()
    assert done.code == 0, done.err
    assert "\x1b" not in done.text + done.err
    page = (fleet.output / "summary.md").read_text()
    assert "\x1b" not in page
    (row,) = [line for line in page.splitlines() if "evil" in line and line.startswith("|")]
    assert len(re.findall(r"(?<!\\)\|", row)) == 9


def test_a_dry_run_writes_to_no_repository_and_shows_the_very_changes(fleet: Fleet, tmp_path: Path) -> None:
    plain = fleet.add("plain", PLAIN)
    everything = {path: path.read_bytes() for path in plain.rglob("*") if path.is_file()}
    done = fleet.run(*BOTH, branch=None)
    assert done.code == 0
    assert {path: path.read_bytes() for path in plain.rglob("*") if path.is_file()} == everything
    assert "would change 2 files" in done.text
    assert [path.name for path in fleet.output.iterdir()] == ["dry-run"]
    git(plain, "clone", "-q", ".", str(tmp_path / "clone"))
    git(tmp_path / "clone", "apply", "--index", str(fleet.output / "dry-run/plain/changes.patch"))
    assert fleet.run(*BOTH).code == 0
    assert words(tmp_path / "clone", "write-tree") == words(plain, "rev-parse", f"{BRANCH}^{{tree}}")
    assert "plain: done, 2 files; as before" in fleet.run(*BOTH, branch=None).err


def test_files_that_git_does_not_track_are_no_part_of_it(fleet: Fleet) -> None:
    plain = fleet.add("plain", {"a.py": WARN})
    write(plain, {"scratch.py": WARN, "pkg/__init__.py": ""})
    assert fleet.run().code == 0
    assert fleet.summary()["codemods"][0]["found"] == 1
    assert words(plain, "ls-tree", "-r", "--name-only", BRANCH) == "a.py"


OWN = """\
select = ["relative-imports"]
ignore = ["logger-warning"]
exclude = ["vendor/"]
commit-per = "site"
roots = ["src"]

[relative-imports]
nonsense = 1
"""


def test_the_fleet_s_configuration_is_in_force_on_the_repository_s_own_facts(fleet: Fleet, tmp_path: Path) -> None:
    files = {
        "rewire.toml": OWN,
        "src/pkg/__init__.py": "",
        "src/pkg/a.py": "from pkg import b\nlog2.warn('a')\nlog2.warn('b')\n",
        "src/pkg/b.py": "",
        "vendor/v.py": "log2.warn('v')\n",
        "generated/g.py": "log2.warn('g')\n",
    }
    own = fleet.add("own", files)
    (fleet.folder / "fleet.toml").write_text(
        'select = ["logger-warning", "relative-imports"]\nexclude = ["generated/"]\n'
        '[logger-warning]\nnames = ["log2"]\n'
    )
    done = fleet.run("--config", "fleet.toml")
    assert done.code == 0, done.err
    assert words(own, "diff", "--name-only", f"main..{BRANCH}") == "src/pkg/a.py"
    assert words(own, "show", f"{BRANCH}:src/pkg/a.py") == "from . import b\nlog2.warning('a')\nlog2.warning('b')"
    assert words(own, "rev-list", "--count", f"main..{BRANCH}") == "2"
    assert fleet.record("own")["notes"] == [
        "its own configuration of ignore, relative-imports, select is not in force here: the fleet's is"
    ]
    body = (fleet.output / "own/pull-request.md").read_text()
    (command,) = re.findall(r"^rewire apply .*$", body, re.MULTILINE)
    assert "generated/" in command
    git(own, "clone", "-q", ".", str(tmp_path / "clone"))
    write(tmp_path / "clone", {"rewire.toml": OWN.replace("nonsense = 1\n", "")})  # apply would refuse it
    git(tmp_path / "clone", "commit", "-qam", "own configuration")
    fleet.command.folder = tmp_path / "clone"
    assert fleet.command(*shlex.split(command)[1:]).code == 0
    assert (tmp_path / "clone/src/pkg/a.py").read_text() == "from . import b\nlog2.warning('a')\nlog2.warning('b')\n"
    assert (tmp_path / "clone/vendor/v.py").read_text() == files["vendor/v.py"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["fleet", "repos.txt", "--branch", "b"], "--output DIR is missing"),
        (["fleet", "repos.txt", "--output", "out"], "--branch NAME is missing"),
        (["fleet", "repos.txt", "--output", "out", "--branch", "a..b"], "'a..b' cannot be the name of a branch"),
        (["fleet", "absent.txt", "--output", "out", "--branch", "b"], "absent.txt: cannot be read"),
        (["fleet", "empty.txt", "--output", "out", "--branch", "b"], "the list names no repository"),
        (["fleet", "repos.txt", "--output", "plain/out", "--branch", "b"], "lies inside"),
        (["fleet", "repos.txt", "--output", "out", "--branch", "b", "--select", "nope"], "there is no codemod 'nope'"),
        (["fleet", "repos.txt", "--output", "out", "--branch", "b", "--jobs", "0"], "expected a positive number"),
        (["fleet", "repos.txt", "--output", "out", "--branch", "b", "--config", "roots.toml"], "a fact about one"),
        (["fleet", "repos.txt", "--output", "out", "--branch", "b", "--resume", "--restart"], "not allowed with"),
    ],
)
def test_a_wrong_command_line_is_refused_before_any_repository(
    fleet: Fleet, arguments: list[str], message: str
) -> None:
    plain = fleet.add("plain", PLAIN)
    write(fleet.folder, {"empty.txt": "\n# nobody\n", "roots.toml": 'roots = ["src"]\n'})
    done = fleet.command(*arguments)
    assert done.code == 2
    assert message in done.err
    assert "Traceback" not in done.err
    assert words(plain, "for-each-ref", "--format=%(refname)") == "refs/heads/main"


def test_an_output_that_cannot_be_written_is_a_fault_that_says_so(fleet: Fleet) -> None:
    fleet.add("plain", PLAIN)
    (fleet.folder / "out").write_text("a file")
    done = fleet.run()
    assert done.code == 4
    assert "cannot be written" in done.err
    assert "Traceback" not in done.err


def test_the_list_may_come_from_a_pipe(fleet: Fleet) -> None:
    plain = fleet.add("plain", PLAIN)
    done = fleet.run_after(
        "import io, sys\n"
        "sys.stdin = io.TextIOWrapper(io.BytesIO(b'plain\\n'))\n"
        "sys.argv[sys.argv.index('repos.txt')] = '-'"
    )
    assert done.code == 0, done.err
    assert tip(plain)


def test_hooks_and_programs_of_a_repository_are_not_started(fleet: Fleet, tmp_path: Path) -> None:
    plain = fleet.add("plain", PLAIN)
    sign = tmp_path / "started"
    for hook in ("reference-transaction", "pre-commit", "post-commit", "commit-msg", "post-checkout"):
        place = plain / ".git/hooks" / hook
        place.parent.mkdir(exist_ok=True)
        place.write_text(f"#!/bin/sh\ntouch {shlex.quote(str(sign))}\n")
        place.chmod(place.stat().st_mode | stat.S_IXUSR)
    assert fleet.run(*ONE).code == 0
    assert not sign.exists()
    git(plain, "update-ref", "refs/heads/probe", "HEAD")
    assert sign.exists() or os.getuid() != os.stat(plain).st_uid  # noqa: PTH116 - the probe itself works
