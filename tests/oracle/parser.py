"""PostgreSQL's own parser on its regression suite and on statements made from it.

    parser.py FOLDER SAFE_FUNCTIONS SOUP SEED

One JSON object a line: `sql`, `file`, and `parsed` with what the parser says of it
(null where the scanner accepts the text and the parser does not).
"""

import json
import random
import sys

import parsed
import suite
from pglast import parse_sql, parser

SPACES = [" ", "\n", "\t", " /* ' */ ", " -- \"\n", "/**/ ", " "]


def tokens(sql):
    """The tokens of a statement as they are written."""
    return [sql[token.start : token.end + 1] for token in parser.scan(sql)]


def soup(statements, count, seed):
    """Statements with tokens taken out, doubled, exchanged, and from elsewhere."""
    chosen = random.Random(seed)
    short = [sql for _, sql in statements if len(sql) < 300]
    for _ in range(count):
        words = tokens(chosen.choice(short))
        for _ in range(chosen.randint(1, 3)):
            at = chosen.randrange(len(words))
            kind = chosen.randrange(4)
            if kind == 0 and len(words) > 1:
                del words[at]
            elif kind == 1:
                words.insert(at, words[at])
            elif kind == 2:
                words[at] = chosen.choice(tokens(chosen.choice(short)))
            else:
                other = chosen.randrange(len(words))
                words[at], words[other] = words[other], words[at]
        yield "soup", "".join(word + chosen.choice(SPACES) for word in words)


def answer(file, sql, safe):
    """What the parser says, or nothing where even the scanner gives up."""
    try:
        sql.encode()
        parser.scan(sql)
    except Exception:
        return None
    try:
        found = parsed.facts(parse_sql(sql), safe)
    except parser.ParseError:
        found = None
    return {"file": file, "sql": sql, "parsed": found}


def main():
    folder, names, count, seed = sys.argv[1:]
    with open(names, encoding="utf-8") as lines:
        safe = {line.strip() for line in lines if not line.startswith("#")}
    statements, left_out = suite.statements(folder)
    statements = [pair for pair in statements if answer(*pair, safe)]
    for file, sql in [*statements, *soup(statements, int(count), int(seed))]:
        found = answer(file, sql, safe)
        if found is not None:
            print(json.dumps(found))
    print(f"left out for a psql variable or another lexer: {left_out}", file=sys.stderr)


if __name__ == "__main__":
    main()
