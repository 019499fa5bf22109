"""Small applications of every shape that a made provider is wired into, each one module ``app.main``."""

from __future__ import annotations

ROUTES = """\
import os

import asyncpg
from fastapi import APIRouter

router = APIRouter()


@router.get("/backend")
async def backend():
    conn = await asyncpg.connect(os.environ["REWIRE_TEST_DSN"])
    try:
        return await conn.fetchval("SELECT pg_backend_pid()")
    finally:
        await conn.close()
"""
PLAIN = """\
from fastapi import FastAPI

from app.routes import router

events = []
app = FastAPI()
app.include_router(router)
"""
LIFESPAN = """\
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.routes import router

events = []


@asynccontextmanager
async def lifespan(app):
    events.append("start")
    yield
    events.append("stop")


app = FastAPI(lifespan=lifespan)
app.include_router(router)
"""
ON_EVENT = """\
from fastapi import FastAPI

from app.routes import router

events = []
app = FastAPI()
app.include_router(router)


@app.on_event("startup")
async def start():
    events.append("start")


@app.on_event("shutdown")
async def stop():
    events.append("stop")
"""
FACTORY = """\
from fastapi import FastAPI

from app.routes import router

events = []


def create_app():
    app = FastAPI(title="Shop")
    app.include_router(router)
    return app


app = create_app()
"""
FACTORY_RETURNS_IT = """\
from fastapi import FastAPI

from app.routes import router

events = []


def create_app():
    return FastAPI(title="Shop", routes=router.routes)


app = create_app()
"""
FACTORY_WITH_INNER_LIFESPAN = """\
from contextlib import asynccontextmanager

from fastapi import FastAPI

from app.routes import router

events = []


def create_app():
    @asynccontextmanager
    async def lifespan(app):
        events.append("start")
        yield
        events.append("stop")

    app = FastAPI(lifespan=lifespan)
    app.include_router(router)
    return app


app = create_app()
"""
LIFESPAN_ELSEWHERE = """\
from fastapi import FastAPI

from app.lifespan import events, lifespan
from app.routes import router

app = FastAPI(lifespan=lifespan)
app.include_router(router)
"""
FACTORY_IMPORTS_LIFESPAN = """\
from fastapi import FastAPI

from app.lifespan import events


def create_app():
    from app.lifespan import lifespan as start_and_stop
    from app.routes import router

    app = FastAPI(lifespan=start_and_stop)
    app.include_router(router)
    return app


app = create_app()
"""
LIFESPAN_CONTEXT = """\
from fastapi import FastAPI

from app.lifespan import events, lifespan
from app.routes import router

app = FastAPI()
app.include_router(router)
app.router.lifespan_context = lifespan
"""
BARE_GENERATOR = """\
from fastapi import FastAPI

from app.routes import router

events = []


async def lifespan(app):
    events.append("start")
    yield
    events.append("stop")


app = FastAPI(lifespan=lifespan)
app.include_router(router)
"""
LIFESPAN_NONE = """\
from fastapi import FastAPI

from app.routes import router

events = []
app = FastAPI(title="Shop", lifespan=None)
app.include_router(router)
"""
TWO_BRANCHES = """\
import os

from fastapi import FastAPI

from app.routes import router

events = []
if os.getenv("SHOP_DOCS"):
    app = FastAPI(title="Shop")
else:
    app = FastAPI(docs_url=None)
app.include_router(router)
"""
FACTORY_ON_EVENT = """\
from fastapi import FastAPI

from app.routes import backend, router

events = []


def create_app():
    app = FastAPI()
    app.include_router(router)

    @app.on_event("startup")
    async def start():
        events.append("start" if await backend() else "")

    @app.on_event("shutdown")
    async def stop():
        events.append("stop" if await backend() else "")

    return app


app = create_app()
if __name__ == "__main__":
    import uvicorn

    uvicorn.run(app)
"""
HANDLERS_THAT_USE_IT = """\
from fastapi import FastAPI

from app.routes import backend, router

events = []
app = FastAPI()


@app.on_event("startup")
async def start():
    events.append("start" if await backend() else "")


@app.on_event("shutdown")
async def stop():
    events.append("stop" if await backend() else "")


app.include_router(router)
"""
ELSEWHERE = """\
from contextlib import asynccontextmanager

events = []


@asynccontextmanager
async def lifespan(app):
    \"\"\"Start and stop.\"\"\"
    from app.routes import backend

    events.append("start" if await backend() else "")
    yield
    events.append("stop" if await backend() else "")
"""
APPLICATIONS = {
    "plain": PLAIN,
    "lifespan": LIFESPAN,
    "on_event": ON_EVENT,
    "factory": FACTORY,
    "factory returns it": FACTORY_RETURNS_IT,
    "factory with inner lifespan": FACTORY_WITH_INNER_LIFESPAN,
    "lifespan elsewhere": LIFESPAN_ELSEWHERE,
    "factory imports lifespan": FACTORY_IMPORTS_LIFESPAN,
    "lifespan context": LIFESPAN_CONTEXT,
    "bare generator": BARE_GENERATOR,
    "lifespan none": LIFESPAN_NONE,
    "two branches": TWO_BRANCHES,
    "factory on_event": FACTORY_ON_EVENT,
    "handlers that use it": HANDLERS_THAT_USE_IT,
}
