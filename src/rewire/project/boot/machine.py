"""Python's import system over a tree: ``sys.path``, ``sys.modules``, and how each form of import uses them.

Follows ``importlib._bootstrap`` (``_find_and_load``, ``_handle_fromlist``) and ``Python/ceval.c`` (``import_from``,
``import_all_from``), with their messages.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, Any

from rewire.project.boot.errors import Raised
from rewire.project.boot.finder import COMPILED, Spec, find
from rewire.project.boot.outside import STANDARD, STARTUP
from rewire.project.boot.program import ImportFrom
from rewire.project.boot.values import UNKNOWN, External, Module

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from rewire.project.boot.outside import Ownership
    from rewire.project.boot.program import Import
    from rewire.project.boot.tree import Tree

_CIRCULAR = "(most likely due to a circular import)"
_OF_EVERY_MODULE = frozenset(
    {
        "__name__",
        "__doc__",
        "__file__",
        "__spec__",
        "__loader__",
        "__package__",
        "__builtins__",
        "__dict__",
        "__cached__",
        "__class__",
    }
)


class Machine:
    """``sys.path`` and ``sys.modules`` of one start. ``execute`` runs a module's file."""

    def __init__(
        self,
        tree: Tree,
        ownership: Ownership,
        places: tuple[Sequence[str], Sequence[str]],
        execute: Callable[[Module], None],
        version: tuple[int, int],
    ) -> None:
        before, after = places
        self.tree = tree
        self.ownership = ownership
        self.path: list[str] = list(before)
        self.after = tuple(after)
        self.modules: dict[str, Module | External] = {}
        self.outside_first = frozenset[str]()
        """Names that the program which starts the project has loaded before it looks for the project."""
        self.version = version
        self.first: str | None = None
        """The directory that Python itself puts first on ``sys.path``: the script's, or with ``-m`` the current one."""
        self.expected = ""
        """The top-level name that the launch command takes to be the project's own."""
        self.makers: set[str] = set()
        """Modules with a finder of their own: what no file holds below them is made by it (``six.moves``)."""
        self.importer = ""
        """The project's file whose import statement is carried out."""
        self._execute = execute
        self.found: dict[tuple[str, tuple[str, ...]], Spec | None] = {}
        """What ``find`` has said; machines with the same tree may share it."""

    def load(self, name: str, taken: Sequence[str] = (), whole: str = "") -> Module | External:
        """The module ``name``, loaded if it was not. ``whole`` is the dotted name the statement is about.

        Raises Raised: ModuleNotFoundError, or whatever the module's own code raises.
        """
        known = self.modules.get(name)
        if known is not None:
            return known
        parent_name, _, tail = name.rpartition(".")
        if parent_name:
            parent = self.load(parent_name, (tail,), whole or name)
            known = self.modules.get(name)
            if known is not None:
                return known
            if isinstance(parent, External):
                return self._keep(name, External(name))
            spec = self._find(name, parent.locations) if parent.locations is not None else None
            if spec is None and any(name.startswith(f"{maker}.") for maker in self.makers):
                return self._keep(name, External(name))
            if parent.locations is None:
                raise Raised(
                    "ModuleNotFoundError", f"No module named {name!r}; {parent_name!r} is not a package", wanted=name
                )
            if spec is None:
                raise Raised("ModuleNotFoundError", f"No module named {name!r}", wanted=name)
            module = self.start(spec)
            parent.names[tail] = self.modules.get(name, module)
            return self.modules.get(name, module)
        top = self._top(name, whole or name, taken)
        if isinstance(top, External):
            return self._keep(name, top)
        return self.modules.get(name) or self.start(top)

    def _keep(self, name: str, module: External) -> External:
        self.modules[name] = module
        return module

    def _top(self, name: str, whole: str, taken: Sequence[str]) -> Spec | External:
        """What a top-level name stands for, ``sys.path`` entry by entry."""
        if name in STARTUP or name in self.outside_first:
            return External(name)
        spec = self._find(name, tuple(self.path))
        if spec is not None and spec.file is not None:
            return spec
        if name in STANDARD:
            return External(name)
        installed = self._find(name, self.after) if self.after else None
        if installed is not None and installed.file is not None:
            return installed
        if spec is None:
            spec = installed
        if self.ownership.is_declared(name):
            return External(name)
        if spec is not None:
            return spec
        if name == self.expected or self.ownership.owns(whole, taken, self.importer):
            raise Raised("ModuleNotFoundError", f"No module named {name!r}", wanted=name)
        return External(name)

    def _find(self, name: str, places: tuple[str, ...]) -> Spec | None:
        key = (name, places)
        if key not in self.found:
            self.found[key] = find(self.tree, name, places)
        return self.found[key]

    def start(self, spec: Spec) -> Module | External:
        """Make the module that ``spec`` describes, register it and run its file; taken back if that fails."""
        if spec.file is not None and spec.file.endswith(COMPILED):
            return self._keep(spec.name, External(spec.name))
        package = spec.name if spec.is_package else spec.name.rpartition(".")[0]
        module = Module(spec.name, spec.file, spec.locations, package)
        module.names.update({"__name__": spec.name, "__package__": package})
        if spec.file is not None:
            module.names["__file__"] = spec.file
        if spec.locations is not None:
            module.names["__path__"] = list(spec.locations)
        self.modules[spec.name] = module
        if spec.file is not None:
            try:
                self._execute(module)
            except Raised:
                self.modules.pop(spec.name, None)
                raise
        module.done = True
        return module

    def run_file(self, module: Module) -> None:
        """Carry out the file of a module that was registered by hand (``__main__``)."""
        self._execute(module)

    def absolute(self, module: Module, level: int, name: str) -> str:
        """The dotted name that a relative import means (``_sanity_check``, ``_resolve_name``)."""
        if not level:
            return name
        if not module.package:
            raise Raised("ImportError", "attempted relative import with no known parent package")
        parts = module.package.split(".")
        if level > len(parts):
            raise Raised("ImportError", "attempted relative import beyond top-level package")
        base = ".".join(parts[: len(parts) - level + 1])
        return f"{base}.{name}" if name else base

    def fill(self, module: Module | External, names: Sequence[str]) -> None:
        """``_handle_fromlist``: names that a package does not have may be submodules."""
        if isinstance(module, External) or module.locations is None:
            return
        for name in names:
            if name == "*":
                listed = module.names.get("__all__")
                if isinstance(listed, list | tuple):
                    self.fill(module, [item for item in listed if isinstance(item, str) and item != "*"])
            elif not self.has(module, name):
                full = f"{module.name}.{name}"
                try:
                    self.load(full)
                except Raised as error:
                    if error.kind != "ModuleNotFoundError" or error.wanted != full:
                        raise

    def is_done(self, module: Module, imports: Iterable[Import | ImportFrom]) -> bool:
        """True if all that these statements of ``module`` import is there, so that none of them loads anything."""
        return all(self._is_taken(module, op) for op in imports)

    def _is_taken(self, module: Module, op: Import | ImportFrom) -> bool:
        if not isinstance(op, ImportFrom):
            return all(name in self.modules for name, _ in op.names)
        try:
            target = self.modules.get(self.absolute(module, op.level, op.module))
        except Raised:
            return True  # it fails before it loads anything
        if isinstance(target, Module) and target.locations is not None:
            return all(name != "*" and self.has(target, name) for name, _ in op.names)
        return target is not None

    def has(self, module: Module, name: str) -> bool:
        """``hasattr(module, name)``, where it can be said."""
        return name in module.names or name in _OF_EVERY_MODULE or "__getattr__" in module.names

    def take(self, module: Module | External, name: str) -> Any:
        """``from module import name``, once the module is loaded (``import_from``)."""
        if isinstance(module, External):
            return External(f"{module.name}.{name}")
        if name in module.names:
            return module.names[name]
        full = f"{module.name}.{name}"
        if full in self.modules:
            return self.modules[full]
        if self.has(module, name) or module.open:
            return UNKNOWN
        where = f"({module.origin})"
        text = f"cannot import name {name!r} from {module.name!r} "
        if advice := self._renaming(module, since=(3, 14)):
            text += advice
        elif module.file is not None and not module.done:
            module_name = f"partially initialized module {module.name!r}"
            text = f"cannot import name {name!r} from {module_name} {_CIRCULAR} {where}"
        else:
            text += where
        raise Raised("ImportError", text, wanted=full, name=module.name)

    def _renaming(self, module: Module, since: tuple[int, int]) -> str:
        """What newer Pythons say of a file that hides, or seems to hide, a library's module."""
        if self.version < since or self.first is None or module.file is None:
            return ""
        folder = posixpath.dirname(module.file)
        folder = posixpath.dirname(folder) if module.locations is not None else folder
        if folder != self.first:
            return ""
        if module.name in STANDARD:
            return (
                f"(consider renaming {module.file!r} since it has the same name as the standard library module named "
                f"{module.name!r} and the import system gives it precedence)"
            )
        if module.done:
            return ""
        reason = "if it has the same name as a third-party module you intended to import"
        return f"(consider renaming {module.file!r} {reason})"

    def attribute(self, module: Module, name: str) -> Any:
        """``module.name`` (``module_getattro``)."""
        if name in module.names:
            return module.names[name]
        if self.has(module, name) or module.open or (name.startswith("__") and name.endswith("__")):
            return UNKNOWN
        full = f"{module.name}.{name}"
        if advice := self._renaming(module, since=(3, 13)):
            text = f"module {module.name!r} has no attribute {name!r} {advice}"
        elif not module.done and module.file is not None:
            origin = f" from {module.file!r}" if self.version >= (3, 13) else ""
            text = f"partially initialized module {module.name!r}{origin} has no attribute {name!r} {_CIRCULAR}"
        elif isinstance(inner := self.modules.get(full), Module) and not inner.done:
            text = f"cannot access submodule {name!r} of module {module.name!r} {_CIRCULAR}"
        else:
            text = f"module {module.name!r} has no attribute {name!r}"
        raise Raised("AttributeError", text, wanted=full)

    def public(self, module: Module) -> list[str] | None:
        """The names that ``from module import *`` binds; None where its ``__all__`` is not known."""
        if "__all__" in module.names:
            listed = module.names["__all__"]
            if isinstance(listed, list | tuple) and all(isinstance(item, str) for item in listed):
                return list(listed)
            return None
        return [name for name in module.names if not name.startswith("_")]
