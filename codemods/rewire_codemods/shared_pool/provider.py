"""Where the pool comes from, how an opening is written with it, and which import a file needs for that."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rewire_codemods.shared_pool.facts import FileFacts, Trouble

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rewire.codemod import ImportedName, Project
    from rewire_codemods.shared_pool.atlas import Atlas

Kind = Literal["getter", "async getter", "pool", "acquire"]


@dataclass(frozen=True)
class Provider:
    """A module that provides connections. ``attribute`` is the function, pool or context manager in it.

    ``pool_name`` is the module-level name of the pool, where it is known. ``takes_timeout`` is False for a context
    manager without such a parameter.
    """

    path: str
    attribute: str
    kind: Kind
    pool_name: str = ""
    takes_timeout: bool = True

    def acquire(self, prefix: str, timeout: str = "") -> str:
        """The context expression; ``prefix`` is what the module is called, with its dot, or nothing."""
        limit = f"timeout={timeout}" if timeout else ""
        name = f"{prefix}{self.attribute}"
        if self.kind == "acquire":
            return f"{name}({limit})"
        pool = {"getter": f"{name}()", "async getter": f"(await {name}())", "pool": name}[self.kind]
        return f"{pool}.acquire({limit})"


def find_provider(atlas: Atlas, given: str, is_excluded: Sequence[str] = ()) -> Provider | Trouble:
    """The provider that the user names, or the only one that the project has."""
    if given:
        return _configured(atlas, given)
    found = [
        _from_pool(facts.path, pool.name, pool.getters, pool.async_getters)
        for facts in atlas.files_with_asyncpg
        if facts.path not in is_excluded
        for pool in facts.pools
        if any(making.fills == pool.name for making in facts.makings) or pool.getters or pool.async_getters
    ]
    if not found:
        return Trouble("no-provider", "the project has no module-level pool with a getter, and none was asked for")
    if len(found) > 1:
        listed = ", ".join(f"{provider.path}:{provider.attribute}" for provider in found)
        return Trouble("several-providers", f"the project has {len(found)} pools: {listed}")
    return found[0]


def _from_pool(path: str, name: str, getters: Sequence[str], async_getters: Sequence[str]) -> Provider:
    if getters:
        return Provider(path, getters[0], "getter", name)
    if async_getters:
        return Provider(path, async_getters[0], "async getter", name)
    return Provider(path, name, "pool", name)


def _configured(atlas: Atlas, given: str) -> Provider | Trouble:
    place, _, attribute = given.partition(":")
    if not attribute:
        return Trouble("no-provider", f"provider {given!r} names no function: write `file.py:name`")
    path = (
        place
        if place in atlas.project.paths
        else atlas.project.find_module(place.removesuffix(".py").replace("/", "."))
    )
    facts = atlas.file(path) if path else None
    if path is None or facts is None:
        return Trouble("no-provider", f"there is no file {place!r} in the project")
    first = attribute.partition(".")[0]
    function = atlas.function(path, attribute)
    if function is None:
        if first not in facts.bound:
            return Trouble("no-provider", f"{path} defines no {first!r}")
        return Provider(path, attribute, "pool", attribute)
    pool = next((pool.name for pool in facts.pools if attribute in (*pool.getters, *pool.async_getters)), "")
    if _is_context_manager(function.decorators, attribute, function.calls):
        source = atlas.project.source(path)
        takes = source is not None and _takes_timeout(source.text, attribute)
        return Provider(path, attribute, "acquire", pool or _only_pool(facts), takes)
    return Provider(path, attribute, "async getter" if function.is_async else "getter", pool or _only_pool(facts))


def _is_context_manager(decorators: Sequence[str], name: str, calls: Sequence[object]) -> bool:
    if any(decorator.rpartition(".")[2] == "asynccontextmanager" for decorator in decorators):
        return True
    return "acquire" in name.lower() or name.lower() in {"connection", "get_connection_context"}


def _takes_timeout(text: str, name: str) -> bool:
    found = re.search(rf"def\s+{re.escape(name)}\s*\(([^)]*)\)", text)
    return found is not None and re.search(r"\btimeout\b|\*\*", found[1]) is not None


def _only_pool(facts: FileFacts) -> str:
    return facts.pools[0].name if len(facts.pools) == 1 else ""


@dataclass(frozen=True)
class Way:
    """How one file reaches the provider: the context expression's prefix or own name, and the import to add."""

    prefix: str
    name: str = ""
    insert: str = ""

    def acquire(self, provider: Provider, timeout: str) -> str:
        """The context expression in that file."""
        if not self.name:
            return provider.acquire(self.prefix, timeout)
        renamed = Provider(provider.path, self.name, provider.kind, provider.pool_name, provider.takes_timeout)
        return renamed.acquire("", timeout)


