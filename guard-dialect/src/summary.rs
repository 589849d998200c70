//! Facts as words: the summary and fingerprint of a decision. Neither holds
//! anything but names.

use super::redis;
use guard_common::class::{Class, Where};
use guard_common::engine::VERB_NAMES;
use guard_common::facts::{Facts, LOST_WORDS};
use guard_common::hash;

/// The verbs of a message.
fn verbs(facts: &Facts) -> impl Iterator<Item = &'static str> {
    let count = usize::from(facts.verb_count);
    let verbs = facts.verbs.into_iter().take(count);
    verbs
        .filter_map(|verb| redis::name(verb).or_else(|| VERB_NAMES.get(usize::from(verb)).copied()))
}

/// The names of the tables of a message, as text.
fn tables(facts: &Facts) -> impl Iterator<Item = String> {
    let texts = facts.table_texts();
    texts.map(|table| String::from_utf8_lossy(table.as_bytes()).into_owned())
}

/// What a message does, in words: `DROP TABLE customers`, `SELECT orders, customers`.
#[must_use]
pub fn summary(facts: &Facts) -> String {
    let mut words: Vec<&str> = Vec::new();
    for verb in verbs(facts) {
        if words.last() != Some(&verb) {
            words.push(verb);
        }
    }
    let mut names: Vec<String> = Vec::new();
    for table in tables(facts) {
        if !names.contains(&table) {
            names.push(table);
        }
    }
    let mut text = words.join("; ");
    if text.is_empty() {
        text.push_str(facts.class().name());
    }
    if !names.is_empty() {
        text.push(' ');
        text.push_str(&names.join(", "));
    }
    if facts.truncated & LOST_WORDS != 0 {
        text.push_str(", …");
    }
    text
}

/// The classes of a message, and which of them have a WHERE: how far that limits
/// depends on values.
fn shape(hits: u64) -> u64 {
    let classes = Class::ALL.iter().fold(0, |bits, class| bits | class.bit());
    let with_where = Class::ALL.into_iter().filter(|class| {
        let [_, tautology, scoped] = Where::ALL.map(|condition| class.where_bit(condition));
        hits & (tautology | scoped) != 0
    });
    let with_where = with_where.fold(0, |bits, class| bits | class.where_bit(Where::Scoped));
    hits & classes | with_where
}

/// A short stable name for "messages that do the same": 16 hex digits over
/// classes, the presence of WHERE, verbs, tables with their access, functions
/// that are not known to be safe, and the number of statements. No value, space,
/// comment or setting of the connection changes it.
#[must_use]
pub fn fingerprint(facts: &Facts) -> String {
    let mut sum = hash::START;
    let mut add = |bytes: &[u8]| {
        for byte in bytes {
            sum = hash::step(sum, *byte);
        }
        sum = hash::step(sum, 0xff);
    };
    add(&shape(facts.hits).to_le_bytes());
    add(&facts.statements.to_le_bytes());
    for verb in verbs(facts) {
        add(verb.as_bytes());
    }
    let tables = facts.table_names.iter().zip(facts.table_access);
    for ([name, schema], access) in tables.take(usize::from(facts.table_count)) {
        add(&[access]);
        add(&name.to_le_bytes());
        add(&schema.to_le_bytes());
    }
    for [name, schema] in facts.calls.iter().take(usize::from(facts.call_count)) {
        add(&name.to_le_bytes());
        add(&schema.to_le_bytes());
    }
    format!("{sum:016x}")
}
