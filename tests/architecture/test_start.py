"""What an import costs: the heavy libraries are loaded where they are used, and nowhere before."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {
    "libcst",
    "git",
    "rich",
    "rich_argparse",
    "msgspec",
    "fissix",
    "pathspec",
    "multiprocessing",
    "distributed",
    "watchfiles",
}


def loaded_after(code: str) -> set[str]:
    """Which of the heavy libraries a fresh interpreter holds after ``code``."""
    script = f"import sys\n{code}\nsys.stderr.write(' '.join(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stderr.split()) & HEAVY


@pytest.mark.parametrize("module", ["rewire", "rewire.errors", "rewire.codemod", "rewire.model.result"])
def test_the_front_doors_load_nothing_heavy(module: str) -> None:
    assert loaded_after(f"import {module}") == set()


def test_the_command_line_loads_no_parser_no_git_and_no_terminal_library() -> None:
    assert loaded_after("import rewire.cli") <= {"msgspec", "pathspec"}


def test_asking_for_the_version_loads_nothing_heavy() -> None:
    call = "sys.argv = ['rewire', '--version']\n    rewire.__main__.main()"
    assert loaded_after(f"import rewire.__main__\ntry:\n    {call}\nexcept SystemExit: pass") == set()


def test_listing_the_codemods_parses_nothing() -> None:
    """Every codemod's ``codemod.py`` keeps LibCST for the functions that need it."""
    load = "from rewire.registry import load\nknown = load()"
    assert "libcst" not in loaded_after(f"{load}\nassert known.codemods and not known.broken")


def test_a_run_loads_libcst_with_the_first_site_and_not_before() -> None:
    assert "libcst" not in loaded_after("import rewire.pipeline.line, rewire.verify.imports, rewire.verify.accept")


def test_the_probe_sees_what_is_loaded() -> None:
    assert loaded_after("import libcst") >= {"libcst"}
