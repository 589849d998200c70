//! Bytes, and a real server as the last word: each attack does harm where nobody guards,
//! and none under guard; what is harmless has the same answers under guard.

use crate::stand;
use guard_tests::mariadb::MariaDb;
use guard_tests::need::Need;
use guard_tests::paths;
use guard_tests::process::run;
use serde::Deserialize;
use std::process::Command;
use std::time::Duration;

/// What a row of `clients/mysql_rows.py` came to.
#[derive(Deserialize)]
struct Row {
    name: String,
    kind: String,
    /// The answers, in order.
    told: Vec<String>,
    /// What is gone.
    lost: Vec<String>,
}

/// Plays all rows.
#[track_caller]
fn play(mut command: Command, server: &MariaDb) -> Vec<Row> {
    command
        .arg("-B")
        .arg(paths::root().join("tests/clients/mysql_wire.py"))
        .arg(server.port().to_string())
        .arg(server.socket());
    let finished = run(&mut command, Duration::from_secs(120)).success();
    let lines = finished.stdout.lines();
    lines
        .map(|line| serde_json::from_str(line).expect(line))
        .collect()
}

#[test]
fn a_real_server_agrees_on_every_row() {
    let Some((stand, server)) = stand(&[Need::Python]) else {
        return;
    };
    let free = play(Command::new(paths::python()), &server);
    let guarded = play(stand.guarded("wire", paths::python()), &server);
    assert_eq!(free.len(), guarded.len());
    let mut wrong = Vec::new();
    let (mut attacks, mut harmless, mut told) = (0, 0, 0);
    for (free, row) in free.iter().zip(&guarded) {
        let mut fail = |what: &str| {
            wrong.push(format!(
                "{what}: {}\n    free {:?} {:?}\n    guarded {:?} {:?}",
                row.name, free.told, free.lost, row.told, row.lost
            ));
        };
        if row.kind == "attack" {
            attacks += 1;
            told += usize::from(
                row.told
                    .iter()
                    .any(|answer| answer.starts_with("error 1644")),
            );
            if free.lost.is_empty() {
                fail("does no harm");
            } else if !row.lost.is_empty() {
                fail("not refused");
            } else if row.told.iter().any(|answer| answer == "HANGS") {
                fail("hangs");
            }
        } else if row.kind == "idle" {
            if !row.lost.is_empty() || row.told.iter().any(|answer| answer == "HANGS") {
                fail("hangs, or does harm");
            }
        } else {
            harmless += 1;
            if free.told != row.told || free.lost != row.lost {
                fail("not as it is without Guard");
            }
            let is_error = |answer: &String| answer.starts_with("error");
            if row.name.starts_with("encoding ") && free.told.iter().any(is_error) {
                fail("a byte of syntax is a part of a letter");
            }
        }
    }
    println!(
        "{attacks} attacks, {told} of them answered in words, {harmless} harmless, {} wrong",
        wrong.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(attacks > 190 && harmless > 70);
}
