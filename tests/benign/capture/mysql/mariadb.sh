# The command line client: its own commands, completion, and work by hand.
set -e
client="mariadb --no-defaults -h 127.0.0.1 -P $MYSQL_PORT -u app"
cat > work.sql <<'SQL'
\s
use DATABASE
CREATE TABLE customers (id int AUTO_INCREMENT PRIMARY KEY, name varchar(50));
CREATE TABLE orders (id int PRIMARY KEY, customer int, total int);
INSERT INTO customers (name) VALUES ('a'), ('b');
show tables; describe customers; show create table orders\G
show databases; show variables like 'char%'; show status like 'Threads%'; show processlist; show engines; show warnings;
show index from customers; show table status like 'c%'; show full columns from orders; show grants; show collation like 'utf8mb4%';
\C latin1
select * from customers where id = 1;
\C utf8mb4
help select
explain select * from customers where id = 1;
begin; update customers set name = 'x' where id = 1; rollback;
prompt \u@\d>
delimiter //
CREATE PROCEDURE one() BEGIN SELECT 1; END //
delimiter ;
call one();
connect
select count(*), max(name) from customers c left join orders o on o.customer = c.id where c.id in (1, 2) group by c.id;
quit
SQL
sed -i "s/DATABASE/$MYSQL_DATABASE/" work.sql
$client --auto-rehash "$MYSQL_DATABASE" < work.sql > /dev/null
$client "$MYSQL_DATABASE" --safe-updates -e "select name from customers where id = 2; delete from customers where id = 2"
$client --default-character-set=latin1 "$MYSQL_DATABASE" -e "insert into customers (name) values ('z')"
mariadb-show --no-defaults -h 127.0.0.1 -P "$MYSQL_PORT" -u app "$MYSQL_DATABASE" customers > /dev/null
mariadb-check --no-defaults -h 127.0.0.1 -P "$MYSQL_PORT" -u app "$MYSQL_DATABASE" > /dev/null
mariadb-admin --no-defaults -h 127.0.0.1 -P "$MYSQL_PORT" -u app status ping extended-status > /dev/null
printf '7\tx\n8\ty\n' > customers.txt
mariadb-import --no-defaults --local -h 127.0.0.1 -P "$MYSQL_PORT" -u app "$MYSQL_DATABASE" customers.txt > /dev/null
