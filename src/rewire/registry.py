"""Which codemods are installed: found by entry point, the built-ins like anyone else's.

An entry point of the group ``rewire.codemods`` names a package. Each of its subpackages that has a ``codemod`` module
with a ``Codemod`` subclass defined in it is a codemod; there is no registration line to forget.
"""

from __future__ import annotations

import inspect
import pkgutil
from contextlib import suppress
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, NamedTuple

from rewire.codemod.base import Codemod
from rewire.errors import UsageError, did_you_mean
from rewire.installed import entry_points

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from types import ModuleType

GROUP = "rewire.codemods"

AnyCodemod = Codemod[Any, Any]


class Broken(NamedTuple):
    """A plug-in package or codemod that could not be imported: its name as a user would write it, and why."""

    name: str
    reason: str


class Registry(NamedTuple):
    """The installed codemods by name, in default order, and what could not be loaded."""

    codemods: Mapping[str, AnyCodemod]
    broken: tuple[Broken, ...] = ()

    def get(self, name: str) -> AnyCodemod:
        """The codemod called ``name``. Raises UsageError, with the names that come close, if there is none."""
        codemod = self.codemods.get(name.replace("_", "-"))
        if codemod is not None:
            return codemod
        for broken in self.broken:
            if broken.name == name:
                raise UsageError(f"the codemod {name!r} cannot be loaded: {broken.reason}")
        raise UsageError(
            f"there is no codemod {name!r}{did_you_mean(name, self.codemods)}",
            advice="rewire list shows the codemods that are installed",
        )

    def select(self, select: Sequence[str] = (), ignore: Sequence[str] = ()) -> tuple[AnyCodemod, ...]:
        """The codemods of a run, in default order: ``select`` (or every default one) without ``ignore``.

        Raises UsageError for a name that does not exist, and for a plug-in that is broken and was not ignored: a run
        must not leave a codemod out in silence.
        """
        known_broken = {broken.name for broken in self.broken}
        ignored = {name if name in known_broken else self.get(name).name for name in ignore}
        if select:
            chosen = {self.get(name).name for name in select}
        else:
            for broken in self.broken:
                if broken.name not in ignored:
                    raise UsageError(
                        f"the codemod {broken.name!r} cannot be loaded: {broken.reason}",
                        advice=f"repair or uninstall it, or leave it out with --ignore {broken.name}",
                    )
            chosen = {name for name, codemod in self.codemods.items() if codemod.default}
        return tuple(codemod for name, codemod in self.codemods.items() if name in chosen - ignored)

    def page(self, codemod: AnyCodemod) -> str:
        """What the codemod's package says about it: the docstring of the package that holds it."""
        package = import_module(type(codemod).__module__.rpartition(".")[0])
        return inspect.getdoc(package) or ""


@lru_cache(maxsize=1)
def load() -> Registry:
    """Import every installed codemod, once a process. A plug-in that fails to import costs the others nothing."""
    found: list[AnyCodemod] = []
    broken: list[Broken] = []
    for entry_point in sorted(entry_points(GROUP), key=lambda point: (point.name, point.value)):
        try:
            package = entry_point.load()
        except Exception as error:  # a plug-in's import may raise anything
            broken.append(Broken(entry_point.name, f"{type(error).__name__}: {error}"))
            continue
        for name in _subpackages(package):
            try:
                if find_spec(f"{name}.codemod") is not None:
                    found += [cls() for cls in _codemod_classes(import_module(f"{name}.codemod"))]
            except Exception as error:
                spelled = name.rpartition(".")[2].replace("_", "-")
                broken.append(Broken(spelled, f"{type(error).__name__}: {error}"))
    return Registry(_by_name(found), tuple(broken))


def preload(names: Iterable[str]) -> None:
    """Import modules of rewire and of installed codemods that another process of this run has come to need.

    One that cannot be imported here is left to the process that needs it, which will say why.
    """
    for name in names:
        with suppress(Exception):
            import_module(name)


def _subpackages(package: ModuleType) -> Iterator[str]:
    """The dotted names of the public subpackages of ``package``, sorted."""
    for module in sorted(pkgutil.iter_modules(getattr(package, "__path__", ())), key=lambda info: info.name):
        if module.ispkg and not module.name.startswith("_"):
            yield f"{package.__name__}.{module.name}"


def _codemod_classes(module: ModuleType) -> Iterator[type[AnyCodemod]]:
    """The concrete Codemod subclasses that ``module`` itself defines."""
    for value in vars(module).values():
        if (
            isinstance(value, type)
            and issubclass(value, Codemod)
            and value.__module__ == module.__name__
            and not inspect.isabstract(value)
        ):
            yield value


def _by_name(codemods: Sequence[AnyCodemod]) -> dict[str, AnyCodemod]:
    """Keyed by name in default order. Raises UsageError if two plug-ins claim one name."""
    named: dict[str, AnyCodemod] = {}
    for codemod in sorted(codemods, key=lambda candidate: (candidate.position, candidate.name)):
        other = named.setdefault(codemod.name, codemod)
        if type(other) is not type(codemod):
            raise UsageError(
                f"two codemods are called {codemod.name!r}: {type(other).__module__} and {type(codemod).__module__}",
                advice="uninstall one of the two packages",
            )
    return named
