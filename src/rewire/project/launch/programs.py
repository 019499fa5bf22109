"""What a program started by a command makes Python load: entry, ``sys.path`` roots, role.

One function a program, each true to the program's own source: which directory it puts on ``sys.path``, and how it
turns its argument into a module (uvicorn ``main.py``, gunicorn ``app/base.py``, hypercorn ``utils.py``, granian
``_internal.py``, celery ``app/utils.py``, flask ``cli.py``, fastapi-cli ``discover.py``, streamlit ``bootstrap.py``).
"""

from __future__ import annotations

import configparser
import posixpath
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from rewire.project.boot.tree import under

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from rewire.model.project import Role
    from rewire.project.boot.tree import Tree

Kind = Literal["module", "main-module", "script", "tests"]


@dataclass(frozen=True, slots=True)
class Start:
    """What a command makes Python load. ``roots`` are absolute in the launch's tree, ``entry`` of a script too."""

    entry: str
    kind: Kind
    roots: tuple[str, ...]
    role: Role
    attribute: str = ""


@dataclass(frozen=True, slots=True)
class Running:
    """A program about to run: its arguments, its directory, its variables, the tree, and ``-m``'s own root."""

    words: tuple[str, ...]
    cwd: str
    variables: Mapping[str, str]
    tree: Tree
    read_text: Callable[[str], str | None] = lambda path: None
    roots: tuple[str, ...] = ()

    def text(self, place: str) -> str | None:
        """The text of the project file at ``place``."""
        path = self.tree.real(place)
        return None if path is None else self.read_text(path)

    def option(self, *names: str) -> str | None:
        """The value of the first option of these names, as ``--x v``, ``--x=v`` or ``-xv``."""
        for index, word in enumerate(self.words):
            for name in names:
                if word == name:
                    return self.words[index + 1] if index + 1 < len(self.words) else None
                if word.startswith(name + "=") and name.startswith("--"):
                    return word[len(name) + 1 :]
                if not name.startswith("--") and word.startswith(name) and not word.startswith("--") and len(word) > 2:
                    return word[len(name) :].lstrip("=")
        return None

    def arguments(self, valued: str) -> list[str]:
        """The words that are neither options nor values of the options named in ``valued``."""
        takes = frozenset(valued.split())
        found: list[str] = []
        skip = False
        for word in self.words:
            if skip:
                skip = False
            elif word.startswith("-") and word != "-":
                skip = word in takes
            else:
                found.append(word)
        return found


_UVICORN = (
    "--host --port --uds --fd --loop --http --ws --ws-max-size --ws-max-queue --ws-ping-interval "
    "--ws-ping-timeout --lifespan --interface --workers --env-file --log-config --log-level --reload-dir "
    "--reload-include --reload-exclude --reload-delay --root-path --forwarded-allow-ips "
    "--limit-concurrency --backlog --limit-max-requests --timeout-keep-alive --timeout-graceful-shutdown "
    "--ssl-keyfile --ssl-certfile --ssl-keyfile-password --ssl-version --ssl-cert-reqs --ssl-ca-certs "
    "--ssl-ciphers --header --app-dir --h11-max-incomplete-event-size --timeout-worker-healthcheck"
)
_GUNICORN = (
    "-b --bind -w --workers -k --worker-class --threads -t --timeout -c --config --backlog "
    "--worker-connections --max-requests --max-requests-jitter --graceful-timeout --keep-alive "
    "--limit-request-line --chdir -D -e --env -p --pid --worker-tmp-dir -u --user -g --group -m --umask "
    "--access-logfile --access-logformat --error-logfile --log-file --log-level --logger-class "
    "--log-config -n --name --pythonpath --paste --forwarded-allow-ips --keyfile --certfile"
)
_HYPERCORN = (
    "-b --bind -w --workers -k --worker-class -c --config --log-level --access-logfile --error-logfile "
    "--log-config -p --pid --root-path --keep-alive --backlog -g --group -u --user -m --umask"
)
_GRANIAN = (
    "--host --port --interface --http --workers --loop --working-dir --log-level --log-config "
    "--runtime-threads --blocking-threads --runtime-mode --backlog --url-path-prefix --env-files "
    "--respawn-interval"
)


