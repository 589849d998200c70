"""psycopg 3 with named prepared statements from the first execution on."""

import sys

import psycopg
import story

with psycopg.connect(sys.argv[1], autocommit=True, prepare_threshold=0) as db:

    def query(sql):
        cursor = db.execute(sql, prepare=True)
        return cursor.fetchone()[0] if cursor.description else None

    for _ in range(2):
        story.play(query, lambda error: (error.sqlstate, str(error)))
    name = db.execute("SELECT name FROM customers WHERE id = %s", [7], prepare=True).fetchone()[0]
    assert name == "customer 7", name
    try:
        db.execute("DELETE FROM customers WHERE true OR id = %s", [7], prepare=True)
    except psycopg.Error as error:
        assert error.sqlstate == "42501", error
    else:
        raise AssertionError("the mass delete was not refused")
