"""A FastAPI application under uvicorn before and after shared-pool, with a load from another process.

    python benchmarks/shared_pool.py [--requests 2000] [--concurrency 8] [--rush 200] [--json FILE]

The application is written here, converted by the codemod itself (``create_provider``), and both versions are served by
a real uvicorn process against a real PostgreSQL over TCP with SCRAM (the tests' own server). Measured: requests a
second, CPU time of the web server and of the database a request, the most server connections at any moment, and how
many of ``--rush`` requests sent at once fail.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import platform
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import asyncpg

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from rewire_codemods.shared_pool.codemod import SharedPool  # noqa: E402
from support import postgres  # noqa: E402

from rewire.testing import rewrite  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAIN = """\
import os

import asyncpg
from fastapi import FastAPI

DATABASE_URL = os.environ["DATABASE_URL"]

app = FastAPI()


@app.get("/people/{key}")
async def person(key: int):
    conn = await asyncpg.connect(DATABASE_URL)
    try:
        row = await conn.fetchrow("SELECT $1::int AS key, repeat('x', 20) AS name", key)
        return dict(row)
    finally:
        await conn.close()


@app.get("/report/{key}")
async def report(key: int):
    conn = await asyncpg.connect(DATABASE_URL)
    try:
        return dict(await conn.fetchrow("SELECT $1::int AS key FROM pg_sleep(0.1)", key))
    finally:
        await conn.close()
"""
APPLICATION = {"Procfile": "web: uvicorn app.main:app\n", "app/__init__.py": "", "app/main.py": MAIN}
TICKS = os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--concurrency", type=int, default=8)
    parser.add_argument("--rush", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--load", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.load:
        print(json.dumps(asyncio.run(load(options.load[0], *map(int, options.load[1:])))))
        return
    trial = rewrite(SharedPool, APPLICATION, {"create_provider": "app/pool.py"})
    assert trial.outcome.changed == 2, trial.refusals
    with postgres.running(max_connections=100) as server:
        figures = {
            name: measure(files, server, options) for name, files in (("before", trial.before), ("after", trial.after))
        }
    report(figures, options)


def measure(files: Mapping[str, bytes], server: postgres.Postgres, options: argparse.Namespace) -> dict[str, Any]:
    """The median round of one version, and its rush."""
    with (
        tempfile.TemporaryDirectory(prefix="rewire-benchmark-") as folder,
        served(Path(folder), files, server) as (
            process,
            port,
        ),
    ):
        drive(port, 200, options.concurrency)
        rounds = [one_round(process, port, server, options) for _ in range(options.rounds)]
        rush = drive(port, options.rush, options.rush, "report")
    median = sorted(rounds, key=lambda figures: figures["requests_per_second"])[len(rounds) // 2]
    return {**median, "rush_failed": options.rush - rush["statuses"].get("200", 0), "rush_seconds": rush["seconds"]}


def one_round(
    process: subprocess.Popen[bytes], port: int, server: postgres.Postgres, options: argparse.Namespace
) -> dict[str, Any]:
    before = cpu(process.pid), database_cpu(server)
    with Sampler(server) as sampler:
        done = drive(port, options.requests, options.concurrency)
    after = cpu(process.pid), database_cpu(server)
    assert done["statuses"] == {"200": options.requests}, done
    return {
        "requests_per_second": options.requests / done["seconds"],
        "web_cpu_ms": 1000 * (after[0] - before[0]) / options.requests,
        "database_cpu_ms": 1000 * (after[1] - before[1]) / options.requests,
        "connections": sampler.most,
        "latency_ms": done["median_ms"],
    }


@contextlib.contextmanager
def served(
    folder: Path, files: Mapping[str, bytes], server: postgres.Postgres
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """uvicorn, in a process of its own, on a free port."""
    for path, data in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "app.main:app", f"--port={port}", "--no-access-log", "--log-level=critical"],
        cwd=folder, env={**os.environ, "DATABASE_URL": server.dsn},
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.05)
        yield process, port
    finally:
        process.terminate()
        process.wait(timeout=10)


def drive(port: int, requests: int, concurrency: int, page: str = "people") -> dict[str, Any]:
    """Load from another process."""
    command = [sys.executable, __file__, "--load", page, str(port), str(requests), str(concurrency)]
    answer: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return answer


async def load(page: str, port: int, requests: int, concurrency: int) -> dict[str, Any]:
    """``requests`` GETs over ``concurrency`` kept connections."""
    left = iter(range(requests))
    statuses: Counter[str] = Counter()
    times: list[float] = []

    async def client() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for key in left:
            started = time.perf_counter()
            writer.write(f"GET /{page}/{key} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
            length = int(lengths[0].partition(b":")[2])
            await reader.readexactly(length)
            times.append(time.perf_counter() - started)
            statuses[head.split(b" ", 2)[1].decode()] += 1
        writer.close()

    started = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(concurrency)))
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "statuses": statuses, "median_ms": 1000 * sorted(times)[len(times) // 2]}


def cpu(pid: int) -> float:
    """CPU seconds of one process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def database_cpu(server: postgres.Postgres) -> float:
    """CPU seconds of the server, of backends that are there and of those that are gone."""
    (pid,) = _children(server.watchdog.pid)
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own = sum(int(fields[index]) for index in (11, 12, 13, 14)) / TICKS
    return own + sum(cpu(child) for child in _children(pid))


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


class Sampler:
    """Counts the clients of the database, fifty times a second, in a process of its own."""

    CODE = """
import asyncio, sys, asyncpg
async def watch(dsn):
    connection = await asyncpg.connect(dsn)
    most = 0
    asyncio.get_running_loop().add_reader(0, asyncio.current_task().cancel)
    try:
        while True:
            count = await connection.fetchval("SELECT count(*) FROM pg_stat_activity "
                "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()")
            most = max(most, count)
            await asyncio.sleep(0.02)
    except asyncio.CancelledError:
        print(most)
asyncio.run(watch(sys.argv[1]))
"""

    def __init__(self, server: postgres.Postgres) -> None:
        self._dsn = server.socket_dsn
        self.most = 0

    def __enter__(self) -> Sampler:
        self._process = subprocess.Popen(
            [sys.executable, "-c", self.CODE, self._dsn], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        time.sleep(0.3)
        return self

    def __exit__(self, *_: object) -> None:
        out, _err = self._process.communicate("\n", timeout=10)
        self.most = int(out.strip() or 0)


def report(figures: Mapping[str, Mapping[str, Any]], options: argparse.Namespace) -> None:
    rows = {
        "requests_per_second": "requests a second",
        "latency_ms": "median latency, ms",
        "web_cpu_ms": "CPU of the web server a request, ms",
        "database_cpu_ms": "CPU of PostgreSQL a request, ms",
        "connections": "most server connections at a time",
        "rush_failed": f"of {options.rush} slow requests (0.1 s) at once, failed",
        "rush_seconds": "that rush, seconds",
    }
    before, after = figures["before"], figures["after"]
    print(f"Python {platform.python_version()}, asyncpg {asyncpg.__version__}, {os.cpu_count()} cores, "
          f"{options.requests} requests, {options.concurrency} at a time, median of {options.rounds}\n")  # fmt: skip
    print("| | before | after |\n| --- | --- | --- |")
    for key, title in rows.items():
        print(f"| {title} | {before[key]:.4g} | {after[key]:.4g} |")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
