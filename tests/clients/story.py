"""What every Python client is asked: the same story as the other clients.

A story gets a `query(sql)` that returns the first value of the first row, or
raises the client's own error, and a `state(error)` that reads its SQLSTATE and
text. All on one connection.
"""

DROP = "DROP TABLE customers"
RULE = "no-schema-drops"
REASON = "Schema changes go through migrations."


def check_refusal(state, text):
    assert state == "42501", f"SQLSTATE {state}: {text}"
    assert RULE in text and REASON in text, text


def play(query, state):
    count = query("SELECT count(*) FROM customers")
    assert count == 100, count
    try:
        query(DROP)
    except Exception as error:
        check_refusal(*state(error))
    else:
        raise AssertionError("the DROP was not refused")
    count = query("SELECT count(*) FROM customers")
    assert count == 100, count
