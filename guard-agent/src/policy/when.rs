//! The condition of a rule as a file says it.

use super::address::Listen;
use super::model::SubjectKind;
use super::pattern::{self, PatternError};
use super::raw::{all, listens};
use super::statement::{self, StatementIs};
use crate::yaml::diagnostic::{Place, Report, Spot};
use crate::yaml::fields::{Fields, items, name, text, word};
use crate::yaml::tree::{Node, Value};
use guard_common::abi::policy::ExecPattern;
use std::collections::BTreeMap;

/// The `when` of a rule.
#[derive(Debug)]
pub(crate) struct When {
    pub(crate) place: Place,
    /// Any of these; everyone when the key is absent.
    pub(crate) subjects: Option<Vec<Spot<SubjectIs>>>,
    /// Any of these; every dataset when the key is absent.
    pub(crate) datasets: Option<Vec<Spot<DatasetIs>>>,
    pub(crate) act: Act,
}

/// One alternative of `subject`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SubjectIs {
    /// A subject that the policy declares.
    Declared(String),
    /// Every part that is given must fit the session.
    Like {
        kind: Option<SubjectKind>,
        name: Option<String>,
        labels: BTreeMap<String, String>,
    },
}

/// One alternative of `dataset`.
#[derive(Debug)]
pub(crate) enum DatasetIs {
    Named(String),
    Labelled(String),
}

/// What the session does: exactly one of the three.
#[derive(Debug)]
pub(crate) enum Act {
    Statement(Box<StatementIs>),
    Exec(Vec<Spot<ExecPattern>>),
    Connect {
        all: bool,
        endpoints: Vec<Spot<Listen>>,
    },
}

/// Reads a condition.
pub(crate) fn read(node: &Node, report: &mut Report) -> Option<When> {
    let mut fields = Fields::open(node, "`when`", report)?;
    let subjects = fields.take("subject").map(|node| {
        let all = items(node, "subjects", report);
        all.iter()
            .filter_map(|node| subject(node, report))
            .collect()
    });
    let datasets = fields.take("dataset").map(|node| {
        let all = items(node, "datasets", report);
        all.iter().flat_map(|node| dataset(node, report)).collect()
    });
    let given = [
        fields
            .take("statement")
            .map(|node| (node, statement as Reader)),
        fields.take("exec").map(|node| (node, exec as Reader)),
        fields.take("connect").map(|node| (node, connect as Reader)),
    ];
    let place = fields.place.clone();
    let mut given = given.into_iter().flatten();
    let act = match given.next() {
        Some((node, reader)) => reader(node, report),
        // A misspelt key is reported by `close`; one error for one mistake.
        None if fields.has_unknown() => None,
        None => {
            let cause = "`when` does not say what is done";
            report.error(&place, cause, "add one of: statement, exec, connect");
            None
        }
    };
    for (node, _) in given {
        let cause = "a rule is about one of statement, exec and connect";
        report.error(&node.place, cause, "make two rules of it");
    }
    fields.close(report);
    Some(When {
        place,
        subjects,
        datasets,
        act: act?,
    })
}

type Reader = fn(&Node, &mut Report) -> Option<Act>;

fn subject(node: &Node, report: &mut Report) -> Option<Spot<SubjectIs>> {
    if !matches!(node.value, Value::Map(_)) {
        let named = name(node, "the name of a subject", false, report)?;
        return Some(Spot {
            value: SubjectIs::Declared(named.value),
            place: named.place,
        });
    }
    let mut fields = Fields::open(node, "`subject`", report)?;
    let kind = fields
        .take("kind")
        .map(|node| word(node, "a kind of subject", &SubjectKind::WORDS, report));
    let named = fields
        .take("name")
        .map(|node| name(node, "the name of a session", false, report));
    let labels = fields.take("labels").map(|node| labels(node, report));
    if kind.is_none() && named.is_none() && labels.is_none() {
        let cause = "`subject` names neither kind nor name nor labels";
        let help = "write subject: { kind: agent }, or leave `subject` out to mean every session";
        report.error(&node.place, cause, help);
    }
    fields.close(report);
    Some(Spot {
        value: SubjectIs::Like {
            kind: kind.transpose_spot()?,
            name: named.transpose_spot()?,
            labels: labels.unwrap_or_default(),
        },
        place: node.place.clone(),
    })
}

