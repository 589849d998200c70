"""What statements do to a real PostgreSQL: the last word on what Guard says of them.

Each statement runs as the administrator in a transaction that is rolled back, or
in a database of its own where it ends the transaction itself.
"""

import re

import psycopg

ROWS = 100
SSN = re.compile(r"ssn-\d+")

SCHEMA = f"""
CREATE TABLE customers (id int PRIMARY KEY, name text, ssn text, note text);
INSERT INTO customers SELECT i, 'n' || i, 'ssn-' || i, NULL FROM generate_series(1, {ROWS}) i;
CREATE TABLE orders (id int PRIMARY KEY, cid int);
INSERT INTO orders SELECT i, i FROM generate_series(1, {ROWS}) i;
CREATE INDEX orders_cid ON orders (cid);
CREATE TABLE plain (id int);
INSERT INTO plain SELECT generate_series(1, {ROWS});
CREATE TABLE audit (id int, note text);
INSERT INTO audit SELECT i, 'x' FROM generate_series(1, {ROWS}) i;
CREATE TABLE bait (id int);
CREATE SCHEMA hr;
CREATE SCHEMA other;
CREATE TABLE hr.pay (id int);
CREATE VIEW v AS SELECT 1 AS x;
CREATE MATERIALIZED VIEW mv AS SELECT 1 AS x;
CREATE SEQUENCE seq;
CREATE TYPE mood AS ENUM ('a');
CREATE DOMAIN positive AS int CHECK (value > 0);
CREATE FUNCTION purge() RETURNS void LANGUAGE sql AS 'DELETE FROM orders; DELETE FROM customers';
CREATE PROCEDURE purge_p() LANGUAGE sql AS 'DELETE FROM orders; DELETE FROM customers';
CREATE FUNCTION trig() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE FUNCTION etrig() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE TRIGGER t BEFORE INSERT ON bait EXECUTE FUNCTION trig();
CREATE RULE r AS ON INSERT TO audit DO ALSO NOTHING;
CREATE POLICY p ON customers USING (true);
"""

ROLES = """
DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'agent') THEN CREATE ROLE agent; CREATE ROLE staff; END IF;
END $$
"""

def text_of(result):
    """The message of an error or notice."""
    text = result.error_message or ""
    return text.decode(errors="replace") if isinstance(text, bytes) else text


class Effect:
    """What a statement did."""

    def __init__(self):
        self.error = None
        self.rows = 0
        self.leaked = 0
        self.changed = {}

    @property
    def most(self):
        """The largest share of a table's rows that was changed or is gone."""
        return max(self.changed.values(), default=0)


class Server:
    """A server with a little schema in a database that can be made again."""

    def __init__(self, target):
        self.target = target
        with psycopg.connect(f"{target} dbname=postgres", autocommit=True) as admin:
            admin.execute(ROLES)
            admin.execute("DROP DATABASE IF EXISTS template_of_t")
            admin.execute("CREATE DATABASE template_of_t")
        with psycopg.connect(f"{target} dbname=template_of_t", autocommit=True) as first:
            first.execute(SCHEMA)
        self.made = False
        self.connection = None
        self.again()

    def again(self):
        """The database as it was."""
        if self.connection is not None:
            self.connection.close()
        with psycopg.connect(f"{self.target} dbname=postgres", autocommit=True) as admin:
            admin.execute("DROP DATABASE IF EXISTS t WITH (FORCE)")
            admin.execute("CREATE DATABASE t TEMPLATE template_of_t")
        self.connection = psycopg.connect(f"{self.target} dbname=t", autocommit=True)
        self.wire = self.connection.pgconn
        self.notices = []
        self.wire.notice_handler = lambda result: self.notices.append(text_of(result))
        self.value("SET statement_timeout = '5s'")

    def value(self, sql):
        result = self.wire.exec_(sql.encode())
        value = result.get_value(0, 0) if result.ntuples else None
        return value.decode() if value is not None else None

    def run(self, sql):
        """Runs one text and looks at what it did."""
        effect = Effect()
        self.wire.exec_(b"BEGIN")
        self.notices.clear()
        self.results(sql, effect)
        status = self.wire.transaction_status
        if self.wire.status != 0:
            effect.error = effect.error or "connection lost"
            self.again()
        elif status == 0:
            # It ended the transaction: what it did stays.
            self.look(effect)
            self.again()
        else:
            if status == 2:
                self.look(effect)
            self.wire.exec_(b"ROLLBACK")
            self.wire.exec_(b"CLOSE ALL; DEALLOCATE ALL")
        return effect

    def results(self, sql, effect):
        self.wire.send_query(sql.encode())
        text = []
        while (result := self.wire.get_result()) is not None:
            if result.status == 3:  # COPY TO STDOUT
                while (read := self.wire.get_copy_data(0))[0] > 0:
                    text.append(bytes(read[1]).decode(errors="replace"))
                continue
            if result.status == 4:  # COPY FROM STDIN
                self.wire.put_copy_end()
                continue
            if text_of(result):
                effect.error = text_of(result)
                text.append(text_of(result))
            effect.rows = max(effect.rows, result.ntuples)
            for row in range(result.ntuples):
                for column in range(result.nfields):
                    value = result.get_value(row, column)
                    text.append(value.decode(errors="replace") if value else "")
        text += self.notices
        effect.leaked = len(set(SSN.findall(" ".join(text))))

    def look(self, effect):
        """Rows that are gone or were written by this transaction."""
        for table in ("orders", "customers", "plain", "audit"):
            there = self.value(f"SELECT to_regclass('public.{table}')")
            if not there:
                effect.changed[table] = ROWS
                continue
            old = self.value(
                f"SELECT count(*) FROM public.{table} WHERE xmin <> coalesce(pg_current_xact_id_if_assigned()::xid, '0'::xid)"
            )
            effect.changed[table] = ROWS - int(old or 0)
