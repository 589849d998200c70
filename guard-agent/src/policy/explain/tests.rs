//! Statements through framing, engine and decision.

mod prepared;

use super::*;
use crate::policy::{Capabilities, EVERYONE, Source, parse};
use guard_common::class::{Class, Opaque};
use guard_common::text::Text;
use std::sync::OnceLock;

const POLICY: &str = r#"
version: 1
datasets:
  - { name: open, protocol: postgres, endpoints: ["127.0.0.1:5433"] }
  - { name: shop, protocol: postgres, endpoints: ["127.0.0.1:5432"], labels: [pii] }
  - { name: cache, protocol: redis, endpoints: ["127.0.0.1:6379"], labels: [pii] }
  - { name: queue, protocol: redis, endpoints: ["127.0.0.1:6380"], labels: [pii], accept_opaque: [dynamic] }
rules:
  - { name: no-drops, when: { dataset: { labels: [pii] }, statement: [drop] }, action: block }
  - { name: watch, when: { dataset: shop, statement: [delete] }, action: kill, mode: observe }
  - { name: budget, when: { dataset: shop, statement: [delete] }, action: block, more_than: 3, within: 1m }
"#;

fn dialects() -> &'static Dialects {
    static DIALECTS: OnceLock<Dialects> = OnceLock::new();
    DIALECTS.get_or_init(|| Dialects::load().expect("there is memory for the tables"))
}

fn compiled() -> &'static Compiled {
    static COMPILED: OnceLock<Compiled> = OnceLock::new();
    COMPILED.get_or_init(|| {
        let source = Source {
            path: "p.yaml".into(),
            text: POLICY.to_owned(),
        };
        let loaded = parse(vec![source], Capabilities::default());
        loaded.expect("the policy is valid").compiled
    })
}

/// Judges a connection on one dataset, or on all.
fn judged(dataset: Option<usize>, connection: &Connection) -> (Judgement, Vec<String>) {
    let judge = Judge {
        compiled: Some(compiled()),
        dialects: dialects(),
        selectors: EVERYONE,
        dataset,
    };
    let judgement = judge.judge(connection);
    let counted = judgement
        .deciding()
        .map(|judged| judge.counted(judged, judgement.dataset))
        .unwrap_or_default();
    let counted = counted.iter().map(|name| (*name).to_owned()).collect();
    (judgement, counted)
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).expect("short");
    [&[kind], &length.to_be_bytes()[..], body].concat()
}

/// A statement prepared and run under a name.
fn prepared(name: &str, sql: &str) -> Vec<u8> {
    let name = name.as_bytes();
    [
        message(b'P', &[name, b"\0", sql.as_bytes(), b"\0\0\0"].concat()),
        message(b'B', &[b"\0", name, b"\0\0\0\0\0\0\0"].concat()),
        message(b'E', b"\0\0\0\0\0"),
    ]
    .concat()
}

fn verdicts(judgement: &Judgement) -> Vec<(char, Verdict)> {
    let messages = judgement.messages.iter();
    messages
        .map(|judged| (char::from(judged.message), judged.verdict()))
        .collect()
}

#[test]
fn the_strictest_dataset_answers_when_none_is_named() {
    let drop = Connection::statement(Protocol::Postgres, "DROP TABLE t");
    let (judgement, _) = judged(None, &drop);
    assert_eq!(judgement.dataset, Some(1));
    assert_eq!(verdicts(&judgement), [('Q', Verdict::Block)]);
    assert_eq!(verdicts(&judged(Some(0), &drop).0), [('Q', Verdict::Allow)]);
}

#[test]
fn rules_that_watch_and_count_refuse_nothing() {
    let (judgement, counted) = judged(
        None,
        &Connection::statement(Protocol::Postgres, "DELETE FROM t"),
    );
    assert_eq!(verdicts(&judgement), [('Q', Verdict::Allow)]);
    assert_eq!(judgement.messages[0].decision.observed, 0b10);
    assert_eq!(counted, ["budget"]);
}

#[test]
fn a_pipeline_goes_on_behind_a_refused_statement() {
    let connection = Connection {
        writes: vec![
            [
                prepared("a", "SELECT 1"),
                prepared("", "DROP TABLE t"),
                prepared("b", "SELECT 2"),
                message(b'S', b""),
            ]
            .concat(),
        ],
        ..Connection::default()
    };
    let (judgement, _) = judged(None, &connection);
    let refused: Vec<usize> = judgement
        .messages
        .iter()
        .enumerate()
        .filter(|(_, judged)| judged.decision.denies())
        .map(|(index, _)| index)
        .collect();
    assert_eq!(refused, [2], "{:?}", verdicts(&judgement));
    assert_eq!(judgement.messages.len(), 5);
}

