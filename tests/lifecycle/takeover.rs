//! Records of the time in which no daemon ran.

use crate::POLICY;
use guard_tests::daemon::{Daemon, OnStop, listing};
use guard_tests::need::{STAND, require};
use guard_tests::postgres::Tls;
use guard_tests::repl::Repl;
use guard_tests::stand::{Stand, for_server};
use guard_tests::wait;
use serde_json::Value;

/// How many messages of `lasting` are on record, and how many records are
/// missing.
fn told(decisions: &[Value]) -> (u64, u64) {
    let queries = decisions.iter().filter(|decision| {
        decision["session"]["subject"]["name"] == "lasting" && decision["facts"]["message"] == "Q"
    });
    let lost = decisions
        .iter()
        .filter_map(|decision| decision["gap"]["lost"].as_u64());
    (queries.count() as u64, lost.sum())
}

/// Sends `count` statements; every tenth is refused, daemon or not.
#[track_caller]
fn send(repl: &mut Repl, count: u64) {
    for number in 1..=count {
        if number % 10 == 0 {
            let answer = repl.ask("DROP TABLE customers");
            assert!(answer.contains("42501"), "{answer}");
        } else {
            let answer = repl.ask("SELECT count(*) FROM customers");
            assert!(answer.contains("100"), "{answer}");
        }
    }
}

/// Kills the daemon, sends statements, starts the next one; gives what is told in
/// the end.
fn over_a_take_over(ring_kib: u32, count: u64) -> (u64, u64) {
    let mut stand = Stand::set(POLICY, Tls::Off, OnStop::Keep, |files| {
        files.ring_kib = ring_kib;
    });
    let policy = for_server(POLICY, &stand.postgres);
    let mut repl = Repl::start(&stand, "lasting");
    send(&mut repl, 10);
    stand.settled("lasting");
    stand.daemon.kill();
    send(&mut repl, count);
    stand.daemon = Daemon::start(stand.files(), &policy, stand.cgroup.path(), OnStop::Keep);
    let mut seen = Vec::new();
    let all = wait::try_until(wait::PATIENCE, || {
        seen = stand.daemon.decisions();
        let (queries, lost) = told(&seen);
        (queries + lost >= count + 10).then_some((queries, lost))
    });
    all.unwrap_or_else(|| panic!("{:?} of {}:\n{}", told(&seen), count + 10, listing(&seen)))
}

#[test]
fn what_was_judged_without_a_daemon_is_on_record_with_the_next() {
    if !require(STAND) {
        return;
    }
    assert_eq!(over_a_take_over(16_384, 200), (210, 0));
}

#[test]
fn what_found_no_room_without_a_daemon_is_a_gap_with_its_count() {
    if !require(STAND) {
        return;
    }
    let (queries, lost) = over_a_take_over(64, 200);
    assert!(lost > 0, "everything found room");
    assert_eq!(queries + lost, 210);
}
