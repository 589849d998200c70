// node-postgres: simple, parameterised and named queries on one connection.
const { Client } = require('pg');
const assert = require('assert');

async function refused(query) {
  await assert.rejects(query, (error) => {
    assert.strictEqual(error.code, '42501', error.message);
    const text = `${error.message} ${error.detail} ${error.hint}`;
    assert.ok(text.includes('no-schema-drops') && text.includes('Schema changes go through migrations.'), text);
    return true;
  });
}

async function main() {
  const client = new Client({ connectionString: process.argv[2] });
  await client.connect();
  const count = async () => (await client.query('SELECT count(*)::int AS n FROM customers')).rows[0].n;
  assert.strictEqual(await count(), 100);
  await refused(client.query('DROP TABLE customers'));
  assert.strictEqual(await count(), 100);
  const named = { name: 'by-id', text: 'SELECT name FROM customers WHERE id = $1', values: [7] };
  assert.strictEqual((await client.query(named)).rows[0].name, 'customer 7');
  await refused(client.query({ text: 'DROP TABLE customers', queryMode: 'extended', values: [] }));
  await refused(client.query({ name: 'drop', text: 'DROP TABLE customers', values: [] }));
  assert.strictEqual((await client.query(named)).rows[0].name, 'customer 7');
  assert.strictEqual(await count(), 100);
  await client.end();
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
