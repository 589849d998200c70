"""MySQL's own connector, in Python: `simple` or `prepared`."""

import sys

import mysql.connector
import mysql_story

PORT, PROTOCOL = sys.argv[1:3]


def connect():
    return mysql.connector.connect(
        host="127.0.0.1",
        port=int(PORT),
        user="app",
        database="shop",
        autocommit=True,
        ssl_disabled=True,
        use_pure=True,
    )


def query(connection, sql):
    # MariaDB prepares no START TRANSACTION through this connector's cursor.
    prepared = PROTOCOL == "prepared" and sql.startswith(("SELECT", "DROP", "INSERT"))
    cursor = connection.cursor(prepared=prepared)
    try:
        cursor.execute(sql)
        row = cursor.fetchone() if cursor.with_rows else None
        return row[0] if row else None
    finally:
        cursor.close()


mysql_story.play(connect, query, lambda error: (error.errno, error.sqlstate, error.msg))
