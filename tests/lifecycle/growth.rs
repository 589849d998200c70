//! Ten thousand connections: nothing of them stays.

use crate::state::Entries;
use crate::{POLICY, state};
use guard_tests::need::{STAND, require};
use guard_tests::process::run;
use guard_tests::stand::Stand;
use guard_tests::{paths, wait};
use std::time::Duration;

#[test]
fn ten_thousand_connections_leave_no_state_behind() {
    if !require(STAND) {
        return;
    }
    let stand = Stand::new(POLICY);
    let held = state::held_by(stand.daemon.pid());
    let before = state::entries(&held);
    let memory = resident_kib(stand.daemon.pid());
    let mut many = stand.guarded("many", paths::program("guard-wire"));
    many.arg("many-connections")
        .arg(stand.postgres.address().to_string());
    run(&mut many, Duration::from_secs(240)).success();
    // A session outlives its last task for as long as its sockets may send.
    let expected = Entries {
        sessions: before.sessions + 1,
        ..before
    };
    let mut after = before;
    let gone = wait::try_until(wait::PATIENCE, || {
        after = state::entries(&held);
        (after == before || after == expected).then_some(())
    });
    assert!(gone.is_some(), "{after:?}, before {before:?}");
    assert_eq!(stand.postgres.clients(), 0, "the server still has clients");
    let grown = resident_kib(stand.daemon.pid()).saturating_sub(memory);
    assert!(grown < 64 * 1024, "the daemon grew by {grown} KiB");
}

/// Resident memory of a process in KiB.
fn resident_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the daemon lives");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok())
        .expect("a process has a size")
}
