<?php
// Doctrine's DBAL on PDO: schema by its manager, introspection, and the forms of its queries.
require "Doctrine/DBAL/autoload.php";
use Doctrine\DBAL\DriverManager;
use Doctrine\DBAL\Schema\Schema;
$options = ["driver" => "pdo_mysql", "host" => "127.0.0.1", "port" => (int) getenv("MYSQL_PORT"), "user" => "app", "dbname" => getenv("MYSQL_DATABASE"), "charset" => "utf8mb4"];
foreach ([false, true] as $prepared) {
    $db = DriverManager::getConnection($options + ["driverOptions" => [PDO::ATTR_EMULATE_PREPARES => !$prepared]]);
    if (!$prepared) {
        $schema = new Schema();
        $customers = $schema->createTable("customers");
        $customers->addColumn("id", "integer", ["autoincrement" => true]);
        $customers->addColumn("name", "string", ["length" => 50]);
        $customers->addColumn("data", "json", ["notnull" => false]);
        $customers->setPrimaryKey(["id"]);
        $customers->addUniqueIndex(["name"]);
        $orders = $schema->createTable("orders");
        $orders->addColumn("id", "integer", ["autoincrement" => true]);
        $orders->addColumn("customer", "integer");
        $orders->addColumn("total", "decimal", ["precision" => 10, "scale" => 2]);
        $orders->setPrimaryKey(["id"]);
        $orders->addForeignKeyConstraint("customers", ["customer"], ["id"]);
        $db->createSchemaManager()->migrateSchema($schema);
        $next = clone $schema;
        $next->getTable("orders")->addColumn("note", "text", ["notnull" => false]);
        $next->getTable("orders")->addIndex(["total"], "by_total");
        $db->createSchemaManager()->migrateSchema($next);
    }
    foreach (["a", "it's", "ä\\"] as $name) {
        $db->insert("customers", ["name" => $name . (int) $prepared]);
    }
    $db->insert("orders", ["customer" => 1, "total" => 5]);
    $db->update("customers", ["data" => '{"a": 1}'], ["id" => 1]);
    $db->fetchAllAssociative("SELECT * FROM customers WHERE id IN (?) AND name LIKE ?", [[1, 2], "a%"], [Doctrine\DBAL\Connection::PARAM_INT_ARRAY, PDO::PARAM_STR]);
    $query = $db->createQueryBuilder();
    $query->select("c.name", "sum(o.total)")->from("customers", "c")->leftJoin("c", "orders", "o", "o.customer = c.id")
        ->where("c.id = :id")->groupBy("c.id")->setParameter("id", 1)->setMaxResults(5)->executeQuery()->fetchAllAssociative();
    $db->transactional(function ($db) {
        $db->fetchOne("SELECT name FROM customers WHERE id = ? FOR UPDATE", [1]);
        $db->delete("orders", ["customer" => 1]);
    });
    $db->close();
}
