"""Verdicts on modules, remembered for the files that stand alike (most files of one folder)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rewire_codemods.relative_imports.forms import Move, relative_form
from rewire_codemods.relative_imports.takers import Reachers

if TYPE_CHECKING:
    from rewire.codemod import Project
    from rewire_codemods.relative_imports.standing import Standing

NOT_OURS = "not-ours"

Names = tuple[tuple[str, str], ...]
"""What a ``from`` statement takes: names and their aliases."""


class Verdict(NamedTuple):
    """What becomes of an import of one module: ``move``, or a refusal ``code`` (``not-ours``: no place at all)."""

    code: str
    reason: str = ""
    move: Move | None = None
    place: str = ""


class Limits(NamedTuple):
    """The options that bound a relative import."""

    scope: str
    max_level: int | None


class Judge:
    """Works verdicts out, and remembers them."""

    def __init__(self, project: Project, limits: Limits) -> None:
        self.project = project
        self.limits = limits
        self.reachers = Reachers(project)
        self._verdicts: dict[object, dict[str, Verdict]] = {}
        self._missing: dict[tuple[str, Names], tuple[str, ...]] = {}

    def verdicts(self, standing: Standing) -> dict[str, Verdict]:
        """The verdicts so far on modules, in the files that stand like this one; to be added to (``work_out``)."""
        return self._verdicts.setdefault(standing.key or standing.path, {})

    def missing(self, place: str, names: Names) -> tuple[str, ...]:
        """Those of ``names`` (with their aliases) that the module at ``place`` does not provide."""
        if not place:
            return ()
        key = (place, names)
        found = self._missing.get(key)
        if found is None:
            provides = self.project.provides
            found = self._missing[key] = tuple(name for name, _ in names if not provides(place, name))
        return found

    def work_out(self, standing: Standing, module: str) -> Verdict:
        """The verdict on an import of ``module``, whatever is taken from it, obstacles of the file left aside."""
        contexts = standing.deciding
        if not contexts:
            place = self.project.find_module(module, importer=standing.path)
            reason = "its path spells no module name"
            return Verdict("not-a-module", reason, place=place) if place else Verdict(NOT_OURS)
        places = [self.project.place_of(module, context.roots) for context in contexts]
        found = [place for place in places if place is not None]
        if not found:
            return self._absent(standing, module)
        if len(found) < len(places):
            lost = contexts[places.index(None)]
            return Verdict("differs-by-launch", f"{_named(lost)} does not find {module}", place=found[0])
        forms = [relative_form(context.package, module) for context in contexts]
        if None in forms:
            return Verdict("other-package", f"{module} shares no package with this file", place=found[0])
        if len(set(forms)) > 1:
            return Verdict("differs-by-launch", f"{module} would need other dots in another context", place=found[0])
        assert forms[0] is not None
        level, rest = forms[0]
        most = self.limits.max_level
        if level > (1 if self.limits.scope == "siblings" else level if most is None else most):
            return Verdict("beyond-scope", f"{'.' * level}{rest} has {level} dots", place=found[0])
        proof = tuple(sorted({(context.package, module) for context in contexts}))
        return Verdict("", move=Move(level, rest, proof=proof), place=found[0])

    def _absent(self, standing: Standing, module: str) -> Verdict:
        top = module.partition(".")[0]
        roots = standing.deciding[0].roots
        place = self.project.place_of(top, roots)
        if place is None or place.endswith("/") or "." not in module:
            return Verdict(NOT_OURS)
        known = module
        while "." in known and self.project.place_of(known, roots) is None:
            known = known.rpartition(".")[0]
        missing = module[len(known) + 1 :].partition(".")[0]
        return Verdict("no-such-module", f"{known} has no module {missing}{self._near(missing)}")

    def _near(self, name: str) -> str:
        """Files of that basename elsewhere, as a hint."""
        ends = (f"/{name}.py", f"/{name}/__init__.py")
        near = [path for path in self.project.paths if f"/{path}".endswith(ends)][:3]
        return f"; there is {', '.join(near)}" if near else ""


def _named(context: object) -> str:
    launch = getattr(context, "launch", None)
    return f"`{launch.command}`" if launch is not None else f"the context {getattr(context, 'name', '')}"
