//! PostgreSQL's own tools, run whole under guard with the balanced policy: dumps and
//! their way back, maintenance, pgbench, psql's commands. What is refused is what drops
//! or empties tables, and nothing else.

use guard_tests::need::{STAND, require};
use guard_tests::paths;
use guard_tests::postgres::DATABASE;
use guard_tests::process::{Finished, run};
use guard_tests::stand::Stand;
use serde_json::Value;
use std::time::Duration;

const BALANCED: &str = include_str!("../examples/policies/balanced.yaml");

const LIMIT: Duration = Duration::from_secs(60);

/// A shop with one of everything that a dump holds.
const SHOP: &str = "
    CREATE SCHEMA hr AUTHORIZATION app;
    SET ROLE app;
    CREATE TYPE mood AS ENUM ('good', 'bad');
    CREATE DOMAIN positive AS int CHECK (VALUE > 0);
    CREATE TABLE hr.pay (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, amount numeric, mood mood);
    INSERT INTO hr.pay (amount, mood) SELECT n, 'good' FROM generate_series(1, 50) n;
    CREATE TABLE lines (id bigserial PRIMARY KEY, invoice int REFERENCES invoices, note text DEFAULT 'it''s');
    INSERT INTO lines (invoice, note) SELECT n, E'a\\tb\\\\c' FROM generate_series(1, 20) n;
    CREATE INDEX lines_note ON lines (lower(note));
    CREATE VIEW rich AS SELECT * FROM hr.pay WHERE amount > 40;
    CREATE MATERIALIZED VIEW totals AS SELECT customer, sum(total) FROM invoices GROUP BY customer;
    CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
    CREATE TRIGGER touch BEFORE UPDATE ON lines FOR EACH ROW EXECUTE FUNCTION touch();
    COMMENT ON TABLE lines IS 'one; per \"line\"';
    CREATE TABLE parts (day date, n int) PARTITION BY RANGE (day);
    CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
    INSERT INTO parts VALUES ('2026-11-24', 1);
    ALTER TABLE lines CLUSTER ON lines_pkey;";

/// psql's commands that ask the catalogs or move data, and its other ways to send.
const COMMANDS: &str = r"
\d
\d+
\d customers
\d+ lines
\d lines_note
\d+ rich
\d parts
\dt *.*
\da
\dA+
\dAc
\dAf
\dAo
\dAp
\db
\dc
\dC
\dconfig
\dd
\dD+
\ddp
\dE
\des
\det
\deu
\dew
\df+
\df touch
\dF
\dFd
\dFp
\dFt
\dg+
\di+
\dl
\dL
\dm+
\dn+
\do
\dO
\dp
\dP+
\drds
\dRp
\ds+
\dS
\dt+
\dT+
\du
\dv+
\dx+
\dX
\dy
\l
\z
\sf touch
\sv rich
\conninfo
\encoding LATIN2
\encoding UTF8
\copy customers TO 'customers.csv' CSV HEADER
CREATE TEMP TABLE again (LIKE customers);
\copy again FROM 'customers.csv' CSV HEADER
SELECT count(*) FROM again;
\copy (SELECT id FROM invoices WHERE id < 5) TO STDOUT
SELECT 'SELECT ' || n FROM generate_series(1, 3) n \gexec
SELECT * FROM customers WHERE id = 7 \gdesc
\set FETCH_COUNT 10
SELECT id FROM invoices;
BEGIN; SAVEPOINT a; ROLLBACK TO a; COMMIT;
";

/// The stand with its shop, and further databases for what is restored.
fn stand() -> Stand {
    let policy = BALANCED.replacen("localhost:5432", "127.0.0.1:{port}", 1);
    let stand = Stand::new(&policy);
    stand.postgres.admin(SHOP);
    for database in ["plain", "custom", "piped"] {
        stand
            .postgres
            .admin(&format!("CREATE DATABASE {database} OWNER app"));
    }
    stand
}

/// Runs a shell's line as the agent `name`; the server's tools are found by name.
fn shell(stand: &Stand, name: &str, line: &str) -> Finished {
    let tools = paths::postgres_program("pg_dump").expect("pg_dump is installed");
    let folder = tools.parent().expect("it is in a folder").display();
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = stand.guarded(name, "/bin/sh");
    command
        .args(["-e", "-c", line])
        .env("PATH", format!("{folder}:{path}"))
        .env("PGHOST", "127.0.0.1")
        .env("PGPORT", stand.postgres.port().to_string())
        .env("PGUSER", "app")
        .env("PGDATABASE", DATABASE)
        .current_dir(stand.scratch.path());
    run(&mut command, LIMIT)
}

