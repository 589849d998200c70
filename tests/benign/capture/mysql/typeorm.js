// TypeORM: schema synchronisation, a migration, repositories and the query builder.
require("reflect-metadata");
const { DataSource, EntitySchema, In, LessThan } = require("typeorm");
const env = process.env;
const Customer = new EntitySchema({ name: "Customer", columns: { id: { type: Number, primary: true, generated: true }, name: { type: String, unique: true }, data: { type: "json", nullable: true }, deletedAt: { type: "datetime", deleteDate: true, nullable: true } }, relations: { orders: { type: "one-to-many", target: "Order", inverseSide: "customer", cascade: true } } });
const Order = new EntitySchema({ name: "Order", columns: { id: { type: Number, primary: true, generated: true }, total: { type: Number } }, relations: { customer: { type: "many-to-one", target: "Customer", inverseSide: "orders", onDelete: "CASCADE" } } });
class First1700000000000 {
  constructor() { this.name = "First1700000000000"; }
  async up(q) { await q.query('ALTER TABLE `order` ADD COLUMN note text'); await q.query('CREATE INDEX by_total ON `order` (total)'); }
  async down(q) { await q.query('DROP INDEX by_total ON `order`'); await q.query('ALTER TABLE `order` DROP COLUMN note'); }
}
(async () => {
  const source = await new DataSource({ type: "mysql", host: "127.0.0.1", port: Number(env.MYSQL_PORT), username: "app", database: env.MYSQL_DATABASE, synchronize: true, entities: [Customer, Order], migrations: [First1700000000000] }).initialize();
  await source.runMigrations();
  await source.undoLastMigration();
  const customers = source.getRepository("Customer");
  const orders = source.getRepository("Order");
  await customers.save([1, 2, 3, 4].map((i) => ({ name: `n${i}`, data: { a: i }, orders: [{ total: i }] })));
  const one = await customers.findOne({ where: { name: "n1" }, relations: { orders: true } });
  one.name = "x";
  await customers.save(one);
  await customers.find({ where: { id: In([1, 2]) }, order: { id: "DESC" }, take: 5 });
  await customers.findAndCount({ where: { name: "n2" }, take: 2 });
  await customers.upsert({ id: 2, name: "n2" }, ["id"]);
  await customers.update({ id: 2 }, { name: "y" });
  await orders.increment({ id: 1 }, "total", 1);
  await orders.createQueryBuilder("o").leftJoinAndSelect("o.customer", "c").where("c.name = :name AND o.total < :t", { name: "n3", t: 5 }).getMany();
  await orders.createQueryBuilder("o").select("o.customerId").addSelect("SUM(o.total)", "s").where("o.total > 1").groupBy("o.customerId").getRawMany();
  await orders.createQueryBuilder().delete().where("id = :id", { id: 1 }).execute();
  await customers.softDelete({ id: 3 });
  await customers.restore({ id: 3 });
  await customers.delete({ id: 4 });
  await orders.delete({ total: LessThan(1) });
  await source.transaction(async (m) => { await m.getRepository("Customer").findOne({ where: { id: 2 }, lock: { mode: "pessimistic_write" } }); });
  await source.destroy();
})().catch((error) => { console.error(error); process.exit(1); });