def way_to(project: Project, provider: Provider, facts: FileFacts) -> Way | None:
    """The way from a file to the provider; None if no single import works for it."""
    if facts.path == provider.path:
        return Way("")
    for entry in project.imports(facts.path):
        if entry.scope == "module" and not set(entry.guards) & {"type_checking", "main"}:
            way = _existing(project, provider, entry)
            if way is not None:
                return way
    line = import_line(project, facts.path, provider.path)
    if line is None:
        return None
    bound = _bound_by(line)
    if bound.partition(".")[0] in facts.bound:
        asname = next(
            name for name in ("shared_pool", "shared_pool_module", "pool_provider") if name not in facts.bound
        )
        line = import_line(project, facts.path, provider.path, asname)
        if line is None:
            return None
        bound = asname
    return Way(f"{bound}.", insert=line.rstrip("\n") + "\n")


def _existing(project: Project, provider: Provider, entry: ImportedName) -> Way | None:
    target = project.resolve(entry)
    if target is None or target.path != provider.path:
        return None
    if target.attribute is None:
        dotted = entry.name is None and entry.bound == entry.module.partition(".")[0] and "." in entry.module
        return Way(f"{entry.module}." if dotted else f"{entry.bound}.")
    if target.attribute == provider.attribute and provider.kind != "pool":
        return Way("", name=entry.bound)
    return None


def import_line(project: Project, importer: str, target: str, asname: str | None = None) -> str | None:
    """The import of a module, one that this run creates included: that one is imported as its neighbour would be."""
    if target in project.paths:
        return project.import_line(importer, target, None, asname)
    folder, _, name = target.removesuffix(".py").rpartition("/")
    home = folder
    while True:
        neighbour = stand_in(project, home, but=importer)
        if (neighbour is not None and neighbour != importer) or not home:
            break
        home = home.rpartition("/")[0]
    line = project.import_line(importer, neighbour) if neighbour and neighbour != importer else None
    if line is None or neighbour is None:
        return _beside(project, importer, folder, name, asname)
    below = folder.removeprefix(home).strip("/").replace("/", ".")
    package = _package_of(line.strip(), neighbour.rpartition("/")[2].removesuffix(".py"))
    if below:
        package = package + below if package.endswith(".") else ".".join(part for part in (package, below) if part)
    ending = f" as {asname}" if asname else ""
    return f"from {package} import {name}{ending}" if package else f"import {name}{ending}"


def _beside(project: Project, importer: str, folder: str, name: str, asname: str | None) -> str | None:
    """The import of a new module in the folder of a file that has no neighbour: by the file's own names."""
    own = importer.rpartition("/")[0]
    if folder != own and not folder.startswith(f"{own}/" if own else ""):
        return None
    loaded = {loading.name for loading in project.loadings(importer)} or set(project.module_names(importer)[:1])
    packages = {"" if known == "__main__" else known.rpartition(".")[0] for known in loaded}
    if len(packages) != 1:
        return None
    below = folder.removeprefix(own).strip("/").replace("/", ".")
    package = ".".join(part for part in (packages.pop(), below) if part)
    ending = f" as {asname}" if asname else ""
    return f"from {package} import {name}{ending}" if package else f"import {name}{ending}"


def _package_of(line: str, stem: str) -> str:
    """What ``stem`` is imported from in a line such as ``from ..a import stem`` or ``import a.b.stem as x``."""
    if line.startswith("from "):
        return line.removeprefix("from ").partition(" import ")[0]
    return line.removeprefix("import ").partition(" as ")[0].removesuffix(stem).rstrip(".")


def stand_in(project: Project, folder: str, but: str = "") -> str | None:
    """A module that lies in a folder, for questions about one that will; ``but`` only where there is no other."""
    inside = [path for path in project.paths if path.rpartition("/")[0] == folder and not path.endswith("__init__.py")]
    others = [path for path in inside if path != but]
    return next(iter(others or inside), None)


def _bound_by(line: str) -> str:
    """The name that an import statement binds."""
    text = line.strip()
    if " as " in text:
        return text.rpartition(" as ")[2].strip()
    return text.rpartition(" import ")[2].strip() if text.startswith("from") else text.removeprefix("import").strip()
