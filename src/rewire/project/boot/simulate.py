"""``boot``: what happens when a launch context starts, worked out from the text of its files alone."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING

from rewire.project.boot.collect import begin_tests
from rewire.project.boot.compile import compile_text
from rewire.project.boot.errors import Raised, is_import_trouble
from rewire.project.boot.evaluate import Evaluator
from rewire.project.boot.finder import launch_places, workdir_place
from rewire.project.boot.generated import generated_modules
from rewire.project.boot.machine import Machine
from rewire.project.boot.outcome import Boot, Loaded, Trouble
from rewire.project.boot.outside import LOADED_BY_SERVERS, Ownership, declared_modules
from rewire.project.boot.program import Broken, Program
from rewire.project.boot.run import Run
from rewire.project.boot.start import begin_import, begin_module, begin_script, tool_of
from rewire.project.boot.tree import HOME, files_of, tree_of, under
from rewire.project.boot.values import UNKNOWN, Function, Module
from rewire.project.boot.version import declared_version

if TYPE_CHECKING:
    from collections.abc import Callable

    from rewire.model.project import Image, Launch, Project
    from rewire.project.boot.finder import Spec
    from rewire.project.boot.tree import Tree

MAX_PROGRAMS = 50_000
_programs: dict[tuple[str, bool], Program | Broken] = {}
"""Programs by the digest of the file they were made from, and whether annotations are left alone there; any number of
projects share them.
"""


class Simulator:
    """Boots launch contexts of one project; what the contexts have in common is read once."""

    def __init__(self, project: Project, version: tuple[int, int] | None = None) -> None:
        self.project = project
        self.compiled = 0
        """How many files were compiled, because no program of them was known."""
        self.files = files_of(tuple(project.files()))
        self.files.generated = generated_modules(self.files, project.read_text)
        self.ownership = Ownership(self.files, declared_modules(self.files, project.read_text))
        running = (sys.version_info[0], sys.version_info[1])
        self.version = version or max(running, declared_version(self.files, project.read_text) or running)
        self.lazy_annotations = self.version >= (3, 14)
        self._seen: dict[Image | None, tuple[Tree, dict[tuple[str, tuple[str, ...]], Spec | None]]] = {}

    def seen(self, image: Image | None) -> tuple[Tree, dict[tuple[str, tuple[str, ...]], Spec | None]]:
        """The tree that launches with ``image`` see, and what they have found in it so far."""
        if image not in self._seen:
            self._seen[image] = tree_of(self.files, image), {}
        return self._seen[image]

    def program(self, path: str) -> Program | Broken:
        """The program of a project file."""
        source = self.project.source(path)
        if source is None:
            return Broken(1, "source code cannot be read")
        key = (source.digest, self.lazy_annotations)
        known = _programs.get(key)
        if known is None:
            known = compile_text(source.text, lazy_annotations=self.lazy_annotations)
            self.compiled += 1
            if len(_programs) >= MAX_PROGRAMS:
                _programs.clear()
            _programs[key] = known
        return known

    def boot(self, launch: Launch, *, loads_only: bool = False) -> Boot:
        """Start ``launch``. ``loads_only``: nobody asks what would fail later, and functions that can load nothing by
        themselves are left out.
        """
        # Half of the time would go to the garbage collector, which looks at every syntax tree and finds no cycle.
        collecting = gc.isenabled()
        gc.disable()
        try:
            return _Start(self, launch, loads_only=loads_only).go()
        finally:
            if collecting:
                gc.enable()


def _no_script(entry: str, is_dir: Callable[[str], bool]) -> Raised:
    """What Python says of a script that is not there."""
    folder = entry.removesuffix("/__main__.py")
    if folder != entry and is_dir(under(HOME, folder)):
        return Raised("", f"can't find '__main__' module in {folder!r}", wanted=entry)
    return Raised("", f"can't open file {entry!r}: [Errno 2] No such file or directory", wanted=entry)


class _Start:
    """One start: the machine, the run, and what is written down on the way."""

    def __init__(self, simulator: Simulator, launch: Launch, *, loads_only: bool) -> None:
        self.loads_only = loads_only
        self.simulator = simulator
        self.launch = launch
        self.tree, found = simulator.seen(launch.image)
        evaluator = Evaluator(self.tree, workdir_place(launch), simulator.version, {})
        self.run = Run(evaluator, self.tree.real)
        self.machine = Machine(
            self.tree, simulator.ownership, launch_places(launch, self.tree), self.execute, simulator.version
        )
        self.machine.found = found
        if launch.entry_kind in ("script", "main-module") and self.machine.path:
            self.machine.first = self.machine.path[0]
        if launch.entry_kind == "module" and tool_of(launch) and " -m " not in launch.command:
            self.machine.outside_first = LOADED_BY_SERVERS
        self.run.machine = self.machine
        evaluator.path = self.machine.path
        evaluator.loaded = self.machine.modules
        self.loaded: dict[tuple[str, str], Loaded] = {}
        self.pending: list[tuple[Module, Program]] = []
        self.later: list[Trouble] = []
        self.failed: dict[str, tuple[Raised, list[tuple[str, int]]]] = {}

    def execute(self, module: Module) -> None:
        """Carry out a module's file."""
        path = self.tree.real(module.file or "")
        if path is None:
            return
        again = (path, module.name) in self.loaded  # it failed before, and somebody tries to import it once more
        self.loaded.setdefault((path, module.name), Loaded(path, module.name, self.run.later))
        program = self.simulator.program(path)
        if isinstance(program, Broken):
            error = Raised(program.kind, program.text)
            error.frames = [
                (module.file or "", program.line),
                *((place, line) for place, line in reversed(self.run.stack)),
            ]
            raise error
        module.vague = program.vague
        if not again:
            self.pending.append((module, program))
        if self.run.later:
            self.execute_once(module, program)
        else:
            self.run.run_module(module, program.body)

    def execute_once(self, module: Module, program: Program) -> None:
        """Carry out a module that a function imports; one that fails is not tried again for every such function."""
        above = len(self.run.stack)
        known = self.failed.get(module.name)
        if known is None:
            try:
                self.run.run_module(module, program.body)
            except Raised as error:
                inner = error.frames[: len(error.frames) - above]
                self.failed[module.name] = (error, inner)
                raise
            return
        first, inner = known
        again = Raised(first.kind, first.text, wanted=first.wanted, name=first.name)
        again.frames = [*inner, *((place, line) for place, line in reversed(self.run.stack))]
        raise again

    def go(self) -> Boot:
        """The whole start, then every function that it left waiting."""
        failures: list[Trouble] = []
        launch = self.launch
        try:
            if launch.entry_kind == "tests":
                failures += begin_tests(self.machine, self.run, launch, self.simulator)
            elif launch.entry_kind == "script":
                place = self.tree.place(launch.entry)
                if place is None:
                    raise _no_script(launch.entry, self.tree.is_dir)
                begin_script(self.machine, place)
            elif launch.entry_kind == "main-module":
                begin_module(self.machine, launch.entry)
            else:
                begin_import(self.machine, launch)
        except Raised as error:
            is_program = launch.entry_kind in ("script", "main-module")
            if not (is_program and error.kind == "SystemExit" and error.text in ("", "0")):
                failures.append(self.run.trouble(error))
        self.run_later()
        run = self.run
        return Boot(
            launch, tuple(self.loaded.values()), tuple(failures), tuple(dict.fromkeys(run.swallowed)),
            tuple(dict.fromkeys(run.possible)), tuple(dict.fromkeys(self.later)), tuple(run.path_edits),
            frozenset(run.unlike),
        )  # fmt: skip

    def run_later(self) -> None:
        """Carry out every function of every loaded file by itself: what would fail when it runs?"""
        run = self.run
        run.later, run.follow_calls, run.uncertain = True, False, 0
        possible, run.possible = run.possible, []
        while self.pending:
            module, program = self.pending.pop()
            for name in (name for define in program.functions for name in define.global_names):
                module.names.setdefault(name, UNKNOWN)  # some function may have run by then and bound it
            for define in program.functions:
                if (id(define), module.name) in run.called or not define.body:
                    continue
                if self.loads_only and not define.acts and self.machine.is_done(module, define.imports):
                    continue
                run.stack.clear()
                try:
                    run.enter(Function(define, module, None))
                except Raised as error:
                    if is_import_trouble(error, later=True):
                        self.later.append(run.trouble(error))
        self.later += run.possible
        run.possible = possible
