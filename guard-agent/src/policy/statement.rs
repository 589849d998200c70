//! The `statement` of a condition as a file says it.

use super::names::{self, Names, Tables};
use super::raw::all;
use crate::yaml::diagnostic::{Report, Spot};
use crate::yaml::fields::{Fields, count, items, word};
use crate::yaml::tree::{Node, Value};
use guard_common::class::{Class, Opaque, UNLIMITED, Where};

/// What a statement must be.
#[derive(Debug, Default)]
pub(crate) struct StatementIs {
    /// Any of these classes and pairs (class, WHERE).
    pub(crate) hits: u64,
    /// All of these.
    pub(crate) requires: u64,
    /// Longer than this, in bytes; 0: any length.
    pub(crate) more_bytes: u64,
    /// Or any of these reasons to be opaque.
    pub(crate) opaque: u32,
    /// The WHERE that a table in `tables` must have; none: any.
    pub(crate) conditions: Vec<Where>,
    pub(crate) tables: Option<Tables>,
    pub(crate) functions: Option<Names>,
}

/// Every class.
fn every_class() -> u64 {
    Class::ALL.iter().fold(0, |hits, class| hits | class.bit())
}

/// Reads it.
pub(crate) fn read(node: &Node, report: &mut Report) -> Option<StatementIs> {
    if !matches!(node.value, Value::Map(_)) {
        return Some(StatementIs {
            hits: bits(&classes(node, report)),
            ..StatementIs::default()
        });
    }
    let mut fields = Fields::open(node, "`statement`", report)?;
    let class = fields.take("class");
    let condition = fields.take("where");
    let tables = fields.take("tables");
    let functions = fields.take("functions");
    let limit = fields.take("limit");
    let bytes = fields.take("bytes");
    let opaque = fields.take("opaque");
    let everything = fields.take("all").map(|node| all(node, report));
    let unknown = fields.has_unknown();
    fields.close(report);
    let narrowed = [tables, functions, limit, bytes]
        .iter()
        .any(Option::is_some);
    let silent = class.is_none() && opaque.is_none() && everything.is_none() && !narrowed;
    if silent && condition.is_none() && !unknown {
        let help = "add one of: class, tables, functions, limit, bytes, opaque, all";
        report.error(&node.place, "`statement` does not say which", help);
    }
    let classes = class.map(|node| classes(node, report));
    let named = classes.as_deref().unwrap_or_default();
    let mut is = StatementIs {
        hits: match (&classes, everything) {
            (None, Some(true)) => every_class(),
            (None, _) if narrowed => every_class(),
            _ => bits(named),
        },
        ..StatementIs::default()
    };
    if everything == Some(true) {
        is.hits = every_class();
    }
    if let Some(node) = condition {
        (is.hits, is.conditions) = conditions(node, classes.as_deref(), report);
    }
    if let Some(node) = tables {
        refuse(named, WITHOUT_TABLES, "names no tables", report);
        is.tables = Some(names::tables(node, report)?);
    }
    if let Some(node) = functions {
        refuse(named, WITHOUT_CALLS, "calls no functions", report);
        is.functions = Some(names::functions(node, report)?);
    }
    if let Some(node) = limit {
        word(node, "a value of `limit`", &[("absent", ())], report)?;
        is.requires |= UNLIMITED;
        if classes.is_some() && is.hits & select_bits() == 0 {
            let cause = "only a statement of class `select` has a LIMIT";
            report.error(
                &node.place,
                cause,
                "add select to `class`, or remove `limit`",
            );
        }
        is.hits &= select_bits();
    }
    if let Some(node) = bytes {
        is.more_bytes = more_bytes(node, report)?;
    }
    if let Some(node) = opaque {
        is.opaque = reasons(node, report);
    }
    Some(is)
}

/// Classes of statements in which no table is read.
const WITHOUT_TABLES: &[Class] = &[
    Class::Grant,
    Class::Call,
    Class::Dynamic,
    Class::Set,
    Class::Fastpath,
    Class::Replication,
    Class::Other,
    Class::Unreadable,
];

/// Classes of statements in which no function is called by name.
const WITHOUT_CALLS: &[Class] = &[
    Class::Drop,
    Class::Truncate,
    Class::Grant,
    Class::Dynamic,
    Class::Transaction,
    Class::Fastpath,
    Class::Replication,
    Class::Unreadable,
];

/// Reports classes that can never have what a rule asks of them.
fn refuse(classes: &[Spot<Class>], without: &[Class], what: &str, report: &mut Report) {
    for class in classes
        .iter()
        .filter(|class| without.contains(&class.value))
    {
        let cause = format!("a statement of class `{}` {what}", class.value.name());
        report.error(
            &class.place,
            cause,
            "remove the class, or make two rules of it",
        );
    }
}

/// `select` with any WHERE.
fn select_bits() -> u64 {
    let pairs = Where::ALL.map(|condition| Class::Select.where_bit(condition));
    pairs
        .iter()
        .fold(Class::Select.bit(), |bits, pair| bits | pair)
}

/// `bytes: { more_than: N }`.
fn more_bytes(node: &Node, report: &mut Report) -> Option<u64> {
    let mut fields = Fields::open(node, "`bytes`", report)?;
    let help = "write bytes: { more_than: 10000 }";
    let number = fields.require("more_than", help, report);
    fields.close(report);
    let bounds = 1..=u32::MAX;
    count(number?, "a number of bytes", bounds, report).map(u64::from)
}

fn reasons(node: &Node, report: &mut Report) -> u32 {
    let words = Opaque::ALL.map(|reason| (reason.name(), reason));
    let found = items(node, "opaque reasons", report)
        .iter()
        .filter_map(|node| word(node, "a reason to be opaque", &words, report));
    found.fold(0, |bits, spot| bits | spot.value.bit())
}

fn classes(node: &Node, report: &mut Report) -> Vec<Spot<Class>> {
    let words = Class::ALL.map(|class| (class.name(), class));
    items(node, "statement classes", report)
        .iter()
        .filter_map(|node| word(node, "a statement class", &words, report))
        .collect()
}

fn bits(classes: &[Spot<Class>]) -> u64 {
    classes.iter().fold(0, |hits, spot| hits | spot.value.bit())
}

/// The pairs (class, WHERE), for classes that have one, and the values of WHERE.
fn conditions(
    node: &Node,
    classes: Option<&[Spot<Class>]>,
    report: &mut Report,
) -> (u64, Vec<Where>) {
    if classes.is_none() {
        let help = "add class: [delete, update]";
        report.error(&node.place, "`where` needs `class` beside it", help);
    }
    let classes = classes.unwrap_or_default();
    for class in classes {
        if class.value.where_bit(Where::None) == 0 {
            let cause = format!("a statement of class `{}` has no WHERE", class.value.name());
            let help = "`where` goes with select, update, delete and merge; make two rules of it";
            report.error(&class.place, cause, help);
        }
    }
    let words = Where::ALL.map(|condition| (condition.name(), condition));
    let mut hits = 0;
    let mut conditions = Vec::new();
    for node in items(node, "values of `where`", report) {
        if let Some(spot) = word(node, "a value of `where`", &words, report) {
            conditions.push(spot.value);
            for class in classes {
                hits |= class.value.where_bit(spot.value);
            }
        }
    }
    (hits, conditions)
}
