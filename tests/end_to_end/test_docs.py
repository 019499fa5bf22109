"""The documentation says what is true: generated parts are current, links lead somewhere, examples do what they say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support.sources import TOP

if TYPE_CHECKING:
    from pathlib import Path

PAGES = [TOP / "README.md", TOP / "CHANGELOG.md", *sorted((TOP / "docs").rglob("*.md"))]
README = (TOP / "README.md").read_text(encoding="utf-8")


def run(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the checkout's with this interpreter."""
    return subprocess.run(
        [sys.executable, *words], cwd=TOP, env=os.environ | environment, capture_output=True, text=True, check=False
    )


def anchors(page: Path) -> set[str]:
    """The headings of a page as GitHub names them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_generated_parts_are_current() -> None:
    done = run("docs/generate.py", "--check")
    assert done.returncode == 0, f"run python docs/generate.py\n{done.stdout}{done.stderr}"


def test_a_stale_page_is_noticed(tmp_path: Path) -> None:
    """The check above can fail: with another option in the code, the page would be out of date."""
    script = (
        "import sys; sys.argv = ['x']\n"
        "from rewire.model import result\n"
        "result.EXIT_CODES[77] = 'for a test'\n"
        "import runpy; runpy.run_path('docs/generate.py')['main'](['--check'])"
    )
    done = run("-c", script)
    assert "out of date: README.md" in done.stdout, done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(TOP).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if target.startswith(("http://", "https://")):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path) if path else page
        assert there.exists(), target
        if anchor:
            assert anchor in anchors(there), target


def test_the_readme_s_help_is_what_the_command_prints() -> None:
    done = run("-m", "rewire", "apply", "--help", COLUMNS="100", FORCE_COLOR="")
    assert f"```text\n{done.stdout.rstrip()}\n```" in README


def test_the_readme_s_configuration_is_accepted(tmp_path: Path) -> None:
    from rewire import config, registry

    (text,) = re.findall(r"```toml\n(.*?)```", README, re.DOTALL)
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    loaded = config.load(tmp_path)
    assert loaded.select
    assert loaded.launch
    config.check_tables(loaded, registry.load().codemods)
    for name in loaded.select:
        config.options_for(registry.load().get(name), loaded)


def test_the_readme_s_commands_are_there() -> None:
    for command in ("python3 examples/try.py", "./test"):
        assert f"```sh\n{command}\n```" in README
    for script in ("test", ".ci/run"):
        assert os.access(TOP / script, os.X_OK)
    assert re.search(r"^\./test\b", (TOP / ".ci/run").read_text(encoding="utf-8"), re.MULTILINE)


def test_the_example_runs_and_makes_the_commits_that_are_documented(tmp_path: Path) -> None:
    done = run("examples/try.py", TMPDIR=str(tmp_path))
    assert done.returncode == 0, done.stderr
    (folder,) = tmp_path.glob("rewire-example-*/shop")
    assert str(folder) in done.stdout
    log = subprocess.run(
        ["git", "log", "--reverse", "--format=%B%x00"], cwd=folder, capture_output=True, text=True, check=True
    ).stdout.split("\0")
    assert [message.split("(")[0].strip() for message in log[:2]] == ["A broken back end", "rewire"]
    assert "rewire(connect-timeout)" in done.stdout
    assert "rewire(relative-imports)" in done.stdout
    (shown,) = re.findall(r"```text\n(rewire\(.*?)```", (TOP / "docs/commits.md").read_text("utf-8"), re.DOTALL)
    (made,) = [message for message in log if "rewire(connect-timeout)" in message]

    def without_hashes(text: str) -> str:
        return re.sub(r"\b[0-9a-f]{40}\b", "HASH", text).strip()

    assert without_hashes(shown) == without_hashes(made)
    status = subprocess.run(["git", "status", "--porcelain"], cwd=folder, capture_output=True, text=True, check=True)
    assert status.stdout == ""
