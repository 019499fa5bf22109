"""Stand-ins for the programs that start Python applications: each finds and imports its target as the program does.

Run as ``python -P starters.py PROGRAM ARGUMENTS``. Standard library only; nothing is served.
"""

# ruff: noqa: PTH100, PTH109, PTH110, PTH118, PTH120 - spelled as the programs themselves do

from __future__ import annotations

import argparse
import configparser
import importlib
import importlib.util
import os
import sys
from pathlib import Path


def uvicorn(words: list[str]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("app")
    parser.add_argument("--app-dir", default="")
    args = parser.parse_known_args(words)[0]
    sys.path.insert(0, args.app_dir)
    name, _, attributes = args.app.partition(":")
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        sys.exit(f'Error loading ASGI app. Could not import module "{name}".')
    try:
        for attribute in attributes.split("."):
            module = getattr(module, attribute)
    except AttributeError:
        sys.exit(f'Error loading ASGI app. Attribute "{attributes}" not found in module "{name}".')


def gunicorn(words: list[str]) -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("app")
    parser.add_argument("--chdir", default=".")
    parser.add_argument("--pythonpath", default="")
    args = parser.parse_known_args(words)[0]
    sys.path.insert(0, os.getcwd())  # as gunicorn's app/base.py does before it has read any option
    os.chdir(args.chdir)
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    for part in args.pythonpath.split(","):
        if part:
            sys.path.insert(0, os.path.abspath(part))
    name, _, attribute = args.app.partition(":")
    module = importlib.import_module(name)
    attribute = attribute or "application"
    if not hasattr(module, attribute):
        sys.exit(f"Failed to find attribute {attribute!r} in {name!r}.")


def hypercorn(words: list[str]) -> None:
    name, _, attribute = words[-1].partition(":")
    path = Path(name).resolve()
    sys.path.insert(0, str(path.parent))
    module = importlib.import_module(path.with_suffix("").name if path.is_file() else path.name)
    getattr(module, attribute or "app")


def _upwards(path: str) -> str:
    path = os.path.realpath(path)
    path = path[:-3] if path.endswith(".py") else path
    parts: list[str] = []
    while True:
        path, name = os.path.split(path)
        parts.insert(0, name)
        if not os.path.exists(os.path.join(path, "__init__.py")):
            break
    if sys.path[0] != path:
        sys.path.insert(0, path)
    return ".".join(parts)


def granian(words: list[str]) -> None:
    sys.path.insert(0, "")
    name, _, attribute = words[-1].partition(":")
    module = importlib.import_module(_upwards(name))
    getattr(module, attribute or "app")


def flask(words: list[str]) -> None:
    sys.path.insert(0, "")
    target = words[words.index("--app") + 1] if "--app" in words else os.environ.get("FLASK_APP", "app.py")
    importlib.import_module(_upwards(target.partition(":")[0]))


def fastapi(words: list[str]) -> None:
    path = Path(words[1] if len(words) > 1 else "main.py").resolve()
    parts = [path.stem]
    folder = path.parent
    while (folder / "__init__.py").is_file():
        parts.insert(0, folder.name)
        folder = folder.parent
    sys.path.insert(0, str(folder))
    importlib.import_module(".".join(parts))


def celery(words: list[str]) -> None:
    sys.path.insert(0, os.getcwd())
    name = words[words.index("-A") + 1]
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name or "." not in name:
            raise
        above, _, attribute = name.rpartition(".")
        getattr(importlib.import_module(above), attribute)
        return
    if hasattr(module, "__path__") and not hasattr(module, "app") and not hasattr(module, "celery"):
        importlib.import_module(name + ".celery")


def streamlit(words: list[str]) -> None:
    import runpy

    path = os.path.abspath(words[-1])
    sys.path.insert(0, os.path.dirname(path))
    runpy.run_path(path, run_name="__main__")


def alembic(words: list[str]) -> None:
    settings = configparser.RawConfigParser()
    settings.read("alembic.ini")
    for part in settings.get("alembic", "prepend_sys_path", fallback="").split(":"):
        if part:
            sys.path.insert(0, os.path.abspath(part))
    path = Path(settings.get("alembic", "script_location")) / "env.py"
    spec = importlib.util.spec_from_file_location("env_py", path.resolve())
    assert spec is not None
    assert spec.loader is not None
    spec.loader.exec_module(importlib.util.module_from_spec(spec))


if __name__ == "__main__":
    globals()[sys.argv[1]](sys.argv[2:])
