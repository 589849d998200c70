# Dumps of the shop in several forms, and the restore of one.
set -e
client="mariadb --no-defaults -h 127.0.0.1 -P $MYSQL_PORT -u app"
dump="mariadb-dump --no-defaults -h 127.0.0.1 -P $MYSQL_PORT -u app"
$client "$MYSQL_DATABASE" <<'SQL'
CREATE TABLE customers (id int AUTO_INCREMENT PRIMARY KEY, name varchar(50) NOT NULL UNIQUE, mood enum('good', 'bad'), photo blob);
CREATE TABLE orders (id int PRIMARY KEY, customer int, total decimal(10, 2), KEY (customer), FOREIGN KEY (customer) REFERENCES customers (id));
CREATE VIEW totals AS SELECT customer, sum(total) FROM orders GROUP BY customer;
CREATE FUNCTION twice(a int) RETURNS int DETERMINISTIC RETURN 2 * a;
CREATE TRIGGER noted BEFORE INSERT ON orders FOR EACH ROW SET NEW.total = abs(NEW.total);
INSERT INTO customers (name, mood, photo) VALUES ('it''s', 'good', x'00275c'), ('a "b"', 'bad', NULL), ('ä\\', NULL, NULL);
INSERT INTO orders VALUES (1, 1, 2), (2, 2, 3);
SQL
$dump --routines --triggers --events "$MYSQL_DATABASE" > dump.sql
$dump --single-transaction --hex-blob --skip-extended-insert "$MYSQL_DATABASE" > plain.sql
$dump --no-data "$MYSQL_DATABASE" > schema.sql
$dump --no-create-info --skip-add-locks --where 'id < 2' "$MYSQL_DATABASE" orders > table.sql
$dump --tab . "$MYSQL_DATABASE" 2> /dev/null || true
$client "$MYSQL_DATABASE" < dump.sql
# A restore over the old tables, and one to an empty database.
$client -e "CREATE DATABASE fresh"
$client fresh < plain.sql
