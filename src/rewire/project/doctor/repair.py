"""``--fix-packages``: the ``__init__.py`` files that are missing, and packaging where there is none."""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from rewire.model.result import Outcome, RunResult
from rewire.model.site import Promise
from rewire.model.source import SourceFile
from rewire.model.workspace import Changeset, FileChange
from rewire.project.boot.simulate import Simulator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire.model.project import Project
    from rewire.model.workspace import Workspace
    from rewire.project.doctor.findings import Examination

NAME = "fix-packages"

_PACKAGING = ("pyproject.toml", "setup.py", "setup.cfg")


class _With:
    """A project with a few more files: what the contexts would see."""

    def __init__(self, project: Project, added: dict[str, SourceFile]) -> None:
        self._project = project
        self._added = added

    def __getattr__(self, name: str) -> object:
        return getattr(self._project, name)

    def files(self) -> Sequence[str]:
        """Every file, the new ones included."""
        return sorted({*self._project.files(), *self._added})

    def source(self, path: str) -> SourceFile | None:
        """A Python file, new or old."""
        return self._added.get(path) or self._project.source(path)

    def read_text(self, path: str) -> str | None:
        """A text file, new or old."""
        return self._added[path].text if path in self._added else self._project.read_text(path)


def plan_packages(project: Project, examination: Examination) -> tuple[SourceFile, ...]:
    """The files to make. A folder whose ``__init__.py`` would make any context boot worse is left out."""
    made: dict[str, SourceFile] = {}
    for folder in examination.missing_init:
        candidate = _file(f"{folder}/__init__.py", "")
        trial = {**made, candidate.path: candidate}
        if not _worse(project, trial, examination):
            made = trial
    if made and not any(name in project.files() for name in _PACKAGING):
        packages = _packages(project, made)
        if packages:
            made["pyproject.toml"] = _file("pyproject.toml", _pyproject(project, packages))
    return tuple(made[path] for path in sorted(made))


def _worse(project: Project, added: dict[str, SourceFile], examination: Examination) -> bool:
    """True if a context that boots would not boot, or more would be swallowed or fail later."""
    simulator = Simulator(_With(project, added))  # type: ignore[arg-type]
    for context in examination.contexts:
        before, after = context.boot, simulator.boot(context.launch)
        if len(after.failures) > len(before.failures) or len(after.swallowed) > len(before.swallowed):
            return True
        if len(after.later) > len(before.later):
            return True
    return False


def _file(path: str, text: str) -> SourceFile:
    return SourceFile(path, text, "utf-8", False, "\n")


def _packages(project: Project, made: dict[str, SourceFile]) -> list[str]:
    """The top-level packages of the repository root, the new ones included; tests are not installed."""
    inits = {*(path for path in project.paths if path.endswith("/__init__.py")), *made}
    tops = sorted({path.split("/")[0] for path in inits if path.count("/") >= 1})
    return [top for top in tops if f"{top}/__init__.py" in inits and not re.match(r"tests?$|docs?$", top)]


def _pyproject(project: Project, packages: Sequence[str]) -> str:
    """A ``pyproject.toml`` that ``pip install -e .`` takes: packages only, dependencies stay where they are."""
    name = re.sub(r"[^a-z0-9]+", "-", posixpath.basename(packages[0]).lower()).strip("-") or "application"
    listed = ", ".join(f'"{package}", "{package}.*"' for package in packages)
    lines = [
        "[build-system]",
        'requires = ["setuptools>=64"]',
        'build-backend = "setuptools.build_meta"',
        "",
        "[project]",
        f'name = "{name}"',
        'version = "0.1.0"',
    ]
    if "requirements.txt" in project.files():
        lines += [
            'dynamic = ["dependencies"]',
            "",
            "[tool.setuptools.dynamic]",
            'dependencies = { file = ["requirements.txt"] }',
        ]
    lines += ["", "[tool.setuptools.packages.find]", f"include = [{listed}]", ""]
    return "\n".join(lines)


def as_result(workspace: Workspace, files: Sequence[SourceFile]) -> RunResult:
    """The files as a run with one outcome, so that they are delivered as every other change is."""
    changes = tuple(FileChange(one.path, None, one, ()) for one in files)
    outcome = Outcome(NAME, "make the packages that imports need", Promise.CHECKED, 0, Changeset(NAME, changes))
    after = replace(workspace, overlay={**workspace.overlay, **{one.path: one for one in files}})
    return RunResult(workspace, after, (outcome,))
