//! What real tools send, under the policy that a team would run.
//!
//! `tests/benign/postgresql/*.jsonl` are captured by the scripts in `tests/benign/capture`.
//! A row with `expect: block` is refused rightly, and says `why`.

use super::verdict::{refused, verdicts};
use guard_tests::need::{Need, require};
use guard_tests::paths;
use serde::Deserialize;

#[derive(Deserialize)]
struct Row {
    sql: String,
    #[serde(default)]
    expect: Option<String>,
    #[serde(default)]
    why: Option<String>,
}

#[test]
fn what_real_tools_send_passes_the_balanced_policy() {
    if !require(&[Need::Agent]) {
        return;
    }
    let folder = paths::root().join("tests/benign/postgresql");
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
        let statements: Vec<&str> = rows.iter().map(|row| row.sql.as_str()).collect();
        let answers = verdicts("balanced.yaml", &statements);
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
