"""Give asyncpg ``timeout`` in place of ``connect_timeout``, an argument of libpq's that asyncpg does not have.

psycopg, aiopg, pymysql and others take ``connect_timeout``; asyncpg answers with a TypeError, sometimes only when the
first connection is made. What it calls ``timeout`` is the same limit, in seconds.

Before::

    DSN = "postgresql://app@db/shop?connect_timeout=5"
    POOL = {
        "min_size": 2,
        "connect_timeout": 10,  # seconds
    }

    pool = await asyncpg.create_pool(**POOL)
    log.info(f"pool up, limit {POOL['connect_timeout']} s")
    conn = await asyncpg.connect(DSN)
    async with pool.acquire(connect_timeout="3") as conn: ...
    engine = create_async_engine("postgresql+asyncpg://db/shop", connect_args={"connect_timeout": 10})

After::

    DSN = "postgresql://app@db/shop"
    POOL = {
        "min_size": 2,
        "timeout": 10,  # seconds
    }

    pool = await asyncpg.create_pool(**POOL)
    log.info(f"pool up, limit {POOL['timeout']} s")
    conn = await asyncpg.connect(DSN, timeout=5)
    async with pool.acquire(timeout=3) as conn: ...
    engine = create_async_engine("postgresql+asyncpg://db/shop", connect_args={"timeout": 10})

It finds the argument as a keyword of ``connect``, ``create_pool`` and ``acquire`` (under any alias, through
``functools.partial``, ``getattr``, functions, lambdas and classes of the project's that hand it on, ``super()`` among
them, through pools handed around by name, in other files of the project); as a key of a dict that is unpacked into
them, or copied entry by entry into one that is, with every reader of that key in every file; in ``server_settings``; in
the query of a DSN (where ``timeout`` and ``command_timeout`` fail as well, and move into the call); and in SQLAlchemy's
three forms, ``connect_args``, a keyword of ``create_async_engine`` and the URL, where the URL is known to be
``+asyncpg``: by its text, by a condition around (``if "asyncpg" in url``) or by arguments that only asyncpg has
(``command_timeout``, ``server_settings``). It changes a place only where the value provably reaches asyncpg and nobody
else.

The option ``replace`` says what becomes of the limit. ``auto``: rename it, but drop it where a limit is there already
(``timeout=`` in the same call, ``asyncio.wait_for`` or ``asyncio.timeout`` around it). ``strip``: always drop it; the
report says which limit is gone (asyncpg's own default is 60 s). ``rename``: always rename it, unless ``timeout=`` is
there already.

A value means the same afterwards: ``"10"`` becomes ``10``, zero and negative numbers (libpq: wait for ever; asyncpg:
fail at once) become ``None``, text from the environment is wrapped in ``float(...)``, and what only the running program
knows is kept as it is, with a note.

Left alone, without a word: other drivers, ``postgresql+psycopg://``, functions of the project's own that have a
parameter of this name, strings and comments that merely mention it. Left alone, and listed with the reason: arguments
that go to the project's own connect function, dicts and URLs that also go to another driver or out of sight, keys whose
readers expect what asyncpg must not get, engines whose URL is not known, DSNs from the environment or from settings,
drivers that are picked when the program runs, and arguments that asyncpg gets without their being written in a call or
a dict: fields of an object (``**asdict(settings)``, ``**vars(args)``, ``**settings.model_dump()``), names in a list
(``for name in NAMES: options[name] = ...``), and what is loaded from a file of settings (``json.load``,
``configparser``, TOML, YAML) while such a file of the project sets the key. Where nobody knows what is unpacked, and a
dict, a class or a ``TypedDict`` nearby has the key, a note says so.

Left alone, and listed, too: what libraries hand on to asyncpg. databases (its keywords; it does not read the limit from
its URL), tortoise (``credentials``, and the URL's query), piccolo (``config``), gino, buildpg and asyncpg_listen.
Applications that reach asyncpg through any other library are not looked for.

Other arguments of libpq's that asyncpg does not have (``dbname``, ``sslmode``, ``application_name``, ``keepalives``
and so on; in a DSN ``pgbouncer``, ``channel_binding`` and so on) are never changed. Where they stand in a file that
is looked at anyway, a note says so; the option ``also`` names those (or ``"all"``) that are to be looked for
everywhere and listed as refusals.
"""
