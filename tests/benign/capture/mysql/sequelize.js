// Sequelize: sync, migrations by its query interface, and the forms of its queries.
const { Sequelize, DataTypes, Op } = require("sequelize");
const env = process.env;
(async () => {
  const db = new Sequelize(env.MYSQL_DATABASE, "app", "", { host: "127.0.0.1", port: env.MYSQL_PORT, dialect: "mysql", logging: false, timezone: "+01:00" });
  const Customer = db.define("customer", { name: { type: DataTypes.STRING, unique: true }, data: DataTypes.JSON }, { paranoid: true });
  const Order = db.define("order", { total: DataTypes.INTEGER });
  Customer.hasMany(Order);
  Order.belongsTo(Customer);
  await db.sync();
  await db.sync({ alter: true });
  const made = await Customer.bulkCreate([1, 2, 3, 4, 5].map((i) => ({ name: `n${i}`, data: { a: i } })));
  await Order.bulkCreate(made.map((c, i) => ({ total: i, customerId: c.id })));
  await Customer.findOne({ where: { name: "n1" } });
  await Customer.findAll({ where: { name: { [Op.like]: "n%" }, id: { [Op.in]: [1, 2] } }, include: [Order], limit: 5, order: [["id", "DESC"]] });
  await Customer.findAndCountAll({ where: { "data.a": 2 }, limit: 2 });
  await Customer.findOrCreate({ where: { name: "n9" } });
  await Customer.upsert({ id: 1, name: "x" });
  await Customer.update({ name: "y" }, { where: { id: 2 } });
  await Order.increment("total", { where: { id: 1 } });
  await Order.findAll({ attributes: ["customerId", [db.fn("sum", db.col("total")), "sum"]], group: ["customerId"], where: { total: { [Op.gt]: 1 } } });
  await db.transaction(async (t) => {
    await Customer.findByPk(2, { transaction: t, lock: t.LOCK.UPDATE });
    await Order.destroy({ where: { id: 1 }, transaction: t });
  });
  await Customer.destroy({ where: { id: 3 } });
  await Customer.destroy({ where: { id: 4 }, force: true });
  await Customer.restore({ where: { id: 3 } });
  const query = db.getQueryInterface();
  await query.addColumn("orders", "note", { type: DataTypes.TEXT });
  await query.changeColumn("orders", "note", { type: DataTypes.STRING });
  await query.addIndex("orders", ["total"]);
  await query.removeColumn("orders", "note");
  await query.describeTable("orders");
  await query.showAllTables();
  await db.query("SELECT * FROM customers WHERE id = ?", { replacements: [1] });
  await db.close();
})().catch((error) => { console.error(error); process.exit(1); });
