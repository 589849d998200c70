//! `guardctl explain statement` for many statements at once.

use guard_tests::paths;
use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};

/// What a policy says of each statement.
pub(crate) fn verdicts(policy: &str, statements: &[&str]) -> Vec<Value> {
    let questions: Vec<Value> = statements.iter().map(|sql| json!({ "sql": sql })).collect();
    answers(policy, "postgres", &questions)
}

/// What a policy says of each question, which is a line of `--jsonl`.
pub(crate) fn answers(policy: &str, protocol: &str, questions: &[Value]) -> Vec<Value> {
    let mut guardctl = Command::new(paths::program("guardctl"))
        .args(["explain", "statement", "--protocol", protocol])
        .args(["--jsonl", "-", "--policy"])
        .arg(paths::root().join("examples/policies").join(policy))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("guardctl starts");
    let mut input = guardctl.stdin.take().expect("its stdin is a pipe");
    let asked = questions.len();
    let questions: String = questions
        .iter()
        .map(|question| format!("{question}\n"))
        .collect();
    // It answers while it reads: both pipes must be served.
    let writer = std::thread::spawn(move || input.write_all(questions.as_bytes()));
    let output = guardctl.wait_with_output().expect("guardctl ends");
    writer
        .join()
        .expect("the writer ends")
        .expect("guardctl reads all questions");
    let answers: Vec<Value> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).expect("an answer is JSON"))
        .collect();
    assert_eq!(answers.len(), asked, "an answer to each");
    answers
}

/// Does an answer refuse?
pub(crate) fn refused(answer: &Value) -> bool {
    matches!(answer["verdict"].as_str(), Some("block" | "kill"))
}
