"""Which captured statements the balanced policy refuses rightly, and why."""

import os
import re

# The interpreter that has the Python tools.
PYTHON = os.environ.get("CAPTURE_PYTHON", "python3")

RIGHTLY_REFUSED = [
    (r"\s*(/\*!\d+ *)?drop\b", "removes an object of the schema; reviewed migrations do that elsewhere"),
    (r"\s*truncate\b", "empties a table"),
    (r"\s*alter .* owner to ", "a restore gives objects to their owners: a privilege change"),
    (r"\s*do\b", "what DO runs is not in the statement"),
    (r"\s*execute\b", "alone it is unknown; in its connection the PREPARE before it is known"),
    (r"select .* into outfile ", "the server writes a file"),
    (r'update "knex_migrations_lock" set "is_locked" = \$1$', "an UPDATE without WHERE; that this table has one row is not in the statement"),
]


def row(tool, sql):
    """A row of the capture."""
    for pattern, why in RIGHTLY_REFUSED:
        if re.match(pattern, sql, re.I | re.S):
            return {"sql": sql, "expect": "block", "why": why}
    return {"sql": sql}
