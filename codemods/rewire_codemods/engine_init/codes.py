"""Every refusal code of engine-init, with what it means and what a person can do."""

from __future__ import annotations

from rewire.codemod import RefusalCode

CODES = (
    RefusalCode(
        "fallback-engine",
        "a try at import falls back to another engine when the first one fails",
        "decide at startup which database it is, in one place, then run again; moving the choice would change its time",
    ),
    RefusalCode(
        "retry-loop",
        "a loop at import creates the engine or waits for the server",
        "move the waiting into the start command or into a startup function of your own, then run again",
    ),
    RefusalCode(
        "reflection-at-import",
        "tables are reflected (automap, reflect, autoload_with, inspect) from the engine at import",
        "reflect inside a function that runs after startup; other modules read the reflected classes at import",
    ),
    RefusalCode(
        "session-at-import",
        "a session or a connection is opened at import",
        "open it where it is used, or in a dependency, then run again",
    ),
    RefusalCode(
        "two-engines",
        "one module creates two engines, or the application uses two modules that create one each",
        "a person has to say which engine is the application's database; convert the other one by hand",
    ),
    RefusalCode(
        "two-applications",
        "more than one application uses this engine and no launch command says which one is started",
        "name the application with [[tool.rewire.launch]] or --launch",
    ),
    RefusalCode(
        "lifespan-unused",
        "the module of the application defines a lifespan that is never passed to it",
        "pass it (its body then runs for the first time) or delete it, then run again",
    ),
    RefusalCode(
        "lifespan-unreadable",
        "the application's lifespan is not a function of this project with one plain body",
        "make it an @asynccontextmanager function, or call the init functions in it yourself with wire = false",
    ),
    RefusalCode(
        "handlers-elsewhere",
        "startup or shutdown handlers are registered where they cannot be folded into a lifespan safely",
        "register them on the application in its own module, each under a name of its own, then run again",
    ),
    RefusalCode(
        "engine-used-at-import",
        "something uses the engine while modules are imported",
        "move that use into a function that runs after startup (the lifespan, a create_app), then run again",
    ),
    RefusalCode(
        "engine-as-default",
        "the engine is a default argument, which is evaluated at import",
        "make the default None and look the engine up inside the function",
    ),
    RefusalCode(
        "star-import",
        "a star import copies the engine's name at import",
        "import the names that are used, then run again",
    ),
    RefusalCode(
        "no-application",
        "no FastAPI application of this project uses the engine, so there is no lifespan to open it",
        "run with --set engine-init.wire=false: the functions are made, and your own start code calls them",
    ),
    RefusalCode(
        "worker",
        "a worker process uses the engine and never runs the application's lifespan",
        "call init_db where the worker process starts (a worker_process_init signal), with wire = false",
    ),
    RefusalCode(
        "name-taken",
        "init_db, create_tables, close_db or a name that the change needs is already something else",
        "choose another name, for instance --set engine-init.init_db=open_db",
    ),
    RefusalCode(
        "engine-shape",
        "the engine is created in a way that cannot be moved into a function as it stands",
        "give the engine a plain assignment of its own (engine = create_engine(...)), then run again",
    ),
    RefusalCode(
        "engine-made-elsewhere",
        "the engine is made at import by a function of another module that cannot be called in init_db instead: it is "
        "decorated, keeps the engine, may give something else back, or its name has more than one meaning",
        "let the function always give a new engine back, and import it once, at the top; or call create_engine in the "
        "module that keeps the engine, or call the function after startup; then run again",
    ),
    RefusalCode(
        "engine-in-object",
        "an object that is made at import makes the engine in its constructor, or a class has it as an attribute",
        "give the class a method that makes the engine and call it in the lifespan, or keep the engine in a plain name",
    ),
    RefusalCode(
        "engine-made-by-call",
        "a call at import, whose value is not an engine that the module keeps, makes one inside",
        "leave that call to the lifespan (and to scripts), or make the engine by a plain assignment and run again",
    ),
    RefusalCode(
        "engine-in-factory",
        "the function that builds the application at import makes an engine for it",
        "make the engine in the lifespan that the function passes to the application",
    ),
    RefusalCode(
        "pool-at-import",
        "a pool of another library (databases, asyncpg, psycopg, aiomysql and others) is made at import",
        "make it in the lifespan yourself; only SQLAlchemy's engines are moved",
    ),
    RefusalCode(
        "engine-optional",
        "whether there is an engine at all is decided at import",
        "decide it at startup, or always create the engine, then run again",
    ),
    RefusalCode(
        "engine-rebound",
        "the engine or the session factory is assigned again somewhere else",
        "keep one assignment, then run again",
    ),
    RefusalCode(
        "create-all-shape",
        "create_all at import has arguments or surroundings that do not fit into create_tables",
        "reduce it to Base.metadata.create_all(bind=engine), or move it into a startup function",
    ),
    RefusalCode(
        "entry-point",
        "a script, a migration environment or a test module has no place where init_db could go by itself",
        "call init_db there by hand, or give the script an if __name__ == '__main__' guard",
    ),
    RefusalCode(
        "no-import-form",
        "no single import statement reaches the engine's module in every way this file is started",
        "run the launch or relative-imports codemod first, or fix the import roots",
    ),
    RefusalCode(
        "root-unknown",
        "somebody imports the engine's module by a name that no import root of this project leads to, so that not "
        "everyone who uses the engine is known",
        'say how the program is started (--launch "cd backend && uvicorn app.main:app", or [[tool.rewire.launch]]), or '
        "name the import root (roots in [tool.rewire]), then run again",
    ),
    RefusalCode(
        "not-selected",
        "a file that has to change together with the engine is not among the files of this run",
        "run over the whole project",
    ),
    RefusalCode(
        "unreadable",
        "a file that has to change together with the engine cannot be parsed",
        "fix the file, then run again",
    ),
)

ADVICE = {code.code: code.advice for code in CODES}
"""Advice by refusal code."""
