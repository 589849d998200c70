"""What the client of bytes writes: attacks that really do harm on an unguarded MariaDB,
and harmless ones that look like them.
"""

import struct

PROTOCOL_41, SECURE, MULTI, RESULTS = 1 << 9, 1 << 15, 1 << 16, 1 << 17
USUAL = 0x285 | 1 << 3 | 1 << 7 | PROTOCOL_41 | 1 << 13 | SECURE | MULTI | RESULTS
TLS, COMPRESS, ATTRIBUTES = 1 << 11, 1 << 5, 1 << 27
FULL = 0xFFFFFF
DROP = "DROP TABLE x"
# Character sets in which no byte of syntax is a part of a letter.
SAFE = (
    "ascii binary latin1 latin2 latin5 latin7 cp850 cp852 cp866 cp1250 cp1251 cp1256 cp1257 koi8r koi8u dec8 hp8 greek hebrew"
    " tis620 armscii8 geostd8 keybcs2 macce macroman ujis eucjpms euckr gb2312 utf8 utf8mb3 utf8mb4"
).split()
# If any of these bytes made a letter with the backslash, the server would find no syntax in it.
LETTERS = b"SELECT " + b", ".join(b"length('%c\\'')" % byte for byte in range(0x80, 0x100))


class Row:
    """A connection: `kind` is `attack`, `harmless`, or `idle`: this server does not do it."""

    def __init__(self, kind, name, *steps):
        self.kind, self.name, self.steps = kind, name, steps


def packet(number, payload):
    out = b""
    while True:
        piece, payload = payload[:FULL], payload[FULL:]
        out += struct.pack("<I", len(piece))[:3] + bytes([number & 255]) + piece
        number += 1
        if len(piece) < FULL:
            return out


def command(byte, payload=b""):
    return packet(0, bytes([byte]) + payload)


def query(sql):
    return command(3, sql if isinstance(sql, bytes) else sql.encode())


def login(flags=USUAL, collation=45, extended=0):
    payload = struct.pack("<IIB19xI", flags, 1 << 24, collation, extended) + b"app\0\0shop\0"

    def step(client):
        client.write(packet(1, payload))
        client.answer()

    return step


def ask(data, size=None, answers=1):
    """Writes bytes, in pieces of `size`, and reads so many answers."""

    def step(client):
        for at in range(0, len(data), size or len(data)):
            client.write(data[at : at + (size or len(data))])
        for _ in range(answers):
            client.answer()

    return step


def asks(*texts):
    return [ask(query(text)) for text in texts]


def prepare(sql):
    def step(client):
        client.write(command(0x16, sql.encode()))
        client.prepared()

    return step


def execute(byte=0x17, identifier=None, rest=b"\0\x01\0\0\0"):
    def step(client):
        number = client.last if identifier is None else identifier
        client.write(command(byte, struct.pack("<I", number) + rest))
        client.answer()

    return step


def at_once(sql):
    """PREPARE, and MariaDB's EXECUTE of the last one, in one write."""

    def step(client):
        last = struct.pack("<I", 0xFFFFFFFF) + b"\0\x01\0\0\0"
        client.write(command(0x16, sql.encode()) + command(0x17, last))
        client.prepared()
        client.answer()

    return step


def close(client):
    client.write(command(0x19, struct.pack("<I", client.last)))


def long_data(text):
    def step(client):
        client.write(command(0x18, struct.pack("<IH", client.last, 0) + text))

    return step


def change_user(collation):
    def step(client):
        client.write(command(0x11, b"app\0\0shop\0" + struct.pack("<H", collation)))
        payload = client.packet()
        if payload[0] == 0xFE:
            client.write(packet(client.number + 1, b""))
            payload = client.packet()
        client.told.append("ok" if payload[0] == 0 else client.error(payload))

    return step


def infile(text):
    """Answers the server's request for a file."""

    def step(client):
        client.write(packet(2, text) + packet(3, b""))
        client.answer()

    return step


