# Adminer, a web front end: pages of a database, a table, its structure, an export, and an edit.
set -e
program=/usr/share/adminer/adminer/index.php
mkdir -p www sessions
cat > www/index.php <<PHP
<?php
function adminer_object() {
    class Open extends Adminer { function login(\$login, \$password) { return true; } }
    return new Open;
}
chdir(dirname("$program"));
include "$program";
PHP
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
php -d "session.save_path=$PWD/sessions" -S "127.0.0.1:$port" -t www > server.log 2>&1 &
server=$!
trap 'kill $server' EXIT
mariadb --no-defaults -h 127.0.0.1 -P "$MYSQL_PORT" -u app "$MYSQL_DATABASE" <<'SQL'
CREATE TABLE customers (id int AUTO_INCREMENT PRIMARY KEY, name varchar(50) NOT NULL UNIQUE, mood enum('good', 'bad'));
CREATE TABLE orders (id int PRIMARY KEY, customer int, FOREIGN KEY (customer) REFERENCES customers (id));
CREATE VIEW good AS SELECT * FROM customers WHERE mood = 'good';
INSERT INTO customers (name) VALUES ('a'), ('b');
SQL
sleep 1
host="127.0.0.1:$MYSQL_PORT"
base="http://127.0.0.1:$port/index.php"
page() { curl -s -g -b jar -c jar -L "$base?server=$host&username=app&db=$MYSQL_DATABASE&$1" "${@:2}"; }
curl -s -b jar -c jar -L "$base" -d "auth[driver]=server" -d "auth[server]=$host" -d "auth[username]=app" -d "auth[password]=" -d "auth[db]=$MYSQL_DATABASE" > login.html
for query in "" "select=customers" "table=customers" "create=customers" "edit=customers&where[id]=1" "indexes=orders" "foreign=orders" "view=good" \
    "select=customers&where[0][col]=name&where[0][op]=LIKE+%25%25&where[0][val]=a&order[0]=id&limit=5" "privileges=" "processlist=" "variables=" "status=" \
    "schema=" "dump=" "sql=" "database=" "user=&host=" "trigger=orders" "event=" "procedure="; do
    page "$query" > page.html
done
token=$(grep -o 'name="token" value="[^"]*"' page.html | head -1 | cut -d'"' -f4)
page "edit=customers&where[id]=1" -d "fields[id]=1" -d "fields[name]=it's" -d "fields[mood]=1" -d "token=$token" > done.html
page "edit=customers" -d "fields[id]=" -d "fields[name]=c" -d "fields[mood]=2" -d "token=$token" > done.html
page "edit=customers&where[id]=2" -d "delete=Delete" -d "token=$token" > done.html
page "sql=" -d "query=SELECT * FROM customers WHERE id = 1" -d "token=$token" -d "limit=" > done.html
page "dump=" -d "output=text" -d "format=sql" -d "db_style=" -d "table_style=DROP+CREATE" -d "data_style=INSERT" -d "tables[]=customers" -d "data[]=customers" -d "token=$token" > dump.sql
