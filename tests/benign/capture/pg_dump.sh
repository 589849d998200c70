# A dump of the shop in three formats, and a restore of it.
set -e
psql -X -q -v ON_ERROR_STOP=1 <<'SQL'
CREATE SCHEMA shop;
CREATE TYPE shop.mood AS ENUM ('good', 'bad');
CREATE TABLE shop.customers (id serial PRIMARY KEY, name text NOT NULL, mood shop.mood, data jsonb);
CREATE TABLE shop.orders (id int PRIMARY KEY, customer int REFERENCES shop.customers, total numeric(10, 2) CHECK (total >= 0));
CREATE INDEX ON shop.orders (customer);
CREATE VIEW shop.totals AS SELECT customer, sum(total) FROM shop.orders GROUP BY customer;
CREATE FUNCTION shop.twice(int) RETURNS int LANGUAGE sql AS 'SELECT 2 * $1';
COMMENT ON TABLE shop.customers IS 'who buys';
INSERT INTO shop.customers (name, mood) SELECT 'n' || i, 'good' FROM generate_series(1, 20) i;
INSERT INTO shop.orders SELECT i, i, i FROM generate_series(1, 20) i;
SQL
pg_dump -Fc -f dump.custom
pg_dump --inserts > dump.sql
pg_dump -s > schema.sql
pg_dump -Fd -j 2 -f dump.folder
pg_dump -t shop.orders > table.sql
psql -X -q -c 'DROP SCHEMA shop CASCADE'
pg_restore -d "$PGDATABASE" dump.custom
