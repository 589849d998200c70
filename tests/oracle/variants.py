"""Statements to try on a real server: attacks in many spellings, and look-alikes.

Nothing here says what is right. The server does: see `effects.py`.
"""

import random
import re

# Conditions that hold for every row of `orders (id, cid)`, or look like it.
ORDERS = r"""
1=1 | true | NOT false | 2>1 | 'a'='a' | id=id | orders.id = id | 1 | id = id + 0 | id*0 = 0 | id - id = 0
id = 7 OR true | id = 7 OR 1=1 | true OR id = 7 | id IS NOT NULL | id IS NULL OR id IS NOT NULL | NOT (id IS NULL)
id >= 0 | id > 0 | id >= 1 | id > -1 | id > -5 + 1 | id > - -0 | id > 1 - 1 | id > '0' | id >= '-1' | id <> 0 | id != -1
id < 1000 | id <= 100 | id < 101 | id < 1000000 | id <= 2147483647 | id < 999999 | id < 1e9 | id < 10^9 | id < 5 * 1000
id < power(10, 9) | id < - -1000000 | id > ~ 5 | id BETWEEN 0 AND 1000 | id BETWEEN 1 AND 100 | id BETWEEN -2147483648 AND 2147483647
id BETWEEN SYMMETRIC 2147483647 AND -5 | id NOT BETWEEN 200 AND 300 | id NOT IN (0) | id NOT IN (-1, -2) | NOT id = 0 | NOT (id = -1)
id IN (SELECT id FROM orders) | id IN (SELECT o.id FROM orders o WHERE o.id = orders.id) | id = ANY(SELECT id FROM orders)
id = ANY(ARRAY(SELECT id FROM orders)) | id IN (SELECT generate_series(1, 1000)) | id IN (SELECT g FROM generate_series(1, 1000) g)
id = (SELECT id) | id IN (SELECT orders.id) | id IN (VALUES (id)) | id = ANY(ARRAY[id]) | id IN (id) | id IN (1, id)
id IN (SELECT id FROM orders LIMIT 100) | id IN (SELECT id FROM orders LIMIT 9999) | id IN (SELECT id FROM orders LIMIT 1 + 999)
id IN (SELECT id FROM orders LIMIT ALL) | id IN (SELECT id FROM orders ORDER BY 1=1 FETCH FIRST 1 ROW WITH TIES)
id = (SELECT o.id FROM orders o WHERE o.id = orders.id LIMIT 1) | EXISTS (SELECT 1) | EXISTS (SELECT 1 FROM orders)
EXISTS (SELECT 1 FROM orders o WHERE o.id = orders.id) | EXISTS (SELECT 1 FROM customers WHERE id = 5)
EXISTS (SELECT 1 FROM customers c JOIN orders o ON c.id = o.cid WHERE c.id = 5) | NOT EXISTS (SELECT 1 WHERE false)
id IN (SELECT id FROM orders WHERE id = 5 UNION SELECT id FROM orders) | id IN (SELECT id FROM orders WHERE true)
id IN (SELECT x FROM unnest(ARRAY[orders.id]) x) | coalesce(id, 1) = coalesce(id, 1) | coalesce(id, id) = id
CASE WHEN true THEN true END | CASE WHEN id > 0 THEN true ELSE false END | CASE id WHEN id THEN true END
(SELECT true) | (1=1) AND (2=2) | ((1=1)) | ((((id = id)))) | (id = 7) OR NOT (id = 7) | id = 7 OR id <> 7
1 OPERATOR(pg_catalog.=) 1 | id OPERATOR(pg_catalog.=) id | id::text LIKE '%' | id::text ILIKE '%%' | id::text LIKE '%' || ''
id::text LIKE E'%' | id::text LIKE U&'\0025' | id::text LIKE chr(37) | id::text LIKE concat('%', '%') | id::text LIKE ANY(ARRAY['a', '%'])
id::text ~ '.*' | id::text ~ '' | id::text ~ '^' | id::text SIMILAR TO '%' | id::text NOT LIKE 'x' | id::text !~ 'x'
id IS DISTINCT FROM 0 | id IS NOT DISTINCT FROM id | (id = 5) IS NOT NULL | (id > 0) IS TRUE | (id > 0) = true | (id = 0) = false
ctid >= '(0,0)' | ctid IS NOT NULL | ctid <> '(99,99)' | tableoid = 'orders'::regclass | tableoid::regclass::text = 'orders'
xmin::text <> '' | xmax::text = '0' | cmin::text = '0' | orders IS NOT NULL | orders = orders | orders.* = orders.*
ROW(id) = ROW(id) | (id, cid) = (id, cid) | (id, cid) >= (0, 0) | ROW(id, 1) > ROW(0, 0) | (id) IN (SELECT id FROM orders)
id % 1 = 0 | id / 1000 = 0 | id & 0 = 0 | id >> 20 = 0 | abs(id) >= 0 | sign(id) = 1 | mod(id, 1) = 0 | id ^ 0 = 1
length(id::text) > 0 | length(id::text) < 10 | left(id::text, 0) = '' | substr(id::text, 99) = '' | repeat(id::text, 0) = ''
pg_typeof(id) = 'integer'::regtype | num_nulls(id) = 0 | num_nonnulls(id) = 1 | greatest(id, 0) >= 0 | greatest(id, 5) >= 5 | least(id, 5) <= 5
nullif(id, id) IS NULL | id::text || '' = id::text | concat(id, '') = id::text | now() > '2000-01-01' | now() IS NOT NULL | current_user IS NOT NULL
'x' IN ('x') | 1 IN (1, 2) | 5 BETWEEN 1 AND 10 | id > ANY('{0}') | id >= ALL('{}'::int[]) | id = ANY('{}'::int[]) IS NOT NULL
id <@ '(,)'::int4range | id <@ int4range(NULL, NULL) | '{}'::int[] <@ ARRAY[id] | ARRAY[id] @> '{}' | id = cid OR id <> cid | NULL IS NULL
random() < 2 | length('x') = 1 | lower('A') = 'a' | true AND true | NOT NOT true | id = 5 IS NOT NULL | id IS NOT NULL AND cid IS NOT NULL
id > (SELECT 0) | id <= (SELECT max(id) FROM orders) | id >= (SELECT min(id) FROM orders) | id > (SELECT -1) | (SELECT count(*) FROM orders) > 0
id = 5 OR EXISTS (SELECT 1) | id IN (5) OR '1' = '1' | id IN (SELECT cid FROM orders) OR true | cid IN (SELECT id FROM customers)
5 IN (5, id) | 5 IN (id, 5) | 5 = ANY(ARRAY[5, id]) | (ARRAY[5, id])[1] = 5 | coalesce(5, id) = 5 | 5 = coalesce(5, id) | coalesce(5, 6, id) < 9
5 + 0 * id = 5 | 5 + id * -0 = 5 | 5 + id * (1 - 1) = 5 | id * abs(0) < 5 | round(5, id * 0) = 5 | left('abc', 3 + 0 * id) = 'abc' | replace('abc', id::text, 'x') = 'abc' OR id = 5 OR true
1 <> 1.5 | 1.0 <> 1.05 | 0 <> 0.5 | 2 <> 1 | NOT (id = 0 AND true) | NOT (2 = 1 AND true) | NOT (2 = 1 AND (true)) | NOT ((id < 0) AND true AND true)
cid = (SELECT c.id FROM customers c WHERE c.id = orders.cid) | cid = cid AND id = id | id/**/=/**/id | id=7 or/**/true
"""

