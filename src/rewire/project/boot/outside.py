"""What is there without the project's doing: the standard library, and what else is taken to be installed.

Whether a distribution is really installed cannot be read from a repository, so every name that the project does not
hold itself is taken to be there. A name that it does hold (``backend/`` somewhere) and that is not found from where
the launch looks is the very fault that rewire is about, unless the project declares it as a dependency.
"""

from __future__ import annotations

import posixpath
import re
import sys
import tomllib
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rewire.project.boot.tree import Files

STARTUP = frozenset(
    {
        *sys.builtin_module_names, "abc", "codecs", "encodings", "io", "os", "posixpath", "genericpath", "site", "stat",
        "zipimport", "_collections_abc", "_sitebuiltins", "_frozen_importlib", "_frozen_importlib_external",
        "importlib", "runpy", "__future__",
    }
)  # fmt: skip
"""Modules that are built in, frozen or loaded before any of the project's code: no file of the project hides them."""

STANDARD = frozenset(sys.stdlib_module_names)

LOADED_BY_SERVERS = frozenset(
    {
        "array", "ast", "atexit", "base64", "binascii", "bisect", "bz2", "collections", "contextlib", "copy",
        "copyreg", "datetime", "dis", "enum", "errno", "fnmatch", "functools", "gettext", "heapq", "inspect",
        "ipaddress", "itertools", "keyword", "linecache", "locale", "logging", "lzma", "marshal", "math", "ntpath",
        "opcode", "operator", "pathlib", "random", "re", "reprlib", "select", "selectors", "shutil", "socket",
        "ssl", "string", "struct", "tempfile", "textwrap", "threading", "time", "token", "tokenize", "traceback",
        "types", "typing", "urllib", "warnings", "weakref", "zlib",
    }
)  # fmt: skip
"""What uvicorn, gunicorn, hypercorn, granian and flask have all loaded before they look for the application (measured
on Python 3.11): a file of that name does not hide the module from them, as it would beside a script."""


_KNOWN_AS = {
    "pyyaml": "yaml", "pillow": "PIL", "python-dotenv": "dotenv", "scikit-learn": "sklearn",
    "beautifulsoup4": "bs4", "opencv-python": "cv2", "python-jose": "jose", "pyjwt": "jwt",
    "python-dateutil": "dateutil", "psycopg2-binary": "psycopg2", "python-multipart": "multipart",
    "protobuf": "google", "pycryptodome": "Crypto", "python-telegram-bot": "telegram", "py-cord": "discord",
    "discord-py": "discord", "mysqlclient": "MySQLdb", "attrs": "attr", "setuptools": "pkg_resources",
    "pytest-asyncio": "pytest_asyncio", "faiss-cpu": "faiss", "djangorestframework": "rest_framework",
    "pypdf2": "PyPDF2", "grpcio": "grpc", "grpcio-status": "grpc_status", "gitpython": "git", "pyzmq": "zmq",
    "python-magic": "magic", "pyserial": "serial", "python-slugify": "slugify", "slack-sdk": "slack_sdk",
    "discord": "discord", "elasticsearch-dsl": "elasticsearch_dsl", "python-json-logger": "pythonjsonlogger",
}  # fmt: skip
"""Distributions whose module has another name, as far as such a name is likely to be a folder of the project, too."""


def declared_modules(files: Files, read_text: Callable[[str], str | None]) -> frozenset[str]:
    """The top-level modules of the dependencies that the project declares (requirements files, packaging, Pipfile)."""
    found: set[str] = set()
    for path in files.files:
        name = posixpath.basename(path)
        if re.fullmatch(
            r"(?:.*requirements.*|constraints)\.(?:txt|in)|Pipfile|pyproject\.toml|setup\.(?:py|cfg)", name
        ) or (name.endswith(".txt") and "requirements" in path):
            text = read_text(path)
            if text is not None:
                found |= {normal_name(dist) for dist in distributions(name, text)}
    modules = {dist.replace("-", "_") for dist in found} | {_KNOWN_AS[dist] for dist in found if dist in _KNOWN_AS}
    return frozenset(modules)


