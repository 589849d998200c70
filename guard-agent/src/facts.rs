//! The facts of a statement in words: the `facts` of records and of
//! `guardctl explain`. Identifiers only, never a literal.

use crate::dialect;
use guard_common::class::{Class, Opaque, Where};
use guard_common::facts::{Facts, LOST_SAFE};
use serde::Serialize;

/// Facts as they are written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StatementWords {
    /// The strictest class.
    pub class: &'static str,
    /// All classes, in the order of the list in `docs/policy.md`.
    pub classes: Vec<&'static str>,
    /// Table names, schema-qualified where the statement does it.
    pub tables: Vec<String>,
    /// The weakest WHERE of the classes that have one.
    #[serde(rename = "where")]
    pub condition: Option<&'static str>,
    /// The first reason why the statement cannot be read with certainty.
    pub opaque: Option<&'static str>,
    /// All of those reasons.
    pub opaque_reasons: Vec<&'static str>,
    /// Statements in the message.
    pub statements: u16,
    /// Length of the text.
    pub bytes: u64,
    /// Verbs and tables, such as `DROP TABLE customers`.
    pub summary: String,
    /// Equal for statements that differ in values and spaces only.
    pub fingerprint: String,
    /// More names were found than kept.
    pub truncated: bool,
}

impl From<&Facts> for StatementWords {
    fn from(facts: &Facts) -> Self {
        let reasons: Vec<&'static str> = Opaque::ALL
            .into_iter()
            .filter(|reason| facts.opaque & reason.bit() != 0)
            .map(Opaque::name)
            .collect();
        Self {
            class: facts.class().name(),
            classes: classes(facts).map(Class::name).collect(),
            tables: tables(facts),
            condition: condition(facts).map(Where::name),
            opaque: reasons.first().copied(),
            opaque_reasons: reasons,
            statements: facts.statements,
            bytes: facts.bytes,
            summary: printable(dialect::summary(facts).as_bytes()),
            fingerprint: dialect::fingerprint(facts),
            truncated: facts.truncated & !LOST_SAFE != 0,
        }
    }
}

fn classes(facts: &Facts) -> impl Iterator<Item = Class> {
    let hits = facts.hits;
    Class::ALL
        .into_iter()
        .filter(move |class| hits & class.bit() != 0)
}

fn condition(facts: &Facts) -> Option<Where> {
    Where::ALL.into_iter().find(|condition| {
        Class::ALL
            .iter()
            .any(|class| facts.hits & class.where_bit(*condition) != 0)
    })
}

fn tables(facts: &Facts) -> Vec<String> {
    let mut names = Vec::new();
    for table in facts.table_texts() {
        let name = printable(table.as_bytes());
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Bytes from a statement as text without control characters.
fn printable(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes)
        .chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use guard_common::text::Text;

    fn named(name: &[u8]) -> Text<64> {
        let mut text = Text::EMPTY;
        for byte in name {
            text.push(*byte);
        }
        text
    }

    #[test]
    fn facts_are_told_in_the_words_of_the_policy() {
        let mut facts = Facts::NEW;
        facts.add(Class::Select);
        facts.add(Class::Delete);
        facts.hits |=
            Class::Delete.where_bit(Where::Tautology) | Class::Select.where_bit(Where::Scoped);
        facts.add_opaque(Opaque::Call);
        facts.tables[0] = named(b"hr.pay");
        facts.tables[1] = named(b"a\x1b[2Jb");
        facts.tables[2] = named(b"hr.pay");
        facts.table_count = 3;
        let words = StatementWords::from(&facts);
        assert_eq!(
            (words.class, words.condition),
            ("delete", Some("tautology"))
        );
        assert_eq!(words.classes, ["select", "delete"]);
        assert_eq!(words.tables, ["hr.pay", "a\u{fffd}[2Jb"]);
        assert_eq!(words.opaque, Some("call"));
    }
}
