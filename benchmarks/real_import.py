"""The real half of ``replay_boots.py``: imports an entry with stand-ins for third-party packages and no network.

Reads a JSON order on standard input, prints ``REPLAY`` and a JSON answer: kind and text of the error (empty: none), and
the traceback's frames. Runs the target's code: use it on a machine where that does no harm.
"""

# ruff: noqa: B003, D102, PTH100, PTH110, PTH120 - patches what the target may call; stand-ins need no docstring each

from __future__ import annotations

import datetime
import importlib
import importlib.abc
import importlib.machinery
import json
import linecache
import logging.config
import os
import re
import runpy
import signal
import socket
import subprocess
import sys
import time
import types


class Meta(type):
    """Classes of stand-ins: every attribute exists."""

    def __getattr__(cls, name):
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return Stand(name)

    def __call__(cls, *args, **kwargs):
        try:
            return super().__call__(*args, **kwargs)
        except TypeError:
            return Stand("instance")

    def __iter__(cls):
        return iter(())

    def __or__(cls, other):
        return Stand("union")

    __ror__ = __or__

    def __getitem__(cls, item):
        return cls


class Base(metaclass=Meta):
    """What a class of the project inherits where it inherits from a stand-in."""

    def __init__(self, *args, **kwargs):
        pass

    def __init_subclass__(cls, **kwargs):
        pass

    def __getattr__(self, name):
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return Stand(name)


class Trouble(Exception):
    """A stand-in's exception."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args)


class Stand:
    """An object of a stand-in module: can be called, subclassed, used as decorator, awaited, computed with."""

    def __init__(self, name="stand"):
        self.__dict__["__name__"] = name

    def __getattr__(self, name):
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        made = named(name)
        self.__dict__[name] = made
        return made

    def __setattr__(self, name, value):
        self.__dict__[name] = value

    def __call__(self, *args, **kwargs):
        if len(args) == 1 and not kwargs and (isinstance(args[0], types.FunctionType) or decorates(args[0])):
            return args[0]
        return Stand("result")

    def __mro_entries__(self, bases):
        others = [base for base in bases if isinstance(base, type) and type(base) is not type]
        return () if others else (type(str(self.__name__), (Base,), {}),)

    def __getitem__(self, key):
        return Stand("item")

    def __setitem__(self, key, value):
        pass

    def __iter__(self):
        return iter(())

    def __len__(self):
        return 0

    def __bool__(self):
        return True

    def __contains__(self, item):
        return False

    def __enter__(self):
        return self

    def __exit__(self, *error):
        return False

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        return False

    def __aiter__(self):
        return self

    async def __anext__(self):
        raise StopAsyncIteration

    def __await__(self):
        return self
        yield

    def __int__(self):
        return 1

    __index__ = __int__

    def __float__(self):
        return 1.0

    def __str__(self):
        return "stand"

    def __fspath__(self):
        return "stand"

    def __format__(self, spec):
        return "stand"

    def __hash__(self):
        return id(self)

    def __instancecheck__(self, instance):
        return False

    def __subclasscheck__(self, other):
        return False


class Zone(datetime.tzinfo):
    """A stand-in for a time zone, which the standard library insists on."""

    def __call__(self, *args, **kwargs):
        return self

    def utcoffset(self, moment):
        return datetime.timedelta(0)

    def dst(self, moment):
        return datetime.timedelta(0)

    def tzname(self, moment):
        return "UTC"

    def localize(self, moment, *args, **kwargs):
        return moment


def decorates(value):
    """True if a stand-in is called with a class by an ``@`` line."""
    frame = sys._getframe(2)
    line = linecache.getline(frame.f_code.co_filename, frame.f_lineno)
    return isinstance(value, type) and line.lstrip().startswith("@")


def _operation(self, *other):
    return Stand("value")


_OPERATIONS = (
    "add radd sub rsub mul rmul truediv rtruediv floordiv mod rmod pow and or rand ror xor lshift rshift neg pos "
    "invert matmul"
)
for _name in _OPERATIONS.split():
    setattr(Stand, f"__{_name}__", _operation)
for _name in ("lt", "le", "gt", "ge"):
    setattr(Stand, f"__{_name}__", lambda self, other: False)


def named(name):
    """A stand-in for the attribute ``name``: an exception class where its name says so."""
    if name.endswith(("Error", "Exception", "Exit", "Timeout", "Interrupt", "NotFound", "DoesNotExist", "Warning")):
        return type(name, (Trouble,), {})
    if name == "__version__":
        return "1.0"
    if name in ("timezone", "gettz", "UTC", "utc"):
        return Zone()
    return Stand(name)


class Module(types.ModuleType):
    """A stand-in module."""

    def __getattr__(self, name):
        if name == "__version__":
            return "1.0.0"
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        made = named(name)
        setattr(self, name, made)
        return made


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Makes every module that is neither the project's nor the standard library's."""

    def __init__(self, own, declared):
        self.own = own
        self.declared = declared

    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top in sys.stdlib_module_names:
            return None
        if top in self.own and not isinstance(sys.modules.get(top), Module) and top not in self.declared:
            return None
        if "." in name and not isinstance(sys.modules.get(top), Module):
            return None
        return importlib.machinery.ModuleSpec(name, self, is_package=True)

    def create_module(self, spec):
        return Module(spec.name)

    def exec_module(self, module):
        module.__path__ = []
        module.__file__ = f"/stand/{module.__name__}.py"


