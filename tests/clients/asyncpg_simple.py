"""asyncpg with `execute`: the simple protocol."""

import asyncio
import sys

import asyncpg
import story


async def main():
    db = await asyncpg.connect(sys.argv[1])
    await db.execute("SELECT 1")
    try:
        await db.execute(story.DROP)
    except asyncpg.PostgresError as error:
        story.check_refusal(error.sqlstate, str(error))
    else:
        raise AssertionError("the DROP was not refused")
    assert await db.fetchval("SELECT count(*) FROM customers") == 100
    await db.close()


asyncio.run(asyncio.wait_for(main(), 8))
