"""Runs the statements of `variants.py` on a server and says what each one did.

    server.py HOST PORT DISGUISES

One JSON object a line: family, sql, error, and the share (in percent) of a table's
rows that it changed, removed or returned.
"""

import json
import sys

import effects
import variants


def main():
    host, port, disguises = sys.argv[1:]
    server = effects.Server(f"host={host} port={port} user=postgres")
    for family, sql in variants.statements(1, int(disguises)):
        effect = server.run(sql)
        share = max(effect.most, effect.leaked)
        if family in ("condition", "scoped") and sql.lstrip(" \n\t").lower().startswith("select *"):
            share = max(share, effect.rows)
        error = effect.error
        if error and "cannot run inside a transaction block" in error:
            error = None
        row = {"family": family, "sql": sql, "error": error, "share": share * 100 // effects.ROWS}
        print(json.dumps(row))


if __name__ == "__main__":
    main()