class DeclaredFirst(importlib.abc.MetaPathFinder):
    """A namespace package of the project gives way to a declared dependency of the same name, as when installed."""

    def __init__(self, finder, declared):
        self.finder = finder
        self.declared = declared

    def find_spec(self, name, path=None, target=None):
        if "." in name or name not in self.declared:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name)
        if spec is not None and spec.loader is not None and spec.origin is not None:
            return None
        return importlib.machinery.ModuleSpec(name, self.finder, is_package=True)


class Translated(importlib.abc.MetaPathFinder):
    """In a container's tree that lies in a scratch folder: absolute ``sys.path`` entries mean places of that tree."""

    def __init__(self, base):
        self.base = base

    def find_spec(self, name, path=None, target=None):
        if "." in name:
            return None
        places = [self.base + entry if entry and not os.path.exists(entry) else entry for entry in sys.path]
        return importlib.machinery.PathFinder.find_spec(name, places)


class Environment(dict):
    """Variables that a deployment would set: those that look like settings have a value."""

    SYSTEM = re.compile(
        r"PYTHON|LC_|LANG|XDG_|SSL_|TERM|COLUMNS|LINES|DISPLAY|TZ|PAGER|EDITOR|VIRTUAL_ENV|TMP|TEMP|NO_COLOR"
    )

    def __missing__(self, name):
        if not re.fullmatch(r"[A-Z][A-Z0-9_]{2,}", str(name)) or self.SYSTEM.match(name):
            raise KeyError(name)
        return "postgresql://u:p@localhost:5432/db" if re.search("UR[IL]|DSN", name) else "1"

    def get(self, name, default=None):
        try:
            return self[name]
        except KeyError:
            return default


def refuse(*args, **kwargs):
    raise OSError("no network and no processes here")


def stop(number, frame):
    os.write(1, b'\nREPLAY {"kind": "", "text": "", "frames": []}\n')
    os._exit(0)


def main():
    order = json.load(sys.stdin)
    for name in ("connect", "connect_ex", "bind", "listen", "sendto"):
        setattr(socket.socket, name, refuse)
    socket.create_connection = socket.getaddrinfo = refuse
    for name in ("Popen", "run", "call", "check_call", "check_output"):
        setattr(subprocess, name, refuse)
    os.system = os.execv = os.execvp = os.popen = os.fork = refuse
    logging.config.fileConfig = logging.config.dictConfig = lambda *args, **kwargs: None
    time.sleep = lambda seconds: None
    os.chdir(order["cwd"])
    here = os.path.dirname(os.path.abspath(__file__))
    library = [path for path in sys.path if "site-packages" not in path and path not in ("", here)]
    sys.path[:] = [*order["before"], *library, *order["after"]]
    os.environ = Environment(os.environ)
    os.getenv = os.environ.get
    if order["base"]:
        sys.meta_path.insert(2, Translated(order["base"]))
    finder = Finder(set(order["own"]), set(order["declared"]))
    sys.meta_path.insert(2, DeclaredFirst(finder, finder.declared))
    sys.meta_path.append(finder)
    signal.signal(signal.SIGALRM, stop)
    signal.alarm(20)
    frames = []
    kind = text = ""
    out = os.dup(1)
    try:
        if order["kind"] == "script":
            sys.argv = [order["entry"]]
            runpy.run_path(order["entry"], run_name="__main__")
        elif order["kind"] == "main-module":
            sys.argv = [order["entry"]]
            runpy.run_module(order["entry"], run_name="__main__", alter_sys=True)
        else:
            module = importlib.import_module(order["entry"])
            if order["attribute"]:
                first = order["attribute"].partition(".")[0]
                if not hasattr(module, first):
                    raise AttributeError(f"no {first}")
    except BaseException as error:
        kind, text = type(error).__name__, str(error)
        trace = error.__traceback__
        while trace is not None:
            frames.append([trace.tb_frame.f_code.co_filename, trace.tb_lineno])
            trace = trace.tb_next
        if isinstance(error, SyntaxError) and error.filename:
            frames.append([error.filename, error.lineno])
    os.write(out, ("\nREPLAY " + json.dumps({"kind": kind, "text": text, "frames": frames}) + "\n").encode())
    os._exit(0)


if __name__ == "__main__":
    main()
