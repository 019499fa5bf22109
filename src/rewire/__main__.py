"""The way in: ``rewire`` and ``python -m rewire``. Answers ``--version`` before anything else is imported."""

from __future__ import annotations

import sys

if __name__ == "__main__" and sys.path:
    del sys.path[0]  # python -m puts the working directory there: the target's code, which must never be imported

from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(words: Sequence[str] | None = None) -> int:
    """Run one command line (``sys.argv`` without the program's name if None) and return the exit code."""
    words = sys.argv[1:] if words is None else list(words)
    if sys.stdout is None or sys.stderr is None:  # started with a closed stream (``>&-``)
        import os

        sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: PTH123, SIM115
        sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: PTH123, SIM115
    try:
        if list(words) in (["--version"], ["-V"]):
            from rewire import __version__

            sys.stdout.write(f"rewire {__version__}\n")
            return 0
        import gc

        # A run makes hundreds of thousands of values that stay until its end: looking for cycles among them every 700
        # costs a tenth of it and frees nothing.
        gc.set_threshold(100_000, 50, 50)
        from rewire.cli.dispatch import dispatch

        return dispatch(words)
    except KeyboardInterrupt as error:
        sys.stderr.write(f"rewire: interrupted; {str(error) or 'nothing was written'}\n")
        return 130


def run() -> NoReturn:
    """The program: ``main``, and an end without taking the memory apart, which costs a short run a tenth of its time.

    What others have asked to be done at the end is done, and what was printed is out, before the process goes.
    """
    code = main()
    import atexit
    import os

    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):  # a full disk, a closed pipe: the interpreter's own way out says so
        sys.exit(code)
    atexit._run_exitfuncs()
    os._exit(code)


if __name__ == "__main__":
    run()
