//! Observe mode: the same story, and nothing that a client can notice.

use guard_tests::need::{STAND, require};
use guard_tests::paths;
use guard_tests::process::run;
use guard_tests::stand::{NO_HANG, Stand};
use serde_json::Value;

const POLICY: &str = include_str!("policies/observe.yaml");

/// What one rule is on record with: each of its decisions, of one agent.
fn on_record(stand: &Stand, agent: &str, rule: &str) -> Vec<Value> {
    let all = stand.settled(agent);
    let names_rule = |decision: &Value| {
        decision["rule"] == rule || decision["observed"].to_string().contains(rule)
    };
    all.into_iter().filter(names_rule).collect()
}

#[track_caller]
fn assert_observed_once(stand: &Stand, agent: &str, rule: &str, verdict: &str) {
    let records = on_record(stand, agent, rule);
    assert_eq!(records.len(), 1, "{records:#?}");
    let record = &records[0];
    assert_eq!(record["effect"], "none", "{record}");
    assert_eq!(
        (&record["mode"], &record["verdict"]),
        (&"observe".into(), &verdict.into()),
        "{record}"
    );
}

#[test]
fn an_observed_drop_goes_through_and_is_on_record_once() {
    if !require(STAND) {
        return;
    }
    let stand = Stand::new(POLICY);
    let finished = stand
        .psql("watched", &["SELECT 1", "DROP TABLE customers", "SELECT 2"])
        .success();
    assert_eq!(
        (finished.stdout.as_str(), finished.stderr.as_str()),
        ("1\n2\n", "")
    );
    assert!(
        !stand.postgres.has_table("customers"),
        "an observed statement was stopped"
    );
    assert_observed_once(&stand, "watched", "no-schema-drops", "block");
}

#[test]
fn an_observed_program_runs_and_is_on_record_once() {
    if !require(STAND) {
        return;
    }
    let stand = Stand::new(POLICY);
    let prisma = stand.scratch.script("prisma", "#!/bin/sh\necho reset\n");
    let finished = run(
        stand.guarded("watched", prisma).args(["migrate", "reset"]),
        NO_HANG,
    )
    .success();
    assert_eq!(finished.stdout, "reset\n");
    assert_observed_once(&stand, "watched", "no-prod-resets", "kill");
}

#[test]
fn an_observed_connection_gets_the_kernels_own_answer() {
    if !require(STAND) {
        return;
    }
    let stand = Stand::new(POLICY);
    let connect = "exec 3<>/dev/tcp/127.0.0.2/9";
    let finished = run(
        stand.guarded("watched", "/bin/bash").args(["-c", connect]),
        NO_HANG,
    );
    assert!(
        finished.stderr.contains("Connection refused"),
        "{}",
        finished.report()
    );
    assert_observed_once(&stand, "watched", "no-elsewhere", "block");
}

/// Options, urgent data, memory that is not copied, io_uring: a watched socket is
/// a socket like any other.
#[test]
fn a_client_cannot_tell_that_it_is_watched() {
    if !require(STAND) {
        return;
    }
    let stand = Stand::new(POLICY);
    let address = stand.postgres.address().to_string();
    let reach = paths::program("guard-reach");
    let look = |mut command: std::process::Command| {
        run(command.args(["notice", &address]), NO_HANG)
            .success()
            .stdout
    };
    let inside = look(stand.guarded("watched", &reach));
    let outside = look(stand.inside_scope(&reach));
    assert_eq!(inside, outside);
    for line in ["MSG_OOB: TDCZ", "answer: TDCZ", "SEND_ZC: TDCZ", "ok"] {
        assert!(inside.lines().any(|have| have == line), "{line}: {inside}");
    }
}