/// The statements that were refused.
fn refused(stand: &Stand, name: &str) -> Vec<Value> {
    let mut statements = stand.settled(name);
    assert!(
        statements.iter().any(|one| one["action"] == "statement"),
        "{name} was not seen"
    );
    statements.retain(|one| one["action"] == "statement" && one["verdict"] == "block");
    statements
}

/// Runs a line that must work, with nothing refused.
#[track_caller]
fn works(stand: &Stand, name: &str, line: &str) -> String {
    let finished = shell(stand, name, line).success();
    let refused = refused(stand, name);
    assert!(refused.is_empty(), "{name}: {refused:#?}");
    finished.stdout
}

/// How many rows a table of a database has.
fn count(stand: &Stand, database: &str, table: &str) -> String {
    let line = format!("SELECT count(*) FROM {table}");
    let mut psql = stand.postgres.psql();
    psql.args(["-d", database, "-c", &line]);
    run(&mut psql, LIMIT).success().stdout.trim().to_owned()
}

#[test]
fn dumps_are_made_and_restored_whole() {
    if !require(STAND) {
        return;
    }
    let stand = stand();
    works(
        &stand,
        "plain",
        "pg_dump -O -x > shop.sql; psql -X -q -v ON_ERROR_STOP=1 -d plain -c '\\i shop.sql'",
    );
    works(
        &stand,
        "custom",
        "pg_dump -Fc -f shop.dump; pg_restore --exit-on-error -O -x -d custom shop.dump",
    );
    works(
        &stand,
        "piped",
        "pg_dump -Fc --inserts | pg_restore --exit-on-error -O -x --single-transaction -d piped",
    );
    works(
        &stand,
        "parts",
        "pg_dump --schema-only >a; pg_dump --data-only --column-inserts >b; pg_dump -t 'hr.*' >c; pg_dump -Fd -j 2 -f d",
    );
    for database in ["plain", "custom", "piped"] {
        for (table, rows) in [("invoices", "1000"), ("hr.pay", "50"), ("lines", "20")] {
            assert_eq!(count(&stand, database, table), rows, "{database}.{table}");
        }
    }
    // What it would put in their place is there already: only the drops are refused.
    shell(
        &stand,
        "clean",
        "pg_restore --clean -O -x -d custom shop.dump",
    );
    let refused = refused(&stand, "clean");
    assert!(refused.len() > 3, "{refused:#?}");
    for one in &refused {
        assert_eq!(one["rule"], "no-schema-drops", "{one}");
    }
    assert_eq!(count(&stand, "custom", "hr.pay"), "100", "data came again");
}

#[test]
fn maintenance_and_pgbench_work() {
    if !require(STAND) {
        return;
    }
    let stand = stand();
    works(
        &stand,
        "maintenance",
        "vacuumdb --analyze; vacuumdb -z -t lines; vacuumdb --analyze-in-stages; \
         reindexdb -t lines; reindexdb --schema=public --concurrently; clusterdb",
    );
    works(
        &stand,
        "tables",
        "pgbench -q -i -I tvp -s 1; \
         psql -X -q -v ON_ERROR_STOP=1 -c 'INSERT INTO pgbench_branches VALUES (1, 0)' \
           -c 'INSERT INTO pgbench_tellers SELECT n, 1, 0 FROM generate_series(1, 10) n' \
           -c 'INSERT INTO pgbench_accounts SELECT n, 1, 0 FROM generate_series(1, 100000) n'",
    );
    for protocol in ["simple", "extended", "prepared"] {
        let line = format!(
            "pgbench -n -M {protocol} -c 2 -t 20; pgbench -n -M {protocol} -S -t 20; pgbench -n -N -M {protocol} -t 20"
        );
        works(&stand, protocol, &line);
    }
    // It empties tables, for a new start and before each run.
    shell(&stand, "again", "pgbench -q -i -s 1");
    shell(&stand, "again", "pgbench -t 5");
    for one in refused(&stand, "again") {
        let rule = one["rule"].as_str().unwrap_or_default();
        assert!(matches!(rule, "no-schema-drops" | "no-truncates"), "{one}");
    }
    assert_eq!(count(&stand, DATABASE, "pgbench_accounts"), "100000");
}

#[test]
fn psqls_own_commands_work() {
    if !require(STAND) {
        return;
    }
    let stand = stand();
    stand.scratch.write("script.sql", COMMANDS);
    works(&stand, "psql", "psql -X -v ON_ERROR_STOP=1 -f script.sql");
    works(
        &stand,
        "list",
        "psql -X -l; psql -X -c '\\timing' -c 'TABLE parts'; pg_isready",
    );
}
