use super::*;
use crate::daemon::rules::fixture::Fixture;
use guard_common::abi::event::Statement;
use guard_common::class::Class;
use guard_common::verdict::Decision;
use std::time::Duration;
use zerocopy::FromZeros;

const SECOND: u64 = 1_000_000_000;

fn statement(class: Class, at_ns: u64) -> Statement {
    let mut statement = Statement::new_zeroed();
    statement.header.time_ns = at_ns;
    statement.decision = Decision::OPEN;
    statement.message = b'Q';
    statement.facts.hits = class.bit();
    statement.facts.statements = 1;
    statement
}

fn evaluator() -> Evaluator {
    let mut evaluator = Evaluator::default();
    evaluator.adopt(&Fixture::default());
    evaluator
}

fn send(evaluator: &mut Evaluator, event: &Statement, lineage: &[(u64, u64)]) -> Vec<Trigger> {
    evaluator.observe(&Observation::Statement(event), lineage)
}

#[test]
fn the_fourth_delete_within_ten_seconds_triggers_once() {
    let mut evaluator = evaluator();
    for step in 0..3 {
        let event = statement(Class::Delete, SECOND * (100 + step));
        assert!(send(&mut evaluator, &event, &[(1, 1)]).is_empty());
    }
    let fourth = statement(Class::Delete, SECOND * 103);
    let triggers = send(&mut evaluator, &fourth, &[(1, 1)]);
    assert_eq!(triggers.len(), 1);
    assert_eq!((triggers[0].session, triggers[0].count), (1, 4));
    assert_eq!(triggers[0].name.as_ref(), "few-deletes");
    assert_eq!(triggers[0].outcome(), "kill");
}

#[test]
fn other_classes_other_sessions_and_old_matches_do_not_count() {
    let mut evaluator = evaluator();
    for step in 0..20 {
        let event = statement(Class::Select, SECOND * 100);
        assert!(send(&mut evaluator, &event, &[(1, 1)]).is_empty());
        let event = statement(Class::Delete, SECOND * (100 + 4 * step));
        assert!(send(&mut evaluator, &event, &[(2, 1)]).is_empty());
        let event = statement(Class::Delete, SECOND * 100);
        assert!(send(&mut evaluator, &event, &[(100 + step, 1)]).is_empty());
    }
}

#[test]
fn a_nested_session_counts_for_the_outer_one() {
    let mut evaluator = evaluator();
    let mut triggers = Vec::new();
    for nested in 0..4 {
        let event = statement(Class::Delete, SECOND * 100);
        triggers = send(&mut evaluator, &event, &[(10 + nested, 1), (1, 1)]);
    }
    let sessions: Vec<u64> = triggers.iter().map(|trigger| trigger.session).collect();
    assert_eq!(sessions, [1]);
}

#[test]
fn preparing_is_not_yet_doing() {
    let mut evaluator = evaluator();
    let mut parse = statement(Class::Delete, SECOND * 100);
    parse.message = b'P';
    for _ in 0..20 {
        assert!(send(&mut evaluator, &parse, &[(1, 1)]).is_empty());
    }
}

#[test]
fn a_reload_of_the_same_rule_goes_on_counting_and_a_changed_one_starts_again() {
    let mut evaluator = evaluator();
    let event = statement(Class::Delete, SECOND * 100);
    for _ in 0..3 {
        assert!(send(&mut evaluator, &event, &[(1, 1)]).is_empty());
    }
    evaluator.adopt(&Fixture::default());
    assert_eq!(send(&mut evaluator, &event, &[(1, 1)]).len(), 1);
    for _ in 0..3 {
        assert!(send(&mut evaluator, &event, &[(1, 1)]).is_empty());
    }
    let mut changed = Fixture::default();
    let context = changed.views[2].context.as_mut().expect("a context rule");
    context.within = Duration::from_secs(99);
    evaluator.adopt(&changed);
    assert!(send(&mut evaluator, &event, &[(1, 1)]).is_empty());
}

#[test]
fn memory_goes_when_sessions_end_and_windows_pass() {
    let mut evaluator = evaluator();
    for session in 0..100 {
        let event = statement(Class::Delete, SECOND * 100);
        send(&mut evaluator, &event, &[(session, 1)]);
    }
    evaluator.forget(7);
    assert_eq!(evaluator.len(), 99);
    evaluator.sweep(SECOND * 105);
    assert_eq!(evaluator.len(), 99);
    evaluator.sweep(SECOND * 111);
    assert!(evaluator.is_empty());
}
