//! Rules over many actions: a session that goes on too long is shut in, or ended.

use guard_tests::need::{STAND, require};
use guard_tests::process::{Server, run};
use guard_tests::stand::{NO_HANG, Stand};
use guard_tests::{paths, wait};
use rustix::process::Signal;
use std::process::Stdio;
use std::time::{Duration, Instant};

const POLICY: &str = include_str!("policies/shop.yaml");

fn policy(action: &str) -> String {
    format!(
        "{POLICY}
  - name: delete-budget
    when: {{ subject: {{ kind: agent }}, dataset: shop, statement: [delete] }}
    more_than: 5
    within: 1m
    action: {action}
    reason: That many deletes are not tidying up.
"
    )
}

/// A guarded shell that deletes one row after another on new connections, and
/// notes the time of each success.
fn deleter(stand: &Stand, agent: &str) -> std::process::Command {
    deleter_after(stand, agent, ":")
}

/// The same, after some other work.
fn deleter_after(stand: &Stand, agent: &str, work: &str) -> std::process::Command {
    let psql = stand.postgres.psql();
    let words: Vec<String> = psql
        .get_args()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let script = format!(
        "{work}
        for id in $(seq 1 100); do psql {} -c \"DELETE FROM customers WHERE id = $id\" || break; done; : > {}; sleep 30",
        words.join(" "),
        stand.scratch.join("went-on").display(),
    );
    let mut command = stand.guarded(agent, "/bin/sh");
    command
        .args(["-c", &script])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

#[test]
fn too_many_deletes_quarantine_the_session_within_a_second() {
    if !require(STAND) {
        return;
    }
    let stand = Stand::new(&policy("block"));
    let session = Server::start(deleter(&stand, "eager"), Signal::TERM);
    let sixth = wait::until("the sixth delete", NO_HANG, || {
        (stand.postgres.rows("customers") < 95).then(Instant::now)
    });
    wait::until("the quarantine", NO_HANG, || {
        stand.scratch.join("went-on").exists().then_some(())
    });
    assert!(
        sixth.elapsed() < Duration::from_secs(1),
        "after {:?}",
        sixth.elapsed()
    );
    let left = stand.postgres.rows("customers");
    assert!(
        left > 60,
        "{} rows were deleted before the quarantine",
        100 - left
    );
    let status = stand.daemon.ctl(&["sessions", "-o", "json"]).success();
    assert!(status.stdout.contains("quarantine"), "{}", status.stdout);
    // Everything is refused now, and nobody else is touched.
    let other = stand.psql("other", &["SELECT 1"]).success();
    assert_eq!(other.stdout, "1\n");
    drop(session);
}

#[test]
fn too_many_deletes_kill_the_tree_and_nothing_else() {
    if !require(STAND) {
        return;
    }
    let stand = Stand::new(&policy("kill"));
    let bystander = Server::start(sleeping(&stand, Some("bystander")), Signal::TERM);
    let outsider = Server::start(sleeping(&stand, None), Signal::TERM);
    let mut session = Server::start(deleter(&stand, "eager"), Signal::TERM);
    let status = wait::until("the end of the tree", NO_HANG, || session.ended());
    assert!(!status.success(), "{status}");
    assert!(
        !stand.scratch.join("went-on").exists(),
        "the shell outlived its tree"
    );
    for (mut server, who) in [
        (bystander, "another session"),
        (outsider, "a process outside"),
    ] {
        assert!(server.ended().is_none(), "{who} was killed");
    }
    let listed = stand.daemon.ctl(&["status"]).success();
    assert!(!listed.stdout.is_empty());
}

/// A tree is who was started in it, not who looks like it: processes that left
/// the terminal's session, lost their parents, are stopped, or opened a session of
/// their own inside.
#[test]
fn no_process_of_the_tree_hides_from_its_end() {
    if !require(STAND) {
        return;
    }
    let stand = Stand::new(&policy("kill"));
    let outsider = Server::start(sleeping(&stand, None), Signal::TERM);
    let pids = stand.scratch.join("pids");
    let hide = format!(
        "note() {{ echo $1 >> {pids}; }}
        setsid sleep 60 & note $!
        (setsid sh -c 'sleep 60 & echo $! >> {pids}')
        sh -c 'kill -STOP $$' & note $!
        {guardctl} run --agent inner -- sh -c 'echo $$ >> {pids}; exec sleep 60' &
        while [ $(wc -l < {pids}) -lt 4 ]; do sleep 0.1; done",
        pids = pids.display(),
        guardctl = paths::program("guardctl").display(),
    );
    let mut session = Server::start(deleter_after(&stand, "eager", &hide), Signal::TERM);
    wait::until("the end of the tree", NO_HANG, || session.ended());
    let noted = std::fs::read_to_string(&pids).expect("the processes are noted");
    assert_eq!(noted.lines().count(), 4, "{noted}");
    for pid in noted.lines() {
        wait::until(&format!("the end of {pid}"), NO_HANG, || {
            is_gone(pid).then_some(())
        });
    }
    let mut outsider = outsider;
    assert!(outsider.ended().is_none(), "a process outside was killed");
}

/// Whether a process has ended, reaped or not.
fn is_gone(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"));
    stat.map_or(true, |stat| {
        stat.rsplit(')')
            .next()
            .is_some_and(|rest| rest.starts_with(" Z"))
    })
}

fn sleeping(stand: &Stand, agent: Option<&str>) -> std::process::Command {
    let mut command = match agent {
        Some(agent) => stand.guarded(agent, "/bin/sleep"),
        None => stand.inside_scope("/bin/sleep"),
    };
    command
        .arg("60")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

#[test]
fn a_session_within_its_budget_goes_on() {
    if !require(STAND) {
        return;
    }
    let stand = Stand::new(&policy("kill"));
    let deletes: Vec<String> = (1..=5)
        .map(|id| format!("DELETE FROM customers WHERE id = {id}"))
        .collect();
    let mut words: Vec<&str> = deletes.iter().map(String::as_str).collect();
    words.push("SELECT count(*) FROM customers");
    assert_eq!(stand.psql("modest", &words).success().stdout, "95\n");
    stand.settled("modest");
    let psql = stand.postgres.psql();
    let mut again = stand.guarded("modest", psql.get_program());
    run(
        again.args(psql.get_args()).args(["-c", "SELECT 1"]),
        NO_HANG,
    )
    .success();
}
