//! Real client libraries: each plays the same story on one connection. A SELECT
//! works, the DROP is refused with our words, the next SELECT works, and no
//! client hangs.

use guard_tests::need::{Need, STAND, require};
use guard_tests::process::{Finished, run};
use guard_tests::stand::{NO_HANG, Stand};
use guard_tests::{paths, wait};
use std::process::Command;
use std::time::Duration;

const POLICY: &str = include_str!("policies/shop.yaml");

/// Plays one client against a stand of its own.
#[track_caller]
fn play(limit: Duration, client: impl Fn(&Stand) -> Command) -> (Stand, Finished) {
    let stand = Stand::new(POLICY);
    let finished = run(&mut client(&stand), limit);
    (stand, finished.success())
}

/// What must be true after every story.
#[track_caller]
fn assert_told(stand: &Stand, agent: &str) {
    assert_eq!(
        stand.postgres.rows("customers"),
        100,
        "the table is not as it was"
    );
    let decision = stand.statement(agent, "block");
    assert_eq!(decision["rule"], "no-schema-drops", "{decision}");
    assert_eq!(decision["facts"]["class"], "drop", "{decision}");
    assert_eq!(decision["facts"]["tables"][0], "customers", "{decision}");
    assert_eq!(decision["effect"], "error-frame", "{decision}");
    assert_eq!(decision["session"]["purpose"], "a test", "{decision}");
    stand.statement(agent, "allow");
}

fn url(stand: &Stand) -> String {
    format!(
        "postgresql://app@127.0.0.1:{}/shop?sslmode=disable",
        stand.postgres.port()
    )
}

fn jdbc_url(stand: &Stand) -> String {
    format!(
        "jdbc:postgresql://127.0.0.1:{}/shop?user=app&sslmode=disable",
        stand.postgres.port()
    )
}

fn python(agent: &str, script: &str) -> Stand {
    let (stand, _) = play(NO_HANG, |stand| {
        let mut command = stand.guarded(agent, paths::python());
        command
            .arg(paths::root().join("tests/clients").join(script))
            .arg(url(stand));
        // No byte code beside the sources.
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command
    });
    assert_told(&stand, agent);
    stand
}

fn can_run(client: Need) -> bool {
    require(STAND) && require(&[client])
}

#[test]
fn psql_prints_the_refusal_and_goes_on() {
    if !require(STAND) {
        return;
    }
    let stand = Stand::new(POLICY);
    let count = "SELECT count(*) FROM customers";
    let finished = stand.psql("psql", &[count, "DROP TABLE customers", count]);
    assert_eq!(finished.stdout, "100\n100\n", "{}", finished.report());
    let error = finished
        .stderr
        .lines()
        .find(|line| line.starts_with("ERROR:"))
        .unwrap_or_default();
    assert!(error.contains("no-schema-drops"), "{}", finished.report());
    assert!(
        error.contains("Schema changes go through migrations."),
        "{}",
        finished.report()
    );
    assert_told(&stand, "psql");
}

#[test]
fn pgbench_is_refused_in_every_protocol_and_ends() {
    if !require(STAND) {
        return;
    }
    let stand = Stand::new(POLICY);
    let good = stand
        .scratch
        .write("good.sql", "SELECT name FROM customers WHERE id = 7;\n");
    let bad = stand
        .scratch
        .write("bad.sql", "SELECT 1;\nDROP TABLE customers;\n");
    for protocol in ["simple", "extended", "prepared"] {
        let agent = format!("pgbench-{protocol}");
        let pgbench = |script| {
            let program = paths::which("pgbench").or_else(|| paths::postgres_program("pgbench"));
            let mut command = stand.guarded(&agent, program.expect("pgbench is installed"));
            command.args([
                "-n",
                "-c",
                "2",
                "-t",
                "50",
                "-M",
                protocol,
                "-h",
                "127.0.0.1",
                "-U",
                "app",
                "-p",
            ]);
            command
                .arg(stand.postgres.port().to_string())
                .arg("-f")
                .arg(script)
                .arg("shop");
            run(&mut command, NO_HANG)
        };
        pgbench(&good).success();
        let refused = pgbench(&bad);
        assert!(!refused.status.success(), "{}", refused.report());
        assert!(
            refused.stderr.contains("no-schema-drops"),
            "{}",
            refused.report()
        );
        assert_told(&stand, &agent);
    }
}

#[test]
fn psycopg_plays_the_story_with_the_simple_protocol() {
    if can_run(Need::Python) {
        python("psycopg-simple", "psycopg_simple.py");
    }
}

#[test]
fn psycopg_plays_the_story_with_prepared_statements() {
    if can_run(Need::Python) {
        python("psycopg-prepared", "psycopg_prepared.py");
    }
}

#[test]
fn psycopg_plays_the_story_in_pipeline_mode() {
    if can_run(Need::Python) {
        python("psycopg-pipeline", "psycopg_pipeline.py");
    }
}

#[test]
fn psycopg_commits_nothing_of_a_transaction_with_a_refusal() {
    if can_run(Need::Python) {
        let stand = python("psycopg-transaction", "psycopg_transaction.py");
        assert_eq!(stand.postgres.rows("invoices"), 1000);
    }
}

#[test]
fn psycopg_2_is_refused_in_copies_cursors_and_batches_and_goes_on() {
    if can_run(Need::Python) {
        let stand = python("psycopg-2", "psycopg2_story.py");
        assert_eq!(stand.postgres.rows("invoices"), 1000);
    }
}

#[test]
fn sqlalchemy_plays_the_story_and_keeps_its_pool() {
    if can_run(Need::Python) {
        let stand = python("sqlalchemy", "sqlalchemy_story.py");
        assert_eq!(stand.postgres.rows("invoices"), 1000);
    }
}

#[test]
fn asyncpg_plays_the_story_with_the_simple_protocol() {
    if can_run(Need::Python) {
        python("asyncpg-simple", "asyncpg_simple.py");
    }
}

#[test]
fn asyncpg_plays_the_story_with_prepared_statements() {
    if can_run(Need::Python) {
        python("asyncpg-prepared", "asyncpg_prepared.py");
    }
}

#[test]
fn node_postgres_plays_the_story() {
    if !can_run(Need::Node) {
        return;
    }
    let (stand, _) = play(NO_HANG, |stand| {
        let mut command = stand.guarded("node", paths::which("node").expect("node is installed"));
        command
            .arg(paths::root().join("tests/clients/node.js"))
            .arg(url(stand));
        command.env("NODE_PATH", paths::node_modules());
        command
    });
    assert_told(&stand, "node");
}

#[test]
fn jdbc_plays_the_story() {
    if !can_run(Need::Java) {
        return;
    }
    // Java compiles the source first; the limit is for that.
    let (stand, _) = play(wait::PATIENCE * 3, |stand| {
        let mut command = stand.guarded("jdbc", paths::which("java").expect("java is installed"));
        command.arg("-cp").arg(paths::jdbc_driver());
        command
            .arg(paths::root().join("tests/clients/Story.java"))
            .arg(jdbc_url(stand));
        command
    });
    assert_told(&stand, "jdbc");
}