# Conditions that leave most rows alone.
SCOPED = r"""
id = 5 | 5 = id | id IN (1, 2, 3) | id = ANY('{1,2}') | id = ANY(ARRAY[1,2]) | orders.id = 5 | id = 5 AND true | id = 5 AND 1=1
id = 5 AND cid IS NOT NULL | (id = 5) | ((id = 5)) | id = 5 OR id = 6 | (id = 5 OR id = 6) AND id > 0 | id BETWEEN 10 AND 20
id < 10 | id <= 10 | id > 95 | id >= 95 AND id < 99 | id = 5::int | id = '5' | id::text = '5' | id::text LIKE '9_' | id::text IN ('5', '6')
id = 5 AND NOT (cid = 7) | id IS NOT DISTINCT FROM 5 | id IN (SELECT id FROM orders WHERE cid = 5) | id = (SELECT max(id) FROM orders WHERE cid < 5)
id IN (SELECT id FROM orders ORDER BY id LIMIT 10) | id IN (VALUES (1), (2)) | id = (SELECT 5) | (id, cid) = (5, 5) | (id, cid) IN ((5, 5), (6, 6))
EXISTS (SELECT 1 FROM customers c WHERE c.id = orders.cid AND c.name = 'n5') | cid IN (SELECT id FROM customers WHERE name = 'n5')
cid = (SELECT id FROM customers WHERE name = 'n5') | id = 2 + 3 | id + 1 = 6 | id - 1 = 5 | id % 50 = 7 | id = abs(-5) | id = length('abcde')
ctid = '(0,1)' | ctid = ANY(ARRAY['(0,1)'::tid]) | id = 5 AND cid = cid | id OPERATOR(pg_catalog.=) 5 | coalesce(id, 0) = 5
1 = 2 | 0 = 1 | false | id = 5 OR false | id = 5 OR 1 = 0 | 1 <> 1 | NOT true | (id = 5 AND true) | id * 2 = 10 | id + 0 = 5
"""

WRITES = [
    "DELETE FROM orders WHERE {}",
    "UPDATE orders SET cid = cid WHERE {}",
    "WITH d AS (DELETE FROM orders WHERE {} RETURNING id) SELECT count(*) FROM d",
    "EXPLAIN ANALYZE DELETE FROM orders WHERE {}",
    "DELETE FROM ONLY public.orders WHERE {} RETURNING *",
]

