"""Module-level engine creation moves into init functions, and the application's lifespan calls them.

Importing a backend that creates its engine at import needs a driver, a URL and sometimes a server; two applications
cannot share a process; ``--reload`` and tests leave connections behind. After this codemod importing opens nothing.

Before, in ``app/db.py`` and ``app/main.py``::

    engine = create_engine(settings.DATABASE_URL)
    SessionLocal = sessionmaker(autoflush=False, bind=engine)

    Base.metadata.create_all(bind=engine)
    app = FastAPI()

After::

    engine = None
    SessionLocal = sessionmaker(autoflush=False)

    def init_db(database_url=None): ...     # creates the engine, binds the factory
    def create_tables(): ...                # imports every mapped class, then create_all
    def close_db(): ...                     # disposes of the engine, unbinds the factory

    app = FastAPI(lifespan=lifespan)        # init_db, create_tables, yield, close_db

The session factory stays where it is, unbound, so that everyone who imported it by name stays right; whoever imported
``engine`` by name reaches it through its module. Scripts, alembic's ``env.py`` and tests whose client never runs the
lifespan get an ``init_db()`` of their own. Left alone: imports of the engine inside functions, engines that a test or a
script makes for itself, getters that create the engine when first asked. Refused: whatever else uses the engine while
modules are imported (see the refusal codes).
"""
