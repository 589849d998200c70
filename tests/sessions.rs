//! Program starts and connections of a session, and everything outside of it.

use guard_tests::need::{STAND, require};
use guard_tests::process::run;
use guard_tests::stand::{NO_HANG, Stand};
use std::process::Command;

const POLICY: &str = include_str!("policies/shop.yaml");
const SIGKILL: i32 = 9;

/// A script named like the real tool, whose first line leaves a trace.
fn prisma(stand: &Stand) -> (std::path::PathBuf, std::path::PathBuf) {
    let trace = stand.scratch.join("trace");
    let text = format!("#!/bin/sh\ntouch {}\n", trace.display());
    (stand.scratch.script("prisma", &text), trace)
}

#[test]
fn a_refused_program_dies_before_its_first_line() {
    if !require(STAND) {
        return;
    }
    let stand = Stand::new(POLICY);
    let (prisma, trace) = prisma(&stand);
    let mut direct = stand.guarded("direct", &prisma);
    let finished = run(direct.args(["migrate", "reset", "--force"]), NO_HANG);
    assert_eq!(finished.signal(), Some(SIGKILL), "{}", finished.report());
    assert!(!trace.exists(), "its first line ran");
    let decision = stand.daemon.decision("kill", |d| {
        d["session"]["subject"]["name"] == "direct" && d["verdict"] == "kill"
    });
    assert_eq!(
        (&decision["action"], &decision["rule"]),
        (&"exec".into(), &"no-prod-resets".into()),
        "{decision}"
    );
    assert_eq!(decision["effect"], "sigkill", "{decision}");
    // The same program with other words is harmless.
    run(
        stand.guarded("direct", &prisma).args(["migrate", "status"]),
        NO_HANG,
    )
    .success();
    assert!(trace.exists());
}

#[test]
fn a_launcher_an_interpreter_and_a_shell_hide_nothing() {
    if !require(STAND) {
        return;
    }
    let stand = Stand::new(POLICY);
    let (prisma, trace) = prisma(&stand);
    let prisma = prisma.display().to_string();
    let ways: [(&str, Vec<&str>); 4] = [
        ("/usr/bin/env", vec![&prisma, "migrate", "reset", "--force"]),
        ("/bin/sh", vec![&prisma, "migrate", "reset"]),
        ("/usr/bin/nohup", vec![&prisma, "migrate", "reset"]),
        (
            "/bin/sh",
            vec!["-c", "\"$0\" migrate reset --force; exit 3", &prisma],
        ),
    ];
    for (number, (program, words)) in ways.into_iter().enumerate() {
        let agent = format!("way-{number}");
        let finished = run(stand.guarded(&agent, program).args(&words), NO_HANG);
        assert!(
            !finished.status.success(),
            "{program} {words:?}: {}",
            finished.report()
        );
        assert!(!trace.exists(), "{program} {words:?}: its first line ran");
        stand.daemon.decision(&agent, |d| {
            d["session"]["subject"]["name"] == agent && d["rule"] == "no-prod-resets"
        });
    }
}

#[test]
fn a_session_holds_over_fork_setsid_and_reparenting() {
    if !require(STAND) {
        return;
    }
    let stand = Stand::new(POLICY);
    let (prisma, trace) = prisma(&stand);
    let (done, after) = (stand.scratch.join("done"), stand.scratch.join("after"));
    // Two forks and a session of its own: the parent of the last one is gone.
    let script = format!(
        "setsid sh -c '(sleep 0.1; touch {0}; {1} migrate reset; touch {2}) & exit 0' & exit 0",
        after.display(),
        prisma.display(),
        done.display(),
    );
    run(
        stand.guarded("daemonized", "/bin/sh").args(["-c", &script]),
        NO_HANG,
    )
    .success();
    guard_tests::wait::until("the orphan's end", NO_HANG, || done.exists().then_some(()));
    assert!(
        after.exists() && !trace.exists(),
        "an orphan left its session"
    );
    let who = |d: &serde_json::Value| {
        d["session"]["subject"]["name"] == "daemonized" && d["verdict"] == "kill"
    };
    stand.daemon.decision("kill of the orphan's program", who);
}

#[test]
fn a_refused_connection_fails_with_a_permission_error() {
    if !require(STAND) {
        return;
    }
    let stand = Stand::new(POLICY);
    let connect = "exec 3<>/dev/tcp/127.0.0.2/9";
    let finished = run(
        stand.guarded("connect", "/bin/bash").args(["-c", connect]),
        NO_HANG,
    );
    assert!(!finished.status.success());
    assert!(
        finished.stderr.contains("Operation not permitted"),
        "{}",
        finished.report()
    );
    let refused = |d: &serde_json::Value| {
        d["session"]["subject"]["name"] == "connect" && d["action"] == "connect"
    };
    let decision = stand.daemon.decision("connect", refused);
    assert_eq!(
        (&decision["verdict"], &decision["effect"]),
        (&"block".into(), &"eperm".into()),
        "{decision}"
    );
    assert_eq!(decision["rule"], "no-elsewhere", "{decision}");
    // Inside the scope, outside the session, the kernel's own answer comes back.
    let outside = run(
        stand.inside_scope("/bin/bash").args(["-c", connect]),
        NO_HANG,
    );
    assert!(
        outside.stderr.contains("Connection refused"),
        "{}",
        outside.report()
    );
}

#[test]
fn outside_a_session_nothing_is_touched() {
    if !require(STAND) {
        return;
    }
    let stand = Stand::new(POLICY);
    let (prisma, trace) = prisma(&stand);
    run(
        stand
            .inside_scope(&prisma)
            .args(["migrate", "reset", "--force"]),
        NO_HANG,
    )
    .success();
    assert!(trace.exists(), "a program outside the session was stopped");
    let psql = stand.postgres.psql();
    let mut inside = stand.inside_scope(psql.get_program());
    run(
        inside
            .args(psql.get_args())
            .args(["-c", "DROP TABLE customers"]),
        NO_HANG,
    )
    .success();
    assert!(
        !stand.postgres.has_table("customers"),
        "a statement outside the session was refused"
    );
    let mut beyond: Command = stand.postgres.psql();
    run(beyond.args(["-c", "DROP TABLE invoices"]), NO_HANG).success();
    assert_eq!(
        stand.daemon.decisions().len(),
        0,
        "something outside every session is on record"
    );
}

#[test]
fn a_command_keeps_its_stdio_and_its_status() {
    if !require(STAND) {
        return;
    }
    let stand = Stand::new(POLICY);
    let script = "echo out; echo err >&2; exit 42";
    let finished = run(
        stand.guarded("stdio", "/bin/sh").args(["-c", script]),
        NO_HANG,
    );
    assert_eq!(finished.status.code(), Some(42), "{}", finished.report());
    assert_eq!(
        (finished.stdout.as_str(), finished.stderr.as_str()),
        ("out\n", "err\n")
    );
    let missing = run(&mut stand.guarded("stdio", "/nonexistent/program"), NO_HANG);
    assert_eq!(missing.status.code(), Some(127), "{}", missing.report());
}

#[test]
fn without_a_daemon_nothing_is_started() {
    if !require(STAND) {
        return;
    }
    let mut stand = Stand::new(POLICY);
    stand.daemon.stop();
    let trace = stand.scratch.join("trace");
    let finished = run(
        stand.guarded("nobody", "/usr/bin/touch").arg(&trace),
        NO_HANG,
    );
    assert_eq!(finished.status.code(), Some(4), "{}", finished.report());
    assert!(!trace.exists());
}