/// Given but wrong is `None`: the whole condition is dropped, not widened.
trait TransposeSpot<T> {
    fn transpose_spot(self) -> Option<Option<T>>;
}

impl<T> TransposeSpot<T> for Option<Option<Spot<T>>> {
    fn transpose_spot(self) -> Option<Option<T>> {
        match self {
            None => Some(None),
            Some(given) => given.map(|spot| Some(spot.value)),
        }
    }
}

fn labels(node: &Node, report: &mut Report) -> BTreeMap<String, String> {
    let Value::Map(entries) = &node.value else {
        let cause = format!("labels of a session are a map, found {}", node.shape());
        report.error(&node.place, cause, "write labels: { team: billing }");
        return BTreeMap::new();
    };
    entries
        .iter()
        .filter_map(|(key, node)| Some((key.value.clone(), text(node, "a label", report)?.value)))
        .collect()
}

fn dataset(node: &Node, report: &mut Report) -> Vec<Spot<DatasetIs>> {
    let named = |spot: Spot<String>| Spot {
        value: DatasetIs::Named(spot.value),
        place: spot.place,
    };
    if !matches!(node.value, Value::Map(_)) {
        return name(node, "the name of a dataset", false, report)
            .map(named)
            .into_iter()
            .collect();
    }
    let Some(mut fields) = Fields::open(node, "`dataset`", report) else {
        return Vec::new();
    };
    let by_name = fields.take("name");
    let by_label = fields.take("labels");
    let mut found: Vec<Spot<DatasetIs>> = Vec::new();
    match (by_name, by_label) {
        (Some(node), None) => {
            found.extend(name(node, "the name of a dataset", false, report).map(named));
        }
        (None, Some(node)) => {
            for node in items(node, "labels", report) {
                found.extend(name(node, "a label", false, report).map(|spot| Spot {
                    value: DatasetIs::Labelled(spot.value),
                    place: spot.place,
                }));
            }
        }
        _ => {
            let cause = "`dataset` is found either by name or by labels";
            let help = "write dataset: customers, or dataset: { labels: [pii] }";
            report.error(&node.place, cause, help);
        }
    }
    fields.close(report);
    found
}

fn statement(node: &Node, report: &mut Report) -> Option<Act> {
    statement::read(node, report).map(|is| Act::Statement(Box::new(is)))
}

fn exec(node: &Node, report: &mut Report) -> Option<Act> {
    let mut fields = Fields::open(node, "`exec`", report)?;
    let given = [
        fields
            .take("argv")
            .map(|node| (node, pattern::argv as Parse)),
        fields
            .take("program")
            .map(|node| (node, pattern::program as Parse)),
    ];
    if given.iter().all(Option::is_none) && !fields.has_unknown() {
        let help = "write exec: { argv: [\"terraform destroy *\"] } or exec: { program: [psql] }";
        report.error(&node.place, "`exec` does not say which programs", help);
    }
    fields.close(report);
    let mut patterns = Vec::new();
    for (node, parse) in given.into_iter().flatten() {
        for node in items(node, "patterns", report) {
            let Some(given) = text(node, "a pattern", report) else {
                continue;
            };
            match parse(&given.value) {
                Ok(value) => patterns.push(Spot {
                    value,
                    place: given.place,
                }),
                Err(error) => report.error(&given.place, error.to_string(), error.help()),
            }
        }
    }
    Some(Act::Exec(patterns))
}

type Parse = fn(&str) -> Result<ExecPattern, PatternError>;

fn connect(node: &Node, report: &mut Report) -> Option<Act> {
    let mut fields = Fields::open(node, "`connect`", report)?;
    let endpoints = fields.take("endpoints");
    let everything = fields.take("all").map(|node| all(node, report));
    let unknown = fields.has_unknown();
    fields.close(report);
    if endpoints.is_some() == everything.is_some() {
        if unknown {
            return None;
        }
        let cause = "`connect` takes one of endpoints and all";
        let help = "write connect: { endpoints: [\"10.0.0.0/8:5432\"] } or connect: { all: true }";
        report.error(&node.place, cause, help);
        return None;
    }
    Some(Act::Connect {
        all: everything == Some(true),
        endpoints: endpoints
            .map(|node| listens(node, report))
            .unwrap_or_default(),
    })
}