# Writes in forms of their own.
FORMS = r"""
DELETE FROM orders
DELETE FROM orders *
DELETE FROM public.orders AS orders
DELETE FROM "orders"
DELETE FROM U&"\006frders"
DELETE FROM orders USING customers
DELETE FROM orders USING customers WHERE orders.cid = customers.id
DELETE FROM orders USING customers c WHERE c.id = 5
DELETE FROM orders USING customers c WHERE c.name = 'n5'
DELETE FROM orders USING customers c, audit a WHERE c.id = a.id AND c.id = 1
DELETE FROM orders o USING orders p WHERE o.id = p.id
DELETE FROM orders o USING orders p WHERE p.id = 5
DELETE FROM orders USING (SELECT 5 AS x) s WHERE s.x = 5
DELETE FROM orders USING generate_series(1, 1000) g WHERE orders.id = g
UPDATE orders SET cid = 1
UPDATE orders SET cid = cid FROM customers WHERE customers.id = 5
UPDATE orders SET cid = c.id FROM customers c WHERE orders.cid = c.id
UPDATE orders SET (cid) = ROW(1)
UPDATE orders o SET cid = (SELECT 1 WHERE o.id = 5)
UPDATE customers SET name='PWN', note=' where id = 1'
UPDATE customers SET name='PWN' /* WHERE id = 1 */
UPDATE customers SET name='PWN' -- WHERE id = 1
UPDATE customers SET note = $$ WHERE id = 1 $$
UPDATE customers SET note = E'\' WHERE id = 1'
WITH a AS (DELETE FROM orders RETURNING 1) SELECT 1
WITH a AS (SELECT 1), b AS (DELETE FROM orders RETURNING 1) SELECT count(*) FROM b
WITH orders AS (SELECT 5 AS id) DELETE FROM public.orders WHERE id IN (SELECT id FROM public.orders)
WITH q AS (SELECT id FROM orders) DELETE FROM orders USING q WHERE orders.id = q.id
WITH q AS (SELECT 5 AS x) DELETE FROM orders USING q
WITH q AS (SELECT 5 AS x) DELETE FROM orders USING q WHERE q.x = 5
WITH a(x) AS (WITH b AS (DELETE FROM orders RETURNING id) SELECT 1) SELECT 1
EXPLAIN (ANALYZE) DELETE FROM orders
EXPLAIN (ANALYZE true, COSTS off) UPDATE orders SET cid = 1
EXPLAIN (ANALYZE 1) DELETE FROM orders
EXPLAIN ANALYZE VERBOSE DELETE FROM orders
COPY (DELETE FROM orders RETURNING *) TO STDOUT
COPY (UPDATE orders SET cid = 1 RETURNING *) TO STDOUT
MERGE INTO orders o USING (SELECT 1) s ON true WHEN MATCHED THEN DELETE
MERGE INTO orders o USING customers c ON o.cid = c.id WHEN MATCHED THEN DELETE
MERGE INTO orders o USING customers c ON c.id = 5 WHEN MATCHED THEN DELETE
MERGE INTO orders USING orders p ON orders.id = p.id WHEN MATCHED THEN UPDATE SET cid = 1
MERGE INTO orders o USING generate_series(1, 1000) g ON o.id = g WHEN MATCHED THEN DELETE
INSERT INTO orders (id, cid) SELECT id, 1 FROM orders ON CONFLICT (id) DO UPDATE SET cid = 0
PREPARE p AS DELETE FROM orders
BEGIN; DELETE FROM orders; COMMIT
SELECT 1; DELETE FROM orders
;;; DELETE FROM orders;
TRUNCATE orders
TRUNCATE TABLE ONLY orders, audit CASCADE
DROP TABLE plain
DROP TABLE IF EXISTS nothing, plain
DROP TABLE public.plain CASCADE
DROP TABLE U&"pl\0061in"
DROP/**/TABLE/*x*/plain
dRoP tAbLe plain
DROP TABLE"plain"
DROP SCHEMA hr CASCADE
DROP SCHEMA IF EXISTS hr, other CASCADE
DROP VIEW v
DROP MATERIALIZED VIEW mv
DROP INDEX orders_cid
DROP FUNCTION purge()
DROP OWNED BY agent
DROP ROLE agent
DROP SEQUENCE seq
DROP TYPE mood
DROP DOMAIN positive
DROP TRIGGER t ON bait
DROP RULE r ON audit
DROP POLICY p ON customers
CREATE TEMP TABLE plain (id int); DROP TABLE public.plain
CREATE TEMP TABLE x (id int); DROP TABLE plain
CREATE TEMP TABLE plain (id int); DROP TABLE plain; DROP TABLE plain
ALTER TABLE plain DROP COLUMN id
ALTER TABLE plain DROP id
ALTER TABLE customers DROP COLUMN IF EXISTS ssn, ADD COLUMN x int
ALTER TABLE plain ALTER COLUMN id TYPE text USING NULL
ALTER TABLE plain ALTER id SET DATA TYPE text USING ''
ALTER TABLE plain RENAME TO gone
ALTER TABLE plain SET SCHEMA hr
ALTER TABLE customers DISABLE ROW LEVEL SECURITY
ALTER TABLE bait DISABLE TRIGGER ALL
ALTER TABLE plain OWNER TO agent
ALTER SCHEMA hr RENAME TO gone
ALTER ROLE agent SUPERUSER
ALTER USER agent CREATEDB
ALTER GROUP staff ADD USER agent
ALTER ROLE agent SET search_path = hr
ALTER DATABASE t SET search_path = hr
ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC
ALTER FUNCTION purge() OWNER TO agent
ALTER FUNCTION purge() SECURITY DEFINER
GRANT ALL ON ALL TABLES IN SCHEMA public TO agent
GRANT staff TO agent
GRANT SELECT ON customers TO PUBLIC
REVOKE ALL ON customers FROM agent
REASSIGN OWNED BY agent TO postgres
CREATE ROLE evil SUPERUSER
CREATE USER evil
CREATE POLICY all_rows ON customers USING (true)
CREATE TABLE copy AS SELECT * FROM customers
CREATE TABLE copy AS TABLE customers
SELECT * INTO copy FROM customers
SELECT * INTO TEMP copy FROM customers
CREATE TEMP TABLE copy AS SELECT * FROM customers
CREATE VIEW leak AS SELECT * FROM customers
CREATE MATERIALIZED VIEW leak AS SELECT * FROM customers
CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'DELETE FROM orders'
CREATE FUNCTION f() RETURNS void LANGUAGE sql BEGIN ATOMIC DELETE FROM orders; END
CREATE RULE r2 AS ON INSERT TO audit DO ALSO DELETE FROM orders
CREATE TRIGGER t2 BEFORE INSERT ON audit EXECUTE FUNCTION trig()
CREATE EVENT TRIGGER et ON ddl_command_start EXECUTE FUNCTION etrig()
CREATE EXTENSION IF NOT EXISTS plpgsql
CREATE CAST (text AS int) WITH INOUT AS IMPLICIT
CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq)
DO $$ BEGIN DELETE FROM orders; END $$
DO LANGUAGE plpgsql 'BEGIN DELETE FROM orders; END'
DO $x$ BEGIN EXECUTE 'DR'||'OP TABLE plain'; END $x$
DO E'BEGIN \x44ELETE FROM orders; END'
DO U&'BEGIN \0044ELETE FROM orders; END'
CALL purge_p()
CALL public.purge_p()
CALL "purge_p"()
SELECT purge()
SELECT public.purge()
SELECT "purge"()
SELECT * FROM purge()
SELECT * FROM ROWS FROM (purge())
SELECT 1 WHERE purge() IS NULL
SELECT 1 ORDER BY purge()
SELECT CASE WHEN true THEN purge() END
SELECT 1 FROM orders WHERE id = 5 AND purge() IS NOT NULL
SELECT 1 WHERE CASE WHEN purge() IS NULL THEN true END
SELECT (SELECT purge())
SELECT ARRAY[purge()]
SELECT count(purge())
SELECT coalesce(NULL, purge()::text)
SELECT 1 FROM LATERAL purge() x
SELECT 1 LIMIT (SELECT 1 FROM purge())
INSERT INTO plain SELECT 1 FROM purge()
INSERT INTO plain VALUES ((SELECT length(purge()::text)))
UPDATE plain SET id = 1 WHERE id = 1 AND purge() IS NULL
VALUES (purge())
SELECT lo_create(77)
SELECT lo_unlink(lo_create(0))
SELECT lo_import('/etc/passwd')
SELECT lo_from_bytea(0, 'x')
SELECT pg_read_file('/etc/passwd')
SELECT pg_ls_dir('/')
SELECT pg_read_binary_file('PG_VERSION')
SELECT * FROM pg_ls_logdir()
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE false
SELECT pg_cancel_backend(0)
SELECT pg_reload_conf()
SELECT pg_rotate_logfile()
SELECT query_to_xml('SELECT ssn FROM customers',true,false,'')
SELECT table_to_xml('customers',true,false,'')
SELECT schema_to_xml('public',true,false,'')
SELECT database_to_xml(true,false,'')
SELECT cursor_to_xml('c', 1, true, false, '')
SELECT * FROM ts_stat('SELECT to_tsvector(ssn) FROM customers')
SELECT ts_rewrite('a'::tsquery, 'SELECT ''a''::tsquery, ssn::tsquery FROM customers')
SELECT set_config('session_replication_role', 'replica', false)
SELECT set_config('row_security', 'off', false)
SELECT set_config('standard_conforming_strings', 'off', false)
SELECT pg_catalog.set_config('client_encoding', 'SJIS', false)
SELECT set_config('role', 'postgres', false)
SELECT nextval('seq'), setval('seq', 1)
SELECT pg_notify('c', (SELECT string_agg(ssn, ',') FROM customers))
SELECT pg_logical_emit_message(true, 'x', 'y')
SELECT pg_create_restore_point('x')
SELECT pg_switch_wal()
SELECT pg_stat_reset()
SELECT pg_file_write('x', 'y', false)
COPY customers TO STDOUT
COPY customers (ssn) TO STDOUT
COPY (SELECT * FROM customers) TO STDOUT
COPY (TABLE customers) TO STDOUT (FORMAT binary)
COPY customers TO '/tmp/guard-x'
COPY customers TO PROGRAM 'cat'
CREATE TEMP TABLE x(l text); COPY x FROM PROGRAM 'id'
COPY plain FROM '/etc/passwd'
SELECT * FROM customers
SELECT ssn FROM customers
TABLE customers
TABLE ONLY customers
SELECT c FROM customers c
SELECT customers FROM customers
SELECT json_agg(c) FROM customers c
SELECT string_agg(ssn, ',') FROM customers
SELECT array_agg(ssn) FROM customers
SELECT cast((SELECT string_agg(ssn,',') FROM customers) AS int)
SELECT (SELECT string_agg(ssn,',') FROM customers)
SELECT * FROM (SELECT * FROM customers) s
SELECT * FROM (TABLE customers) s
SELECT * FROM customers c, orders o WHERE o.id = 5
SELECT * FROM customers c JOIN orders o ON true WHERE o.id = 5
SELECT * FROM customers c CROSS JOIN orders o WHERE o.id = 5
SELECT c.* FROM customers c JOIN orders o ON o.cid = c.id
SELECT c.* FROM customers c, orders o WHERE o.cid = c.id
SELECT c.* FROM customers c LEFT JOIN orders o ON o.cid = c.id AND o.id = 5
SELECT c.* FROM (SELECT 5 AS x) s RIGHT JOIN customers c ON c.id = s.x WHERE true
SELECT * FROM customers UNION ALL SELECT * FROM customers WHERE id = 5
SELECT * FROM customers WHERE id = 5 UNION ALL SELECT * FROM customers
WITH c AS (SELECT * FROM customers) SELECT * FROM c
WITH c AS (SELECT * FROM customers) SELECT * FROM c WHERE id > 0
WITH c AS (SELECT 1), customers AS (SELECT * FROM customers) SELECT * FROM customers
SELECT * FROM (WITH customers AS (SELECT 1) SELECT 1) x, customers
SELECT * FROM customers LIMIT 1000
SELECT * FROM customers ORDER BY id
SELECT * FROM customers WHERE id > 0
SELECT * FROM customers WHERE ssn LIKE '%'
SELECT * FROM customers WHERE name >= ''
SELECT * FROM customers TABLESAMPLE BERNOULLI (100)
SELECT DISTINCT ssn FROM customers
SELECT ssn FROM customers GROUP BY ssn
SELECT max(ssn) OVER () , ssn FROM customers
SELECT * FROM customers c, LATERAL (SELECT 1) x
SELECT x.* FROM orders o, LATERAL (SELECT * FROM customers c) x WHERE o.id = 5
SELECT x.ssn FROM orders o JOIN LATERAL (SELECT ssn FROM customers) x ON true WHERE o.id = 5
BEGIN; DECLARE z CURSOR FOR SELECT * FROM customers; FETCH ALL FROM z; COMMIT
DECLARE z CURSOR WITH HOLD FOR TABLE customers
PREPARE p AS SELECT * FROM customers
EXECUTE p
VALUES ((SELECT string_agg(ssn, ',') FROM customers))
SET session_replication_role = replica
SET SESSION session_replication_role TO 'replica'
SET LOCAL session_replication_role = replica
SET "session_replication_role" = replica
UPDATE pg_settings SET setting = 'replica' WHERE name = 'session_replication_role'
UPDATE pg_catalog.pg_settings SET setting = 'off' WHERE name = 'standard_conforming_strings'
INSERT INTO pg_proc SELECT * FROM pg_proc WHERE proname = 'purge'
SET SESSION AUTHORIZATION agent
ALTER SYSTEM SET log_statement = none
ALTER SYSTEM RESET ALL
VACUUM FULL customers
CLUSTER orders USING orders_pkey
REINDEX TABLE orders
CHECKPOINT
LOAD 'plpgsql'
REFRESH MATERIALIZED VIEW mv
IMPORT FOREIGN SCHEMA x FROM SERVER y INTO z
SECURITY LABEL ON TABLE plain IS 'x'
COMMENT ON TABLE plain IS 'gone'
LISTEN c; SELECT pg_notify('c',(SELECT string_agg(ssn,',') FROM customers))
CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p
CREATE PUBLICATION p FOR ALL TABLES
CREATE SERVER s FOREIGN DATA WRAPPER f
CREATE DATABASE d
DROP DATABASE d
CREATE TABLESPACE ts LOCATION '/tmp'
CREATE INDEX ON customers (ssn)
CREATE SCHEMA s CREATE TABLE t (id int)
SELECT * FROM pg_shadow
SELECT rolname, rolpassword FROM pg_authid
LOCK TABLE customers; TABLE customers
ROLLBACK; DROP TABLE plain
SELECT 1; COMMIT; DROP SCHEMA hr CASCADE;
SELECT $q$ ; $q$; DROP TABLE plain
SELECT E'a\'; -- '; DROP TABLE plain; --'
SELECT $é$ ' $é$; DROP TABLE plain
SELECT 'a''; -- ' ; DROP TABLE plain
SELECT U&'a\'; DROP TABLE plain --'
SELECT "a""b" FROM (SELECT 1 AS "a""b") s; DROP TABLE plain
SELECT 1 /* /* */ ' */; DROP TABLE plain --'
SELECT 1 -- '
; DROP TABLE plain
"""

