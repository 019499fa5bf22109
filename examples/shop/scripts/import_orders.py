"""Started as `python scripts/import_orders.py`: a relative import cannot work in this file."""

import asyncio
import os
import sys

import asyncpg

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))

from shop.models import Order


async def main() -> None:
    connection = await asyncpg.connect(os.environ["DATABASE_URL"], connect_timeout=30)
    for number, line in enumerate(sys.stdin):
        order = Order(number, line.strip())
        await connection.execute("insert into orders values ($1, $2)", order.number, order.customer)
    await connection.close()


if __name__ == "__main__":
    asyncio.run(main())
