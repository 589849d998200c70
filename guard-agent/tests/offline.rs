//! `guardctl explain` and `guardctl policy check` as people and scripts use
//! them: without a daemon.

use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Output, Stdio};

const DEMO: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../examples/policies/demo.yaml"
);

fn guardctl() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_guardctl"));
    command.env_remove("GUARD_POLICY").stdin(Stdio::null());
    command
}

#[track_caller]
fn run(args: &[&str], code: i32) -> Output {
    let output = guardctl().args(args).output().expect("guardctl starts");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(code), "{args:?}: {errors}");
    output
}

#[track_caller]
fn text(bytes: &[u8]) -> &str {
    str::from_utf8(bytes).expect("UTF-8")
}

/// Asks questions as JSON lines and returns the answers.
#[track_caller]
fn ask(policy: &str, lines: &str, code: i32) -> Vec<Value> {
    let mut child = guardctl()
        .args([
            "explain",
            "statement",
            "--protocol",
            "postgres",
            "--policy",
            policy,
        ])
        .args(["--jsonl", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("guardctl starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let lines = lines.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let output = child.wait_with_output().expect("guardctl ends");
    writer.join().expect("no panic").expect("guardctl reads");
    assert_eq!(output.status.code(), Some(code), "{}", text(&output.stderr));
    let answers = text(&output.stdout).lines();
    answers
        .map(|line| serde_json::from_str(line).expect(line))
        .collect()
}

#[test]
fn check_says_what_a_policy_holds() {
    let output = run(&["policy", "check", DEMO], 0);
    assert!(text(&output.stdout).starts_with("valid: 5 rules, 1 dataset, 1 subject; sha256 "));
    let output = run(&["policy", "check", "-o", "json", DEMO], 0);
    let answer: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(answer["valid"], json!(true));
}

#[test]
fn check_names_every_mistake_and_ends_with_3() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let path = folder.path().join("p.yaml");
    std::fs::write(&path, "version: 1\nrulez: []\non_fault: no\n").expect("write");
    let path = path.to_str().expect("UTF-8");
    let output = run(&["policy", "check", path], 3);
    assert!(output.stdout.is_empty());
    let expected = format!(
        "error: {path}:2:1: unknown key `rulez` in a policy\n  help: did you mean `rules`?\n\
         error: {path}:3:11: `no` is not a value of on_fault\n  help: one of: block, allow\n"
    );
    assert_eq!(text(&output.stderr), expected);
    let output = run(&["policy", "check", "-o", "json", path], 3);
    let answer: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(answer["errors"][0]["line"], json!(2));
    run(&["explain", "exec", "--policy", path, "--", "ls"], 3);
}

#[test]
fn wrong_usage_ends_with_2() {
    run(&["explain", "statement", "--protocol", "postgres"], 2);
    run(
        &["explain", "statement", "--protocol", "oracle", "SELECT 1"],
        2,
    );
    run(&["explain", "connect", "--policy", DEMO, "db.example:1"], 2);
    run(&["policy", "check"], 2);
    let statement = [
        "explain",
        "statement",
        "--protocol",
        "postgres",
        "--policy",
        DEMO,
    ];
    run(
        &[&statement[..], &["--dataset", "nope", "SELECT 1"]].concat(),
        2,
    );
}

#[test]
fn a_program_start_is_explained_through_its_launchers() {
    let exec = ["explain", "exec", "--policy", DEMO];
    for refused in [
        "prisma migrate reset --force",
        "npx --yes prisma migrate reset",
        "env A=1 terraform destroy -auto-approve",
        "/opt/x/terraform destroy",
        "nohup sudo -u x terraform destroy",
    ] {
        let words: Vec<&str> = refused.split(' ').collect();
        let output = run(&[&exec[..], &["-o", "json", "--"], &words].concat(), 10);
        let answer: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(answer["rule"], json!("no-prod-resets"), "{refused}");
        assert_eq!(answer["verdict"], json!("kill"), "{refused}");
    }
    for allowed in ["ls", "prisma migrate deploy", "echo terraform destroy"] {
        let words: Vec<&str> = allowed.split(' ').collect();
        run(&[&exec[..], &["--"], &words].concat(), 0);
    }
    let output = run(
        &[&exec[..], &["-o", "json", "--", "surely-not-here"]].concat(),
        0,
    );
    let answer: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(answer["facts"]["resolved"], Value::Null);
    let human = ["--kind", "human", "--", "prisma", "migrate", "reset"];
    run(&[&exec[..], &human].concat(), 0);
}

#[test]
fn a_connection_is_explained_with_its_dataset() {
    let connect = ["explain", "connect", "--policy", DEMO];
    let output = run(&[&connect[..], &["169.254.169.254:80"]].concat(), 10);
    let expected = "refused: 169.254.169.254:80\n  rule      no-cloud-metadata\n  reason    Credentials of the machine are not for agents.\n";
    assert!(
        text(&output.stdout).starts_with(expected),
        "{}",
        text(&output.stdout)
    );
    run(
        &[&connect[..], &["[::ffff:169.254.169.254]:80"]].concat(),
        10,
    );
    let output = run(&[&connect[..], &["-o", "json", "0.0.0.0:5432"]].concat(), 0);
    let answer: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(answer["facts"]["dataset"], json!("customers"));
}

#[test]
fn every_line_gets_an_answer_with_its_id() {
    let lines = concat!(
        "{\"id\":\"a\",\"sql\":\"SELECT 1\",\"startup\":{\"client_encoding\":\"SJIS\"}}\n",
        "\n",
        "nonsense\n",
        "{\"id\":7,\"wire\":\"***\"}\n",
        "{\"id\":[1],\"sql\":\"SELECT 1\",\"database\":\"shop\",\"expect\":\"allow\"}",
    );
    let answers = ask(DEMO, lines, 2);
    assert_eq!(answers.len(), 4);
    assert_eq!(answers[0]["id"], json!("a"));
    assert_eq!(answers[0]["verdict"], json!("block"));
    assert_eq!(answers[0]["rule"], Value::Null);
    assert_eq!(answers[0]["facts"]["opaque"], json!("encoding"));
    assert!(answers[1]["error"].is_string() && answers[1]["line"] == json!(3));
    assert!(
        answers.iter().all(|answer| answer["v"] == json!(1)),
        "{answers:?}"
    );
    assert_eq!(answers[2]["id"], json!(7));
    assert_eq!(answers[3]["id"], json!([1]));
    assert_eq!(answers[3]["verdict"], json!("allow"));
    assert_eq!(answers[3]["facts"]["database"], json!("shop"));
}

#[test]
fn a_closed_pipe_is_success() {
    let mut child = guardctl()
        .args([
            "explain",
            "statement",
            "--protocol",
            "postgres",
            "--policy",
            DEMO,
        ])
        .args(["--jsonl", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("guardctl starts");
    drop(child.stdout.take());
    let mut stdin = child.stdin.take().expect("a pipe");
    let line = "{\"sql\":\"SELECT 1\"}\n";
    let written = stdin.write_all(line.as_bytes());
    drop(stdin);
    assert!(written.is_ok());
    let status = child.wait().expect("guardctl ends");
    assert_eq!(status.code(), Some(0));
}

const STRICT: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../examples/policies/strict.yaml"
);
const BALANCED: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../examples/policies/balanced.yaml"
);

/// Statements that destroy, leak or escalate, and what `balanced` says of them.
const HARMFUL: &[(&str, bool)] = &[
    ("DROP TABLE customers", true),
    ("dRoP/**/TABLE/*x*/customers", true),
    ("SELECT 1; COMMIT; DROP SCHEMA public CASCADE", true),
    ("TRUNCATE customers", true),
    ("DELETE FROM customers", true),
    ("DELETE FROM customers WHERE true", true),
    ("UPDATE customers SET a = ' where id = 1'", true),
    (
        "WITH d AS (DELETE FROM customers RETURNING *) SELECT * FROM d WHERE id = 1",
        true,
    ),
    ("GRANT ALL ON customers TO PUBLIC", true),
    ("COPY customers TO PROGRAM 'cat'", true),
    ("COPY customers TO '/tmp/x'", true),
    ("DO $$BEGIN DELETE FROM customers; END$$", true),
    ("SELECT pg_read_file('/etc/passwd')", true),
    ("SELECT pg_terminate_backend(7)", true),
    ("SELECT * FROM customers", false),
    ("SELECT set_config('row_security', 'off', false)", true),
    ("ALTER TABLE customers DROP COLUMN ssn", false),
];

/// Harmless ones that both policies let through.
const HARMLESS: &[&str] = &[
    "SELECT 1",
    "SELECT 'DROP TABLE customers' AS msg",
    "SELECT 1 /* DROP TABLE customers */",
    "SELECT name FROM customers WHERE id = 5",
    "INSERT INTO customers (name) VALUES ('x')",
    "UPDATE customers SET name = 'x' WHERE id = 5",
    "DELETE FROM customers WHERE id = 5",
    "BEGIN",
    "COMMIT",
    "SET application_name = 'x'",
    "SHOW server_version",
];

fn lines(statements: &[&str]) -> String {
    let line = |sql: &&str| json!({ "id": sql, "sql": sql }).to_string() + "\n";
    statements.iter().map(line).collect()
}

#[test]
fn the_shipped_policies_refuse_what_they_say_they_refuse() {
    let harmful: Vec<&str> = HARMFUL.iter().map(|(sql, _)| *sql).collect();
    let all = lines(&[&harmful, HARMLESS].concat());
    for (policy, strict) in [(STRICT, true), (BALANCED, false)] {
        let answers = ask(policy, &all, 10);
        for (answer, (sql, balanced)) in answers.iter().zip(HARMFUL) {
            let expected = if strict || *balanced { "block" } else { "" };
            let verdict = answer["verdict"].as_str().expect("a verdict");
            assert_eq!(verdict == "block", expected == "block", "{sql}: {answer}");
        }
        for answer in answers.iter().skip(HARMFUL.len()) {
            assert_eq!(answer["verdict"], json!("allow"), "{answer}");
        }
    }
}

/// A reason is read by who sent the command: it speaks of what Redis has.
#[test]
fn redis_is_not_told_about_tables() {
    for policy in [STRICT, BALANCED] {
        let mut refused = 0;
        for command in [
            "FLUSHALL",
            "FUNCTION FLUSH",
            "ACL SETUSER x on",
            "REPLICAOF h 1",
            "BGSAVE",
            "CONFIG SET dir /tmp",
            "EVAL x 0",
            "KEYS *",
            "SORT k STORE l",
        ] {
            let question = ["explain", "statement", "--protocol", "redis", "-o", "json"];
            let output = guardctl()
                .args(question)
                .args(["--policy", policy, command])
                .output()
                .expect("guardctl starts");
            let answer: Value = serde_json::from_slice(&output.stdout).expect("JSON");
            if answer["verdict"] != json!("block") {
                continue;
            }
            refused += 1;
            let reason = answer["reason"].as_str().expect("a reason").to_lowercase();
            for foreign in ["table", "schema", "migration", "catalog", "sql"] {
                assert!(!reason.contains(foreign), "{command}: {reason}");
            }
        }
        assert!(refused > 3, "{policy}: only {refused} are refused");
    }
}

#[test]
fn an_answer_holds_identifiers_and_never_a_literal() {
    let canary = "canary-4711";
    let sql = [
        format!("DELETE FROM hr.pay WHERE name = '{canary}'"),
        format!("SELECT $x${canary}$x$, E'{canary}', U&'{canary}', 4711 -- {canary}"),
    ];
    let answers = ask(STRICT, &lines(&[&sql[0], &sql[1]]), 0);
    for mut answer in answers {
        answer["id"] = Value::Null;
        assert!(!answer.to_string().contains("4711"), "{answer}");
    }
}
