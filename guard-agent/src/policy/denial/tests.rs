//! The frames as a server would parse them.

use super::*;
use crate::policy::{Capabilities, Source, parse};
use guard_common::denial::Frame;
use guard_common::limits::DENIAL_BYTES;

/// Splits a frame into messages: type byte and body.
#[track_caller]
fn messages(frame: &Frame) -> Vec<(u8, Vec<u8>)> {
    let length = frame.length as usize;
    assert!(length <= DENIAL_BYTES && length.is_multiple_of(8) && length > 0);
    let mut rest = &frame.bytes[..length];
    let mut all = Vec::new();
    while !rest.is_empty() {
        let size = u32::from_be_bytes(rest[1..5].try_into().expect("length")) as usize;
        all.push((rest[0], rest[5..=size].to_vec()));
        rest = &rest[size + 1..];
    }
    assert!(frame.bytes[length..].iter().all(|byte| *byte == 0));
    all
}

#[track_caller]
fn check(denial: &Denial) {
    check_command(&denial.redis);
    for frame in [&denial.query, &denial.extended] {
        let at = frame.id_at as usize;
        assert_eq!(&frame.bytes[at..at + 16], NO_ID.as_bytes());
        let before = &frame.bytes[..at];
        assert!(before.ends_with(b"decision "));
        assert!(messages(frame).iter().all(|(_, body)| body.is_ascii()));
    }
    let [(b'Q', body)] = &messages(&denial.query)[..] else {
        panic!("one Query");
    };
    check_statement(body.strip_suffix(b"\0").expect("NUL"));
    let [(b'P', parse), (b'B', bind), (b'E', execute)] = &messages(&denial.extended)[..] else {
        panic!("Parse, Bind, Execute");
    };
    let statement = parse
        .strip_prefix(b"\0")
        .and_then(|body| body.strip_suffix(b"\0\0\0"));
    check_statement(statement.expect("unnamed, no parameter types"));
    assert_eq!(bind, &[0; 8]);
    assert_eq!(execute, &[0; 5]);
}

/// The words of a Redis command.
#[track_caller]
fn words(frame: &Frame) -> Vec<String> {
    let bytes = &frame.bytes[..frame.length as usize];
    assert!(bytes.len().is_multiple_of(8));
    let (first, padding) = bytes.split_at(frame.first as usize);
    assert!(padding.len() < 8 && padding.iter().all(|byte| *byte == b'\n'));
    let text = str::from_utf8(first).expect("ASCII");
    let mut lines = text.split("\r\n");
    let count: usize = lines.next().expect("count")[1..].parse().expect("count");
    let words = (0..count).map(|_| {
        let length: usize = lines.next().expect("length")[1..].parse().expect("length");
        let word = lines.next().expect("word");
        assert_eq!(word.len(), length);
        word.to_owned()
    });
    let words = words.collect();
    assert_eq!(lines.collect::<Vec<_>>(), [""]);
    words
}

#[track_caller]
fn check_command(frame: &Frame) {
    let words = words(frame);
    assert!(words[0].starts_with("guard: refused") && words[0].len() <= SHOWN_NAME);
    // What the server shows of the arguments.
    let mut shown = String::new();
    for word in &words[1..] {
        assert!(shown.len() < 128, "{shown}");
        let room = 128 - shown.len();
        shown += &format!("'{}' ", &word[..room.min(word.len())]);
    }
    assert!(shown.contains(&format!("decision {NO_ID}")), "{shown}");
    let at = frame.id_at as usize;
    assert_eq!(&frame.bytes[at..at + 16], NO_ID.as_bytes());
}

#[track_caller]
fn check_statement(statement: &[u8]) {
    let text = str::from_utf8(statement).expect("ASCII");
    assert!(!text.contains(['\\', '\n', '\0']), "{text}");
    let body = text
        .trim_end()
        .strip_prefix("DO $guard$")
        .and_then(|rest| rest.strip_suffix("$guard$"));
    let body = body.expect("one DO statement");
    assert!(!body.contains('$'), "{text}");
    // Outside of strings there is nothing but our own words.
    let outside: String = body.split('\'').step_by(2).collect();
    assert_eq!(
        outside,
        "BEGIN RAISE EXCEPTION USING ERRCODE=, MESSAGE=, DETAIL=, HINT=;END"
    );
}

#[test]
fn every_text_of_a_policy_is_well_formed() {
    let reasons = [
        "Schema changes go through migrations.",
        "It's the \"owner's\" — ünïcode… \\ $guard$ $1 %s \u{202e} \u{0} ☃ ';DROP TABLE x;--",
        &"'".repeat(999),
        &"x".repeat(999),
        "",
    ];
    let mut text = "version: 1\nrules:\n".to_owned();
    for (number, reason) in reasons.iter().enumerate() {
        let reason = serde_json::to_string(reason).expect("a JSON string is a YAML string");
        let name = "r".repeat(60) + &number.to_string();
        text += &format!(
            "  - {{ name: {name}, reason: {reason}, when: {{ exec: {{ program: [x] }} }}, action: block }}\n"
        );
    }
    let source = Source {
        path: "p.yaml".into(),
        text,
    };
    let compiled = parse(vec![source], Capabilities::default())
        .expect("policy")
        .compiled;
    assert_eq!(compiled.denials.len(), MAX_DENIALS);
    for denial in &compiled.denials {
        check(denial);
    }
}

#[test]
fn a_rule_without_a_reason_is_named_alone() {
    let text =
        "version: 1\nrules: [{ name: quiet, when: { exec: { program: [x] } }, action: block }]";
    let source = Source {
        path: "p.yaml".into(),
        text: text.into(),
    };
    let compiled = parse(vec![source], Capabilities::default())
        .expect("policy")
        .compiled;
    assert_eq!(
        message(0, &compiled.rules),
        "guard: refused by rule \"quiet\""
    );
    assert!(message(OPAQUE_BASE, &compiled.rules).contains("sslmode=disable"));
    assert!(message(CAUSE_BASE + 4, &compiled.rules).contains("quarantined"));
}

#[test]
fn long_texts_are_cut_between_characters_and_say_so() {
    let text = cut(&"'".repeat(2000), MAX_MESSAGE);
    assert!(text.ends_with("...") && text.len() <= MAX_MESSAGE);
    assert_eq!(cut("short", MAX_MESSAGE), "short");
}

#[test]
fn no_text_says_how_to_switch_the_guard_off() {
    for index in 0..MAX_DENIALS {
        let text = message(index, &[]) + HINT;
        assert!(
            !text.contains("disarm") && !text.contains("observe"),
            "{text}"
        );
    }
}
