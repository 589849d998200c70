"""SQLAlchemy on psycopg 3: what an ORM makes of a refusal, and its pool afterwards."""

import sys

import sqlalchemy
import story
from sqlalchemy import text

engine = sqlalchemy.create_engine(sys.argv[1].replace("postgresql://", "postgresql+psycopg://"), pool_size=1, max_overflow=0)


def query(sql):
    with engine.begin() as db:
        result = db.execute(text(sql))
        return result.scalar() if result.returns_rows else None


def state(error):
    return error.orig.sqlstate, str(error.orig)


for _ in range(3):
    story.play(query, state)

invoices = sqlalchemy.Table("invoices", sqlalchemy.MetaData(), autoload_with=engine)
try:
    with engine.begin() as db:
        db.execute(invoices.insert(), [{"id": 6200 + n, "customer": 1, "total": 1} for n in range(3)])
        db.execute(invoices.delete())
except sqlalchemy.exc.DBAPIError as error:
    assert error.orig.sqlstate == "42501" and "no-mass-delete" in str(error), error
else:
    raise AssertionError("a DELETE of everything was not refused")
assert query("SELECT count(*) FROM invoices WHERE id > 6000") == 0
