//! A real server has the last word: what a statement did there is compared with
//! what the engine says of it, and with what the strict policy does.
//!
//! `server.py` makes the statements, runs them and says what happened.
//! `GUARD_ORACLE_DISGUISES` sets how many spellings of each are tried (1).

use super::verdict::{refused, verdicts};
use guard_tests::need::{Need, require};
use guard_tests::paths;
use guard_tests::postgres::{Postgres, Tls};
use serde::Deserialize;
use std::process::Command;

/// A statement and what it did.
#[derive(Deserialize)]
struct Row {
    /// `condition`: perhaps a tautology; `scoped`: a real condition; `form`: an
    /// attack in a form of its own; `harmless`.
    family: String,
    sql: String,
    error: Option<String>,
    /// Percent of the rows of a table that it changed or removed, or returned.
    share: u32,
}

#[test]
fn a_real_server_agrees() {
    if !require(&[Need::Root, Need::Agent, Need::Postgres, Need::Python]) {
        return;
    }
    let postgres = Postgres::start(Tls::Off);
    let disguises = std::env::var("GUARD_ORACLE_DISGUISES").unwrap_or_else(|_| "1".to_owned());
    let output = Command::new(paths::python())
        .arg("-B")
        .arg(paths::root().join("tests/oracle/server.py"))
        .arg(postgres.socket_folder())
        .args([&postgres.port().to_string(), &disguises])
        .output()
        .expect("python starts");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let rows: Vec<Row> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line is a row"))
        .collect();
    let statements: Vec<&str> = rows.iter().map(|row| row.sql.as_str()).collect();
    let answers = verdicts("strict.yaml", &statements);
    let mut wrong = Vec::new();
    let (mut attacks, mut harmless, mut scoped, mut proved) = (0, 0, 0, 0);
    for (row, answer) in rows.iter().zip(&answers) {
        let is_scoped = answer["facts"]["where"] == "scoped";
        let mut fail = |what: &str| wrong.push(format!("{what}: {:?}\n    {answer}", row.sql));
        match row.family.as_str() {
            "harmless" => {
                harmless += 1;
                if row.error.is_some() || row.share > 20 {
                    fail("not harmless at all");
                } else if refused(answer) {
                    fail("harmless, but refused");
                }
            }
            _ if row.error.is_some() && row.share < 100 => {}
            family => {
                if row.share >= 100 && is_scoped && family != "form" {
                    fail("touches all rows, but is called scoped");
                }
                if row.share >= 100 || family == "form" {
                    attacks += 1;
                    // The policy lets `orders` be read as a whole.
                    let open = family == "condition" && answer["facts"]["class"] == "select";
                    if !refused(answer) && !open {
                        fail("passes the strict policy");
                    }
                } else if family == "scoped" {
                    scoped += 1;
                    proved += usize::from(is_scoped);
                }
            }
        }
    }
    println!(
        "{attacks} attacks, {harmless} harmless statements, {proved} of {scoped} real conditions proved, {} wrong",
        wrong.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(attacks > 1_000 && harmless > 200);
    assert!(proved * 100 >= scoped * 95, "real conditions are seen");
}