def statistics(client):
    client.write(command(9))
    client.statistics()


def attack(name, *steps):
    return Row("attack", name, login(), *steps)


def harmless(name, *steps):
    return Row("harmless", name, login(), *steps)


def framing():
    yield attack("1-byte writes", ask(query(DROP), 1))
    yield attack("header and payload apart", ask(query(DROP), 4))
    yield attack("command byte apart", ask(query(DROP), 5))
    yield attack("two commands in one write", ask(query("SELECT 1") + query(DROP), None, 2))
    yield attack("the bad one first", ask(query(DROP) + query("SELECT 1"), None, 2))
    yield harmless("many commands in one write", ask(query("SELECT 1") * 20, None, 20))
    big = query("SELECT 1 /*" + "x" * FULL + "*/")
    yield harmless("16 MiB", ask(big))
    yield attack("behind 16 MiB", ask(query("SELECT 1 /*" + "x" * FULL + "*/; " + DROP)))
    yield attack("after 16 MiB", ask(big), ask(query(DROP)))
    yield attack("16 MiB exactly", ask(query(DROP + " /*" + "x" * (FULL - len(DROP) - 6) + "*/")))
    yield attack("several statements", ask(query("SELECT 1; " + DROP)))
    yield attack("several statements, asked for", ask(command(0x1B, b"\0\0")), ask(query("SELECT 1; DROP TABLE x")))
    yield harmless("several statements", ask(query("SELECT 1; SELECT 2; DO 1")))
    # MariaDB knows these commands no more.
    yield Row("idle", "drop database", login(), ask(command(6, b"bait")), *asks("SELECT 1"))
    yield Row("idle", "create database", login(), ask(command(5, b"other")), *asks("SELECT 1"))
    yield Row("idle", "multi", login(), ask(command(0xFE, b"\x0d\0\0\0\x03" + DROP.encode())), *asks("SELECT 1"))
    yield harmless("create database, use it", ask(command(2, b"bait")), ask(query("SELECT 1")), ask(command(2, b"shop")))
    yield harmless("ping, statistics, option", ask(command(0x0E)), statistics, ask(command(0x1B, b"\0\0")))
    yield harmless("reset", ask(command(0x1F)), ask(query("SELECT count(*) FROM x")))
    yield attack("reset, then drop", ask(command(0x1F)), ask(query(DROP)))
    yield attack("another user, then drop", change_user(45), ask(query(DROP)))
    yield harmless("another user", change_user(45), ask(query("SELECT count(*) FROM x")))
    load = query("LOAD DATA LOCAL INFILE 'f' INTO TABLE o")
    yield harmless("a file that looks like a command", ask(load), infile(b"7\t7\n" + query(DROP)))
    yield attack("drop behind a file", ask(load), infile(b"7\t7\n"), ask(query(DROP)))


