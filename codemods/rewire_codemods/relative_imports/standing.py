"""How a file stands: in which packages it is loaded, and whether something keeps its imports absolute."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from rewire.codemod import Context, Project
    from rewire_codemods.relative_imports.facts import FileFacts

_TEST_FILE = re.compile(r"(?:test_\w*|\w*_tests?|conftest)\.pyi?$")


class Obstacle(NamedTuple):
    """Why a whole file keeps its absolute imports: a refusal code, the reason, the way out."""

    code: str
    reason: str
    advice: str


@dataclass(frozen=True)
class Standing:
    """A file's contexts: ``deciding`` are those that an import must resolve in, ``overruled`` those that a document
    alone claims while better evidence says otherwise. ``obstacle`` is None where the file may hold relative imports.
    ``both``: each import becomes a fallback block, because the file is started as a script too (in ``scripts``, as far
    as launches say so).
    """

    path: str
    deciding: tuple[Context, ...]
    overruled: tuple[Context, ...]
    obstacle: Obstacle | None
    note: str = ""
    scripts: tuple[Context, ...] = ()
    both: bool = False

    @cached_property
    def key(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """What the answers for this file depend on; the same for most files of a folder."""
        return tuple((context.package, context.roots) for context in self.deciding)


def find_standing(path: str, facts: FileFacts, project: Project, scripts: str) -> Standing:
    """The standing of one file under the policy ``scripts``."""
    contexts = tuple(project.contexts(path))
    deciding, overruled = _by_evidence(contexts)
    note = ""
    if scripts == "convert":
        as_module = tuple(context for context in deciding if context.package or _is_loaded_by_path(context, path))
        commands = sorted({_command(context) for context in deciding if not context.package and context.launch})
        if as_module and len(as_module) < len(deciding):
            note = f"now needs `-m`: {'; '.join(commands)}" if commands else ""
            deciding = as_module
    obstacle = _obstacle(path, facts, project, deciding, scripts)
    if scripts == "fallback" and obstacle is not None and obstacle.code in ("script", "possible-script"):
        as_module = tuple(context for context in deciding if context.package)
        as_script = tuple(context for context in deciding if not context.package)
        if as_module and all(context.name == "__main__" for context in as_script):
            return Standing(path, as_module, overruled, None, "", as_script, both=True)
    return Standing(path, deciding, overruled, obstacle, note)


def _by_evidence(contexts: tuple[Context, ...]) -> tuple[tuple[Context, ...], tuple[Context, ...]]:
    """A command that only a document gives says nothing against a better source."""
    better = tuple(entry for entry in contexts if entry.launch is not None and entry.launch.tier != "document")
    if not better:
        return contexts, ()
    documents = tuple(entry for entry in contexts if entry.launch is not None and entry.launch.tier == "document")
    return tuple(entry for entry in contexts if entry not in documents), documents


def _obstacle(
    path: str, facts: FileFacts, project: Project, contexts: tuple[Context, ...], scripts: str
) -> Obstacle | None:
    scripted = [entry for entry in contexts if _is_script(entry)]
    if scripted:
        command = _command(scripted[0])
        return Obstacle(
            "script",
            f"{command} starts it as a script, where a relative import has no parent package",
            'start it with `python -m`, or set scripts = "fallback"',
        )
    by_path = next((entry for entry in contexts if _is_loaded_by_path(entry, path)), None)
    tool = _command(by_path) if by_path is not None else _loader_by_path(path, project)
    if tool:
        return Obstacle(
            "loaded-by-path",
            f"{tool} loads it by its path, without a package",
            "nothing to do: such a file keeps absolute imports",
        )
    if not contexts:
        return Obstacle(
            "not-a-module",
            "its path spells no module name, so it can only be started as a script",
            "nothing to do: a script keeps absolute imports",
        )
    if facts.edits_path:
        return Obstacle(
            "edits-path",
            "it edits sys.path so that its absolute imports resolve",
            "remove the edit first if the package is installed or started with -m",
        )
    if _is_loose_test(path, project):
        return Obstacle(
            "test-without-package",
            "pytest imports a test file in a folder without __init__.py as a top-level module",
            "add __init__.py to the test folder if its tests should import each other relatively",
        )
    top = [entry for entry in contexts if not entry.package]
    if top:
        return _top_level(top[0], contexts)
    doubt = _may_be_script(path, facts, contexts, project) if scripts != "convert" else ""
    if doubt:
        return Obstacle(
            "possible-script",
            f"{doubt}: nothing says how it is started"
            if path.endswith("__main__.py")
            else f"{doubt} and nothing says how it is started",
            'set scripts = "fallback", or scripts = "convert" if it is only ever started with `python -m`',
        )
    return None


def _is_script(context: Context) -> bool:
    launch = context.launch
    return context.name == "__main__" and not context.package and (launch is None or launch.entry_kind == "script")


def _is_loaded_by_path(context: Context, path: str) -> bool:
    """True if code of the project loads this very file by its path, under a name that is not its own."""
    launch = context.launch
    return launch is not None and launch.entry_kind == "script" and launch.entry == path and context.name != "__main__"


def _top_level(context: Context, contexts: tuple[Context, ...]) -> Obstacle:
    place = context.roots[0] or "the project's own directory" if context.roots else "sys.path"
    if context.launch is not None:
        why = f"{_command(context)} loads it as the top-level module {context.name}"
    elif any(entry.package for entry in contexts):
        return Obstacle(
            "flat-name",
            f"other files import it as the top-level module {context.name} (from {place})",
            "import it by its package's name everywhere first",
        )
    else:
        why = f"it is the top-level module {context.name} of {place}"
    return Obstacle("top-level-module", f"{why}: there is no package to be relative to", "nothing to do")


def _may_be_script(path: str, facts: FileFacts, contexts: tuple[Context, ...], project: Project) -> str:
    """Why a file counts as a script, unless a launch names it as a module to start; empty if it does not."""
    name = path.rpartition("/")[2]
    if name.startswith("__init__.") or any(_starts(context) for context in contexts):
        return ""
    if name == "__main__.py":
        return "it may be started as a script"
    if facts.guarded:
        return 'it has an `if __name__ == "__main__"` block'
    if facts.shebang and not _TEST_FILE.search(name) and not project.importers_of(path):
        return "its first line hands it to Python, no file imports it"
    return ""


def _starts(context: Context) -> bool:
    """True if a deployment (or the user) starts this very file as a module: ``-m pkg.mod``, ``uvicorn pkg.mod:app``.

    A console script or a CI job says nothing about who else starts the file by its path.
    """
    launch = context.launch
    if launch is None or launch.entry_kind == "script" or launch.tier not in ("user", "deploy"):
        return False
    if context.name == "__main__":
        return True
    return launch.entry.partition(":")[0] == context.name


def _is_loose_test(path: str, project: Project) -> bool:
    folder, _, name = path.rpartition("/")
    if not _TEST_FILE.search(name):
        return False
    return project.source(f"{folder}/__init__.py" if folder else "__init__.py") is None


def _loader_by_path(path: str, project: Project) -> str:
    """The tool that executes this very file outside any package, by the files that such a tool leaves beside it."""
    folder, _, name = path.rpartition("/")
    if name == "env.py" and project.read_text(f"{folder}/script.py.mako") is not None:
        return "alembic"
    above, inside, _ = path.partition("/versions/")
    if inside and project.read_text(f"{above}/script.py.mako") is not None:
        return "alembic"
    if name == "conf.py" and any(project.read_text(f"{folder}/index.{kind}") is not None for kind in ("rst", "md")):
        return "Sphinx"
    return ""


def _command(context: Context) -> str:
    launch = context.launch
    if launch is None:
        return "a start as a script"
    where = f"{launch.source}:{launch.line}" if launch.line else launch.source
    return f"`{launch.command}` ({where})"
