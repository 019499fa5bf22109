"""The test server itself: it answers, and it is gone when whoever started it is killed."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from pathlib import Path

import asyncpg
from support import postgres

SUPPORT = Path(postgres.__file__).parent.parent


def test_it_answers_over_tcp_and_over_its_socket_and_leaves_nothing() -> None:
    with postgres.running(max_connections=17) as server:

        async def ask(dsn: str) -> str:
            connection = await asyncpg.connect(dsn)
            try:
                return str(await connection.fetchval("SHOW max_connections"))
            finally:
                await connection.close()

        assert asyncio.run(ask(server.dsn)) == "17"
        assert asyncio.run(ask(server.socket_dsn)) == "17"
        folder = server.folder
        assert folder.exists()
    assert not folder.exists()


def test_it_is_gone_when_the_test_run_is_killed() -> None:
    program = "from support import postgres; s = postgres.start(); print(s.folder, s.port, flush=True); input()"
    owner = subprocess.Popen(
        [sys.executable, "-c", program], cwd=SUPPORT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={"PYTHONPATH": str(SUPPORT), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert owner.stdout is not None
    folder = Path(owner.stdout.readline().split()[0])
    assert folder.exists()
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    deadline = time.monotonic() + 15
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not folder.exists()
    owner.stdout.close()
    if owner.stdin is not None:
        owner.stdin.close()
