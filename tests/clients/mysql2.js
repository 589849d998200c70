// node's mysql2: simple and prepared statements on one connection.
const mysql = require('mysql2/promise');
const assert = require('assert');

const DROP = 'DROP TABLE customers';

async function main() {
  const how = process.argv[3];
  const connect = () => mysql.createConnection({ host: '127.0.0.1', port: Number(process.argv[2]), user: 'app', database: 'shop' });
  let client = await connect();
  const ask = (sql, values) => (how === 'prepared' ? client.execute(sql, values) : client.query(sql, values));
  const count = async (table = 'customers') => (await ask(`SELECT count(*) AS n FROM ${table}`))[0][0].n;
  const refused = (promise) => assert.rejects(promise, (error) => {
    assert.deepStrictEqual([error.errno, error.sqlState], [1644, '42000'], error.message);
    assert.ok(error.message.includes('no-schema-drops'), error.message);
    assert.ok(error.message.includes('Schema changes go through migrations.'), error.message);
    return true;
  });

  assert.strictEqual(await count(), 100);
  await refused(ask(DROP));
  assert.strictEqual(await count(), 100);
  const [rows] = await ask('SELECT name FROM customers WHERE id = ?', [7]);
  assert.strictEqual(rows[0].name, 'customer 7');
  // Five at once: each gets its own answer.
  const answers = await Promise.allSettled([count(), ask(DROP), count(), ask('DELETE FROM customers WHERE 1'), count()]);
  assert.deepStrictEqual(answers.map((answer) => answer.status), ['fulfilled', 'rejected', 'fulfilled', 'rejected', 'fulfilled']);
  assert.ok(answers[1].reason.message.includes('no-schema-drops'), answers[1].reason.message);
  assert.ok(answers[3].reason.message.includes('no-mass-delete'), answers[3].reason.message);

  await client.beginTransaction();
  await ask('INSERT INTO invoices VALUES (5001, 1, 1)');
  await assert.rejects(ask(DROP));
  await assert.rejects(client.commit());
  client = await connect();
  assert.strictEqual(await count('invoices'), 1000);
  await client.end();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