def normal_name(name: str) -> str:
    """A distribution's name as package indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def distributions(name: str, text: str) -> Iterator[str]:
    """The names of distributions in one file."""
    if name in ("pyproject.toml", "Pipfile"):
        with suppress(tomllib.TOMLDecodeError):
            yield from _toml(tomllib.loads(text))
    elif name.startswith("setup"):
        yield from re.findall(
            r"^\s*[\"']?([A-Za-z][\w.-]*)(?:\[[\w,-]+\])?\s*(?:[<>=!~]=?[\w.*,<>=! ~-]*)?[\"']?,?\s*$", text, re.M
        )
        yield from re.findall(r"[\"']([A-Za-z][\w.-]*)(?:\[[\w,-]+\])?\s*(?:[<>=!~]=?[^\"']*)?[\"']", text)
    else:
        yield from re.findall(r"^\s*([A-Za-z][\w.-]*)", text, re.M)


def _toml(data: dict[str, object]) -> Iterator[str]:
    """Dependencies of a ``pyproject.toml`` or ``Pipfile``, wherever its tool keeps them."""
    pending: list[tuple[str, object]] = list(data.items())
    while pending:
        key, value = pending.pop()
        is_table = key.endswith(("dependencies", "packages")) or key in ("dev", "test", "docs", "lint", "requires")
        if isinstance(value, dict):
            if is_table:
                yield from (name for name in value if name.lower() != "python")
            pending += [
                (f"{key}/{name}" if key == "dependency-groups" else name, inner) for name, inner in value.items()
            ]
        elif isinstance(value, list) and (is_table or "dependency-groups/" in key or _is_requirements(value)):
            yield from (
                match[0] for item in value if isinstance(item, str) and (match := re.match(r"[A-Za-z][\w.-]*", item))
            )


def _is_requirements(values: Sequence[object]) -> bool:
    """True for a list that holds a requirement with a version."""
    return any(isinstance(value, str) and re.match(r"[A-Za-z][\w.\[\],-]*\s*[<>=~!]=", value) for value in values)


CLASHING = frozenset(
    [
        "alembic",
        "docker",
        "celery",
        "redis",
        "kafka",
        "nginx",
        "grafana",
        "prometheus",
        "airflow",
        "streamlit",
        "gradio",
        "stripe",
        "telegram",
        "slack",
        "discord",
        "openai",
        "sentry",
        "flask",
        "django",
        "fastapi",
        "pytest",
        "elasticsearch",
        "rabbitmq",
        "mongo",
        "postgres",
        "supabase",
        "firebase",
        "twilio",
        "boto3",
        "aws",
        "azure",
        "google",
        "anthropic",
        "langchain",
        "ollama",
        "scrapy",
        "selenium",
        "playwright",
        "locust",
        "terraform",
        "ansible",
        "jinja2",
        "sqlalchemy",
        "requests",
        "config_parser",
    ]
)
"""Folders that projects keep for a tool of the same name: an import of it means the tool unless the folder fits."""


class Ownership:
    """Which top-level names the project holds somewhere, and so must not be taken for something installed."""

    def __init__(self, files: Files, declared: frozenset[str]) -> None:
        self._files = files
        self._declared = declared
        self._places: dict[str, list[str]] = {}
        seen: set[str] = set()
        for path in files.files:
            if path.endswith(".py"):
                folder, _, name = path.rpartition("/")
                self._places.setdefault(name[:-3], []).append(path)
                while folder and folder not in seen:
                    seen.add(folder)
                    folder, _, name = folder.rpartition("/")
                    self._places.setdefault(name, []).append(f"{folder}/{name}" if folder else name)

    def places(self, name: str) -> Sequence[str]:
        """The files and folders of the project that are called ``name``."""
        return self._places.get(name, ())

    def is_declared(self, name: str) -> bool:
        """True if the project declares a dependency that gives module ``name``."""
        return name in self._declared

    def owns(self, dotted: str, names: Sequence[str] = (), importer: str = "") -> bool:
        """True if ``import dotted`` (taking ``names`` from it) can only mean the project's own code.

        A file further down that imports its own name, or that of its folder, means somebody else's, for which it is
        named: ``common/redis/client.py`` with its ``import redis``.
        """
        top, _, rest = dotted.partition(".")
        if top in self._declared or top in STANDARD:
            return False
        for place in self._places.get(top, ()):
            if "/" in place and (place == importer or importer.startswith(f"{place}/")):
                if place != importer and (rest or names) and self._fits(place, rest, names):
                    return True
            elif place.endswith(".py"):
                if not rest:
                    return True
            elif f"{place}/__init__.py" in self._files.files or top not in CLASHING or self._fits(place, rest, names):
                return True
        return False

    def _fits(self, folder: str, rest: str, names: Sequence[str]) -> bool:
        """True if a folder without ``__init__.py`` holds what is imported from it."""
        wanted = [f"{folder}/{rest.replace('.', '/')}"] if rest else [f"{folder}/{name}" for name in names]
        if not wanted:
            return True
        return any(f"{path}.py" in self._files.files or self._files.is_dir(path) for path in wanted)
