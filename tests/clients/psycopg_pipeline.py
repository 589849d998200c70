"""psycopg 3 in pipeline mode: many statements in flight, the bad one in the middle."""

import sys

import psycopg
import story

with psycopg.connect(sys.argv[1], autocommit=True) as db:
    for _ in range(2):
        cursors = []
        try:
            with db.pipeline():
                for number in range(10):
                    sql = story.DROP if number == 5 else f"SELECT {number}"
                    cursors.append(db.execute(sql))
        except psycopg.Error as error:
            story.check_refusal(error.sqlstate, str(error))
        else:
            raise AssertionError("the DROP was not refused")
        before = [cursor.fetchone()[0] for cursor in cursors[:5]]
        assert before == [0, 1, 2, 3, 4], before
    assert db.execute("SELECT count(*) FROM customers").fetchone()[0] == 100