def preparing():
    yield attack("prepared", prepare(DROP), execute())
    yield attack("prepared, the last one", prepare(DROP), execute(identifier=0xFFFFFFFF))
    yield attack("prepared and executed at once", at_once(DROP))
    yield attack("a delete at once", at_once("DELETE FROM x"))
    yield harmless("prepared and executed at once", at_once("SELECT name FROM x"), at_once("SELECT 1"))
    yield attack("prepared in bulk", prepare("DELETE FROM x"), execute())
    yield attack("prepared delete", prepare("DELETE FROM x WHERE 1"), execute())
    yield harmless("prepared", prepare("SELECT count(*) FROM x"), execute(), execute())
    yield harmless("prepared, the last one", prepare("SELECT name FROM x"), execute(identifier=0xFFFFFFFF))
    yield harmless("prepared, behind a mistake", prepare("SELEC"), prepare("SELECT 1"), execute(), close, prepare("SELECT 2"), execute())
    parameter = b"\0\x01\0\0\0\0\x01\xfd\0"
    update = "UPDATE x SET name = ? WHERE id = 2"
    yield harmless("a parameter that looks like SQL", prepare(update), execute(rest=parameter + b"\x0cDROP TABLE x"))
    yield harmless("long data that looks like a command", prepare(update), long_data(query(DROP)[:19]), execute(rest=parameter))
    bulk = b"\x80\0" + b"\xfd\0" + b"\0\x01q"
    insert = "INSERT INTO o (id) VALUES (?)"
    number = b"\x80\0" + b"\x03\0" + b"".join(b"\0" + struct.pack("<I", value) for value in (11, 12))
    yield Row("harmless", "bulk", login(USUAL & ~1, extended=4), prepare(insert), execute(0xFA, rest=number))
    # MariaDB runs no DELETE in bulk, and no bulk of a client that has not asked for it.
    yield Row("idle", "bulk delete", login(), prepare("DELETE FROM x WHERE id > 0 OR name = ?"), execute(0xFA, rest=bulk))
    yield harmless("prepared, reset, prepared", prepare("SELECT 1"), execute(), ask(command(0x1F)), prepare("SELECT 2"), execute())
    rows = "SELECT * FROM x a, x b, x c, x d LIMIT 600"
    yield harmless("prepared behind a long result", *asks(rows), prepare("SELECT 1"), execute())


def hiding():
    for collation, name in [(28, "gbk"), (1, "big5"), (13, "sjis"), (95, "cp932"), (24, "gb2312"), (12, "ujis"), (19, "euckr")]:
        if name in ("gb2312", "ujis", "euckr"):
            text = b"SELECT 1; DROP TABLE x"
        else:
            # A letter whose second byte is a backslash: the quote behind it ends the string.
            first = b"\xbf" if name == "big5" else b"\x95"
            text = b"SELECT '" + first + b"\\'; DROP TABLE x; -- '"
        yield Row("attack", f"login in {name}", login(collation=collation), ask(query(text)))
        yield Row("attack", f"change to {name}", login(), change_user(collation), ask(query(text)))
        if name in ("gbk", "big5", "sjis", "cp932"):
            for how in (f"SET NAMES {name}", f"SET CHARACTER SET {name}", f"SET character_set_client = {name}", f"SET @@session.character_set_client={name}"):
                yield attack(how, ask(query(how)), ask(query(text)))
    yield Row("idle", "ucs2 is not for clients", login(collation=35), ask(query(DROP)))
    yield Row("idle", "TLS", login(USUAL | TLS), ask(query(DROP)))
    yield Row("idle", "compression", login(USUAL | COMPRESS), ask(query(DROP)))
    yield harmless("utf8", *asks("SET NAMES utf8mb4", "SELECT 'ä\\'', 'DROP'", "SELECT 1"))
    for how in ("SET sql_mode = ANSI_QUOTES", "SET SESSION sql_mode='ANSI'", "SET @@sql_mode=concat(@@sql_mode, ',ANSI_QUOTES')", "SET @a='ANSI_QUOTES'; SET sql_mode=@a"):
        yield attack(f"{how}: a name", *asks(how, 'DELETE FROM x WHERE "id" = id'))
    for how in ("SET sql_mode = NO_BACKSLASH_ESCAPES", "SET @m='NO_BACKSLASH_ESCAPES'; SET sql_mode=@m"):
        yield attack(f"{how}: a quote", *asks(how, "SELECT '\\'; DROP TABLE x; -- '"))
    yield attack("a mode for one statement", *asks("SET STATEMENT sql_mode='NO_BACKSLASH_ESCAPES' FOR SELECT '\\'; DROP TABLE x; -- '", DROP))
    yield attack("mode of the server", *asks("SET GLOBAL sql_mode='NO_BACKSLASH_ESCAPES'"))
    yield attack("|| joins texts", *asks("SET sql_mode = 'PIPES_AS_CONCAT'", "DELETE FROM x WHERE id <= 1 || id <= 1"))
    yield harmless("another mode, and nothing that it changes", *asks("SET sql_mode='ANSI,TRADITIONAL'", "SELECT 'a', `id` FROM x WHERE id = 1", "DELETE FROM x WHERE id = 3"))
    yield harmless("no escapes, and none written", *asks("SET SESSION sql_mode='NO_BACKSLASH_ESCAPES'", "SELECT 'it''s; DROP TABLE x'", "DELETE FROM x WHERE name = 'c'"))
    gbk = query(b"SELECT '\x95\\'; DROP TABLE x; -- '")
    for name in SAFE:
        how = (f"SET NAMES {name}", f"SET CHARACTER SET '{name}'", f"SET character_set_client = {name}")
        steps = [step for text in how for step in (ask(query(text)), ask(query(LETTERS)))]
        yield harmless(f"encoding {name}", *steps, *asks("DELETE FROM x WHERE id = 3"))
    yield attack("SET NAMES latin1, a space", *asks("SET NAMES latin1"), ask(query(b"DROP\xa0TABLE x")))
    saving = ("SET @saved_cs_client = @@character_set_client", "SET character_set_client = latin1", "SET character_set_client = @saved_cs_client")
    modes = ("SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO'", "CREATE TABLE z (id int)", "SET SQL_MODE=@OLD_SQL_MODE")
    yield harmless("what a dump saves", *asks(*saving, *modes, "SELECT 'it\\'s; DROP TABLE x'"))
    for how in ("SET @saved_cs_client = 'gbk'", "SELECT 'gbk' INTO @saved_cs_client", "SET @`SAVED_cs_client` = 'gbk'", "SET @'saved\\_cs_client' = 1, @'\\saved_cs_client' = 'gbk'"):
        yield attack(f"{how}: restored", *asks(how, "SET character_set_client = @saved_cs_client"), ask(gbk))
    yield harmless("usual modes", *asks("SET sql_mode='STRICT_TRANS_TABLES,NO_ZERO_DATE'", "SELECT 'it\\'s; DROP TABLE x'"))
    yield Row("attack", "attributes that nobody reads", login(USUAL | ATTRIBUTES), ask(query(DROP)))
    yield Row("harmless", "attributes that nobody reads", login(USUAL | ATTRIBUTES), ask(query("SELECT 1")))