def _target(text: str) -> tuple[str, str]:
    """``pkg.mod:app`` as module and attribute path; calls (``create_app()``) lose their brackets."""
    module, _, attribute = text.partition(":")
    return module, re.sub(r"\\?\(.*", "", attribute)


def _plain(text: str | None) -> bool:
    """True for text without shell leftovers."""
    return bool(text) and not re.search(r"[$<>{}*\s]", text or "")


def uvicorn(run: Running) -> Start | None:
    """``uvicorn module:attribute``; ``--app-dir`` (default: the working directory) goes first on ``sys.path``."""
    target = next(iter(run.arguments(_UVICORN)), None)
    if target is None or ":" not in target or not _plain(target):
        return None
    module, attribute = _target(target)
    root = under(run.cwd, run.option("--app-dir") or "")
    return Start(module, "module", (root, *run.roots), "server", attribute)


def gunicorn(run: Running) -> Start | None:
    """``gunicorn module:attribute`` (default ``application``); ``--chdir`` and ``--pythonpath`` count."""
    target = next(iter(run.arguments(_GUNICORN)), None)
    if not _plain(target):
        return None
    module, attribute = _target(target or "")
    cwd = under(run.cwd, run.option("--chdir") or "")
    extra = [under(cwd, part) for part in reversed((run.option("--pythonpath") or "").split(",")) if part]
    return Start(module, "module", (*extra, cwd, *run.roots), "server", attribute or "application")


def hypercorn(run: Running) -> Start | None:
    """``hypercorn module:attribute`` or ``hypercorn path/module:attribute``: the path's folder is the root."""
    target = next(iter(run.arguments(_HYPERCORN)), None)
    if not _plain(target):
        return None
    module, attribute = _target(re.sub(r"^(?:asgi|wsgi):", "", target or ""))
    path = under(run.cwd, module)
    name = posixpath.basename(path)
    if run.tree.is_file(path):
        name = name.removesuffix(".py")
    return Start(name, "module", (posixpath.dirname(path), *run.roots), "server", attribute or "app")


def _upwards(run: Running, path: str) -> tuple[str, str]:
    """(root, dotted name) of ``path``: up and out of every directory that has an ``__init__.py``."""
    path = under(run.cwd, path).removesuffix(".py")
    if posixpath.basename(path) == "__init__":
        path = posixpath.dirname(path)
    parts: list[str] = []
    while True:
        path, name = posixpath.split(path)
        parts.insert(0, name)
        if path in ("/", "") or not run.tree.is_file(posixpath.join(path, "__init__.py")):
            return path, ".".join(parts)


def granian(run: Running) -> Start | None:
    """``granian module:attribute``: the folder of the outermost package is the root."""
    target = next(iter(run.arguments(_GRANIAN)), None)
    if not _plain(target):
        return None
    module, attribute = _target(target or "")
    inner = replace(run, cwd=under(run.cwd, run.option("--working-dir") or ""))
    root, name = _upwards(inner, module)
    return Start(name, "module", (root, inner.cwd, *run.roots), "server", attribute or "app")


def flask(run: Running) -> Start | None:
    """``flask --app module[:attribute] run``; ``FLASK_APP``, else ``wsgi.py`` or ``app.py`` of the directory."""
    words = run.arguments("--app -A --env-file -e --host -h --port -p --cert --key")
    target = run.option("--app", "-A") or run.variables.get("FLASK_APP")
    if target is None:
        found = [name for name in ("wsgi.py", "app.py") if run.tree.is_file(under(run.cwd, name))]
        if not found:
            return None
        target = found[0]
    if not _plain(target):
        return None
    module, attribute = _target(target)
    root, name = _upwards(run, module)
    role: Role = "migration" if "db" in words else "server" if "run" in words or not words else "script"
    return Start(name, "module", (root, run.cwd, *run.roots), role, attribute)


