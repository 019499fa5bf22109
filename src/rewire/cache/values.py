"""Frozen values to bytes and back. Nothing else comes out, whatever the bytes say.

The bytes are a pickle, read by an unpickler that resolves no name but those of the frozen dataclasses, named tuples
and enumerations of rewire and of the codemod in question: no function is ever found, so none is ever called
(https://docs.python.org/3/library/pickle.html#restricting-globals). Anything unexpected is a miss.
"""

from __future__ import annotations

import dataclasses
import enum
import io
import os
import pickle
import re
import sys
from contextlib import suppress
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


class Unknown(Exception):
    """The bytes are no value that may come out of the cache."""


def dump(value: Any) -> bytes:
    """``value`` as bytes."""
    return pickle.dumps(value, protocol=5)


def load(data: bytes, packages: Sequence[str]) -> Any:
    """The value of ``data``; classes are found in ``rewire.model``, ``rewire.syntax`` and ``packages`` alone.

    Raises Unknown for anything else, and for bytes that are no pickle.
    """
    try:
        return _Reader(data, packages).load()
    except Unknown:
        raise
    except Exception as error:
        raise Unknown(str(error)) from None


LIBRARIES = (
    "ahocorasick_rs", "dockerfile", "fissix", "libcst", "pathspec", "pyyaml", "tree_sitter", "tree_sitter_python",
)  # fmt: skip
"""The libraries that have a say in an answer: they read what is searched for, launched, rewritten or judged."""

_DISTRIBUTION = re.compile(
    rf"({'|'.join(LIBRARIES).replace('_', '[-_.]')})-[^-]+(-py[^-]*)?[.](dist|egg)-info", re.IGNORECASE
)


@lru_cache(maxsize=64)
def fingerprint(*packages: str) -> str:
    """A digest of the code of ``packages`` (names, sizes and times of their files): other code, other answers.

    So are other versions of Python and of the libraries.
    """
    digest = blake2b(sys.version.encode(), digest_size=16)
    digest.update("\0".join(_versions()).encode("utf-8", "surrogateescape"))
    for package in packages:
        origin = getattr(sys.modules.get(package), "__file__", None)
        for file in sorted(Path(origin).parent.rglob("*.py")) if origin else ():
            state = file.stat()
            times = f"{state.st_size} {state.st_mtime_ns} {state.st_ctime_ns}"
            digest.update(f"{file}\0{times}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _versions() -> list[str]:
    """The folders, of which each is named for a version, that say what is installed of the libraries."""
    found = []
    for folder in sys.path:
        with suppress(OSError):
            names = os.listdir(folder or os.curdir)  # noqa: PTH208 - thousands
            found += [f"{folder}/{name}" for name in names if _DISTRIBUTION.fullmatch(name)]
    return sorted(found)


class _Reader(pickle.Unpickler):
    def __init__(self, data: bytes, packages: Sequence[str]) -> None:
        super().__init__(io.BytesIO(data))
        self._packages = ("rewire.model", "rewire.syntax", *packages)

    def find_class(self, module: str, name: str) -> Any:
        """The class of that name, if it is plain data of an allowed package. A program is not imported for it."""
        allowed = any(module == package or module.startswith(package + ".") for package in self._packages)
        if allowed and "." not in name and not module.endswith(".__main__"):
            found = getattr(sys.modules.get(module) or __import__(module, fromlist=[name]), name, None)
            if _is_plain(found):
                return found
        raise Unknown(f"{module}.{name} is no value of the cache")

    def persistent_load(self, pid: Any) -> Any:
        """None are written, so none are read."""
        raise Unknown("persistent objects are none of ours")


def _is_plain(found: Any) -> bool:
    if not isinstance(found, type):
        return False
    if dataclasses.is_dataclass(found):
        return bool(found.__dataclass_params__.frozen)  # type: ignore[attr-defined]
    return issubclass(found, enum.Enum) or (issubclass(found, tuple) and hasattr(found, "_fields"))
