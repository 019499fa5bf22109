"""What travels to a worker, and what is done with it there.

An errand is a pickle that, when it is loaded, runs the work: the task that dask sees is ``pickle.loads`` of some bytes.
So the scheduler, which unpickles every task's function, needs no rewire, and dask never looks for its own futures in
our items. https://docs.python.org/3/library/pickle.html#object.__reduce__
"""

from __future__ import annotations

import pickle
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from rewire.distributed.kinship import difference, identity
from rewire.errors import ClusterError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


class _Call:
    """Pickles as a call: whoever loads it gets the function's answer."""

    def __init__(self, function: Callable[..., Any], *arguments: Any) -> None:
        self._reduced = function, arguments

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self._reduced


def errand(function: Callable[..., Any], *arguments: Any) -> bytes:
    """The pickle whose loading calls ``function`` (importable where it is loaded) and gives its answer."""
    return dump(_Call(function, *arguments))


def dump(value: Any) -> bytes:
    """``value`` as both ends of an errand write it. Raises whatever pickle does for what cannot travel."""
    return pickle.dumps(value, protocol=5)


def carry_out(function: bytes, items: Sequence[bytes], expected: Mapping[str, str]) -> bytes:
    """On a worker: the answers to ``items``, pickled, if this is the code that is ``expected``. Raises ClusterError.

    Each errand brings the question along, since a worker may have joined, or been replaced, after the others were
    asked. The answers are pickled here so that dask keeps and moves plain bytes.
    """
    _require(expected)
    return dump(list(_loaded(function)([pickle.loads(item) for item in items])))


def carry_out_alone(function: bytes, items: Sequence[bytes], expected: Mapping[str, str]) -> list[bytes | None]:
    """On a worker: each item's answer, pickled, from a process besides it; None where that process died."""
    from rewire.distributed.quarantine import one_by_one

    _require(expected)
    return one_by_one(function, items)


@lru_cache(maxsize=4)
def _loaded(function: bytes) -> Callable[[Sequence[Any]], Sequence[Any]]:
    """The work, the same object for all batches of one station, as in a process of this machine."""
    loaded: Callable[[Sequence[Any]], Sequence[Any]] = pickle.loads(function)
    return loaded


def _require(expected: Mapping[str, str]) -> None:
    wrong = difference(expected, identity(tuple(expected)))
    if wrong:
        raise ClusterError(f"a worker {wrong}")
