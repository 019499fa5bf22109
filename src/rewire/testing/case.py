"""A case: files before, files after, and what is expected beside them; read from a fixture, never written to one.

One-file cases, ``changes_<what>.py`` and ``leaves_<what>.py``, may start with directives, one a line:

    # path: app/main.py             the file's place in its project (default: module.py)
    # options: name=value, ...      values as in TOML; a bare word is a string
    # refuses: code, ...            the distinct refusal codes, all of them
    # comments: dropped             the change may take comments with it

A folder with ``before/`` is a whole project. ``after/`` holds the files that must come out different or new, as they
must come out (the others may be there too); what ``before/`` alone holds must stay as it is. ``case.toml``, where
there is one:

    codemod = "shared-pool"         or a list: several in one run, in this order; default: the fixture folder's name
    options = { pool = "app.db" }   with several codemods: one table a codemod
    refuses = ["code", ...]         the distinct refusal codes, all of them
    found = 3                       figures of the ledger, each optional: found, changed, refused, suppressed
    fails = ["broken.py"]           files that cannot be read or parsed
    deletes = ["old.py"]            files that must be gone
    select = ["app/*.py"]           the files the run may change (default: all)
    comments = "dropped"            the change may take comments with it
    about = "..."                   for readers
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from rewire.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rewire.codemod.base import Codemod

AFTER = "# --- after ---"
"""The line between before and after in a ``changes_*.py``."""

_MARKER = re.compile(rb"^# --- after ---\r?\n", re.MULTILINE)
_DIRECTIVE = re.compile(rb"# (path|options|refuses|comments): *([^\r\n]*?) *\r?\n")
_OPTION = re.compile(r"""\s*([A-Za-z_]\w*)\s*=\s*((?:\[[^\]]*\]|"[^"]*"|'[^']*'|[^,\["'])+?)\s*(?:,|$)""")
_COUNTS = ("found", "changed", "refused", "suppressed")
_KEYS = frozenset({*_COUNTS, "codemod", "options", "refuses", "fails", "deletes", "select", "comments", "about"})


@dataclass(frozen=True)
class Case:
    """One case. ``files`` and ``expected`` are whole trees: path (``/``-separated) -> bytes.

    ``codemods`` are names, or the codemods themselves where the test gave them. ``options`` is keyed by codemod name.
    ``counts`` holds the figures of the ledger that the case states, summed over its codemods.
    """

    id: str
    codemods: tuple[str | type[Codemod[Any, Any]], ...]
    files: Mapping[str, bytes]
    expected: Mapping[str, bytes]
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    refuses: frozenset[str] = frozenset()
    counts: Mapping[str, int] = field(default_factory=dict)
    fails: frozenset[str] = frozenset()
    select: tuple[str, ...] = ()
    drops_comments: bool = False
    source: str = ""

    def __str__(self) -> str:
        return self.id

    @property
    def negative(self) -> bool:
        """True if the case says that nothing may change."""
        return dict(self.files) == dict(self.expected)


def cases(folder: str | Path, codemod: str | type[Codemod[Any, Any]] | None = None) -> list[Case]:
    """Every case in ``folder`` and below it, sorted by path.

    ``codemod`` is a codemod class or a name the registry knows; left out, it is the folder's own name (underscores
    for hyphens). Raises UsageError for a folder that does not exist or holds no case, and for a file in it that is
    no case: a fixture that is silently not run is worse than none.
    """
    top = Path(folder)
    if not top.is_dir():
        raise UsageError(f"no fixture folder {top}")
    default = codemod if codemod is not None else top.resolve().name.replace("_", "-")
    found = [read_case(path, default, name=path.relative_to(top).as_posix()) for path in _walk(top)]
    if not found:
        raise UsageError(f"no case in {top}", advice="add changes_*.py, leaves_*.py or a folder with before/")
    return found


def read_case(path: str | Path, codemod: str | type[Codemod[Any, Any]], *, name: str = "") -> Case:
    """The case at ``path``, a file or a folder; ``codemod`` unless its ``case.toml`` names another."""
    place = Path(path)
    if place.is_dir():
        return _project_case(place, codemod, name or place.name)
    return _one_file_case(place, codemod, (name or place.name).removesuffix(".py"))


