// Knex: migrations with their lock table, up and down, and its query builder.
const fs = require("fs");
const env = process.env;
(async () => {
  fs.mkdirSync("knex_migrations");
  fs.writeFileSync("knex_migrations/1_first.js", `
    exports.up = (knex) => knex.schema
      .createTable("customers", (t) => { t.increments(); t.string("name").unique(); t.json("data"); t.timestamps(true, true); })
      .createTable("orders", (t) => { t.increments(); t.integer("customer_id").unsigned().references("customers.id").onDelete("CASCADE"); t.integer("total").index(); });
    exports.down = (knex) => knex.schema.dropTable("orders").dropTable("customers");`);
  fs.writeFileSync("knex_migrations/2_second.js", `
    exports.up = (knex) => knex.schema.alterTable("orders", (t) => { t.text("note"); t.integer("total").notNullable().alter(); });
    exports.down = (knex) => knex.schema.alterTable("orders", (t) => { t.dropColumn("note"); });`);
  const knex = require("knex")({ client: "mysql2", connection: { host: "127.0.0.1", port: env.MYSQL_PORT, user: "app", database: env.MYSQL_DATABASE }, migrations: { directory: process.cwd() + "/knex_migrations" } });
  await knex.migrate.latest();
  await knex.migrate.down();
  await knex.migrate.up();
  await knex.migrate.list();
  await knex("customers").insert([1, 2, 3, 4].map((i) => ({ name: `n${i}`, data: JSON.stringify({ a: i }) })));
  await knex("orders").insert([{ customer_id: 1, total: 5 }, { customer_id: 2, total: 7 }]);
  await knex("customers").where({ name: "n1" }).first();
  await knex("customers as c").join("orders as o", "o.customer_id", "c.id").where("c.id", 1).select("c.name", "o.total");
  await knex("customers").whereIn("id", knex("orders").where("total", 5).select("customer_id"));
  await knex("customers").whereExists(knex("orders").whereRaw("orders.customer_id = customers.id").where("total", 5));
  await knex("orders").where("total", ">", 3).groupBy("customer_id").select("customer_id").sum("total").having(knex.raw("sum(total)"), ">", 1);
  await knex("customers").insert({ name: "n1" }).onConflict("name").merge();
  await knex("customers").where("id", 2).update({ name: "x" });
  await knex("orders").where("id", 1).increment("total", 2);
  await knex.with("recent", knex("orders").where("total", 7)).select("*").from("recent");
  await knex("orders").where("id", 1).del();
  await knex("orders").whereBetween("total", [1, 3]).del();
  await knex.transaction(async (t) => { await t("orders").where("id", 2).forUpdate().first(); await t("orders").where("id", 2).update({ total: 9 }); });
  await knex.schema.hasTable("orders");
  await knex("orders").columnInfo();
  await knex("customers").count("* as n").where("name", "like", "n%");
  await knex.destroy();
})().catch((error) => { console.error(error); process.exit(1); });
