"""Prints a Redis server's own metadata of its commands, one a line, as
guard-dialect/src/redis/commands.tsv holds it: name, flags, ACL categories and
the flags of each key it takes.

    redis-cli -p PORT --json COMMAND | python3 tests/clients/redis_commands.py
"""

import json
import sys


def walk(command):
    yield command
    for subcommand in command[9]:
        yield from walk(subcommand)


rows = []
for command in json.load(sys.stdin):
    for row in walk(command):
        keys = ";".join(" ".join(sorted(spec["flags"])) for spec in row[8])
        container = "container" if row[9] else ""
        flags = ",".join(sorted(row[2]) + [container] * bool(container))
        rows.append("\t".join([row[0], flags, ",".join(sorted(row[6])), keys]))
print("\n".join(sorted(rows)))
