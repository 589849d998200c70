use super::*;
use crate::daemon::rules::fixture::Fixture;
use crate::events::decode::Event;
use guard_common::class::{Class, Opaque, Where};
use zerocopy::FromZeros;

fn host() -> Host {
    Host {
        name: "test".into(),
        boot_id: "boot".into(),
    }
}

fn actor() -> Actor {
    let process = crate::events::processes::Processes::default().find((1 << 23, 0));
    Actor {
        session: None,
        process,
    }
}

fn history() -> History {
    let mut history = History::default();
    history.push(7, Arc::new(Fixture::default()));
    history
}

fn with_renderer<T>(f: impl FnOnce(&Renderer<'_>) -> T) -> T {
    let (host, history) = (host(), history());
    let clock = Clock::read();
    f(&Renderer {
        host: &host,
        history: &history,
        clock,
    })
}

/// Renders whatever an event says; used by the reader's mutation test.
pub(crate) fn render_any(event: Event) {
    with_renderer(|renderer| {
        let record = match event {
            Event::Exec(start) => renderer.exec(&start, actor()),
            Event::Connect(connect) => renderer.connect(&connect, actor()),
            Event::Statement(statement) => renderer.statement(&statement, actor()),
            Event::Poisoned(_) | Event::SessionBegin(_) | Event::SessionEnd(_) => return,
        };
        let line = serde_json::to_string(&record).expect("JSON");
        assert!(!line.contains('\n'));
    });
}

fn statement(hits: u64) -> Statement {
    let mut statement = Statement::new_zeroed();
    statement.header.epoch = 7;
    statement.decision = verdict::Decision::OPEN;
    statement.address = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 1];
    statement.port = 5432;
    statement.facts.hits = hits;
    statement
}

#[test]
fn a_refusal_has_its_rule_its_reason_and_its_effect() {
    let mut refused = statement(Class::Drop.bit());
    refused.decision.verdict = Verdict::Block as u8;
    refused.decision.cause = Cause::Rule as u8;
    refused.decision.rule = 0;
    refused.effect = Effect::ErrorFrame as u8;
    refused.id = 0xabc;
    let record = with_renderer(|renderer| renderer.statement(&refused, actor()));
    assert_eq!(
        (record.verdict, record.mode, record.effect),
        ("block", "enforce", "error-frame")
    );
    assert_eq!(record.rule.as_deref(), Some("block-drop"));
    assert_eq!(record.reason.as_deref(), Some("no drops"));
    assert_eq!(record.id, "0000000000000abc");
    let json = serde_json::to_value(&record).expect("JSON");
    assert_eq!(json["facts"]["endpoint"], "127.0.0.1:5432");
    assert_eq!(json["facts"]["dataset"], "customers");
    assert_eq!(json["facts"]["where"], serde_json::Value::Null);
}

#[test]
fn observe_shows_what_enforce_would_have_done_and_no_effect() {
    let mut seen = statement(Class::Delete.bit() | Class::Delete.where_bit(Where::Tautology));
    seen.decision.observed = 0b10;
    seen.decision.observed_rule = 1;
    seen.decision.observed_verdict = Verdict::Kill as u8;
    let record = with_renderer(|renderer| renderer.statement(&seen, actor()));
    assert_eq!(
        (record.verdict, record.mode, record.effect),
        ("kill", "observe", "none")
    );
    assert_eq!(record.rule.as_deref(), Some("watch-delete"));
    assert_eq!(record.observed.len(), 1);
    let json = serde_json::to_value(&record).expect("JSON");
    assert_eq!(json["facts"]["where"], "tautology");
}

#[test]
fn an_enforced_rule_stands_beside_what_was_observed() {
    let mut both = statement(Class::Drop.bit());
    both.decision.verdict = Verdict::Block as u8;
    both.decision.cause = Cause::Rule as u8;
    both.decision.rule = 0;
    both.decision.observed = 0b10;
    both.decision.observed_rule = 1;
    both.decision.observed_verdict = Verdict::Kill as u8;
    let record = with_renderer(|renderer| renderer.statement(&both, actor()));
    assert_eq!((record.verdict, record.mode), ("block", "enforce"));
    assert_eq!(record.observed[0].verdict, "kill");
}

#[test]
fn an_opaque_message_that_only_observe_rules_cover_is_observed() {
    let mut opaque = statement(0);
    opaque.facts.opaque = Opaque::Tls.bit();
    opaque.decision.observed_verdict = Verdict::Block as u8;
    let record = with_renderer(|renderer| renderer.statement(&opaque, actor()));
    assert_eq!(
        (record.verdict, record.mode, record.rule),
        ("block", "observe", None)
    );
    assert_eq!(record.observed.len(), 1);
    assert!(record.reason.is_some());
}

#[test]
fn a_policy_that_is_not_known_any_more_is_not_guessed() {
    let mut old = statement(Class::Drop.bit());
    old.header.epoch = 3;
    old.decision.verdict = Verdict::Block as u8;
    old.decision.cause = Cause::Rule as u8;
    old.decision.rule = 0;
    let record = with_renderer(|renderer| renderer.statement(&old, actor()));
    assert_eq!((record.verdict, record.rule), ("block", None));
    assert!(record.policy.sha256.is_none());
}

#[test]
fn a_plain_allow_has_no_rule_and_no_reason() {
    let record = with_renderer(|renderer| renderer.statement(&statement(1), actor()));
    assert_eq!(
        (record.verdict, record.mode, record.effect),
        ("allow", "enforce", "none")
    );
    assert_eq!((record.rule, record.reason), (None, None));
}
