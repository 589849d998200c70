//! What the shipped policies say of statements that a person has judged:
//! `tests/cases/policies-*.jsonl`. A row names the policies that it is for.

use super::verdict::{answers, refused};
use guard_tests::need::{Need, require};
use guard_tests::paths;
use serde_json::{Value, json};

#[test]
fn shipped_policies_judge_postgresql_as_a_person_would() {
    judge("postgresql", "postgres", &json!(null), 300);
}

#[test]
fn shipped_policies_judge_mariadb_as_a_person_would() {
    let server = json!({ "server_version": "10.11.19-MariaDB" });
    judge("mariadb", "mysql", &server, 300);
}

#[test]
fn shipped_policies_judge_redis_as_a_person_would() {
    judge("redis", "redis", &json!(null), 80);
}

/// Asks the policies about the rows of a file, at least `count` of each answer; `startup`
/// is what the client and the server say first.
fn judge(name: &str, protocol: &str, startup: &Value, count: usize) {
    if !require(&[Need::Agent]) {
        return;
    }
    let file = paths::root().join(format!("tests/cases/policies-{name}.jsonl"));
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
            .map(|row| {
                let startup = row["startup"].as_object().or(startup.as_object());
                json!({ "sql": row["sql"], "wire": row["wire"], "startup": startup })
            })
            .map(without_null)
            .collect();
        for expected in ["deny", "allow"] {
            let rows = judged.iter().filter(|row| row[policy] == expected).count();
            assert!(rows >= count, "{policy}: {rows} rows to {expected}");
        }
        let given = answers(&format!("{policy}.yaml"), protocol, &questions);
        for (row, answer) in judged.iter().zip(&given) {
            if refused(answer) != (row[policy] == "deny") {
                let what = if row["about"].is_null() {
                    &row["sql"]
                } else {
                    &row["about"]
                };
                wrong.push(format!("{policy}: {what}\n    {answer}"));
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