def fastapi(run: Running) -> Start | None:
    """``fastapi run [path]``: packages above the file are left upwards; the folder above them is the root."""
    words = run.arguments("--host --port --app -e --entrypoint --root-path --workers --proxy-headers --reload-dir")
    if not words or words[0] not in ("run", "dev"):
        return None
    dotted = run.option("--entrypoint", "-e")
    if dotted:
        module, attribute = _target(dotted)
        return Start(module, "module", (run.cwd, *run.roots), "server", attribute)
    path = words[1] if len(words) > 1 else None
    if path is None:
        names = ("main.py", "app.py", "api.py", "app/main.py", "app/app.py", "app/api.py")
        path = next((name for name in names if run.tree.is_file(under(run.cwd, name))), "main.py")
    if not _plain(path):
        return None
    root, name = _upwards(run, path)
    return Start(name, "module", (root, *run.roots), "server", run.option("--app") or "")


def streamlit(run: Running) -> Start | None:
    """``streamlit run file.py``: a script, its folder first on ``sys.path``."""
    words = run.arguments("--server.port --server.address --server.headless --theme.base")
    if len(words) < 2 or words[0] != "run" or not _plain(words[1]):
        return None
    path = under(run.cwd, words[1])
    return Start(path, "script", (posixpath.dirname(path), *run.roots), "server")


def celery(run: Running) -> Start | None:
    """``celery -A module worker``: the working directory is put on ``sys.path``; ``module.celery`` may be meant."""
    target = run.option("-A", "--app")
    if not _plain(target):
        return None
    module, attribute = _target(target or "")
    root = under(run.cwd, run.option("--workdir") or "")
    tried = module.replace(".", "/")
    if not attribute and not _is_module(run.tree, root, tried):
        above, _, last = tried.rpartition("/")
        if above and _is_module(run.tree, root, above):
            module, attribute = above.replace("/", "."), last
    if not attribute and run.tree.is_file(under(root, f"{tried}/celery.py")):
        module += ".celery"
    return Start(module, "module", (root, *run.roots), "worker", attribute)


def _is_module(tree: Tree, root: str, path: str) -> bool:
    """True if ``root/path`` is a module or a package."""
    place = under(root, path)
    return tree.is_file(place + ".py") or tree.is_dir(place)


def worker(run: Running) -> Start | None:
    """``dramatiq mod``, ``arq mod.Settings``, ``huey_consumer mod.huey``, ``taskiq worker mod:broker``, ``rq``."""
    words = [word for word in run.arguments("-p --processes -t --threads -w --workers -k") if word != "worker"]
    if not words or not _plain(words[0]):
        return None
    module, attribute = _target(words[0])
    if not attribute and not _is_module(run.tree, run.cwd, module.replace(".", "/")) and "." in module:
        module, _, attribute = module.rpartition(".")
    return Start(module, "module", (run.cwd, *run.roots), "worker", attribute)


def asgi(run: Running) -> Start | None:
    """``daphne module:attribute``, ``waitress-serve module:attribute``: the working directory is the root."""
    words = [word for word in run.arguments("-b -p -u --host --port --listen --threads -e --call") if ":" in word]
    if not words or not _plain(words[0]):
        return None
    module, attribute = _target(words[0])
    return Start(module, "module", (run.cwd, *run.roots), "server", attribute)


def alembic(run: Running) -> Start | None:
    """``alembic``: runs ``env.py`` of the folder that ``alembic.ini`` names, with its ``prepend_sys_path``."""
    place = under(run.cwd, run.option("-c", "--config") or "alembic.ini")
    text = run.text(place)
    if text is None:
        return None
    settings = configparser.RawConfigParser(strict=False)
    try:
        settings.read_string(text)
    except configparser.Error:
        return None
    here = posixpath.dirname(place)
    folder = settings.get("alembic", "script_location", fallback="").replace("%(here)s", here)
    if not _plain(folder):
        return None  # Flask-Migrate's, which gives the folder itself; alembic alone does not start with it
    if ":" in folder:
        folder = folder.replace(":", "/").replace(".", "/")
    paths = settings.get("alembic", "prepend_sys_path", fallback="").replace("%(here)s", here)
    roots = [under(run.cwd, part) for part in re.split(r"[:;, \n]+", paths) if part]
    return Start(posixpath.join(under(run.cwd, folder), "env.py"), "script", (*roots, *run.roots), "migration")


