"""Which applications have to open a pool that this run makes, and what none of them serves."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import libcst as cst

from rewire_codemods.applications.application import (
    Application,
    Place,
    launched,
    outer_applications,
    read_application,
    variable_of,
)
from rewire_codemods.applications.obstacle import Obstacle
from rewire_codemods.applications.reach import loaded_by
from rewire_codemods.applications.reading import Shelf
from rewire_codemods.shared_pool.facts import Trouble
from rewire_codemods.shared_pool.roles import is_test

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from rewire.codemod import Project
    from rewire_codemods.shared_pool.decisions import Decision
    from rewire_codemods.shared_pool.roles import Roles


_ALONE = frozenset({"script", "worker", "test", "migration", "mixed"})
"""Roles of processes that run no application (``mixed``: one of them does not)."""


class Serving:
    """The applications of one project, as the processes that load the files ``paths`` (to be converted) know them."""

    def __init__(self, project: Project, roles: Roles, paths: Collection[str]) -> None:
        self.project = project
        self.shelf = Shelf(project)
        self._roles = roles
        self._converted = frozenset(paths)

    @cached_property
    def applications(self) -> Sequence[Application] | Trouble:
        """The applications whose start opens the pool and whose stop closes it; or why that cannot be said."""
        places = outer_applications(self.shelf, self._paths())
        places = [place for place in places if self._uses(place[0])] or places
        if not places:
            return Trouble("no-application", "no FastAPI application that a server starts can open the pool")
        chosen = self._chosen(places)
        if isinstance(chosen, Trouble):
            return chosen
        try:
            return [read_application(self.shelf, place) for place in chosen]
        except Obstacle as obstacle:
            return Trouble(obstacle.code, obstacle.reason)

    def _paths(self) -> list[str]:
        """Files that make an application, as far as they can be read; with servers known, those that these load."""
        found = []
        for path in self.project.paths:
            source = self.project.source(path)
            if source is None or "FastAPI" not in source.text or is_test(path):
                continue
            if self._roles.by_launch and not self._roles.servers(path):
                continue
            try:
                self.shelf.tree(path)
            except Obstacle:
                continue
            found.append(path)
        return found

    def _uses(self, path: str) -> bool:
        """True if a converted file is loaded in a process of the application, or by its file."""
        launches = self._roles.servers(path)
        if any(launch in launches for converted in self._converted for launch in self._roles.servers(converted)):
            return True
        return not launches and bool(self._converted & loaded_by(self.project, path))

    def _chosen(self, places: Sequence[Place]) -> Sequence[Place] | Trouble:
        """All that launch commands name; else the only one, be it made in two branches of a condition."""
        named = launched(self.shelf, places)
        if named:
            return named
        whose = {(path, variable_of(self.shelf.tree(path), call), self._function(path, call)) for path, call in places}
        if len(whose) > 1:
            listed = ", ".join(f"{path}:{self.shelf.tree(path).line(call)}" for path, call in places)
            return Trouble("two-applications", f"any of these may serve: {listed}")
        return places

    def _function(self, path: str, call: cst.Call) -> int:
        return id(self.shelf.tree(path).enclosing(call, cst.FunctionDef))

    def refuse_unserved(self, decisions: Sequence[Decision]) -> None:
        """Refuse what runs in a server process that makes none of the applications: no pool would be open there."""
        if isinstance(self.applications, Trouble):
            for decision in decisions:
                decision.trouble = decision.trouble or self.applications
            return
        opened = [launch for one in self.applications for launch in self._roles.servers(one.path)]
        for decision in decisions:
            if decision.trouble is not None:
                continue
            if decision.role in _ALONE:
                decision.trouble = Trouble(
                    "no-application", f"{decision.path} runs as {decision.role} too, where none is"
                )
            for launch in self._roles.servers(decision.path):
                if launch not in opened and launch.tier != "document":
                    decision.trouble = Trouble(
                        "no-application", f"`{launch.command}` loads {decision.path} and makes no such application"
                    )
