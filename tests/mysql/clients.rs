//! Real clients: a SELECT works, the DROP is refused with our words, the next SELECT
//! on the same connection works, and no client hangs.

use crate::stand;
use guard_tests::mariadb::MariaDb;
use guard_tests::need::Need;
use guard_tests::paths;
use guard_tests::process::run;
use guard_tests::stand::{NO_HANG, Stand};
use std::process::Command;

/// What must be true after every story.
#[track_caller]
fn assert_told(stand: &Stand, server: &MariaDb, agent: &str) {
    assert_eq!(server.rows("customers"), 100, "the table is not as it was");
    assert_eq!(server.rows("invoices"), 1000, "half committed");
    let arrived = server
        .log()
        .lines()
        .any(|line| line.contains("DROP TABLE customers"));
    assert!(!arrived, "the server was sent what was refused");
    let decision = stand.statement(agent, "block");
    assert_eq!(decision["rule"], "no-schema-drops", "{decision}");
    assert_eq!(decision["facts"]["protocol"], "mysql", "{decision}");
    assert_eq!(decision["facts"]["class"], "drop", "{decision}");
    assert_eq!(decision["facts"]["tables"][0], "customers", "{decision}");
    assert_eq!(decision["effect"], "error-frame", "{decision}");
    stand.statement(agent, "allow");
}

/// Plays a story against a stand of its own.
#[track_caller]
fn play(agent: &str, need: Need, client: impl Fn(&Stand, &MariaDb) -> Command) {
    let Some((stand, server)) = stand(&[need]) else {
        return;
    };
    run(&mut client(&stand, &server), NO_HANG).success();
    assert_told(&stand, &server, agent);
}

#[track_caller]
fn python(agent: &str, script: &str, arguments: &[&str]) {
    play(agent, Need::Python, |stand, server| {
        let mut command = stand.guarded(agent, paths::python());
        command
            .arg("-B")
            .arg(paths::root().join("tests/clients").join(script))
            .arg(server.port().to_string())
            .args(arguments);
        command
    });
}

#[track_caller]
fn node(agent: &str, protocol: &str) {
    play(agent, Need::Node, |stand, server| {
        let mut command = stand.guarded(agent, paths::which("node").expect("node is installed"));
        command
            .arg(paths::root().join("tests/clients/mysql2.js"))
            .args([&server.port().to_string(), protocol]);
        command.env("NODE_PATH", paths::node_modules());
        command
    });
}

#[test]
fn the_mariadb_client_prints_the_refusal_and_goes_on() {
    let Some((stand, server)) = stand(&[]) else {
        return;
    };
    let client = server.client();
    let count = "SELECT count(*) FROM customers";
    let input = stand.scratch.write(
        "lines",
        &format!("{count};\nDROP TABLE customers;\n{count};\n"),
    );
    for option in ["--force", "--force --reconnect --unbuffered"] {
        let mut command = stand.guarded("mariadb", "/bin/sh");
        let line = format!("exec \"$@\" {option} -N < {}", input.display());
        command.args(["-c", &line, "sh"]).arg(client.get_program());
        let finished = run(command.args(client.get_args()), NO_HANG);
        assert_eq!(finished.stdout, "100\n100\n", "{}", finished.report());
        let error = finished
            .stderr
            .lines()
            .find(|line| line.starts_with("ERROR 1644 (42000)"));
        let error = error.unwrap_or_default();
        assert!(error.contains("no-schema-drops"), "{}", finished.report());
        assert!(
            error.contains("Schema changes go through migrations."),
            "{}",
            finished.report()
        );
    }
    assert_told(&stand, &server, "mariadb");
}

#[test]
fn pymysql_plays_the_story() {
    python("pymysql", "pymysql_story.py", &[]);
}

#[test]
fn the_connector_of_mysql_plays_the_story() {
    python("connector", "mysql_connector_story.py", &["simple"]);
}

#[test]
fn mysql2_plays_the_story() {
    node("mysql2", "simple");
}

#[test]
fn the_connector_of_mysql_plays_the_story_with_prepared_statements() {
    python(
        "connector-prepared",
        "mysql_connector_story.py",
        &["prepared"],
    );
}

#[test]
fn mysql2_plays_the_story_with_prepared_statements() {
    node("mysql2-prepared", "prepared");
}
