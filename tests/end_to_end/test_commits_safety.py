"""Nobody's program is started, nobody's work is touched: hostile configurations, signing, races, and real kills."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from support.repositories import git, make_repository, replace_words, tree, words, write

from rewire.deliver.commit import CommitOptions, commit, preflight
from rewire.errors import GitError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILES = {"a.py": b"one = 1\n", "pkg/b.py": b"x = one\r\n", "pkg/c.py": b"one\none\n", "notes.txt": b"one\n"}
STEPS = (("one", "two"), ("two", "six"))
HOOKS = (
    "applypatch-msg", "commit-msg", "fsmonitor-watchman", "post-checkout", "post-commit", "post-index-change",
    "post-merge", "post-rewrite", "pre-auto-gc", "pre-commit", "pre-merge-commit", "prepare-commit-msg",
    "reference-transaction",
)  # fmt: skip
PROGRAMS = (
    "alias.commit-tree", "alias.merge", "core.alternateRefsCommand", "core.askPass", "core.editor", "core.fsmonitor",
    "core.gitProxy", "core.pager", "core.sshCommand", "credential.helper", "diff.evil.command", "diff.evil.textconv",
    "diff.external", "filter.evil.clean", "filter.evil.process", "filter.evil.smudge", "gc.recentObjectsHook",
    "gpg.openpgp.program", "gpg.program", "gpg.ssh.defaultKeyCommand", "gpg.ssh.program", "gpg.x509.program",
    "interactive.diffFilter", "merge.evil.driver", "pager.config", "pager.merge", "pager.status", "sequence.editor",
    "trailer.evil.command", "uploadpack.packObjectsHook",
)  # fmt: skip


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return make_repository(tmp_path / "repository", FILES)


def is_clean(root: Path) -> bool:
    assert git(root, "status", "--porcelain") == b""
    return True


def make_program(place: Path, text: str) -> Path:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(f"#!/bin/sh\n{text}\n")
    place.chmod(0o755)
    return place


def make_hostile(root: Path, tmp_path: Path, *, hooks_path: bool) -> Path:
    """Every program that git could be made to start, set in the repository's own configuration; the file they make."""
    ran = tmp_path / "ran"
    evil = make_program(tmp_path / "evil", f'echo "$0 $*" >> {ran}; cat')
    for name in PROGRAMS:
        git(root, "config", name, str(evil))
    folder = tmp_path / "hooks" if hooks_path else root / ".git/hooks"
    for name in HOOKS:
        make_program(folder / name, f"echo {name} >> {ran}")
    if hooks_path:
        git(root, "config", "core.hooksPath", str(folder))
    for name, value in {
        "gc.auto": "1", "maintenance.auto": "true", "gc.autoDetach": "false", "merge.verifySignatures": "true",
        "branch.main.mergeOptions": "--no-ff --squash", "submodule.recurse": "true", "filter.evil.required": "true",
    }.items():  # fmt: skip
        git(root, "config", name, value)
    return ran


@pytest.mark.parametrize("hooks_path", [False, True])
@pytest.mark.parametrize("branch", [None, "new"])
def test_a_hostile_configuration_starts_nothing(
    repository: Path, tmp_path: Path, hooks_path: bool, branch: str | None
) -> None:
    write(repository, {".gitattributes": b"*.txt filter=evil diff=evil merge=evil\n*.py diff=evil merge=evil\n"})
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "attributes")
    ran = make_hostile(repository, tmp_path, hooks_path=hooks_path)
    os.utime(repository / "notes.txt", (1, 1))
    preflight(repository)
    report = commit(replace_words(repository, *STEPS), CommitOptions(branch=branch))
    assert len(report.commits) == 2
    assert not ran.exists(), ran.read_text()
    assert words(repository, "rev-parse", "HEAD~2") == words(repository, "rev-parse", report.commits[0].sha + "~1")


def test_the_control_of_that_test_git_itself_starts_them(repository: Path, tmp_path: Path) -> None:
    ran = make_hostile(repository, tmp_path, hooks_path=True)
    git(repository, "commit", "-q", "--allow-empty", "-m", "x", check=False)
    assert ran.exists()


