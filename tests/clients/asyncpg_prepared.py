"""asyncpg with `fetch`: named statements, Describe and Flush before Bind."""

import asyncio
import sys

import asyncpg
import story


async def main():
    db = await asyncpg.connect(sys.argv[1])
    for _ in range(2):
        assert await db.fetchval("SELECT count(*) FROM customers WHERE id <= $1", 50) == 50
        try:
            await db.fetch(story.DROP)
        except asyncpg.PostgresError as error:
            story.check_refusal(error.sqlstate, str(error))
        else:
            raise AssertionError("the DROP was not refused")
    async with db.transaction():
        assert await db.fetchval("SELECT count(*) FROM customers") == 100
    await db.close()


asyncio.run(asyncio.wait_for(main(), 8))
