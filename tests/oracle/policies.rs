//! What the shipped policies say of statements that a person has judged:
//! `tests/cases/policies-*.jsonl`. A row names the policies that it is for.

use super::verdict::{answers, refused};
use guard_tests::need::{Need, require};
use guard_tests::paths;
use serde_json::{Value, json};

#[test]
fn shipped_policies_judge_postgresql_as_a_person_would() {
    if !require(&[Need::Agent]) {
        return;
    }
    let file = paths::root().join("tests/cases/policies-postgresql.jsonl");
    let text = std::fs::read_to_string(file).expect("the cases can be read");
    let rows: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect(line))
        .collect();
    let mut wrong = Vec::new();
    for policy in ["strict", "balanced"] {
        let judged: Vec<&Value> = rows.iter().filter(|row| row[policy].is_string()).collect();
        let questions: Vec<Value> = judged
            .iter()
            .map(|row| json!({ "sql": row["sql"], "startup": row["startup"].as_object() }))
            .map(without_null)
            .collect();
        for expected in ["deny", "allow"] {
            let count = judged.iter().filter(|row| row[policy] == expected).count();
            assert!(count >= 300, "{policy}: {count} rows to {expected}");
        }
        let given = answers(&format!("{policy}.yaml"), "postgres", &questions);
        for (row, answer) in judged.iter().zip(&given) {
            if refused(answer) != (row[policy] == "deny") {
                wrong.push(format!("{policy}: {}\n    {answer}", row["sql"]));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A question without the keys that a row does not have.
fn without_null(mut question: Value) -> Value {
    if let Some(fields) = question.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    question
}
