"""Connections. Nothing here ever worked: asyncpg has no connect_timeout, and says so when it is called."""

import asyncpg

from shop.settings import DATABASE_HOST, DATABASE_NAME

pool = None


async def open_pool():
    """Called when the application starts."""
    global pool
    pool = await asyncpg.create_pool(
        host=DATABASE_HOST,
        database=DATABASE_NAME,
        min_size=1,
        max_size=10,
        connect_timeout=10,  # seconds
    )
    return pool


def get_pool():
    """The pool of this process."""
    return pool
