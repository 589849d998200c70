"""What every Python client of MySQL is asked, on one connection each time.

A story gets `connect()`, which gives the client's own connection with autocommit,
`query(connection, sql)`, which gives the first value of the first row or raises the
client's own error, and `told(error)`: its number, SQLSTATE and text.
"""

DROP = "DROP TABLE customers"
RULE = "no-schema-drops"
REASON = "Schema changes go through migrations."


def play(connect, query, told):
    connection = connect()

    def count(table="customers"):
        return query(connection, f"SELECT count(*) FROM {table}")

    def refused(sql):
        try:
            query(connection, sql)
        except Exception as error:
            number, state, text = told(error)
            assert (number, state) == (1644, "42000"), (number, state, text)
            assert RULE in text and REASON in text, text
        else:
            raise AssertionError(f"not refused: {sql}")

    assert count() == 100
    refused(DROP)
    assert count() == 100
    # In a transaction that has only read, the refusal is words.
    query(connection, "START TRANSACTION")
    assert count("invoices") == 1000
    refused(DROP)
    query(connection, "COMMIT")
    assert count() == 100
    # In one that has written, the connection ends: the server rolls back.
    query(connection, "START TRANSACTION")
    query(connection, "INSERT INTO invoices VALUES (5001, 1, 1)")
    try:
        query(connection, DROP)
    except Exception:
        pass
    else:
        raise AssertionError("not refused in a transaction")
    try:
        query(connection, "COMMIT")
    except Exception:
        pass
    else:
        raise AssertionError("the transaction was committed")
    connection = connect()
    assert count() == 100
    assert count("invoices") == 1000
