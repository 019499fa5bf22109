"""What a program started by a command makes Python load: entry, ``sys.path`` roots, role.

One function a program, each true to the program's own source: which directory it puts on ``sys.path``, and how it
turns its argument into a module (uvicorn ``main.py``, gunicorn ``app/base.py``, hypercorn ``utils.py``, granian
``_internal.py``, celery ``app/utils.py``, flask ``cli.py``, fastapi-cli ``discover.py``, streamlit ``bootstrap.py``).
"""

from __future__ import annotations

import configparser
import posixpath
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from rewire.project.boot.tree import under
from rewire.project.launch.gunicorn import gunicorn, gunicorn_settings
from rewire.project.launch.running import Running, Start, is_plain, target_of, upwards
from rewire.project.launch.uwsgi import uwsgi

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rewire.model.project import Role
    from rewire.project.boot.tree import Tree

_UVICORN = (
    "--host --port --uds --fd --loop --http --ws --ws-max-size --ws-max-queue --ws-ping-interval "
    "--ws-ping-timeout --lifespan --interface --workers --env-file --log-config --log-level --reload-dir "
    "--reload-include --reload-exclude --reload-delay --root-path --forwarded-allow-ips "
    "--limit-concurrency --backlog --limit-max-requests --timeout-keep-alive --timeout-graceful-shutdown "
    "--ssl-keyfile --ssl-certfile --ssl-keyfile-password --ssl-version --ssl-cert-reqs --ssl-ca-certs "
    "--ssl-ciphers --header --app-dir --h11-max-incomplete-event-size --timeout-worker-healthcheck"
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


def uvicorn(run: Running) -> Start | None:
    """``uvicorn module:attribute``; ``--app-dir`` (default: the working directory) goes first on ``sys.path``."""
    target = next(iter(run.arguments(_UVICORN)), None)
    if target is None or ":" not in target or not is_plain(target):
        return None
    module, attribute = target_of(target)
    root = under(run.cwd, run.option("--app-dir") or "")
    return Start(module, "module", (root, *run.roots), "server", attribute)


def hypercorn(run: Running) -> Start | None:
    """``hypercorn module:attribute`` or ``hypercorn path/module:attribute``: the path's folder is the root."""
    target = next(iter(run.arguments(_HYPERCORN)), None)
    if not is_plain(target):
        return None
    module, attribute = target_of(re.sub(r"^(?:asgi|wsgi):", "", target or ""))
    path = under(run.cwd, module)
    name = posixpath.basename(path)
    if run.tree.is_file(path):
        name = name.removesuffix(".py")
    return Start(name, "module", (posixpath.dirname(path), *run.roots), "server", attribute or "app")


def granian(run: Running) -> Start | None:
    """``granian module:attribute``: the folder of the outermost package is the root."""
    target = next(iter(run.arguments(_GRANIAN)), None)
    if not is_plain(target):
        return None
    module, attribute = target_of(target or "")
    inner = replace(run, cwd=under(run.cwd, run.option("--working-dir") or ""))
    root, name = upwards(inner, module)
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
    if not is_plain(target):
        return None
    module, attribute = target_of(target)
    root, name = upwards(run, module)
    role: Role = "migration" if "db" in words else "server" if "run" in words or not words else "script"
    return Start(name, "module", (root, run.cwd, *run.roots), role, attribute)


def fastapi(run: Running) -> Start | None:
    """``fastapi run [path]``: packages above the file are left upwards; the folder above them is the root."""
    words = run.arguments("--host --port --app -e --entrypoint --root-path --workers --proxy-headers --reload-dir")
    if not words or words[0] not in ("run", "dev"):
        return None
    dotted = run.option("--entrypoint", "-e")
    if dotted:
        module, attribute = target_of(dotted)
        return Start(module, "module", (run.cwd, *run.roots), "server", attribute)
    path = words[1] if len(words) > 1 else None
    if path is None:
        names = ("main.py", "app.py", "api.py", "app/main.py", "app/app.py", "app/api.py")
        path = next((name for name in names if run.tree.is_file(under(run.cwd, name))), "main.py")
    if not is_plain(path):
        return None
    root, name = upwards(run, path)
    return Start(name, "module", (root, *run.roots), "server", run.option("--app") or "")


def streamlit(run: Running) -> Start | None:
    """``streamlit run file.py``: a script, its folder first on ``sys.path``."""
    words = run.arguments("--server.port --server.address --server.headless --theme.base")
    if len(words) < 2 or words[0] != "run" or not is_plain(words[1]):
        return None
    path = under(run.cwd, words[1])
    return Start(path, "script", (posixpath.dirname(path), *run.roots), "server")


def celery(run: Running) -> Start | None:
    """``celery -A module worker``: the working directory is put on ``sys.path``; ``module.celery`` may be meant."""
    target = run.option("-A", "--app")
    if not is_plain(target):
        return None
    module, attribute = target_of(target or "")
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
    if not words or not is_plain(words[0]):
        return None
    module, attribute = target_of(words[0])
    if not attribute and not _is_module(run.tree, run.cwd, module.replace(".", "/")) and "." in module:
        module, _, attribute = module.rpartition(".")
    return Start(module, "module", (run.cwd, *run.roots), "worker", attribute)


def asgi(run: Running) -> Start | None:
    """``daphne module:attribute``, ``waitress-serve module:attribute``: the working directory is the root."""
    words = [word for word in run.arguments("-b -p -u --host --port --listen --threads -e --call") if ":" in word]
    if not words or not is_plain(words[0]):
        return None
    module, attribute = target_of(words[0])
    return Start(module, "module", (run.cwd, *run.roots), "server", attribute)


def mod_wsgi(run: Running) -> Start | None:
    """``mod_wsgi-express start-server file.wsgi``: a script; the working directory and ``--python-path`` count."""
    words = run.arguments(
        "--port --host --user --group --processes --threads --url-alias --callable-object --log-level"
    )
    if len(words) < 2 or words[0] not in ("start-server", "setup-server") or not is_plain(words[1]):
        return None
    cwd = under(run.cwd, run.option("--working-directory") or "")
    extra = run.option("--python-path")
    roots = (cwd, *([under(cwd, extra)] if extra else []), *run.roots)
    attribute = run.option("--callable-object") or "application"
    if run.option("--application-type") == "module":
        return Start(words[1], "module", roots, "server", attribute)
    return Start(under(run.cwd, words[1]), "script", roots, "server", attribute)


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
    if not is_plain(folder):
        return None  # Flask-Migrate's, which gives the folder itself; alembic alone does not start with it
    if ":" in folder:
        folder = folder.replace(":", "/").replace(".", "/")
    paths = settings.get("alembic", "prepend_sys_path", fallback="").replace("%(here)s", here)
    roots = [under(run.cwd, part) for part in re.split(r"[:;, \n]+", paths) if part]
    return Start(posixpath.join(under(run.cwd, folder), "env.py"), "script", (*roots, *run.roots), "migration")


PROGRAMS: Mapping[str, Callable[[Running], Start | None]] = {
    "alembic": alembic,
    "uwsgi": uwsgi,
    "mod_wsgi-express": mod_wsgi,
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

SETTINGS: Mapping[str, Callable[[Running], Start | None]] = {"gunicorn": gunicorn_settings}
"""Programs that run a file of settings by its path before they load anything else."""