def test_a_filter_that_only_the_repository_defines_stops_the_files_that_need_it(repository: Path) -> None:
    write(repository, {".gitattributes": b"pkg/** filter=secret\n"})
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "attributes")
    git(repository, "config", "filter.secret.clean", "rev")
    with pytest.raises(GitError, match=r"pkg/b\.py goes through the filter 'secret'") as caught:
        commit(replace_words(repository, *STEPS))
    assert "--exclude" in caught.value.advice
    assert len(commit(replace_words(repository, *STEPS, paths=["a.py"])).commits) == 2


def test_a_filter_of_the_users_own_is_used_even_if_the_repository_names_another_program(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "gitconfig"
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    git(repository, "config", "--global", "filter.upper.clean", "tr a-z A-Z")
    git(repository, "config", "--global", "filter.upper.smudge", "tr A-Z a-z")
    write(repository, {".gitattributes": b"a.py filter=upper\n"})
    git(repository, "add", "-A")
    git(repository, "add", "--renormalize", "-A")
    git(repository, "commit", "-qam", "attributes")
    commit(replace_words(repository, ("one", "two")))
    assert git(repository, "cat-file", "blob", "HEAD:a.py") == b"TWO = 1\n"
    assert (repository / "a.py").read_bytes() == b"two = 1\n"
    assert is_clean(repository)
    git(repository, "config", "filter.upper.clean", f"touch {tmp_path}/ran; cat")
    with pytest.raises(GitError, match="filter 'upper'"):
        commit(replace_words(repository, ("two", "six")))
    assert not (tmp_path / "ran").exists()


def test_lfs_installed_into_the_repository_is_no_reason_to_stop(repository: Path) -> None:
    write(repository, {".gitattributes": b"*.bin filter=lfs diff=lfs merge=lfs -text\n"})
    git(repository, "add", "-A")
    git(repository, "commit", "-qm", "attributes")
    for name, value in {"clean": "git-lfs clean -- %f", "smudge": "git-lfs smudge -- %f",
                        "process": "git-lfs filter-process", "required": "true"}.items():  # fmt: skip
        git(repository, "config", f"filter.lfs.{name}", value)
    assert len(commit(replace_words(repository, *STEPS)).commits) == 2


@pytest.fixture
def ssh_signing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A signing key in the user's own configuration."""
    if shutil.which("ssh-keygen") is None:
        pytest.skip("there is no ssh-keygen")
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    (tmp_path / "signers").write_text(f"test@example.org {key.with_suffix('.pub').read_text()}")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    for name, value in {"gpg.format": "ssh", "user.signingKey": str(key), "commit.gpgSign": "true",
                        "gpg.ssh.allowedSignersFile": str(tmp_path / "signers")}.items():  # fmt: skip
        git(tmp_path, "config", "--global", name, value)
    return key


def test_commits_are_signed_as_git_is_configured(repository: Path, ssh_signing: Path) -> None:
    commit(replace_words(repository, *STEPS))
    assert words(repository, "log", "-2", "--format=%G?") == "G\nG"
    git(repository, "config", "commit.gpgSign", "false")
    commit(replace_words(repository, ("six", "one")))
    assert words(repository, "log", "-1", "--format=%G?") == "N"


def test_a_signature_that_fails_stops_the_run_with_nothing_changed(repository: Path, ssh_signing: Path) -> None:
    ssh_signing.unlink()
    before = tree(repository), words(repository, "rev-parse", "HEAD")
    with pytest.raises(GitError, match="commit-tree failed") as caught:
        commit(replace_words(repository, *STEPS))
    assert "git config commit.gpgsign false" in caught.value.advice
    assert (tree(repository), words(repository, "rev-parse", "HEAD")) == before


def test_a_signing_program_that_only_the_repository_names_is_refused(repository: Path, tmp_path: Path) -> None:
    git(repository, "config", "commit.gpgSign", "true")
    git(repository, "config", "gpg.program", f"touch {tmp_path}/ran")
    with pytest.raises(GitError, match=r"only this repository's configuration says how: gpg\.program"):
        preflight(repository)
    assert not (tmp_path / "ran").exists()


def test_variables_of_a_hook_do_not_lead_to_another_repository(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_repository(tmp_path / "other", {"b.py": b"one\n"})
    before = words(other, "rev-parse", "HEAD"), words(other, "ls-files", "--stage")
    result = replace_words(repository, *STEPS)
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / ".git/index"))
    commit(result)
    assert os.environ["GIT_DIR"] == str(other / ".git")
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name)
    assert (words(other, "rev-parse", "HEAD"), words(other, "ls-files", "--stage")) == before
    assert is_clean(repository)


