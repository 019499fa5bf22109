"""From a connection per call to one pool.

    conn = await asyncpg.connect(DATABASE_URL)
    try:
        return await conn.fetch("SELECT 1")
    finally:
        await conn.close()

becomes

    async with db.get_db_pool().acquire() as conn:
        return await conn.fetch("SELECT 1")
"""
