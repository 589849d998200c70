"""psycopg 3 in a transaction: a refusal aborts it, nothing is half committed."""

import sys

import psycopg
import story

with psycopg.connect(sys.argv[1]) as db:
    db.execute("INSERT INTO invoices VALUES (6001, 1, 1)")
    try:
        db.execute(story.DROP)
    except psycopg.Error as error:
        story.check_refusal(error.sqlstate, str(error))
    else:
        raise AssertionError("the DROP was not refused")
    try:
        db.execute("INSERT INTO invoices VALUES (6002, 1, 1)")
    except psycopg.errors.InFailedSqlTransaction:
        pass
    else:
        raise AssertionError("the transaction goes on after a refusal")
    db.commit()
    count = db.execute("SELECT count(*) FROM invoices WHERE id > 6000").fetchone()[0]
    assert count == 0, count