#[test]
fn how_the_bytes_are_split_changes_nothing() {
    let stream = [
        prepared("s", "SELECT 'x' /* DROP */"),
        prepared("", "DROP TABLE \"a\"\"b\""),
        client::statement(Protocol::Postgres, "DELETE FROM t WHERE id = 3"),
    ]
    .concat();
    let whole = Connection {
        writes: vec![stream.clone()],
        ..Connection::default()
    };
    let bytes = Connection {
        writes: stream.iter().map(|byte| vec![*byte]).collect(),
        ..Connection::default()
    };
    let (whole, bytes) = (judged(None, &whole).0, judged(None, &bytes).0);
    assert_eq!(verdicts(&whole), verdicts(&bytes));
    for (one, other) in whole.messages.iter().zip(&bytes.messages) {
        assert!(one.facts.same::<Host>(&other.facts));
        let texts = one.facts.table_texts().map(Text::as_bytes);
        assert!(texts.eq(other.facts.table_texts().map(Text::as_bytes)));
    }
}

#[test]
fn a_statement_of_a_megabyte_is_read_to_its_end() {
    let sql = format!("SELECT '{}'; DROP TABLE t", "x".repeat(1 << 20));
    let (judgement, _) = judged(None, &Connection::statement(Protocol::Postgres, &sql));
    assert_eq!(verdicts(&judgement), [('Q', Verdict::Block)]);
    assert_eq!(judgement.messages[0].facts.bytes, sql.len() as u64);
}

#[test]
fn a_message_that_is_not_complete_waits() {
    let mut stream = client::statement(Protocol::Postgres, "DROP TABLE t");
    stream.truncate(stream.len() - 3);
    let connection = Connection {
        writes: vec![stream],
        ..Connection::default()
    };
    let (judgement, _) = judged(None, &connection);
    assert!(judgement.messages.is_empty() && judgement.deciding().is_none());
    assert!(judgement.incomplete);
}

#[test]
fn settings_of_the_start_make_statements_opaque() {
    for (key, value, reason) in [
        ("client_encoding", "SJIS", Opaque::Encoding),
        (
            "options",
            "-c standard_conforming_strings=off",
            Opaque::Strings,
        ),
        ("replication", "database", Opaque::Replication),
    ] {
        let mut connection = Connection::statement(Protocol::Postgres, "SELECT 1");
        connection.startup.insert(key.to_owned(), value.to_owned());
        let (judgement, _) = judged(None, &connection);
        assert_eq!(verdicts(&judgement), [('Q', Verdict::Block)], "{key}");
        assert_ne!(
            judgement.messages[0].facts.opaque & reason.bit(),
            0,
            "{key}"
        );
    }
}

#[test]
fn unknown_names_and_foreign_bytes_are_opaque() {
    let unknown = [
        message(b'B', b"\0nobody\0\0\0\0\0\0\0"),
        message(b'E', b"\0\0\0\0\0"),
    ];
    for (writes, class) in [
        (unknown.concat(), Class::Unreadable),
        (message(b'F', b"\0\0\0\x01\0\0\0\0\0\0"), Class::Fastpath),
        (b"\x16\x03\x01\0\xa5\x01".to_vec(), Class::Unreadable),
        (message(b'~', b""), Class::Unreadable),
    ] {
        let connection = Connection {
            writes: vec![writes],
            ..Connection::default()
        };
        let (judgement, _) = judged(None, &connection);
        let deciding = judgement.deciding().expect("judged");
        assert_eq!(deciding.verdict(), Verdict::Block);
        assert_eq!(deciding.facts.class(), class);
    }
}

#[test]
fn random_streams_end_in_an_answer() {
    let mut dice = 0x5eed_u64;
    let mut next = || {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        dice
    };
    let good = [
        prepared("s", "SELECT 1"),
        client::statement(Protocol::Postgres, "DELETE FROM t"),
    ]
    .concat();
    for _ in 0..2000 {
        let mut bytes = good.clone();
        for _ in 0..next() % 5 {
            let at = (next() as usize) % bytes.len();
            bytes[at] = next() as u8;
        }
        let at = (next() as usize) % bytes.len();
        let connection = Connection {
            writes: vec![bytes[..at].to_vec(), bytes[at..].to_vec()],
            ..Connection::default()
        };
        let (judgement, _) = judged(Some(1), &connection);
        assert!(judgement.messages.len() <= bytes.len());
    }
}

#[test]
fn a_redis_command_is_judged_by_the_redis_datasets() {
    let verdict = |dataset, line: &str| {
        let connection = Connection::statement(Protocol::Redis, line);
        let (judgement, _) = judged(dataset, &connection);
        verdicts(&judgement)
    };
    assert_eq!(verdict(None, "FUNCTION FLUSH"), [('i', Verdict::Block)]);
    assert_eq!(
        verdict(None, "GET 'function flush'"),
        [('i', Verdict::Allow)]
    );
    assert_eq!(verdict(None, ""), []);
    // A dataset may accept what cannot be read.
    let script = "EVAL \"return 1\" 0";
    assert_eq!(verdict(None, script), [('i', Verdict::Block)]);
    assert_eq!(verdict(Some(3), script), [('i', Verdict::Allow)]);
    assert_eq!(verdict(Some(3), "JSON.DEL a"), [('i', Verdict::Block)]);
}
