"""Work that has killed workers, done item by item in a process of its own beside the worker.

dask gives a batch up that its workers did not survive (``distributed.scheduler.allowed-failures``), and does not say
which item it was. One child process goes through the items; where it dies, the item in hand is the one that has no
answer yet, and the next child goes on behind it. No further worker is lost over it.
"""

from __future__ import annotations

import os
import pickle
import sys
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def one_by_one(function: bytes, items: Sequence[bytes]) -> list[bytes | None]:
    """The pickled answer to each item; None for one whose process died over it. All arguments are pickles.

    An exception that the function raises for an item is raised here.
    """
    answers: list[bytes | None] = []
    while len(answers) < len(items):
        for answer in _child(function, items[len(answers) :]):
            if isinstance(answer, BaseException):
                raise answer
            answers.append(answer)
        if len(answers) < len(items):
            answers.append(None)
    return answers


def _child(function: bytes, items: Sequence[bytes]) -> Iterator[bytes | BaseException]:
    """The answers of one child process, until it has given them all or has died."""
    import subprocess

    path = os.pathsep.join(entry for entry in sys.path if entry)
    with subprocess.Popen(
        [sys.executable, "-P", "-m", __name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": path},
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            pickle.dump((function, items), process.stdin, protocol=5)
            process.stdin.close()
        except BrokenPipeError:
            return
        try:
            for _ in items:
                yield pickle.load(process.stdout)
        except (EOFError, pickle.UnpicklingError):  # it died between two answers, or in the middle of one
            return
        finally:
            process.kill()


def _serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """The child: answer one item after the other, each answer out before the next item is touched."""
    pickled, items = pickle.load(requests)
    function = pickle.loads(pickled)
    for item in items:
        try:
            (answer,) = function([pickle.loads(item)])
            data = pickle.dumps(pickle.dumps(answer, protocol=5))
        except Exception as error:
            data = _pickled(error)
        answers.write(data)
        answers.flush()


def _pickled(error: Exception) -> bytes:
    try:
        return pickle.dumps(error)
    except Exception:
        return pickle.dumps(RuntimeError(f"{type(error).__name__}: {error}"))


if __name__ == "__main__":
    own = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a codemod prints is no answer
    _serve(sys.stdin.buffer, own)