def disguises():
    for text in [
        "DROP/**/TABLE/**/x", "/*! DROP TABLE x */", "/*!50000 DROP TABLE x */", "/*!50000DROP*/ TABLE x", "/*M! DROP TABLE x */",
        "/*M!100000 DROP TABLE x */", "/*!101100 DROP TABLE x */", "/*!100000DROP*//*!100000 TABLE*/ x", "# x\nDROP TABLE x",
        "-- x\nDROP TABLE x", "--\nDROP TABLE x", "--\tx\nDROP TABLE x", "drop  table\tx", "DROP TABLE `x`", "DROP TABLE shop . x",
        "/* a /* b */ DROP TABLE x", "/*!999999 x */ DROP TABLE x", "/*!50000 SELECT 1 */; DROP TABLE x", "DROP TABLE IF EXISTS x, y",
        "DROP TEMPORARY TABLE IF EXISTS q; DROP TABLE x", "DROP TABLE x RESTRICT", "DROP TABLE /*!50000 x */", "DROP TABLES x", "(SELECT 1); DROP TABLE x", "DROP TABLE x;",
        "SELECT '\\''; DROP TABLE x; -- '", "SELECT 'a''b'; DROP TABLE x", 'SELECT "\\""; DROP TABLE x; -- "', "SELECT 1--1; DROP TABLE x", "SELECT `a``b` FROM (SELECT 1 `a``b`) t; DROP TABLE x",
        "DROP DATABASE bait", "DROP SCHEMA bait", "DROP VIEW v", "TRUNCATE x", "TRUNCATE TABLE x", "RENAME TABLE x TO y; DROP TABLE y", "CREATE OR REPLACE TABLE x (a int)",
        "ALTER TABLE x DROP COLUMN name", "ALTER TABLE x RENAME TO y, DROP COLUMN name", "ALTER TABLE x DISCARD TABLESPACE", "EXECUTE IMMEDIATE 'DROP TABLE x'",
        "EXECUTE IMMEDIATE concat('DR', 'OP TABLE x')", "SET @a = 'DROP TABLE x'; PREPARE s FROM @a; EXECUTE s", "PREPARE s FROM 'DROP TABLE x'; EXECUTE s",
        "BEGIN NOT ATOMIC DROP TABLE x; END", "BEGIN NOT ATOMIC IF 1 THEN DELETE FROM x; END IF; END", "SET STATEMENT max_statement_time=1 FOR DELETE FROM x",
        "CREATE USER eve", "GRANT ALL ON *.* TO eve@'%' IDENTIFIED BY 'x'", "CREATE OR REPLACE USER eve IDENTIFIED BY 'x'",
        "REPLACE INTO x SELECT id, 'p', 'w' FROM o", "INSERT INTO x SELECT id, 'p', 'w' FROM o ON DUPLICATE KEY UPDATE name = 'p'", "DELETE x, o FROM x JOIN o ON x.id = o.xid",
        "DELETE FROM x USING x, o", "DELETE o FROM x, o WHERE x.id = o.xid", "UPDATE x, o SET x.name = 'p' WHERE x.id = o.xid", "UPDATE x SET name = 'p' ORDER BY id LIMIT 1000", "DELETE FROM x ORDER BY id LIMIT 1000",
        "DELETE QUICK IGNORE FROM x", "UPDATE LOW_PRIORITY IGNORE x SET name = 'p'", "WITH a AS (SELECT 1) SELECT * FROM a; DELETE FROM x", "DELETE FROM x RETURNING id",
        "EXPLAIN SELECT 1; DROP TABLE x", "ANALYZE DELETE FROM x", "ANALYZE FORMAT=JSON UPDATE x SET name = 'p'", "DELETE FROM x WHERE id IN (SELECT xid FROM o)",
    ]:
        yield attack(text, *asks(text))
    for condition in [
        "1", '"1"', "'1abc'", "!0", "NOT 0", "~0", "0x1", "b'1'", "1 DIV 1", "TRUE IS TRUE", "1 XOR 0", "NULL <=> NULL", "'a' LIKE 'a'", "id = id", "id <=> id",
        "id REGEXP '.*'", "id RLIKE '.'", "name LIKE '%'", "1 OR id = 3", "id = 3 OR 1", "id = 3 || 1", "id > 0", "id IN (id)", "id IS NOT NULL", "name = 0", "name = FALSE", "NOT name",
        "name <> 'q'", "id NOT IN (77)", "-1", "1.0", "1e0", "0.5", "'0.1'", "@a := 1", "IF(1, 1, 0)", "CASE WHEN 1 THEN 1 END", "COALESCE(NULL, 1)", "EXISTS (SELECT 1)", "(SELECT 1)", "length('a')", "id & -1", "id | 1", "id ^ 0", "id = id + 0",
        "NOT (id = 77)", "(id, 1) = (id, 1)", "ifnull(id, 1)", "name = name", "'b' > 'a'", "2 > 1", "1 = 1.0", "1 IN (1, 2)", "'a' = 'A'", "'a' = 'a '", "pi() > 3", "1 < 2 < 3", "id = 1 OR id <> 1", "DATE '2020-01-01'", "id % 1 = 0", "sign(id)", "id * 0 = 0", "name SOUNDS LIKE name", "ROW(1, 2) = (1, 2)", "isnull(NULL)", "1 AND 1 && 1", "id DIV 100 = 0", "id > 0 + 0", "abs(id) = id", "name >= ''", "concat(name) = name", "!(id = 99)", "id = 3 XOR id <> 3", "JSON_VALID('1')", "id MOD 7 < 7",
    ]:
        yield attack(f"WHERE {condition}", *asks("SET sql_safe_updates = 0", f"DELETE FROM x WHERE {condition}"))


