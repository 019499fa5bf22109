"""Run rewire on a small broken back end: make a git repository of it, show a dry run, apply, show the commits.

Needs Python 3.11 or later, git and a package index; installs rewire into ``.venv`` of this checkout if this Python
does not have it. Everything else happens in a temporary folder, which is kept so that you can look at it.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parent
VENV = Path(os.environ.get("REWIRE_VENV", CHECKOUT / ".venv"))
IDENTITY = ("-c", "user.name=Example", "-c", "user.email=example@example.org")


def python_with_rewire() -> str:
    """A Python that can import rewire: this one, or that of ``.venv``, made if it is not there."""
    if importlib.util.find_spec("rewire") and importlib.util.find_spec("libcst"):
        return sys.executable
    if sys.version_info < (3, 11):
        raise SystemExit(f"rewire needs Python 3.11 or later; this is {sys.version.split()[0]}")
    python = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
    if subprocess.run([str(python), "-c", "import rewire, libcst"], capture_output=True, check=False).returncode:
        install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-e", str(CHECKOUT)]
        subprocess.run(install, check=True)
    return str(python)


def make_repository() -> Path:
    """The back end in a fresh git repository."""
    folder = Path(tempfile.mkdtemp(prefix="rewire-example-")) / "shop"
    shutil.copytree(HERE / "shop", folder)
    for arguments in (["init", "--quiet"], ["add", "--all"], [*IDENTITY, "commit", "--quiet", "-m", "A broken back end"]):
        subprocess.run(["git", *arguments], cwd=folder, check=True)
    for key, value in (("user.name", "Example"), ("user.email", "example@example.org")):
        subprocess.run(["git", "config", key, value], cwd=folder, check=True)
    return folder


def show(folder: Path, title: str, command: list[str]) -> None:
    """Run a command as a user would and let them see it."""
    print(f"\n\033[7m {title} \033[0m\n" if sys.stdout.isatty() else f"\n--- {title}\n", flush=True)
    code = subprocess.run(command, cwd=folder, check=False).returncode
    if code:
        raise SystemExit(f"{title}: exit code {code}")


def main() -> None:
    """The whole tour."""
    rewire = [python_with_rewire(), "-m", "rewire"]
    folder = make_repository()
    show(folder, "rewire apply --dry-run", [*rewire, "apply", "--dry-run"])
    show(folder, "rewire apply", [*rewire, "apply"])
    show(folder, "git log --stat", ["git", "--no-pager", "log", "--stat", "--format=%h %s%n%n%b"])
    print(f"\nThe repository is in {folder}")


if __name__ == "__main__":
    main()
