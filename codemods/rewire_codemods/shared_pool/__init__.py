"""Take connections from one pool instead of opening one for each call.

``asyncpg.connect`` costs a TCP connection, a password exchange and a server process on each call, and fails outright
once the server's ``max_connections`` are in use. A pool lends connections that are open already.

Before::

    async def list_users():
        conn = await asyncpg.connect(DATABASE_URL)
        try:
            return await conn.fetch("SELECT id, name FROM users")
        finally:
            await conn.close()

After::

    async def list_users():
        async with db.get_db_pool().acquire() as conn:
            return await conn.fetch("SELECT id, name FROM users")

The pay-off, measured (docs/shared-pool.md): a FastAPI endpoint under uvicorn serves twenty times as many requests a
second; a request costs a seventh of the CPU time in the web server and a thirtieth in PostgreSQL; of 200 requests at
once on a server of 100 connections half fail before, none after.

What it changes: ``try``/``finally`` with or without ``except`` and ``else``, statements in between, ``conn = None``
with a guarded close, straight lines, early returns with a close before each, loops, more than the close in
``finally``, ``yield`` dependencies, exit stacks, ``wait_for``, connecting again under the same name, forgotten
closes, ``async with asyncpg.connect()`` and other forms that never worked; and functions that return a connection,
together with every caller or not at all (``Depends`` included). Each close on each path is found and goes; strings
are never re-indented; the import that a file needs is added in the form that resolves however the file is started,
and imports and DSN names that nobody reads any more go.

Where the pool comes from: the option ``provider``; else the one module of the project that holds a pool and a getter;
else, with ``create_provider``, a module that it writes and that every FastAPI application which needs it opens and
closes, whatever starts and stops it today; where that cannot be wired, nothing is changed. Without any of them
nothing is changed either.

The risks, honestly. A pool has a size: whoever holds a connection while waiting for something else makes others wait
(the report lists these places), and whoever asks for a second one while holding the first can deadlock it (refused,
as far as the project's own code shows). The block may end a little earlier or later than the close stood: code behind
the close in a ``finally`` runs before the connection goes back; a leak lasts to the end of its function. State that a
connection keeps (``SET ROLE``, temporary tables, ``LISTEN``, type codecs) would reach the next borrower: refused
where the SQL is in sight, unseen where it comes from a file. A pool lives in one process and one event loop: scripts,
tests and migrations are refused by role, unless the option ``roles`` or ``fallback`` says otherwise. Where no pool is
open yet, a getter that returns None fails with an AttributeError.

Left alone, and listed with the reason: connections kept on objects, handed to tasks, threads or callbacks, or
captured by nested functions, and coroutines of theirs that nobody awaits on the spot; retry loops; loops without
an end; two connections at a time; a DSN from the function's own parameters, or of another database than the pool's;
arguments that ``acquire`` cannot carry; functions that run in an event loop of their own, before the pool is open or
after it is closed; the fallback of a pool; connections that only ask whether the server is there. Left alone without
a word: other drivers, and code that takes its connections from a pool already.
"""