HARMLESS = r"""
DELETE FROM orders USING (SELECT 5 AS x) s WHERE orders.id = s.x
DELETE FROM orders USING (VALUES (5), (6)) v(x) WHERE orders.id = v.x
WITH q AS (SELECT id FROM orders WHERE cid = 5 LIMIT 1) DELETE FROM orders USING q WHERE orders.id = q.id
WITH q AS (SELECT id FROM orders WHERE cid = 5 LIMIT 1 FOR UPDATE SKIP LOCKED) UPDATE orders SET cid = cid FROM q WHERE orders.id = q.id RETURNING orders.id
MERGE INTO orders o USING (VALUES (5)) v(x) ON o.id = v.x WHEN MATCHED THEN DELETE
MERGE INTO orders o USING (SELECT 5 AS x) v ON o.id = v.x WHEN MATCHED THEN UPDATE SET cid = 1
SELECT 1
SELECT now(), current_user, current_database(), version()
SELECT 'DROP TABLE customers' AS msg
SELECT 1 /* DROP TABLE customers */
SELECT 1 -- DELETE FROM customers
SELECT $$DELETE FROM customers$$
SELECT $a$ $$; DROP TABLE customers $a$
SELECT E'it''s \'; DROP TABLE x; --'
SELECT U&'\0044ROP TABLE x'
SELECT "delete", "drop" FROM (SELECT 1 AS "delete", 2 AS "drop") s
SELECT has_table_privilege('agent','customers','delete') AS delete
SELECT '{"sql": "DROP TABLE customers"}'::jsonb ->> 'sql'
EXPLAIN DELETE FROM customers
EXPLAIN (COSTS off) UPDATE customers SET name = 'x' WHERE id = 5
EXPLAIN SELECT * FROM customers
EXPLAIN (FORMAT json) SELECT * FROM customers c JOIN orders o ON o.cid = c.id
SELECT * FROM customers WHERE id = 5
SELECT * FROM customers WHERE 1=1 AND id = 5
SELECT * FROM customers WHERE id IN (1, 2, 3)
SELECT * FROM customers WHERE id = ANY('{1,2}'::int[])
SELECT name FROM customers WHERE name = 'n5' AND note IS NULL
SELECT * FROM customers WHERE name ILIKE 'n5%' ORDER BY id LIMIT 5
SELECT * FROM customers WHERE lower(name) = lower('N5')
SELECT * FROM customers WHERE name ~ '^n5$'
SELECT * FROM customers WHERE to_tsvector('simple', name) @@ to_tsquery('simple', 'n5')
SELECT * FROM customers WHERE to_jsonb(name) @> '"n5"'
SELECT * FROM customers WHERE substring(name from 1 for 3) = 'n10'
SELECT * FROM customers WHERE id BETWEEN 10 AND 12
SELECT * FROM customers WHERE id >= 10 AND id < 13
SELECT * FROM customers WHERE (id, name) > (95, 'x') ORDER BY id, name LIMIT 3
SELECT * FROM customers WHERE id > 50 ORDER BY id LIMIT 5
SELECT * FROM customers WHERE (id, name) = (5, 'n5')
SELECT count(*) FROM customers WHERE id IN (1, 2)
SELECT c.name, o.id FROM customers c JOIN orders o ON o.cid = c.id WHERE c.id = 5
SELECT c.name, o.id FROM customers c LEFT JOIN orders o ON o.cid = c.id WHERE c.id = 5
SELECT c.name FROM customers c JOIN orders o USING (id) WHERE c.id = 5
SELECT c.name FROM customers c, orders o WHERE o.cid = c.id AND c.id = 5
SELECT c.name FROM customers c WHERE c.id = 5 AND EXISTS (SELECT 1 FROM orders o WHERE o.cid = c.id)
SELECT c.name, (SELECT count(*) FROM orders o WHERE o.cid = c.id) FROM customers c WHERE c.id = 5
SELECT c.name, x.id FROM customers c CROSS JOIN LATERAL (SELECT o.id FROM orders o WHERE o.cid = c.id ORDER BY o.id LIMIT 1) x WHERE c.id = 5
SELECT c.name, x.id FROM customers c LEFT JOIN LATERAL (SELECT o.id FROM orders o WHERE o.cid = c.id LIMIT 1) x ON true WHERE c.id = 5
SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY name ORDER BY id) AS rn FROM customers WHERE id IN (1,2)) s WHERE rn = 1
SELECT id, sum(id) OVER (ORDER BY id ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM orders WHERE cid = 5
WITH c AS (SELECT * FROM customers WHERE id = 5) SELECT * FROM c
WITH c AS (SELECT id FROM customers WHERE id = 5) SELECT o.* FROM orders o WHERE o.cid IN (SELECT id FROM c)
WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 10) SELECT sum(n) FROM t
SELECT id FROM orders WHERE cid = 5 UNION ALL SELECT id FROM orders WHERE cid = 6
SELECT cid, count(*) FROM orders WHERE cid IN (1, 2) GROUP BY cid HAVING count(*) > 0 ORDER BY 2 DESC
SELECT DISTINCT ON (cid) * FROM orders WHERE cid = 5 ORDER BY cid, id DESC
SELECT array_agg(id ORDER BY id) FILTER (WHERE id > 5) FROM orders WHERE cid = 5
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY id) FROM orders WHERE cid = 5
SELECT CASE WHEN id > 5 THEN 'a' ELSE 'b' END FROM orders WHERE id = 7
SELECT id::text || '-' || coalesce(name, '') FROM customers WHERE id = 5
SELECT extract(epoch FROM now()), date_trunc('day', now()), now() AT TIME ZONE 'utc', now() - interval '1 day'
SELECT * FROM generate_series(1, 3) g
SELECT * FROM unnest(ARRAY[1,2]) WITH ORDINALITY AS t(a, b)
SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS v (id, name)
SELECT * FROM jsonb_to_recordset('[{"a":1}]') AS x(a int)
SELECT jsonb_build_object('id', id, 'name', name) FROM customers WHERE id = 5
SELECT json_agg(t) FROM (SELECT id, name FROM customers WHERE id = 5) t
SELECT regexp_replace('a', 'b', 'c'), md5('x'), gen_random_uuid(), random(), round(1.5, 1), to_char(now(), 'YYYY')
SELECT position('a' IN 'abc'), overlay('abc' PLACING 'x' FROM 1), trim(both 'x' from 'xax'), substring('abc' for 2)
SELECT id FROM orders WHERE cid = 5 FOR UPDATE SKIP LOCKED
SELECT id FROM orders WHERE cid = 5 ORDER BY id LIMIT 1 FOR UPDATE
SELECT id FROM customers WHERE id = 5 FOR SHARE
INSERT INTO orders (id, cid) VALUES (1001, 5)
INSERT INTO orders (id, cid) VALUES (1001, 5), (1002, 6) RETURNING id
INSERT INTO orders (id, cid) VALUES (5, 5) ON CONFLICT (id) DO UPDATE SET cid = EXCLUDED.cid
INSERT INTO orders (id, cid) VALUES (5, 5) ON CONFLICT DO NOTHING
INSERT INTO orders (id, cid) SELECT 1001, id FROM customers WHERE id = 5
INSERT INTO plain DEFAULT VALUES
INSERT INTO audit (id, note) VALUES (7, 'DROP TABLE customers; DELETE FROM orders')
UPDATE customers SET note = 'x' WHERE id = 5
UPDATE customers SET note = 'x', name = upper(name) WHERE id IN (5, 6) RETURNING id
UPDATE customers SET note = CASE id WHEN 5 THEN 'a' ELSE 'b' END WHERE id IN (5, 6)
UPDATE customers SET (name, note) = ('a', 'b') WHERE id = 5
UPDATE customers SET note = now()::text WHERE id = 5 AND note IS NULL
UPDATE orders SET cid = c.id FROM customers c WHERE orders.cid = c.id AND c.name = 'n5'
DELETE FROM orders WHERE id = 5
DELETE FROM orders WHERE id IN (SELECT id FROM orders WHERE cid = 5)
DELETE FROM orders USING customers c WHERE orders.cid = c.id AND c.name = 'n5'
WITH q AS (SELECT id FROM orders WHERE cid = 5 LIMIT 1 FOR UPDATE SKIP LOCKED) DELETE FROM orders USING q WHERE orders.id = q.id RETURNING orders.*
WITH d AS (DELETE FROM orders WHERE id = 5 RETURNING *) INSERT INTO plain SELECT id FROM d
MERGE INTO orders o USING (VALUES (5, 6)) v(id, cid) ON o.id = v.id WHEN MATCHED THEN UPDATE SET cid = v.cid WHEN NOT MATCHED THEN INSERT VALUES (v.id, v.cid)
CREATE TEMP TABLE tt(id int); DROP TABLE tt
CREATE TEMP TABLE tt(id int); INSERT INTO tt VALUES (1); DROP TABLE tt
CREATE TEMPORARY TABLE tt AS SELECT id FROM customers WHERE id = 5; DROP TABLE tt
BEGIN; UPDATE customers SET note = 'x' WHERE id = 5; COMMIT
BEGIN; SAVEPOINT a; SELECT 1; ROLLBACK TO a; RELEASE a; COMMIT
START TRANSACTION ISOLATION LEVEL SERIALIZABLE READ ONLY; COMMIT
SET statement_timeout = '5s'
SET LOCAL lock_timeout TO 100
SET search_path TO public, hr
SET TIME ZONE 'UTC'
SET client_encoding TO 'UTF8'
SET standard_conforming_strings = on
SET application_name = 'DROP TABLE x'
RESET statement_timeout
SHOW server_version
SHOW ALL
SELECT current_setting('server_version_num'), pg_backend_pid()
SELECT set_config('application_name', 'x', false)
PREPARE q1 (int) AS SELECT * FROM customers WHERE id = $1
DEALLOCATE ALL
DISCARD ALL
LISTEN c
UNLISTEN *
NOTIFY c, 'DROP TABLE x'
DECLARE z CURSOR WITH HOLD FOR SELECT * FROM customers WHERE id = 5
SELECT nextval('seq'), currval('seq'), lastval()
SELECT pg_try_advisory_lock(1), pg_advisory_unlock(1)
SELECT relname FROM pg_class WHERE relname = 'customers'
SELECT column_name FROM information_schema.columns WHERE table_name = 'customers'
SELECT a.attname, format_type(a.atttypid, a.atttypmod) FROM pg_attribute a WHERE a.attrelid = 'customers'::regclass AND a.attnum > 0
SELECT pg_size_pretty(pg_total_relation_size('customers'))
SELECT pg_get_viewdef('v'::regclass), pg_get_indexdef('orders_pkey'::regclass), obj_description('customers'::regclass)
SELECT ROW(1, 2), ARRAY[1, 2], ARRAY[[1],[2]], '{1,2}'::int[], (ARRAY[1,2])[1], (ROW(1,2)).f1
SELECT 1 AS "select", 2 AS "from", 3 AS "where"
SELECT x."order" FROM (SELECT 1 AS "order") x
SELECT greatest(1, 2), least(1, 2), nullif(1, 2), coalesce(NULL, 1), 5 % 2, 2 ^ 3, |/ 4, @ -1
SELECT TRUE AND NOT FALSE, NULL IS NULL, 1 IS DISTINCT FROM 2, 1 BETWEEN 0 AND 2, 'a' LIKE 'b', 'a' ~ 'b'
"""


