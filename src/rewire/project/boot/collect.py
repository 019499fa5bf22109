"""How a test run begins: conftest files, then every test file, imported as pytest or unittest imports it."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from typing import TYPE_CHECKING

from rewire.project.boot.errors import Raised
from rewire.project.boot.finder import workdir_place
from rewire.project.boot.pytest_settings import pytest_settings
from rewire.project.boot.start import by_unittest
from rewire.project.boot.tree import HOME, under
from rewire.project.boot.values import External, Module

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rewire.model.project import Launch
    from rewire.project.boot.machine import Machine
    from rewire.project.boot.outcome import Trouble
    from rewire.project.boot.pytest_settings import PytestSettings
    from rewire.project.boot.run import Run
    from rewire.project.boot.simulate import Simulator

_NOT_ENTERED = ("*.egg", ".*", "_darcs", "build", "CVS", "dist", "node_modules", "venv", "{arch}", "__pycache__")


def begin_tests(machine: Machine, run: Run, launch: Launch, simulator: Simulator) -> list[Trouble]:
    """Import what the test run would collect; one trouble a file that cannot be collected."""
    if by_unittest(launch.command):
        return list(_unittest(machine, run, launch))
    machine.modules["pytest"] = External("pytest")
    settings = pytest_settings(simulator.files, simulator.project.read_text, launch.workdir, launch.command)
    session = _Session(machine, run, settings)
    places = [machine.tree.place(path) or under(HOME, path) for path in launch.entry.split()]
    return session.collect(places or session.default_places(launch))


class _Session:
    """One pytest run over one tree."""

    def __init__(self, machine: Machine, run: Run, settings: PytestSettings) -> None:
        self.machine = machine
        self.run = run
        self.settings = settings
        self.root = machine.tree.place(settings.rootdir) or under(HOME, settings.rootdir)
        self.conftests: set[str] = set()
        self.failures: list[Trouble] = []

    def default_places(self, launch: Launch) -> list[str]:
        """Where pytest looks without arguments: ``testpaths`` if started in the root directory, else right here."""
        if launch.workdir == self.settings.rootdir and self.settings.testpaths:
            return [under(self.root, path) for path in self.settings.testpaths]
        return [workdir_place(launch)]

    def collect(self, places: list[str]) -> list[Trouble]:
        """The troubles of a run over ``places``; a broken first conftest ends the run."""
        self.machine.path[0:0] = [under(self.root, path) for path in self.settings.pythonpath]
        try:
            for place in places:
                folder = place if self.machine.tree.is_dir(place) else posixpath.dirname(place)
                self.load_conftests(folder)
                for name in self.names(folder):
                    if name.startswith("test") and self.machine.tree.is_dir(f"{folder}/{name}"):
                        self.load_conftests(f"{folder}/{name}")
        except Raised as error:
            return [self.run.trouble(error)]
        for place in places:
            if self.machine.tree.is_dir(place):
                self.collect_folder(place)
            elif self.machine.tree.is_file(place):
                self.attempt(place)
        return self.failures

    def names(self, folder: str) -> list[str]:
        """What a folder holds, sorted."""
        return self.machine.tree.names(folder)

    def load_conftests(self, folder: str) -> None:
        """The conftest files from the root directory down to ``folder``, each once."""
        above = [folder]
        while above[-1] not in (self.root, "/"):
            above.append(posixpath.dirname(above[-1]))
        if above[-1] != self.root:
            above = [folder]
        for place in reversed(above):
            conftest = f"{place}/conftest.py"
            if conftest not in self.conftests and self.machine.tree.is_file(conftest):
                self.conftests.add(conftest)
                if self.root_and_name(conftest)[1] == "conftest":
                    self.machine.modules.pop("conftest", None)
                self.import_file(conftest)

    def collect_folder(self, folder: str) -> None:
        """Collect a folder in pytest's order: by name, files and folders mixed, ``__init__.py`` first."""
        try:
            self.load_conftests(folder)
        except Raised as error:
            self.failures.append(self.run.trouble(error))
            return
        for name in sorted(self.names(folder), key=lambda name: (name != "__init__.py", name)):
            place = f"{folder}/{name}"
            if self.machine.tree.is_dir(place):
                if not any(fnmatch.fnmatch(name, pattern) for pattern in self.settings.norecursedirs or _NOT_ENTERED):
                    self.collect_folder(place)
            elif name.endswith(".py") and any(fnmatch.fnmatch(name, pattern) for pattern in self.settings.python_files):
                self.attempt(place)

    def attempt(self, place: str) -> None:
        """Import one test file; its trouble, if any, is a failure of the run."""
        self.run.stack.clear()
        try:
            self.import_file(place)
        except Raised as error:
            if error.kind not in ("Skipped", "SkipTest"):
                self.failures.append(self.run.trouble(error))

    def import_file(self, place: str) -> None:
        """``_pytest.pathlib.import_path``."""
        root, name = self.root_and_name(place)
        if self.settings.import_mode == "importlib":
            self.import_by_path(place)
            return
        path = self.machine.path
        if self.settings.import_mode == "append":
            if root not in path:
                path.append(root)
        elif not path or path[0] != root:
            path.insert(0, root)
        module = self.machine.load(name)
        if (
            isinstance(module, Module)
            and module.file is not None
            and module.file != place
            and not place.endswith("__init__.py")
        ):
            if place.endswith("/conftest.py"):
                pair = f"({name!r}, {module.file!r}, PosixPath({place!r}))"
                raise Raised("_pytest.pathlib.ImportPathMismatchError", pair, wanted=name)
            raise Raised(
                "",
                f"import file mismatch: imported module {name!r} has this __file__ attribute: {module.file} "
                f"which is not the same as the test file we want to collect: {place}",
                wanted=name,
            )

    def root_and_name(self, place: str) -> tuple[str, str]:
        """The folder above the outermost package around ``place``, and the dotted name from there."""
        top = ""
        folder = posixpath.dirname(place)
        while self.machine.tree.is_file(f"{folder}/__init__.py") and posixpath.basename(folder).isidentifier():
            top, folder = folder, posixpath.dirname(folder)
        if not top:
            return posixpath.dirname(place), posixpath.basename(place)[:-3]
        parts = place[len(folder) + 1 : -3].split("/")
        return folder, ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    def import_by_path(self, place: str) -> None:
        """``--import-mode=importlib``: ``sys.path`` stays as it is; the name counts from the package or the root."""
        from rewire.project.boot.finder import Spec

        root, name = self.root_and_name(place)
        if "." not in name and place.startswith(self.root + "/"):
            name = place[len(self.root) + 1 : -3].replace("/", ".")
            root = self.root
        if name in self.machine.modules:
            return
        parts = name.split(".")
        for end in range(1, len(parts)):
            parent = ".".join(parts[:end])
            folder = posixpath.join(root, *parts[:end])
            if parent not in self.machine.modules:
                init = f"{folder}/__init__.py"
                self.machine.start(Spec(parent, init if self.machine.tree.is_file(init) else None, (folder,)))
        self.machine.start(Spec(name, place, None))


def _unittest(machine: Machine, run: Run, launch: Launch) -> Iterator[Trouble]:
    """``python -m unittest``: packages under the working directory, files named ``test*.py``, by dotted name."""
    top = workdir_place(launch)
    pending = [top]
    while pending:
        folder = pending.pop(0)
        for name in machine.tree.names(folder):
            place = f"{folder}/{name}"
            if machine.tree.is_dir(place) and machine.tree.is_file(f"{place}/__init__.py"):
                pending.append(place)
            elif re.fullmatch(r"test\w*\.py", name):
                run.stack.clear()
                try:
                    machine.load(place[len(top) + 1 : -3].replace("/", "."))
                except Raised as error:
                    yield run.trouble(error)
