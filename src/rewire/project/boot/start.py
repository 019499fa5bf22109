"""How each kind of launch begins: which module runs first, under which name, and what its starter checks."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from rewire.project.boot.errors import Raised
from rewire.project.boot.finder import find
from rewire.project.boot.pytest_settings import IMPORT_MODE
from rewire.project.boot.values import External, Module

if TYPE_CHECKING:
    from rewire.model.project import Launch
    from rewire.project.boot.finder import Spec
    from rewire.project.boot.machine import Machine

_TOOL = re.compile(r"\b(uvicorn|gunicorn|hypercorn|granian|celery|flask|fastapi|streamlit|daphne|alembic|pytest)\b")


def tool_of(launch: Launch) -> str:
    """The program that starts the project; empty for Python itself."""
    if launch.entry_kind == "tests":
        return "pytest"
    if launch.entry_kind != "module":
        return "streamlit" if "streamlit" in launch.command else ""
    found = [match[1] for match in _TOOL.finditer(launch.command)]
    return found[-1] if len(set(found)) == 1 else next((tool for tool in found if tool in ("uvicorn", "gunicorn")), "")


def essence(launch: Launch) -> Launch:
    """What two launches have in common that load the same: who says so does not matter, nor what else is passed.

    Of the command only what ``tool_of``, ``collect.begin_tests`` and the settings of pytest read in it is left.
    """
    command = ""
    if launch.entry_kind == "module":
        command = f"{'python -m ' if ' -m ' in launch.command else ''}{tool_of(launch)}"
    elif launch.entry_kind == "tests":
        mode = IMPORT_MODE.search(launch.command)
        command = f"{'unittest' if by_unittest(launch.command) else 'pytest'} {mode[0] if mode else ''}"
    return replace(launch, name="", command=command, source="", line=0, role="unknown", tier="document")


def by_unittest(command: str) -> bool:
    """True if a test command runs unittest, not pytest."""
    return re.search(r"\bunittest\b", command) is not None and "pytest" not in command


def begin_main(machine: Machine, spec: Spec, package: str) -> Module:
    """Run ``spec`` as ``__main__``."""
    module = Module("__main__", spec.file, None, package)
    module.names.update({"__name__": "__main__", "__file__": spec.file, "__package__": package or None})
    machine.modules["__main__"] = module
    machine.run_file(module)
    module.done = True
    return module


def begin_script(machine: Machine, place: str) -> Module:
    """``python place``."""
    from rewire.project.boot.finder import Spec as Found

    return begin_main(machine, Found("__main__", place, None), "")


def begin_module(machine: Machine, name: str) -> Module:
    """``python -m name`` (``runpy._run_module_as_main``)."""
    spec = _main_spec(machine, name)
    package = spec.name.rpartition(".")[0]
    return begin_main(machine, spec, package)


def _may_be_missing(error: Raised, package: str) -> bool:
    """True for an ImportError about ``package`` itself: runpy looks again before it complains."""
    if error.kind not in ("ImportError", "ModuleNotFoundError") or error.name is None:
        return False
    return error.name == package or package.startswith(error.name + ".")


def _main_spec(machine: Machine, name: str) -> Spec:
    """The spec of the module to run; a package's is its ``__main__`` (``runpy._get_module_details``)."""
    parent_name = name.rpartition(".")[0]
    places: tuple[str, ...] | None = tuple(machine.path) + machine.after
    if parent_name:
        try:
            machine.load(parent_name)
        except Raised as error:
            if not _may_be_missing(error, parent_name):
                raise
        try:
            parent = machine.load(parent_name)
        except Raised as error:
            if error.kind not in ("ImportError", "ModuleNotFoundError", "AttributeError", "TypeError", "ValueError"):
                raise
            text = f"Error while finding module specification for {name!r} ({error.kind}: {error.text})"
            raise Raised("", text, wanted=error.wanted) from None
        places = parent.locations if isinstance(parent, Module) else None
        if places is None:
            reason = f"__path__ attribute not found on {parent_name!r} while trying to find {name!r}"
            raise Raised(
                "",
                f"Error while finding module specification for {name!r} (ModuleNotFoundError: {reason})",
                wanted=name,
            )
    spec = find(machine.tree, name, places or ())
    if spec is None:
        raise Raised("", f"No module named {name}", wanted=name)
    if spec.locations is None:
        return spec
    if spec.file is not None:
        machine.load(name)
    main = find(machine.tree, name + ".__main__", spec.locations)
    if main is None or main.file is None:
        raise Raised(
            "",
            f"No module named {name}.__main__; {name!r} is a package and cannot be directly executed",
            wanted=f"{name}.__main__",
        )
    return main


def begin_import(machine: Machine, launch: Launch) -> None:
    """``uvicorn module:attribute`` and its like: import, then take the attribute."""
    tool = tool_of(launch)
    machine.expected = launch.entry.partition(".")[0]
    try:
        module = machine.load(launch.entry)
    except Raised as error:
        if tool == "uvicorn" and error.kind == "ModuleNotFoundError" and error.wanted == launch.entry:
            text = f'Error loading ASGI app. Could not import module "{launch.entry}".'
            raise Raised("", text, wanted=launch.entry) from None
        raise
    first = launch.attribute.partition(".")[0]
    if not first or isinstance(module, External) or module.open or machine.has(module, first):
        return
    if tool == "celery" or f"{module.name}.{first}" in machine.modules:
        return
    texts = {
        "uvicorn": f'Error loading ASGI app. Attribute "{launch.attribute}" not found in module "{launch.entry}".',
        "gunicorn": f"Failed to find attribute {launch.attribute!r} in {launch.entry!r}.",
    }
    wanted = f"{launch.entry}.{first}"
    if tool in texts:
        raise Raised("", texts[tool], wanted=wanted)
    raise Raised("AttributeError", f"module {launch.entry!r} has no attribute {first!r}", wanted=wanted)
