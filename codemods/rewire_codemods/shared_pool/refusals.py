"""Every refusal code: what it means, and what a person can do."""

from __future__ import annotations

from rewire.codemod import RefusalCode

CODES: tuple[RefusalCode, ...] = (
    RefusalCode(
        "no-provider",
        "nothing says where the pool comes from",
        "set `provider` (`backend/db.py:get_db_pool`), or `create_provider` to have one written",
    ),
    RefusalCode(
        "several-providers",
        "more than one module of the project holds a pool",
        "set `provider` to the one that is meant",
    ),
    RefusalCode(
        "provider-import",
        "no single import statement loads the provider in every way this file is started",
        "run relative-imports or `rewire doctor` first, or move the provider",
    ),
    RefusalCode(
        "no-application",
        "a pool is to be made, and no FastAPI application of that process can open it",
        'open it by hand and set `wire = false`, or set `fallback = "connect"`: then each acquire connects until '
        "somebody has called `init_pool`",
    ),
    RefusalCode(
        "two-applications",
        "more than one FastAPI application may be the one that serves",
        "name the one that is started in a launch file or in `[[tool.rewire.launch]]`",
    ),
    RefusalCode(
        "lifespan-unreadable",
        "the application's lifespan is not one plain async generator function of the project",
        "give the application a function of its own that opens the pool and then runs what is there; or `wire = false`",
    ),
    RefusalCode(
        "handlers-elsewhere",
        "the application's handlers are registered in a way that gives ours no first and last place among them",
        "register them with `@app.on_event` below the application, or move them into a lifespan; or `wire = false`",
    ),
    RefusalCode(
        "application-out-of-reach",
        "the file that starts the application cannot be changed, import the provider or name the database",
        "run on the whole project; move the DSN to a module that the application can import; or `wire = false`",
    ),
    RefusalCode("inside-provider", "this connect belongs to the provider itself", "nothing: it is meant"),
    RefusalCode(
        "not-async", "the connection is opened outside an async function", "make the caller async, or leave it"
    ),
    RefusalCode(
        "not-bound",
        "the connection is not bound to one local name by `name = await connect(...)`",
        "assign the awaited connect to a name of its own first",
    ),
    RefusalCode("not-a-call", "`asyncpg.connect` is handed around as a value", "call it where the connection is used"),
    RefusalCode("one-line", "the statement shares its line with others", "put each statement on a line of its own"),
    RefusalCode(
        "bound-twice",
        "the name holds something else before or after this connection",
        "give each connection a name of its own",
    ),
    RefusalCode(
        "inner-block",
        "the connection is opened in an inner block and used behind it",
        "open it in the block that uses it",
    ),
    RefusalCode(
        "connect-in-own-try",
        "the connect alone is in a `try`, whose handlers must not see the work's errors",
        "move the work into the try, or handle the pool's errors where they are raised",
    ),
    RefusalCode(
        "handler-uses-connection",
        "an `except`, `else` or `finally` outside the new block uses the connection",
        "move that handler inside the block",
    ),
    RefusalCode(
        "use-after-close", "the connection is used after it was closed", "remove that use first: it always fails"
    ),
    RefusalCode(
        "close-unclear",
        "the connection is closed, terminated or detached in a way that cannot be removed safely",
        "close it with a plain `await conn.close()`, or convert by hand",
    ),
    RefusalCode(
        "retry-loop",
        "a loop tries again until the connection works",
        "keep the loop around an `async with` by hand; the pool reconnects by itself. "
        "`retry_loops = true` converts the ones that fit",
    ),
    RefusalCode(
        "stored",
        "the connection is kept on an object, in a container, in a global or an application state",
        "keep the pool there instead, and acquire where the connection is used",
    ),
    RefusalCode(
        "escapes",
        "the connection leaves the function: another task, thread, callback, nested function or object",
        "let that code acquire a connection of its own",
    ),
    RefusalCode(
        "second-connection",
        "a second connection is open inside the block, on purpose",
        "if one is enough, use it for both; if not, leave both: two slots of one pool can deadlock",
    ),
    RefusalCode(
        "nested-acquire",
        "something called inside the block acquires from the pool in its turn: ten concurrent "
        "calls of such a pair deadlock a pool of ten",
        "hand the connection to what is called, or make the call after the block",
    ),
    RefusalCode(
        "dsn-from-parameters",
        "host, user, database or DSN come from the function's own parameters",
        "leave it: a pool has one database",
    ),
    RefusalCode(
        "dsn-computed",
        "the DSN is computed by a call or a local, so nobody can say which database it names",
        "list the expression in `same_dsn` if it names the pool's database",
    ),
    RefusalCode(
        "other-database",
        "the DSN expression is not the one the pool was made with",
        "list the expressions that name one database in `same_dsn`",
    ),
    RefusalCode(
        "connect-options",
        "connect is given arguments that acquire cannot carry",
        "give them to `create_pool` and list them in `pool_sets`",
    ),
    RefusalCode(
        "session-state",
        "the block sets state that outlives the release of a pooled connection",
        "set it in the pool's `init` or `setup`, use SET LOCAL or ON COMMIT DROP, or leave this connection alone",
    ),
    RefusalCode(
        "custom-setting",
        "the block sets a setting of the application's own, which reads '' and not NULL for the next borrower",
        "read it as `NULLIF(current_setting('app.user', true), '')` everywhere, policies included; then set "
        "`custom_settings = true`",
    ),
    RefusalCode(
        "connects-only",
        "the connection is opened and closed and nothing else: whether that works is the question",
        "leave it: a pool lends a connection without asking the server; or run a query on it",
    ),
    RefusalCode(
        "held-forever",
        "the connection is held in a loop without an end: a slot less for good, and closing the pool waits for it",
        "acquire inside the loop, for each round; or leave it its own connection",
    ),
    RefusalCode(
        "pool-fallback",
        "this connects where no pool is open, or where taking a connection from it has failed",
        "nothing: it is meant; or delete the fallback first",
    ),
    RefusalCode(
        "own-loop",
        "the function runs in an event loop of its own (`asyncio.run` in a thread): a pool belongs to one loop",
        "leave it; or hand the work to the server's loop with `asyncio.run_coroutine_threadsafe`",
    ),
    RefusalCode(
        "lock-order",
        "the block waits for a lock under which another function takes a connection: that can deadlock a full pool",
        "take the lock first and the connection inside it, everywhere",
    ),
    RefusalCode(
        "pool-not-open",
        "the function is called before the pool is opened, or after it is closed",
        "open the pool first and close it last, or leave it",
    ),
    RefusalCode(
        "role-script",
        "a one-shot script: no pool is open in that process",
        'leave it; or add `script` to `roles` and open the pool there; or `fallback = "connect"`',
    ),
    RefusalCode("role-test", "a test: it opens its own connection for a reason", "leave it, or add `test` to `roles`"),
    RefusalCode(
        "role-migration", "a migration: it runs alone, before the server", "leave it, or add `migration` to `roles`"
    ),
    RefusalCode("role-archive", "an archived or backup file", "delete it, or add `archive` to `roles`"),
    RefusalCode(
        "role-worker",
        "a worker process: the server's pool is not open there",
        "open a pool in the worker and add `worker` to `roles`",
    ),
    RefusalCode(
        "role-unreached",
        "no server that the project starts loads this file",
        "add `unknown` to `roles` if a server loads it in a way that no import shows",
    ),
    RefusalCode(
        "role-mixed",
        "a server and a script both load this file, and the script opens no pool",
        'set `fallback = "connect"`, or add `script` to `roles` and open the pool in the script',
    ),
    RefusalCode(
        "factory-shape",
        "the function returns a connection in a way that no context manager can copy",
        "return the connection in one last statement, or convert it by hand",
    ),
    RefusalCode(
        "factory-callers",
        "a caller of this connection factory cannot be converted, so none is",
        "see the callers' own refusals; convert them by hand first. Where an import counts from a root that nobody has "
        "named, name it (roots in [tool.rewire]), or say how the program is started (--launch)",
    ),
    RefusalCode(
        "factory-caller",
        "this call of a connection factory stays as it is, because another part of it must",
        "see the factory's refusal",
    ),
)

ADVICE = {entry.code: entry.advice for entry in CODES}
"""Code -> what a person can do."""