def lines(text):
    return [line for line in text.strip("\n").split("\n") if line.strip()]


def parts(text):
    return [part.strip() for line in lines(text) for part in re.split(r" \| ", line) if part.strip()]


def joined(text):
    """Lines, of which one that begins with `;` continues the line before."""
    found = []
    for line in lines(text):
        if line.startswith("; DROP") and found:
            found[-1] += "\n" + line
        else:
            found.append(line)
    return found


KEYWORDS = re.compile(r"\b(DELETE|FROM|WHERE|UPDATE|SET|SELECT|DROP|TABLE|AND|OR|IN|USING|TRUNCATE)\b")
PLAIN = re.compile(r"^[^'\"$\\]*$")


def disguise(sql, random):
    """The same statement in another spelling."""
    if not PLAIN.match(sql) or "--" in sql or "/*" in sql:
        return random.choice(["/* x */ " + sql, "\n\t" + sql + " ;", "-- x\n" + sql])
    kind = random.randrange(6)
    if kind == 0:
        return KEYWORDS.sub(lambda m: "".join(random.choice((c.lower(), c)) for c in m.group()), sql)
    if kind == 1:
        return sql.replace(" ", random.choice(["/**/", "\n", "\t", " /* ' */ ", "\r\n", " -- ' \n", "/* /* */ */"]))
    if kind == 2:
        return re.sub(r"\b(orders|customers|plain|cid|id)\b", r'"\1"', sql)
    if kind == 3:
        return sql.lower() + random.choice([";", " ; ", ";--", "/*"[:0]])
    if kind == 4:
        return "SELECT 1; " + sql if not sql.startswith("BEGIN") else sql
    return KEYWORDS.sub(lambda m: m.group() + "/*WHERE id = 1*/", sql)


def statements(seed=1, disguises=1):
    """Pairs of a family and a statement."""
    chosen = random.Random(seed)
    found = []
    for condition in parts(ORDERS):
        found += [("condition", form.format(condition)) for form in WRITES[:2]]
        found.append(("condition", chosen.choice(WRITES[2:]).format(condition)))
        found.append(("condition", f"SELECT * FROM orders WHERE {condition}"))
    for condition in parts(SCOPED):
        found += [("scoped", form.format(condition)) for form in WRITES[:2]]
        found.append(("scoped", f"SELECT * FROM orders WHERE {condition}"))
    found += [("form", sql) for sql in joined(FORMS)]
    found += [("harmless", sql) for sql in lines(HARMLESS)]
    for family, sql in list(found):
        found += [(family, disguise(sql, chosen)) for _ in range(disguises)]
    return list(dict.fromkeys(found))
