# Every kind of \d and its neighbours, on a schema with one of each object.
set -e
psql -X -q -v ON_ERROR_STOP=1 <<'SQL'
CREATE TABLE customers (id serial PRIMARY KEY, name text NOT NULL CHECK (name <> ''), born date DEFAULT now());
CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer int REFERENCES customers ON DELETE CASCADE, at timestamptz) PARTITION BY RANGE (id);
CREATE TABLE orders_1 PARTITION OF orders FOR VALUES FROM (1) TO (1000);
CREATE INDEX ON customers (lower(name));
CREATE VIEW adults AS SELECT * FROM customers WHERE born < now() - interval '18 years';
CREATE MATERIALIZED VIEW counts AS SELECT count(*) FROM customers;
CREATE SEQUENCE numbers;
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE DOMAIN positive AS int CHECK (value > 0);
CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql AS 'SELECT 2 * $1';
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER noted AFTER INSERT ON customers FOR EACH ROW EXECUTE FUNCTION note();
CREATE STATISTICS names ON id, name FROM customers;
SQL
for command in '\d' '\d+' '\d customers' '\d+ customers' '\d orders' '\d+ orders' '\d orders_1' '\d adults' '\d+ counts' \
    '\d numbers' '\dt' '\dt+' '\dt *.*' '\di+' '\dv+' '\dm+' '\ds+' '\df' '\df+ twice' '\da' '\dT+' '\dD+' '\dn+' '\du+' \
    '\dp' '\dg' '\l+' '\db+' '\dx' '\dy' '\dRp' '\dF' '\dL' '\dc' '\dC' '\do' '\dO' '\dconfig' '\dd' '\ddp' '\drds' '\dX' \
    '\dP+' '\dA' '\dew' '\des' '\det' '\dl' '\sf twice' '\sv adults' '\z customers' '\encoding' '\conninfo'; do
    psql -X -q -c "$command" > /dev/null
done
# Tab completion's queries, a transaction, variables, and fetching in pieces.
psql -X -q -v FETCH_COUNT=2 -c "SELECT * FROM customers WHERE name LIKE 'a%'" > /dev/null
psql -X -q -1 -c "INSERT INTO customers (name) VALUES ('a'), ('b')" -c "SELECT count(*) FROM customers WHERE name = 'a'" > /dev/null
echo "SELECT 1 \\gdesc" | psql -X -q > /dev/null
printf 'x\ny\n' | psql -X -q -c "\\copy customers (name) FROM STDIN"
psql -X -q -c "\\copy (SELECT name FROM customers WHERE id < 3) TO STDOUT" > /dev/null
