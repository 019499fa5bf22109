"""Reading and writing orders."""

from shop import db
from shop.models import Order


async def find_order(number: int) -> Order | None:
    async with db.pool.acquire() as connection:
        row = await connection.fetchrow(
            """
            select number, customer
              from orders
             where number = $1
            """,
            number,
        )
    return Order(row["number"], row["customer"]) if row else None
