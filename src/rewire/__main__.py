"""The way in: ``rewire`` and ``python -m rewire``. Answers ``--version`` before anything else is imported."""

from __future__ import annotations

import sys

if __name__ == "__main__" and sys.path:
    del sys.path[0]  # python -m puts the working directory there: the target's code, which must never be imported

TYPE_CHECKING = False  # as typing's; to import that takes half of what --version takes
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn


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

            return _printed(f"rewire {__version__}\n")
        import gc

        # A run makes hundreds of thousands of values that stay until its end: looking for cycles among them every 700
        # costs a tenth of it and frees nothing.
        gc.set_threshold(100_000, 50, 50)
        from rewire.cli.dispatch import dispatch

        return dispatch(words)
    except KeyboardInterrupt as error:
        from contextlib import suppress

        with suppress(OSError):
            sys.stderr.write(f"rewire: {_ended or 'interrupted'}; {str(error) or 'nothing was written'}\n")
        return 128 + (_signal or 2)


_signal = 0
_ended = ""
"""The signal other than Ctrl-C that ends the run, and what to say of it."""


def _heed_signals() -> None:
    """Let a polite kill, and a terminal that goes away, end the run as Ctrl-C does: nothing is left half done.

    The second one ends it at once.
    """
    import signal

    def end(number: int, frame: object) -> NoReturn:
        global _signal, _ended
        signal.signal(number, signal.SIG_DFL)
        _signal, _ended = number, f"ended by {signal.Signals(number).name}"
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_DFL:  # nohup ignores one of them
            signal.signal(number, end)


def _printed(text: str = "", code: int = 0) -> int:
    """``code``, once ``text`` and what was printed before is out; 4, and a word about it, where it cannot be."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:  # the reader went away, which is its right
        return code
    except (OSError, ValueError) as error:
        from rewire.cli.trouble import tell

        return code or tell(error, verbose=False)
    return code


def run() -> NoReturn:
    """The program: ``main``, and an end without taking the memory apart, which costs a short run a tenth of its time.

    What others have asked to be done at the end is done, and what was printed is out, before the process goes.
    """
    _heed_signals()
    code = _printed(code=main())
    import atexit
    import os
    import signal

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)  # all is done and said

    atexit._run_exitfuncs()
    os._exit(code)


if __name__ == "__main__":
    run()