def look_alikes():
    for text in [
        "SELECT 'DROP TABLE x'", 'SELECT "DROP TABLE x"', "SELECT 1 /* DROP TABLE x */", "SELECT 1 -- DROP TABLE x", "SELECT 1 # ; DROP TABLE x", "SELECT 1 /*!999999 ; DROP TABLE x */",
        "SELECT 1 /*!99999 ; DROP TABLE x */", "SELECT 1 /*!50701 ; DROP TABLE x */", "SELECT 1 /*!80000 + 1 */", "SELECT 1 /*!50000 + 1 */", "SELECT 1 /*M! + 1 */", "SELECT 1 /*M!100000 + 1 */", "SELECT 1 /*!101100 + 1 */", "SELECT 1 /*!990000 ; DROP */", "SELECT 'it''s; DROP TABLE x'",
        "SELECT 'a\\'; DROP TABLE x; -- '", "SELECT 1--1", "SELECT `id` AS `DROP TABLE` FROM x WHERE id = 1", "SELECT name AS truncate FROM x WHERE id = 1", "DELETE FROM x WHERE id = 3", "UPDATE x SET name = 'DROP TABLE x' WHERE id = 3", "DELETE FROM x WHERE id IN (1, 2)",
        "INSERT INTO x VALUES (9, 'DROP TABLE', 'x')", "INSERT INTO x (id) VALUES (9) ON DUPLICATE KEY UPDATE name = 'q'", "REPLACE INTO x VALUES (5, 'e', 'n')", "SELECT * FROM x WHERE name LIKE 'drop%' ORDER BY id LIMIT 3", "SELECT x.id FROM x JOIN o ON x.id = o.xid WHERE o.id = 2",
        "UPDATE x, o SET x.name = 'q' WHERE o.id = 2 AND x.id = o.xid", "DELETE x FROM x JOIN o ON x.id = o.xid WHERE o.id = 2", "SHOW TABLES", "SHOW CREATE TABLE x", "DESCRIBE x", "EXPLAIN DELETE FROM x", "USE shop", "SET @a = 'DROP TABLE x'", "CREATE TABLE z (id int)", "CREATE TEMPORARY TABLE q (id int)",
        "ALTER TABLE o ADD COLUMN extra int", "CREATE INDEX i ON o (xid)", "START TRANSACTION; UPDATE x SET name = 'q' WHERE id = 1; COMMIT", "SELECT SLEEP(0)", "SELECT now(), version(), database()", "SELECT count(*), max(id) FROM x GROUP BY note HAVING count(*) > 1", "DO 1", "SELECT 1; SELECT 2",
        "WITH RECURSIVE n AS (SELECT 1 AS i UNION ALL SELECT i + 1 FROM n WHERE i < 5) SELECT * FROM n", "SELECT JSON_EXTRACT('{\"a\": 1}', '$.a')", "HANDLER x OPEN; HANDLER x READ FIRST; HANDLER x CLOSE", "SAVEPOINT a", "SELECT CASE WHEN id = 1 THEN 'drop' ELSE 'keep' END FROM x",
        "UPDATE x SET name = 'q' WHERE id = 1 AND (1 = 1)", "DELETE FROM x WHERE id = 1 OR id = 2", "UPDATE x SET note = concat(note, 'q') WHERE name = 'a' AND id > 0", "DELETE FROM o WHERE xid = 1 LIMIT 1", "SELECT @@sql_mode, @@version",
    ]:
        yield harmless(text, *asks(text))


def rows():
    for group in (framing, preparing, hiding, disguises, look_alikes):
        yield from group()
