"""The application: uvicorn shop.main:app."""

from contextlib import asynccontextmanager

from fastapi import FastAPI

from shop.db import open_pool
from shop.routers.orders import router


@asynccontextmanager
async def lifespan(app: FastAPI):
    pool = await open_pool()
    yield
    await pool.close()


app = FastAPI(lifespan=lifespan)
app.include_router(router)