@pytest.fixture
def wrap_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git in front of git, to do things between its commands: a script that gets ``$REAL`` and ``$N``, the count."""
    real = shutil.which("git")
    folder = tmp_path / "bin"
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("REAL", str(real))
    monkeypatch.setenv("COUNT", str(tmp_path / "count"))
    (tmp_path / "count").write_bytes(b"")
    return folder / "git"


def before_landing(script: str) -> str:
    """A wrapper that runs ``script`` just before the work tree moves."""
    return f'case " $* " in *" merge "*|*" checkout "*) {script};; esac; exec "$REAL" "$@"'


RACES = {
    "somebody commits": 'echo later > notes.txt; "$REAL" commit -qam theirs',
    "somebody commits to a file of ours": 'echo later > a.py; "$REAL" commit -qam theirs',
    "somebody edits a file of ours": "echo work > pkg/b.py",
    "somebody stages a file of ours": 'echo work > pkg/b.py; "$REAL" add pkg/b.py',
    "somebody holds the index": "touch .git/index.lock",
}


@pytest.mark.parametrize("name", RACES)
def test_work_that_appears_at_the_last_moment_is_kept(repository: Path, wrap_git: Path, name: str) -> None:
    result = replace_words(repository, *STEPS)
    make_program(wrap_git, before_landing(RACES[name]))
    with pytest.raises(GitError) as caught:
        commit(result)
    wrap_git.unlink()
    assert "refs/rewire/tip" in caught.value.advice
    assert words(repository, "log", "-1", "--format=%s", "refs/rewire/tip") == "rewire(second): replace a word (second)"
    assert words(repository, "log", "-1", "--format=%s") in ("begin", "theirs")
    on_disk = tree(repository)
    assert on_disk["pkg/c.py"] == FILES["pkg/c.py"]
    touched = {"somebody commits": "notes.txt", "somebody commits to a file of ours": "a.py"}.get(name, "pkg/b.py")
    if name != "somebody holds the index":
        assert on_disk[touched] in (b"later\n", b"work\n")
    assert {path: data for path, data in on_disk.items() if path != touched} == {
        path: data for path, data in FILES.items() if path != touched
    }
    assert git(repository, "for-each-ref", "refs/worktree") == b""


def test_a_head_that_moves_back_while_commits_are_built_is_seen(repository: Path, wrap_git: Path) -> None:
    git(repository, "commit", "-q", "--allow-empty", "-m", "to be dropped")
    result = replace_words(repository, *STEPS)
    make_program(
        wrap_git,
        'case " $* " in *" commit-tree "*) "$REAL" -C "$PLACE" update-ref HEAD "$BASE";; esac; exec "$REAL" "$@"',
    )
    os.environ["PLACE"], os.environ["BASE"] = str(repository), words(repository, "rev-parse", "HEAD~1")
    try:
        with pytest.raises(GitError, match="HEAD has moved"):
            commit(result)
    finally:
        del os.environ["PLACE"], os.environ["BASE"]
    assert words(repository, "log", "-1", "--format=%s") == "begin"


def run_and_be_killed(root: Path, *, after: float | None = None, number: int | None = None) -> int:
    """Commit in a child process that is killed, by a clock or by a git command; its exit status."""
    if number is not None:
        os.environ["KILL_AT"] = str(number)
    sys.stdout.flush()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.setpgid(0, 0)
            os.environ["KILL"] = str(os.getpid())
            tempfile.tempdir = str(root.parent)
            devnull = os.open(os.devnull, os.O_WRONLY)
            os.dup2(devnull, 1)
            os.dup2(devnull, 2)
            commit(replace_words(root, *STEPS), CommitOptions(allow_dirty=True))
            status = 0
        finally:
            os._exit(status)
    if after is not None:
        time.sleep(after)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    os.environ.pop("KILL_AT", None)
    return status


def wait_for_git(root: Path) -> None:
    """Until the git that outlived its caller, if any, is done."""
    signs = (root / ".git/index.lock", root.parent / "count.busy")
    for _ in range(1000):
        if not any(sign.exists() for sign in signs):
            return
        time.sleep(0.01)
    raise AssertionError("git does not come to its end")


def check_whole(root: Path, base: str) -> str:
    """Either the state before or whole commits; uncommitted work untouched; the next run goes through."""
    head = words(root, "rev-parse", "HEAD")
    made = words(root, "rev-list", f"{base}..HEAD").split()
    dirty = git(root, "status", "--porcelain")
    assert dirty == b" M notes.txt\n", dirty
    expected = {**FILES, "notes.txt": b"uncommitted work\n"}
    if head != base:
        assert len(made) == 2
        expected = {
            path: data.replace(b"one", b"six") if path.endswith(".py") else data for path, data in expected.items()
        }
    assert tree(root) == expected
    report = commit(replace_words(root, *STEPS), CommitOptions(allow_dirty=True))
    assert len(report.commits) == (2 if head == base else 0)
    assert git(root, "status", "--porcelain") == b" M notes.txt\n"
    assert git(root, "for-each-ref", "refs/worktree") == b""
    assert not list((root / ".git").glob("rewire*"))
    return head


def fresh(tmp_path: Path, name: str) -> tuple[Path, str]:
    root = make_repository(tmp_path / name, FILES)
    write(root, {"notes.txt": b"uncommitted work\n"})
    return root, words(root, "rev-parse", "HEAD")


KILLER = (
    # The whole process group dies while this git command is at work; the command itself comes to its end.
    'case "$1" in version) exec "$REAL" "$@";; esac; '
    'echo >> "$COUNT"; N=$(wc -l < "$COUNT"); [ "$N" = "$KILL_AT" ] && touch "$COUNT.busy" && kill -9 "-$KILL"; '
    '"$REAL" "$@"; STATUS=$?; rm -f "$COUNT.busy"; exit $STATUS'
)


def test_a_kill_at_any_git_command_leaves_the_state_before_or_whole_commits(tmp_path: Path, wrap_git: Path) -> None:
    ends: list[bool] = []
    for number in range(1, 100):
        root, base = fresh(tmp_path, f"r{number}")
        (tmp_path / "count").write_bytes(b"")
        make_program(wrap_git, KILLER)
        status = run_and_be_killed(root, number=number)
        wrap_git.unlink()
        wait_for_git(root)
        ends.append(check_whole(root, base) != base)
        if not os.WIFSIGNALED(status):
            assert os.WEXITSTATUS(status) == 0
            break
    else:
        raise AssertionError("the run never came to its end")
    assert len(ends) > 12
    assert not ends[0]
    assert ends[-1]
    assert ends == sorted(ends)


def test_a_kill_at_any_moment_leaves_the_state_before_or_whole_commits(tmp_path: Path) -> None:
    root, _ = fresh(tmp_path, "clock")
    begin = time.perf_counter()
    assert run_and_be_killed(root) == 0
    whole = time.perf_counter() - begin
    count = 12
    for number in range(count):
        root, base = fresh(tmp_path, f"r{number}")
        run_and_be_killed(root, after=whole * (0.4 + 0.65 * number / count))
        time.sleep(0.1)
        wait_for_git(root)
        check_whole(root, base)


@pytest.fixture(params=["alone", "with another thread"])
def another_thread(request: pytest.FixtureRequest) -> Iterator[None]:
    """A progress bar has a thread of its own: the system may hand it the signal that was meant for us."""
    over = threading.Event()

    def refresh() -> None:
        while not over.wait(0.01):
            pass

    thread = threading.Thread(target=refresh)
    if request.param != "alone":
        thread.start()
    yield
    over.set()
    if request.param != "alone":
        thread.join()


@pytest.mark.usefixtures("another_thread")
def test_ctrl_c_while_the_work_tree_moves_waits_until_it_is_whole(
    repository: Path, wrap_git: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = replace_words(repository, *STEPS)
    monkeypatch.setenv("ME", str(os.getpid()))
    slowly = 'for i in 1 2 3 4 5 6 7 8 9 10; do echo "$i" >&2; sleep 0.1; done'
    make_program(wrap_git, before_landing(f'kill -INT "$ME"; {slowly}'))
    with pytest.raises(KeyboardInterrupt):
        commit(result)
    wrap_git.unlink()
    assert words(repository, "log", "-1", "--format=%s") == "rewire(second): replace a word (second)"
    assert is_clean(repository)
    assert git(repository, "for-each-ref", "refs/worktree") == b""


def test_ctrl_c_before_that_leaves_the_state_before(
    repository: Path, wrap_git: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = replace_words(repository, *STEPS)
    before = tree(repository), words(repository, "for-each-ref")
    monkeypatch.setenv("ME", str(os.getpid()))
    make_program(wrap_git, 'case " $* " in *" write-tree "*) kill -INT "$ME"; sleep 0.1;; esac; exec "$REAL" "$@"')
    with pytest.raises(KeyboardInterrupt):
        commit(result)
    wrap_git.unlink()
    assert (tree(repository), words(repository, "for-each-ref")) == before
    assert is_clean(repository)


HALF_WAY = "rm a.py; printf si > a.py; rm -r pkg; touch .git/index.lock; kill -9 $$"
NEARLY = '"$REAL" read-tree -m -u HEAD refs/rewire/tip; kill -9 $$'


@pytest.mark.parametrize("script", [HALF_WAY, NEARLY], ids=["half-way", "just before the branch moves"])
@pytest.mark.parametrize("linked", [False, True])
def test_a_git_that_is_killed_while_it_moves_the_work_tree_is_taken_back(
    repository: Path, wrap_git: Path, linked: bool, script: str
) -> None:
    write(repository, {"notes.txt": b"work\n"})
    (repository / "a.py").chmod(0o600)
    if linked:
        os.link(repository / "a.py", repository.parent / "second")
    result = replace_words(repository, *STEPS)
    make_program(wrap_git, before_landing(script))
    with pytest.raises(GitError, match=r"killed .* as they were") as caught:
        commit(result, CommitOptions(allow_dirty=True))
    wrap_git.unlink()
    assert "index.lock" in caught.value.advice
    (repository / ".git/index.lock").unlink(missing_ok=True)
    assert tree(repository) == {**FILES, "notes.txt": b"work\n"}
    assert git(repository, "status", "--porcelain") == b" M notes.txt\n"
    assert (repository / "a.py").stat().st_mode & 0o777 == 0o600
    if linked:
        assert (repository / "a.py").samefile(repository.parent / "second")
    assert len(commit(result, CommitOptions(allow_dirty=True)).commits) == 2


def test_a_git_that_is_killed_after_its_work_was_done_has_done_it(repository: Path, wrap_git: Path) -> None:
    result = replace_words(repository, *STEPS)
    make_program(wrap_git, before_landing('"$REAL" "$@"; kill -9 $$'))
    assert len(commit(result).commits) == 2
    wrap_git.unlink()
    assert is_clean(repository)
    assert words(repository, "log", "-1", "--format=%s") == "rewire(second): replace a word (second)"


def test_a_power_cut_while_git_moves_the_work_tree_is_named_and_its_advice_works(
    repository: Path, wrap_git: Path
) -> None:
    make_program(wrap_git, before_landing("printf 'si' > a.py; touch .git/index.lock; kill -9 \"-$KILL\"; exit 1"))
    run_and_be_killed(repository)
    wrap_git.unlink()
    with pytest.raises(GitError, match="an earlier run was killed") as caught:
        preflight(repository)
    assert "git restore" in caught.value.advice
    assert "index.lock" in caught.value.advice
    (repository / ".git/index.lock").unlink()
    git(repository, "restore", "--staged", "--worktree", "a.py")
    assert tree(repository) == FILES
    assert len(commit(replace_words(repository, *STEPS)).commits) == 2