def uwsgi(run: Running) -> Start | None:
    """``uwsgi``: its options, and those of an ini file that they name; the working directory is the root.

    ``wsgi-file`` is executed by its path, without a package, which is what a script is.
    """
    options = dict(_uwsgi_words(run))
    ini = options.pop("ini", "")
    if ini:
        place = under(run.cwd, ini)
        options = {**_uwsgi_ini(run.text(place) or "", place), **options}
    cwd = under(run.cwd, options.get("chdir", ""))
    roots = (cwd, *(under(cwd, part) for part in options.get("pythonpath", "").split(":") if part), *run.roots)
    module, attribute = _target(options.get("module", ""))
    attribute = attribute or options.get("callable", "") or "application"
    file = options.get("wsgi-file", "")
    if _plain(module):
        return Start(module, "module", roots, "server", attribute)
    return Start(under(cwd, file), "script", roots, "server", attribute) if _plain(file) else None


_UWSGI = {
    "-w": "module",
    "--wsgi": "module",
    "--file": "wsgi-file",
    "--pp": "pythonpath",
    "--python-path": "pythonpath",
}
"""Other spellings of uwsgi's options."""


def _uwsgi_words(run: Running) -> Iterator[tuple[str, str]]:
    """(option, value) as the command line gives them; ``pkg.wsgi:app`` after ``--mount /=`` counts as the module."""
    words = list(run.words)
    for index, word in enumerate(words):
        name, equals, value = word.partition("=")
        if word.endswith(".ini") and not word.startswith("-"):
            yield "ini", word
        elif name.startswith("-"):
            yield _uwsgi_option(name, value if equals else next(iter(words[index + 1 : index + 2]), ""))


def _uwsgi_option(name: str, value: str) -> tuple[str, str]:
    option = _UWSGI.get(name, _UWSGI.get(f"--{name}", name.lstrip("-")))
    if option == "mount":
        value = value.partition("=")[2]
        option = "wsgi-file" if value.endswith(".py") else "module"
    return option, value


def _uwsgi_ini(text: str, place: str) -> dict[str, str]:
    """The ``[uwsgi]`` section, with the folder of the file and its own variables put in; several paths are joined."""
    found: dict[str, str] = {}
    section = ""
    for line in text.splitlines():
        title = re.match(r"\s*\[(\w+)\]", line)
        section = title[1] if title else section
        name, equals, value = line.partition("=")
        if section != "uwsgi" or not equals or line.lstrip().startswith((";", "#")):
            continue
        value = value.strip().replace("%d", f"{posixpath.dirname(place)}/")
        value = re.sub(r"%\((\w[\w-]*)\)", lambda match: found.get(match[1], match[0]), value)
        option, value = _uwsgi_option(name.strip(), value)
        found[option] = f"{found[option]}:{value}" if option == "pythonpath" and option in found else value
    return found


PROGRAMS: Mapping[str, Callable[[Running], Start | None]] = {
    "alembic": alembic,
    "uwsgi": uwsgi,
    "uvicorn": uvicorn,
    "gunicorn": gunicorn,
    "hypercorn": hypercorn,
    "granian": granian,
    "flask": flask,
    "fastapi": fastapi,
    "streamlit": streamlit,
    "celery": celery,
    "dramatiq": worker,
    "arq": worker,
    "taskiq": worker,
    "huey_consumer": worker,
    "huey_consumer.py": worker,
    "daphne": asgi,
    "waitress-serve": asgi,
    "waitress": asgi,
}


def program_of(words: Sequence[str]) -> str:
    """The program's own name in ``words[0]``: no folder, no ``.exe``, no version."""
    return re.sub(r"(?:\.exe)?$", "", posixpath.basename(words[0].replace("\\", "/")))


def after_options(words: tuple[str, ...]) -> tuple[str, ...]:
    """``words`` from the first one that is neither an option nor ``--``; ``-m`` stays (``coverage run -m``)."""
    valued = {
        "--env-file",
        "--directory",
        "--project",
        "--with",
        "--extra",
        "--group",
        "-n",
        "-p",
        "--python",
        "-e",
        "-f",
        "--rcfile",
        "--source",
        "-u",
    }
    while words and words[0].startswith("-") and words[0] != "-m":
        words = words[2:] if words[0] in valued and "=" not in words[0] else words[1:]
    return words
