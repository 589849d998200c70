"""A MySQL client of bytes: it writes exactly what a row of `mysql_rows.py` says, and
tells for each what came back and what the server has left.

    mysql_wire.py PORT SOCKET

Over the unix socket, which no statement rule covers, it makes the tables anew before
each row and looks at them afterwards. A line of the output is one row.
"""

import json
import socket
import struct
import sys

import mysql_rows
import pymysql

FIXTURE = """
SET GLOBAL sql_mode = DEFAULT
CREATE DATABASE IF NOT EXISTS shop
CREATE DATABASE IF NOT EXISTS bait
CREATE OR REPLACE TABLE shop.x (id int PRIMARY KEY, name varchar(20), note varchar(20))
INSERT INTO shop.x VALUES (1, 'a', 'n'), (2, 'b', 'n'), (3, 'c', 'n'), (4, 'd', 'n'), (5, 'e', 'n')
CREATE OR REPLACE TABLE shop.o (id int PRIMARY KEY, xid int)
INSERT INTO shop.o VALUES (1, 1), (2, 2), (3, 3), (4, 4), (5, 5)
CREATE OR REPLACE VIEW shop.v AS SELECT 1 AS one
DROP TABLE IF EXISTS shop.y, shop.z, shop.data
DROP USER IF EXISTS eve
"""

# What a row must not change: see `Server.look`.
LOOK = {
    "databases": "SELECT group_concat(schema_name ORDER BY 1) FROM information_schema.schemata",
    "tables": "SELECT group_concat(table_schema, '.', table_name ORDER BY 1) FROM information_schema.tables"
    " WHERE table_schema IN ('shop', 'bait')",
    "users": "SELECT count(*) FROM mysql.global_priv",
    "mode": "SELECT @@GLOBAL.sql_mode",
}
ROWS = {
    "x": "SELECT count(*) FROM shop.x WHERE (id, name, note) IN ((1,'a','n'), (2,'b','n'), (3,'c','n'), (4,'d','n'), (5,'e','n'))",
    "o": "SELECT count(*) FROM shop.o WHERE id = xid AND id < 6",
}

EXACT = {
    "rows": "SELECT (SELECT count(*) FROM shop.x) + (SELECT count(*) FROM shop.o)",
    "columns": "SELECT count(*) FROM information_schema.columns WHERE table_schema = 'shop'",
    "indexes": "SELECT count(*) FROM information_schema.statistics WHERE table_schema = 'shop'",
}


class Server:
    """The server behind every guard."""

    def __init__(self, path):
        self.admin = pymysql.connect(unix_socket=path, user="app", autocommit=True)
        self.cursor = self.admin.cursor()
        self.before = None

    def value(self, sql):
        self.cursor.execute(sql)
        return self.cursor.fetchone()[0]

    def again(self):
        # A connection that has just ended may still hold its locks.
        self.cursor.execute("SELECT id FROM information_schema.processlist WHERE user = 'app' AND id <> connection_id()")
        for (thread,) in self.cursor.fetchall():
            try:
                self.cursor.execute(f"KILL {thread}")
            except pymysql.err.MySQLError:
                pass
        # Making the tables takes longer than looking at them.
        if self.before is None or self.state() != self.before:
            for line in FIXTURE.strip().splitlines():
                self.cursor.execute(line)
            self.before = self.state()

    def state(self):
        try:
            return {name: self.value(sql) for name, sql in {**LOOK, **ROWS, **EXACT}.items()}
        except pymysql.err.MySQLError:
            return None

    def look(self):
        """What is gone: names of what has changed, and tables with at most one old row."""
        lost = {name for name, sql in LOOK.items() if self.value(sql) != self.before[name]}
        for table, sql in ROWS.items():
            try:
                if self.value(sql) <= 1:
                    lost.add(f"rows of {table}")
            except pymysql.err.MySQLError:
                lost.add(f"rows of {table}")
        return sorted(lost)


class Client:
    """One connection. What an answer was goes to `told`."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.settimeout(8)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.bytes = b""
        self.told = []
        self.last = 0
        self.packet()

    def write(self, data):
        self.socket.sendall(data)

    def take(self, count):
        while len(self.bytes) < count:
            try:
                data = self.socket.recv(1 << 16)
            except BlockingIOError:
                # The kernel woke a socket with a voice without data.
                continue
            if not data:
                raise EOFError
            self.bytes += data
        taken, self.bytes = self.bytes[:count], self.bytes[count:]
        return taken

    def packet(self):
        head = self.take(4)
        self.number = head[3]
        return self.take(int.from_bytes(head[:3], "little"))

    def rows(self, columns):
        """Reads a result: definitions, rows, an EOF behind each."""
        for _ in range(columns):
            self.packet()
        rows = 0
        self.packet()
        while True:
            payload = self.packet()
            if payload[0] == 0xFF:
                self.told.append(self.error(payload))
                return 0
            if payload[0] == 0xFE and len(payload) < 9:
                self.told.append(f"{rows} rows")
                return struct.unpack("<H", payload[3:5])[0]
            rows += 1

    def error(self, payload):
        number = struct.unpack("<H", payload[1:3])[0]
        text = payload[3:].decode(errors="replace")
        rule = text.split('"')[1] if text.startswith("#42000guard") and '"' in text else ""
        return f"error {number} {rule}".strip()

    def answer(self):
        """Reads the whole answer to a command."""
        while True:
            payload = self.packet()
            more = 0
            if payload[0] == 0xFF:
                self.told.append(self.error(payload))
            elif payload[0] == 0x00:
                self.told.append("ok")
                status = payload[1:]
                for _ in range(2):
                    size = {0xFC: 3, 0xFD: 4, 0xFE: 9}.get(status[0], 1)
                    status = status[size:]
                more = struct.unpack("<H", status[:2])[0]
            elif payload[0] == 0xFE and len(payload) < 9:
                self.told.append("eof")
            elif payload[0] == 0xFB:
                self.told.append("file?")
                return
            else:
                more = self.rows(payload[0])
            if not more & 8:
                return

    def prepared(self):
        """Reads the answer to COM_STMT_PREPARE."""
        payload = self.packet()
        if payload[0] == 0xFF:
            self.told.append(self.error(payload))
            return
        self.last, columns, parameters = struct.unpack("<IHH", payload[1:9])
        for count in (parameters, columns):
            for _ in range(count + 1 if count else 0):
                self.packet()
        self.told.append("prepared")

    def statistics(self):
        self.packet()
        self.told.append("text")


def play(row, port):
    client = Client(port)
    try:
        for step in row.steps:
            step(client)
    except (OSError, EOFError) as error:
        client.told.append("gone" if not isinstance(error, TimeoutError) else "HANGS")
    client.socket.close()
    return client.told


def main():
    port, path = int(sys.argv[1]), sys.argv[2]
    server = Server(path)
    for row in mysql_rows.rows():
        server.again()
        told = play(row, port)
        print(json.dumps({"name": row.name, "kind": row.kind, "told": told, "lost": server.look()}), flush=True)


main()
