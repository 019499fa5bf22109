"""``rewire doctor`` as a user runs it: words, JSON, exit codes, and the one thing that it writes."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.real_boots import write_files

if TYPE_CHECKING:
    from pathlib import Path

DEPLOYED = """== Procfile
web: uvicorn backend.main:app
== render.yaml
services:
  - type: web
    name: api
    rootDir: backend
    startCommand: uvicorn main:app
== backend/main.py
from backend.deps import get_db
try:
    from backend.extra import thing
except ImportError:
    thing = None
app = 1

def later():
    from backend.gone import nothing
== backend/deps.py
def get_db(): ...
== tools/seed.py
import sys
from pathlib import Path
sys.path.insert(0, str(Path(__file__).parent.parent / "backend"))
import deps

if __name__ == "__main__":
    pass
"""


def doctor(root: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "rewire", "doctor", *words],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def examined(root: Path, *words: str) -> dict[str, Any]:
    return json.loads(doctor(root, "--format", "json", *words).stdout)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    write_files(tmp_path, DEPLOYED)
    return tmp_path


def git(root: Path, *words: str) -> str:
    names = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    return subprocess.run(["git", *names, *words], cwd=root, capture_output=True, text=True, check=True).stdout


def test_a_context_that_does_not_boot_is_named_with_file_line_and_error(project: Path) -> None:
    done = doctor(project)
    assert done.returncode == 1, done.stderr
    assert "boots  Procfile: web" in done.stdout
    assert "FAILS  render.yaml: api" in done.stdout
    assert "backend/main.py:1: ModuleNotFoundError: No module named 'backend'" in done.stdout
    assert "1 of 2 launch contexts do not boot" in done.stdout


def test_a_cure_is_tried_before_it_is_told(project: Path) -> None:
    contexts = {one["name"]: one for one in examined(project)["contexts"]}
    assert contexts["render.yaml: api"]["cure"] == "it boots with PYTHONPATH=. (seen from the repository root)"
    assert contexts["Procfile: web"]["cure"] == ""


def test_relative_imports_without_a_package_are_cured_by_the_dotted_name(tmp_path: Path) -> None:
    write_files(
        tmp_path, "== backend/__init__.py\n== backend/main.py\nfrom .db import x\napp = 1\n== backend/db.py\nx = 1\n"
    )
    done = doctor(tmp_path, "--launch", "cd backend && uvicorn main:app")
    assert done.returncode == 1
    assert "it boots as backend.main:app started from the repository root" in done.stdout


def test_every_context_boots(project: Path) -> None:
    (project / "render.yaml").unlink()
    done = doctor(project)
    assert done.returncode == 0, done.stdout
    assert "the launch context boots" in done.stdout


def test_starts_from_other_roots_with_the_same_result_are_no_conflict(tmp_path: Path) -> None:
    write_files(
        tmp_path,
        "== alembic.ini\n[alembic]\nscript_location = migrations\n"
        "== run.sh\nPYTHONPATH=. alembic upgrade head\n"
        "== migrations/env.py\nimport sys\nsys.path.append('.')\nfrom app.db import x\n== app/db.py\nx = 1\n",
    )
    done = doctor(tmp_path)
    assert "all 2 launch contexts boot" in done.stdout
    assert "conflict" not in done.stdout


def test_findings_have_codes_and_places(project: Path) -> None:
    findings = {(one["code"], one["path"], one["line"]) for one in examined(project)["findings"]}
    assert ("swallowed", "backend/main.py", 3) in findings
    assert ("fails-later", "backend/main.py", 9) in findings
    assert ("conflict", "backend/main.py", 0) in findings
    assert ("possible-script", "tools/seed.py", 6) in findings
    assert ("missing-init", "backend", 0) in findings


def test_sys_path_edits_and_look_alikes(project: Path) -> None:
    (project / "Procfile").write_text("web: uvicorn backend.main:app\njob: python tools/seed.py\n")
    write_files(project, "== Back-End/old.py\n")
    findings = {one["code"]: one for one in examined(project)["findings"]}
    assert findings["path-edit"]["text"] == "adds backend to sys.path"
    assert (findings["path-edit"]["path"], findings["path-edit"]["line"]) == ("tools/seed.py", 3)
    assert "Back-End, backend" in findings["look-alike"]["text"]


def test_a_file_under_two_names(tmp_path: Path) -> None:
    write_files(
        tmp_path,
        "== app/__init__.py\n== app/db.py\npool = None\n== app/main.py\nimport sys, os\n"
        "sys.path.insert(0, os.path.dirname(__file__))\nimport db\nimport app.db\n",
    )
    findings = {one["code"]: one for one in examined(tmp_path, "--launch", "python -m app.main")["findings"]}
    assert findings["two-names"]["path"] == "app/db.py"
    assert "loaded as db and as app.db" in findings["two-names"]["text"]


def test_a_command_whose_target_does_not_exist_names_a_near_match(tmp_path: Path) -> None:
    write_files(tmp_path, "== Procfile\nweb: uvicorn server.main:app\n== backend/main.py\napp = 1\n")
    done = doctor(tmp_path)
    assert "'uvicorn server.main:app' starts server.main, which does not exist" in done.stdout
    assert "did it mean backend/main.py?" in done.stdout


def test_pytest_without_arguments_is_a_context_with_its_failures(tmp_path: Path) -> None:
    write_files(
        tmp_path, "== Makefile\ntest:\n\tpython -m pytest\n== app/__init__.py\n== tests/test_app.py\nimport app.no\n"
    )
    (one,) = examined(tmp_path)["contexts"]
    assert (one["entry_kind"], one["boots"]) == ("tests", False)
    assert one["failures"][0]["path"] == "tests/test_app.py"


def test_an_import_that_exists_nowhere_in_a_file_that_nothing_loads(tmp_path: Path) -> None:
    write_files(
        tmp_path,
        "== Procfile\nweb: python main.py\n== main.py\n== pkg/__init__.py\n== pkg/core.py\n"
        "== pkg/old.py\nfrom pkg.cor import x\n",
    )
    findings = {one["code"]: one for one in examined(tmp_path)["findings"]}
    assert (findings["no-such-module"]["path"], findings["no-such-module"]["line"]) == ("pkg/old.py", 1)
    assert "pkg/core.py" in findings["no-such-module"]["advice"]


def test_without_launch_files_it_says_how_to_name_one(tmp_path: Path) -> None:
    write_files(tmp_path, "== main.py\nprint('x')\n")
    done = doctor(tmp_path)
    assert done.returncode == 0
    assert "no launch file was found" in done.stdout


@pytest.mark.parametrize(
    ("message", "fits"),
    [
        ("No module named 'backend'", ["render.yaml: api"]),
        ("ModuleNotFoundError: No module named 'backend'", ["render.yaml: api"]),
        ("No module named 'backend.extra'", ["Procfile: web"]),
        ("No module named 'backend.gone'", ["Procfile: web"]),
        ("No module named 'frontend'", []),
        (
            'Traceback (most recent call last):\n  File "/app/main.py", line 1, in <module>\n'
            "    from backend.deps import get_db\nModuleNotFoundError: No module named 'backend'",
            ["render.yaml: api"],
        ),
        (
            'Traceback (most recent call last):\n  File "/app/main.py", line 77, in <module>\n'
            "ModuleNotFoundError: No module named 'backend'",
            [],
        ),
    ],
)
def test_an_error_message_is_placed(project: Path, message: str, fits: list[str]) -> None:
    assert examined(project, "--error", message)["error_fits"] == fits


def test_the_users_word_wins(project: Path) -> None:
    contexts = examined(project, "--launch", "uvicorn backend.main:app")["contexts"]
    assert [(one["tier"], one["boots"]) for one in contexts] == [("user", True)]


def test_launches_of_the_configuration_count(project: Path) -> None:
    (project / "rewire.toml").write_text(
        '[[launch]]\nname = "live"\ncommand = "uvicorn main:app"\nworkdir = "backend"\npythonpath = ["."]\n'
    )
    seen = examined(project)
    one, *others = seen["contexts"]
    assert (one["name"], one["boots"], one["roots"]) == ("live", True, ["backend", ""])
    assert {(other["name"], other["overruled"]) for other in others} == {
        ("Procfile: web", True),
        ("render.yaml: api", True),
    }
    assert seen["healthy"]


def test_a_launch_that_starts_no_python_is_a_usage_error(project: Path) -> None:
    done = doctor(project, "--launch", "npm start")
    assert done.returncode == 2
    assert "starts no Python program" in done.stderr


def test_doctor_writes_nothing(project: Path) -> None:
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    doctor(project)
    assert {path: path.read_bytes() for path in project.rglob("*") if path.is_file()} == before


def test_escape_sequences_in_names_do_not_reach_the_terminal(tmp_path: Path) -> None:
    write_files(tmp_path, "== Procfile\nweb: python 'a\x1b[31m.py'\n== a\x1b[31m.py\nimport b.c\n== b.py\n")
    assert "\x1b" not in doctor(tmp_path).stdout


def test_fix_packages_makes_one_commit_and_boots_stay_boots(project: Path) -> None:
    git(project, "init", "-q")
    git(project, "add", "-A")
    git(project, "commit", "-qm", "start")
    for key, value in (("user.name", "A"), ("user.email", "a@example.org")):
        git(project, "config", key, value)
    done = doctor(project, "--fix-packages")
    assert "backend/__init__.py" in done.stderr, done.stderr
    assert git(project, "rev-list", "--count", "HEAD").strip() == "2"
    assert git(project, "show", "--name-only", "--format=", "HEAD").split() == ["backend/__init__.py", "pyproject.toml"]
    assert git(project, "status", "--porcelain") == ""
    again = doctor(project, "--fix-packages")
    assert "no package file is missing" in again.stderr
    assert "boots  Procfile: web" in again.stdout


def test_fix_packages_dry_run_writes_nothing(project: Path) -> None:
    done = doctor(project, "--fix-packages", "--dry-run")
    assert "would make\n  backend/__init__.py\n  pyproject.toml\n" in done.stderr
    assert not (project / "backend" / "__init__.py").exists()


def test_fix_packages_leaves_packaging_that_exists_alone(project: Path) -> None:
    (project / "setup.py").write_text("from setuptools import setup\nsetup(name='x')\n")
    done = doctor(project, "--fix-packages", "--no-commit")
    assert "backend/__init__.py" in done.stderr, done.stderr
    assert not (project / "pyproject.toml").exists()


def test_made_packaging_can_be_read_by_setuptools(project: Path) -> None:
    import tomllib

    doctor(project, "--fix-packages", "--no-commit")
    data = tomllib.loads((project / "pyproject.toml").read_text())
    assert data["build-system"]["build-backend"] == "setuptools.build_meta"
    assert data["tool"]["setuptools"]["packages"]["find"]["include"] == ["backend", "backend.*"]
