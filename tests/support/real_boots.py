"""Small programs started for real, in a subprocess, and what came of it in the terms of ``rewire.project.boot``."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

STARTERS = Path(__file__).with_name("starters.py")
PROGRAMS = ("uvicorn", "gunicorn", "hypercorn", "granian", "celery", "flask", "fastapi", "streamlit", "alembic")


@dataclass(frozen=True)
class Real:
    """What a real start came to: every failure as (path, line, message); none: it boots."""

    failures: tuple[tuple[str, int, str], ...]
    output: str


def write_files(root: Path, text: str) -> None:
    """Write ``== path`` sections of ``text`` below ``root``; an empty section makes an empty file."""
    for part in re.split(r"^== ", text, flags=re.MULTILINE)[1:]:
        name, _, body = part.partition("\n")
        path = root / name.strip()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body)


def make_programs(folder: Path, python: str = sys.executable) -> Path:
    """A folder for ``PATH`` with ``python``, ``pytest`` and stand-ins for the servers."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = {"python": f'exec "{python}" "$@"', "python3": f'exec "{python}" "$@"'}
    lines["pytest"] = f'exec "{sys.executable}" -P -m pytest --collect-only -q --tb=native -p no:cacheprovider "$@"'
    for program in PROGRAMS:
        lines[program] = f'exec "{python}" -P "{STARTERS}" {program} "$@"'
    for name, line in lines.items():
        path = folder / name
        path.write_text(f"#!/bin/sh\n{line}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return folder


def start_really(root: Path, command: str, programs: Path) -> Real:
    """Run ``command`` in a shell in ``root`` and read its traceback."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "PYTEST"))}
    environment["PATH"] = f"{programs}{os.pathsep}/usr/bin:/bin"
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    done = subprocess.run(
        ["/bin/sh", "-c", command], cwd=root, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    output = done.stdout + done.stderr
    if re.search(r"\bpytest\b|\bunittest\b", command):
        moved = re.match(r"cd (\S+) &&", command)
        return Real(tuple(_collected(root, root / (moved[1] if moved else ""), output)), output)
    if done.returncode == 0:
        return Real((), output)
    return Real((_failure(root, root, done.stderr),), output)


def _collected(root: Path, cwd: Path, output: str) -> list[tuple[str, int, str]]:
    """The failures of a pytest or unittest run."""
    parts = re.split(
        r"^(?:_{3,} .*ERROR collecting .*|ImportError while loading conftest.*|ERROR: .*|={5,} short test summary.*"
        r"|-{60,})$",
        output,
        flags=re.M,
    )
    found = [
        _failure(root, cwd, part)
        for part in parts
        if "Traceback" in part or re.search(r"^(?:E\s+)?\S+Error: ", part, re.M) or "mismatch" in part
    ]
    return list(dict.fromkeys(found))


def _failure(root: Path, cwd: Path, text: str) -> tuple[str, int, str]:
    """(path, line, message) of a printed traceback; no path where no frame is the project's own."""
    mismatch = re.search(r"^import file mismatch:.*?(?=^HINT)", text, re.M | re.S)
    if mismatch:
        return "", 0, " ".join(mismatch[0].replace(str(root) + os.sep, "").split())
    frames = [(m[1], int(m[2])) for m in re.finditer(r'^\s*File "([^"]+)", line (\d+)', text, re.M)]
    frames += [(str(cwd / m[1]), int(m[2])) for m in re.finditer(r"^([\w/.]+\.py):(\d+): in ", text, re.M)]
    own = [(os.path.relpath(path, root), line) for path, line in frames if path.startswith(str(root) + os.sep)]
    path, line = own[-1] if own else ("", 0)
    lines = [
        re.sub(r"^E\s+", "", line).strip()
        for line in text.strip().splitlines()
        if line.strip() and not line.startswith("=")
    ]
    messages = [line for line in lines if re.match(r"[\w.]*(?:Error|Exception|Exit|Interrupt)\b", line)]
    message = messages[-1] if messages else (lines[-1] if lines else "")
    return path, line, normal(message.replace(str(root) + os.sep, ""))


def normal(message: str) -> str:
    """A message without what depends on the machine or on the patch release of Python."""
    message = re.sub(r"^\S*python[\d.]*: ", "", message)
    message = re.sub(r"\. Did you (?:mean|forget).*", "", message)
    message = re.sub(r"^(SyntaxError|IndentationError|TabError): .*", r"\1", message)
    return re.sub(r"^[\w.]*\.(\w+Error)", r"\1", message)
