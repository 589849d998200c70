//! What real tools send, under the policy that a team would run.
//!
//! `tests/benign/postgresql/*.jsonl` and `tests/benign/mysql/*.jsonl` are captured by the
//! scripts in `tests/benign/capture`. A row with `expect: block` is refused rightly, and
//! says `why`.

use super::verdict::{answers, refused, verdicts};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use guard_tests::need::{Need, require};
use guard_tests::paths;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Row {
    /// Which connection it was sent on, where that is known.
    #[serde(default)]
    connection: u32,
    sql: String,
    #[serde(default)]
    expect: Option<String>,
    #[serde(default)]
    why: Option<String>,
}

/// Compares the answers to all rows of all captures in a folder with what they expect.
#[track_caller]
fn every_tool(server: &str, judge: impl Fn(&[Row]) -> Vec<Value>) {
    if !require(&[Need::Agent]) {
        return;
    }
    let folder = paths::root().join("tests/benign").join(server);
    let mut files: Vec<_> = folder
        .read_dir()
        .expect("the captures are there")
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| path.extension().is_some_and(|end| end == "jsonl"))
        .collect();
    files.sort();
    assert!(files.len() >= 6, "at least six tools");
    let mut wrong = Vec::new();
    for file in &files {
        let text = std::fs::read_to_string(file).expect("a capture can be read");
        let rows: Vec<Row> = text
            .lines()
            .map(|line| serde_json::from_str(line).expect(line))
            .collect();
        let answers = judge(&rows);
        assert_eq!(answers.len(), rows.len(), "an answer to each");
        let mut blocked = 0;
        for (row, answer) in rows.iter().zip(&answers) {
            let expected = row.expect.as_deref() == Some("block");
            assert!(!expected || row.why.is_some(), "no reason: {}", row.sql);
            blocked += usize::from(refused(answer));
            if refused(answer) != expected {
                wrong.push(format!("{}: {}\n    {answer}", file.display(), row.sql));
            }
        }
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        println!(
            "{name}: {} statements, {blocked} rightly refused",
            rows.len()
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_real_tools_send_passes_the_balanced_policy() {
    every_tool("postgresql", |rows| {
        let statements: Vec<&str> = rows.iter().map(|row| row.sql.as_str()).collect();
        verdicts("balanced.yaml", &statements)
    });
}

/// Each connection as a whole: what a `SET` does lasts.
#[test]
fn what_real_tools_send_to_mariadb_passes_the_balanced_policy() {
    every_tool("mysql", |rows| {
        let connections: Vec<&[Row]> = rows
            .chunk_by(|one, next| one.connection == next.connection)
            .collect();
        let questions: Vec<Value> = connections
            .iter()
            .map(|rows| {
                let packets: Vec<String> = rows.iter().map(|row| query(&row.sql)).collect();
                json!({ "wire": packets, "startup": { "server_version": "10.11.19-MariaDB" } })
            })
            .collect();
        answers("balanced.yaml", "mysql", &questions)
            .into_iter()
            .flat_map(|answer| match &answer["messages"] {
                Value::Array(messages) => messages.clone(),
                // There was only one.
                _ => vec![answer],
            })
            .collect()
    });
}

/// `COM_QUERY`, in base64.
fn query(sql: &str) -> String {
    let [a, b, c, _] = u32::try_from(sql.len() + 1).expect("short").to_le_bytes();
    STANDARD.encode([&[a, b, c, 0, 3], sql.as_bytes()].concat())
}
