//! The texts for refused clients, said by a real server: the frames that the
//! policy compiler renders are sent as they are, in every kind of session, and
//! the answers read.

use guard_agent::policy::{self, Capabilities, Source};
use guard_common::denial::{Denial, Frame};
use guard_tests::need::{Need, require};
use guard_tests::postgres::{Postgres, Tls};
use guard_tests::wire::{self, Answer, Wire, message};

const REASON: &str = "It's \"one\" reason — with \\ and $guard$ and 100%s of ünïcode…";

/// What a client may have set before it is refused.
const SESSIONS: [&str; 8] = [
    "SELECT 1",
    "SET standard_conforming_strings = off",
    "SET backslash_quote = off",
    "SET client_encoding = 'SJIS'",
    "SET client_encoding = 'LATIN1'",
    "SET search_path = ''",
    "SET default_transaction_read_only = on",
    "SET plpgsql.extra_errors = 'all'",
];

fn denials() -> Vec<Denial> {
    let reason = serde_json::to_string(REASON).expect("a string is JSON");
    let long = "x'".repeat(450);
    let text = format!(
        "version: 1
rules:
  - {{ name: the-rule, reason: {reason}, when: {{ exec: {{ program: [x] }} }}, action: block }}
  - {{ name: long, reason: \"{long}\", when: {{ exec: {{ program: [x] }} }}, action: block }}
"
    );
    let source = Source {
        path: "denials.yaml".into(),
        text,
    };
    let loaded = policy::parse(vec![source], Capabilities::default());
    loaded.expect("the policy is valid").compiled.denials
}

fn bytes(frame: &Frame) -> Vec<u8> {
    let mut bytes = frame.bytes[..frame.length as usize].to_vec();
    let at = frame.id_at as usize;
    bytes[at..at + 16].copy_from_slice(b"00000000cafe0042");
    bytes
}

#[track_caller]
fn check_words(error: &Answer, severity: &str) {
    assert_eq!(error.field(b'S'), severity);
    assert_eq!(error.field(b'C'), "42501");
    assert_eq!(
        error.field(b'M'),
        "guard: refused by rule \"the-rule\": It's \"one\" reason - with / and ?guard? and 100%s of uen?code..."
    );
    assert_eq!(error.field(b'D'), "decision 00000000cafe0042");
    assert!(error.field(b'H').starts_with("guardctl explain"));
}

#[test]
fn the_server_refuses_in_our_words_and_goes_on() {
    if !require(&[Need::Postgres]) {
        return;
    }
    let postgres = Postgres::start(Tls::Off);
    let denial = denials()[0];
    for session in SESSIONS {
        let mut wire = Wire::open(postgres.address());
        wire.ask(&message::query(session));
        let simple = wire.ask(&bytes(&denial.query));
        assert_eq!(wire::tags(&simple), "EZ", "{session}");
        check_words(&simple[0], "ERROR");
        assert_eq!(simple[1].body, b"I");

        let extended = wire.ask(&[bytes(&denial.extended), message::sync()].concat());
        assert_eq!(wire::tags(&extended), "12EZ", "{session}");
        check_words(&extended[2], "ERROR");
        let after = wire.ask(&message::query("SELECT 1"));
        assert_eq!(wire::tags(&after), "TDCZ", "{session}");
    }
}

#[test]
fn a_refusal_aborts_the_transaction_around_it() {
    if !require(&[Need::Postgres]) {
        return;
    }
    let postgres = Postgres::start(Tls::Off);
    let denial = denials()[0];
    let before = postgres.rows("customers");
    let simple = bytes(&denial.query);
    let extended = [bytes(&denial.extended), message::sync()].concat();
    for refusal in [simple, extended] {
        let mut wire = Wire::open(postgres.address());
        wire.ask(&message::query(
            "BEGIN; DELETE FROM invoices; DELETE FROM customers",
        ));
        let refused = wire.ask(&refusal);
        check_words(wire::errors(&refused)[0], "ERROR");
        assert_eq!(refused.last().map(Answer::text).as_deref(), Some("E"));
        let commit = wire.ask(&message::query("COMMIT"));
        assert_eq!(commit[0].text(), "ROLLBACK");
        assert_eq!(postgres.rows("customers"), before);
    }
}

#[test]
fn a_refusal_in_a_pipeline_is_answered_in_its_place() {
    if !require(&[Need::Postgres]) {
        return;
    }
    let postgres = Postgres::start(Tls::Off);
    let denial = denials()[0];
    let mut wire = Wire::open(postgres.address());
    let pipeline = [
        message::extended("SELECT 1"),
        bytes(&denial.extended),
        message::extended("SELECT 2"),
        message::sync(),
        message::extended("SELECT 3"),
        message::sync(),
    ];
    let first = wire.ask(&pipeline.concat());
    assert_eq!(wire::tags(&first), "12TDC12EZ");
    check_words(&first[7], "ERROR");
    assert_eq!(wire::tags(&wire.until_ready()), "12TDCZ");
}

#[test]
fn every_text_of_a_policy_is_valid_sql() {
    if !require(&[Need::Postgres]) {
        return;
    }
    let postgres = Postgres::start(Tls::Off);
    let mut wire = Wire::open(postgres.address());
    for denial in &denials() {
        let simple = wire.ask(&bytes(&denial.query));
        let extended = wire.ask(&[bytes(&denial.extended), message::sync()].concat());
        for answers in [&simple, &extended] {
            let errors = wire::errors(answers);
            assert_eq!(errors[0].field(b'C'), "42501");
            assert!(errors[0].field(b'M').starts_with("guard: refused"));
            assert_eq!(errors[0].field(b'D'), "decision 00000000cafe0042");
        }
    }
}
