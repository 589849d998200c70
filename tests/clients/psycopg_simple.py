"""psycopg 3 with the simple protocol: no parameters, no preparation."""

import sys

import psycopg
import story

with psycopg.connect(sys.argv[1], autocommit=True, prepare_threshold=None, cursor_factory=psycopg.ClientCursor) as db:

    def query(sql):
        cursor = db.execute(sql)
        return cursor.fetchone()[0] if cursor.description else None

    story.play(query, lambda error: (error.sqlstate, str(error)))
