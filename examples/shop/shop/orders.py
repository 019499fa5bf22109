"""Reading and writing orders."""

import asyncpg

from shop import db
from shop.models import Order
from shop.settings import DATABASE_HOST, DATABASE_NAME


async def find_order(number: int) -> Order | None:
    async with db.get_pool().acquire() as connection:
        row = await connection.fetchrow(
            """
            select number, customer
              from orders
             where number = $1
            """,
            number,
        )
    return Order(row["number"], row["customer"]) if row else None


async def cancel_order(number: int) -> bool:
    """Opens a connection of its own for every call, like so much else in here."""
    connection = await asyncpg.connect(host=DATABASE_HOST, database=DATABASE_NAME, connect_timeout="5")
    try:
        done = await connection.execute(
            """
            update orders
               set cancelled = now()
             where number = $1
            """,
            number,
        )
    finally:
        await connection.close()
    return done == "UPDATE 1"
