"""psycopg 2: COPY, cursors of the server, executemany, LISTEN, autocommit off and on."""

import io
import sys

import psycopg2
import story

MASS = "no-mass-delete"


def refused(cursor, act, rule=story.RULE):
    try:
        act(cursor)
    except psycopg2.Error as error:
        assert error.pgcode == "42501" and rule in str(error), (error.pgcode, str(error))
    else:
        raise AssertionError("not refused")


db = psycopg2.connect(sys.argv[1])
cursor = db.cursor()


def query(sql):
    cursor.execute(sql)
    row = cursor.fetchone() if cursor.description else None
    return row and row[0]


db.autocommit = True
story.play(query, lambda error: (error.pgcode, str(error)))

# A COPY whose query destroys, and one that only reads.
refused(cursor, lambda c: c.copy_expert("COPY (DELETE FROM customers RETURNING id) TO STDOUT", io.StringIO()), MASS)
out = io.StringIO()
cursor.copy_expert("COPY (SELECT id FROM customers) TO STDOUT", out)
assert len(out.getvalue().splitlines()) == 100
refused(cursor, lambda c: c.executemany("DELETE FROM customers WHERE %s", [(True,), (True,)]), MASS)

# Outside of autocommit everything is one transaction, and it is aborted.
db.autocommit = False
cursor.execute("INSERT INTO invoices VALUES (6101, 1, 1)")
refused(cursor, lambda c: c.executemany("DROP TABLE customers -- %s", [(1,), (2,)]))
db.commit()
assert query("SELECT count(*) FROM invoices WHERE id > 6000") == 0

# A cursor of the server is read before and after; the refusal ends it with its transaction.
named = db.cursor("customers")
named.itersize = 10
named.execute("SELECT id FROM customers ORDER BY id")
assert named.fetchone() == (1,)
refused(cursor, lambda c: c.execute(story.DROP))
db.rollback()
assert query("SELECT count(*) FROM customers") == 100
db.commit()

# Notifications go on beside refusals.
db.autocommit = True
cursor.execute("LISTEN guard")
refused(cursor, lambda c: c.execute(story.DROP))
cursor.execute("NOTIFY guard, 'x'")
db.poll()
assert [note.channel for note in db.notifies] == ["guard"], db.notifies
