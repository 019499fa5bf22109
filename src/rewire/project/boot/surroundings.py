"""What functions of the outside, and methods of known values, answer: paths, texts, conversions, the environment."""

from __future__ import annotations

import posixpath
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from rewire.project.boot.values import UNKNOWN, is_known

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rewire.project.boot.tree import Tree

_CONVERSIONS: Mapping[str, Callable[[Any], Any]] = {
    "bool": bool, "len": len, "int": int, "list": list, "tuple": tuple, "set": set,
}  # fmt: skip

_PATHS = ("os.path.", "posixpath.")
_ANSWERING = frozenset(
    {
        *_CONVERSIONS, "str", "os.fspath", "os.fsdecode", "os.getcwd", "os.getenv", "os.environ.get", "pathlib.Path",
        "pathlib.Path.cwd", "pathlib.PurePath", "pathlib.PosixPath", "pathlib.PurePosixPath",
    }
)  # fmt: skip


def may_answer(name: str) -> bool:
    """False for a function (dotted, ``builtins`` left out) whose answer is not known, whatever it is given."""
    return name in _ANSWERING or name.startswith(_PATHS)


class Surroundings:
    """The machine of one start, as far as it can be asked: its files, its working directory, its environment."""

    def __init__(self, tree: Tree, cwd: str, variables: Mapping[str, str]) -> None:
        self.tree = tree
        self.cwd = cwd
        self.variables = variables

    def method(self, base: Any, name: str, arguments: list[Any]) -> Any:
        """What the method ``name`` of a known value answers."""
        if isinstance(base, PurePosixPath):
            if name in ("resolve", "absolute"):
                return PurePosixPath(posixpath.normpath(posixpath.join(self.cwd, str(base))))
            if name in ("joinpath", "with_name", "with_suffix"):
                return getattr(base, name)(*arguments)
            if name in ("as_posix", "__str__"):
                return str(base)
            if name in ("exists", "is_dir", "is_file"):
                return self._exists(str(base), name)
            return UNKNOWN
        if isinstance(base, str) and name in (
            "startswith", "endswith", "lower", "upper", "strip", "rstrip", "lstrip", "replace", "join", "split",
            "format", "rsplit", "partition", "rpartition",
        ):  # fmt: skip
            return getattr(base, name)(*arguments) if is_known(arguments) else UNKNOWN
        return UNKNOWN

    def _exists(self, place: str, how: str) -> Any:
        place = posixpath.normpath(posixpath.join(self.cwd, place))
        answers = {
            "isfile": self.tree.is_file,
            "is_file": self.tree.is_file,
            "isdir": self.tree.is_dir,
            "is_dir": self.tree.is_dir,
        }
        if how in answers:
            return answers[how](place)
        return self.tree.is_file(place) or self.tree.is_dir(place)

    def call(self, name: str, arguments: list[Any]) -> Any:
        """What the function ``name`` (dotted, ``builtins`` left out) answers."""
        if name in ("pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath", "pathlib.PurePosixPath"):
            return PurePosixPath(*arguments) if is_known(arguments) else UNKNOWN
        if name in ("pathlib.Path.cwd", "os.getcwd"):
            return PurePosixPath(self.cwd) if name.startswith("pathlib") else self.cwd
        if name in ("os.getenv", "os.environ.get") and arguments:
            return self.variables.get(arguments[0], UNKNOWN) if isinstance(arguments[0], str) else UNKNOWN
        if not is_known(arguments) or not arguments:
            return UNKNOWN
        if name in ("str", "os.fspath", "os.fsdecode"):
            return str(arguments[0])
        if name in _CONVERSIONS:
            return _CONVERSIONS[name](arguments[0])
        function = name.removeprefix("os.path.").removeprefix("posixpath.")
        if function == name:
            return UNKNOWN
        texts = [str(part) for part in arguments]
        if function in ("abspath", "realpath"):
            return posixpath.normpath(posixpath.join(self.cwd, texts[0]))
        if function in ("exists", "isdir", "isfile"):
            return self._exists(texts[0], function)
        if function in ("join", "dirname", "basename", "normpath", "split", "splitext", "relpath"):
            return getattr(posixpath, function)(*texts)
        return UNKNOWN
