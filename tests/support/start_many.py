"""Starts many small programs in one process each, by fork: much cheaper than a Python for every one of them.

Reads a JSON list of [root, sys.path entry, kind, entry] on standard input, writes a JSON list of answers.
"""

# ruff: noqa: T201 - its answer goes to stdout

from __future__ import annotations

import importlib
import json
import os
import runpy
import sys
import types


def start(root: str, place: str, kind: str, entry: str) -> list[object]:
    os.chdir(root)
    sys.path.insert(0, place)
    sys.modules["__main__"] = types.ModuleType("__main__")
    sys.stdout = sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115
    try:
        if kind == "script":
            runpy.run_path(entry, run_name="__main__")
        elif kind == "main-module":
            runpy._run_module_as_main(entry)
        else:
            importlib.import_module(entry)
    except BaseException as error:
        frames = []
        trace = error.__traceback__
        while trace is not None:
            frames.append([trace.tb_frame.f_code.co_filename, trace.tb_lineno])
            trace = trace.tb_next
        own = [frame for frame in frames if frame[0].startswith(root)]
        path, line = own[-1] if own else ["", 0]
        return [type(error).__name__, str(error), path, line]
    return []


def main() -> None:
    sys.dont_write_bytecode = True
    answers = []
    for job in json.load(sys.stdin):
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            os.write(writing, json.dumps(start(*job)).encode())
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            answers.append(json.loads(pipe.read()))
        os.waitpid(child, 0)
    print(json.dumps(answers))


main()