def _walk(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name == "__pycache__" or path.name.startswith("."):
            continue
        if path.is_dir():
            yield from [path] if (path / "before").is_dir() else _walk(path)
        elif path.suffix == ".py" and path.name.startswith(("changes_", "leaves_")):
            yield path
        elif path.suffix == ".py" or path.name == "case.toml":
            raise UsageError(
                f"{path} is no case", advice="name it changes_*.py or leaves_*.py, or put it into a before/ folder"
            )


def _one_file_case(path: Path, codemod: str | type[Codemod[Any, Any]], name: str) -> Case:
    data = path.read_bytes()
    said: dict[str, str] = {}
    while found := _DIRECTIVE.match(data):
        key = found[1].decode()
        if key in said:
            raise UsageError(f"{path}: two lines '# {key}:'")
        said[key] = found[2].decode()
        data = data[found.end() :]
    parts = _MARKER.split(data)
    wanted = 2 if path.name.startswith("changes_") else 1
    if len(parts) != wanted:
        raise UsageError(f"{path}: {len(parts) - 1} lines {AFTER!r} where {wanted - 1} belong")
    if wanted == 2 and parts[0] == parts[1]:
        raise UsageError(f"{path}: before and after are the same", advice="name it leaves_*.py")
    if said.get("comments", "dropped") != "dropped":
        raise UsageError(f"{path}: '# comments:' takes the word 'dropped'")
    place = said.get("path", "module.py")
    return Case(
        id=name,
        codemods=(codemod,),
        files=MappingProxyType({place: parts[0]}),
        expected=MappingProxyType({place: parts[-1]}),
        options={_name(codemod): _parse_options(said.get("options", ""), path)},
        refuses=frozenset(code.strip() for code in said.get("refuses", "").split(",") if code.strip()),
        drops_comments="comments" in said,
        source=str(path),
    )


def _project_case(folder: Path, codemod: str | type[Codemod[Any, Any]], name: str) -> Case:
    table = _read_table(folder / "case.toml")
    named = table.get("codemod", codemod)
    codemods = tuple(named) if isinstance(named, list) else (named,)
    before = _read_tree(folder / "before")
    after = _read_tree(folder / "after") if (folder / "after").is_dir() else {}
    gone = set(table.get("deletes", ()))
    expected = {path: data for path, data in {**before, **after}.items() if path not in gone}
    if after and expected == before:
        raise UsageError(f"{folder}: after/ is the same as before/", advice="a case without change has no after/")
    options = table.get("options", {})
    if len(codemods) == 1:
        options = {_name(codemods[0]): options}
    return Case(
        id=name,
        codemods=codemods,
        files=MappingProxyType(before),
        expected=MappingProxyType(expected),
        options=options,
        refuses=frozenset(table.get("refuses", ())),
        counts={key: table[key] for key in _COUNTS if key in table},
        fails=frozenset(table.get("fails", ())),
        select=tuple(table.get("select", ())),
        drops_comments=table.get("comments") == "dropped",
        source=str(folder),
    )


def _read_table(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path}: {error}") from None
    if unknown := sorted(set(table) - _KEYS):
        raise UsageError(f"{path}: unknown key {unknown[0]!r}", advice=f"one of {', '.join(sorted(_KEYS))}")
    if table.get("comments", "dropped") != "dropped":
        raise UsageError(f"{path}: 'comments' takes the word 'dropped'")
    return table


def _read_tree(top: Path) -> dict[str, bytes]:
    return {
        path.relative_to(top).as_posix(): path.read_bytes()
        for path in sorted(top.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }


def _parse_options(text: str, path: Path) -> Mapping[str, Any]:
    """``name=value, ...`` with TOML values; what is no TOML value is a string."""
    options: dict[str, Any] = {}
    position = 0
    while position < len(text):
        found = _OPTION.match(text, position)
        if found is None:
            raise UsageError(f"{path}: cannot read the options from {text[position:]!r}")
        try:
            options[found[1]] = tomllib.loads(f"value = {found[2]}")["value"]
        except tomllib.TOMLDecodeError:
            options[found[1]] = found[2]
        position = found.end()
    return options


def _name(codemod: str | type[Codemod[Any, Any]]) -> str:
    return codemod if isinstance(codemod, str) else codemod.name


def codemod_names(codemods: Sequence[str | type[Codemod[Any, Any]]]) -> tuple[str, ...]:
    """Names of codemods given by name or as classes."""
    return tuple(_name(codemod) for codemod in codemods)
