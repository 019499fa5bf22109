"""Import roots that packaging metadata declares: pyproject.toml, setup.cfg, setup.py. Read, never run."""

from __future__ import annotations

import ast
import posixpath
from typing import TYPE_CHECKING, Any

from rewire.model.project import ImportRoot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

_SETUP_WORDS = ("package_dir", "find_packages", "find_namespace_packages")
"""One of these is in every ``setup.py`` that says where packages lie."""

METADATA = ("pyproject.toml", "setup.cfg", "setup.py")


def metadata_files(files: Iterable[str]) -> list[str]:
    """Those of ``files`` that may declare import roots."""
    return [path for path in files if path.endswith(METADATA) and posixpath.basename(path) in METADATA]


def declared_roots(metadata: Sequence[str], read_text: Callable[[str], str | None]) -> tuple[ImportRoot, ...]:
    """The roots that the ``metadata_files`` name, outermost directory first. Unreadable ones name none."""
    found: dict[str, ImportRoot] = {}
    for path in sorted(metadata, key=lambda path: (path.count("/"), path)):
        folder, name = posixpath.split(path)
        text = read_text(path)
        if text is None:
            continue
        for place, why in _declared(name, text):
            root = posixpath.normpath(posixpath.join(folder, place)).replace("\\", "/")
            root = "" if root == "." else root
            if not root.startswith(".."):
                found.setdefault(root, ImportRoot(root, f"{path}: {why}"))
    return tuple(found.values())


def _declared(name: str, text: str) -> Iterator[tuple[str, str]]:
    try:
        if name == "pyproject.toml":
            import tomllib  # here, as below: most projects have one of the three files

            yield from _pyproject(tomllib.loads(text))
        elif name == "setup.cfg":
            yield from _setup_cfg(text)
        elif any(word in text for word in _SETUP_WORDS):
            yield from _setup_py(ast.parse(text))
    except (SyntaxError, ValueError, RecursionError):  # bad TOML is a ValueError
        return


def _pyproject(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    tool = _table(data, "tool")
    setuptools = _table(tool, "setuptools")
    yield from _package_dir(_table(setuptools, "package-dir"), "tool.setuptools.package-dir")
    find = _table(_table(setuptools, "packages"), "find")
    for where in _strings(find.get("where")):
        yield where, "tool.setuptools.packages.find.where"
    listed = isinstance(setuptools.get("packages"), list) or setuptools.get("py-modules")
    if listed and not setuptools.get("package-dir"):
        yield "", "tool.setuptools"
    targets = _table(_table(_table(tool, "hatch"), "build"), "targets")
    for build in (_table(_table(tool, "hatch"), "build"), _table(targets, "wheel")):
        for package in _strings(build.get("packages")):
            yield posixpath.dirname(package.rstrip("/")), "tool.hatch.build packages"
    poetry = _table(tool, "poetry")
    for entry in poetry.get("packages") or ():
        if isinstance(entry, dict) and "include" in entry:
            yield str(entry.get("from", "")), "tool.poetry.packages"
    pdm = _table(_table(tool, "pdm"), "build")
    if isinstance(pdm.get("package-dir"), str):
        yield pdm["package-dir"], "tool.pdm.build.package-dir"
    uv = _table(_table(tool, "uv"), "build-backend")
    if isinstance(uv.get("module-root"), str):
        yield uv["module-root"], "tool.uv.build-backend.module-root"
    if isinstance(_table(tool, "maturin").get("python-source"), str):
        yield tool["maturin"]["python-source"], "tool.maturin.python-source"


def _setup_cfg(text: str) -> Iterator[tuple[str, str]]:
    import configparser

    parser = configparser.RawConfigParser()
    try:
        parser.read_string(text)
    except configparser.Error:
        return
    if parser.has_option("options", "package_dir"):
        pairs = (line.partition("=") for line in parser.get("options", "package_dir").splitlines() if "=" in line)
        yield from _package_dir({key.strip(): value.strip() for key, _, value in pairs}, "options.package_dir")
    if parser.has_option("options.packages.find", "where"):
        for where in parser.get("options.packages.find", "where").split():
            yield where, "options.packages.find.where"


def _setup_py(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Literal ``package_dir`` and ``find_packages(where)`` of a ``setup(...)`` call."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        keywords = {word.arg: word.value for word in node.keywords if word.arg}
        if called == "setup" and "package_dir" in keywords:
            table = _literal(keywords["package_dir"])
            if isinstance(table, dict):
                yield from _package_dir(table, "setup(package_dir)")
        if called in ("find_packages", "find_namespace_packages"):
            where = _literal(keywords.get("where") or (node.args[0] if node.args else None))
            if isinstance(where, str):
                yield where, f"{called}()"


def _package_dir(table: Mapping[Any, Any], why: str) -> Iterator[tuple[str, str]]:
    """``{"": "src"}`` is the root src; ``{"pkg": "lib/pkg"}`` the root lib. Renamed packages are not roots."""
    for package, place in table.items():
        if not isinstance(place, str):
            continue
        if not package:
            yield place, why
        elif place.rstrip("/").endswith(str(package).replace(".", "/")):
            yield place.rstrip("/")[: -len(str(package))].rstrip("/"), why


def _table(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = data.get(key)
    return value if isinstance(value, dict) else {}


def _strings(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        return (value,)
    return [entry for entry in value if isinstance(entry, str)] if isinstance(value, list) else ()


def _literal(node: ast.AST | None) -> Any:
    try:
        return None if node is None else ast.literal_eval(node)
    except ValueError:
        return None
