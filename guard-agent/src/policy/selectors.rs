//! Subject conditions become bits: each distinct one is a selector, and a
//! session carries the set of those that it satisfies.

use super::model::{SubjectInfo, Who};
use super::when::SubjectIs;
use crate::yaml::diagnostic::{Report, Spot, nearest, shown};
use guard_common::limits::MAX_SELECTORS;

/// The selector that every guarded session has.
pub const EVERYONE: u64 = 1;

/// The distinct subject conditions of a policy; number *n* is bit *n* + 1.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selectors {
    conditions: Vec<SubjectIs>,
}

impl Selectors {
    /// The bit of a condition, new or known.
    pub(crate) fn bit(&mut self, condition: &Spot<SubjectIs>, report: &mut Report) -> u64 {
        let known = self.conditions.iter().position(|is| *is == condition.value);
        let number = known.unwrap_or_else(|| {
            self.conditions.push(condition.value.clone());
            self.conditions.len() - 1
        });
        if number + 1 >= MAX_SELECTORS {
            let cause = format!(
                "more than {} different subjects in rules",
                MAX_SELECTORS - 1
            );
            report.error(&condition.place, cause, "use `kind` or fewer names");
            return 0;
        }
        1 << (number + 1)
    }

    /// The mask of a rule's `subject`.
    pub(crate) fn mask(
        &mut self,
        conditions: Option<&[Spot<SubjectIs>]>,
        subjects: &[SubjectInfo],
        report: &mut Report,
    ) -> u64 {
        let Some(conditions) = conditions else {
            return u64::MAX;
        };
        conditions.iter().fold(0, |mask, condition| {
            check(condition, subjects, report);
            mask | self.bit(condition, report)
        })
    }

    /// The selectors that a session satisfies; bit 0 is always set.
    pub(crate) fn of(&self, who: &Who, subjects: &[SubjectInfo]) -> u64 {
        let bits = self.conditions.iter().zip(1..MAX_SELECTORS);
        bits.filter(|(condition, _)| fits(condition, who, subjects))
            .fold(EVERYONE, |mask, (_, bit)| mask | 1 << bit)
    }
}

/// A condition that no session can satisfy is an error; one that is probably
/// misspelt is worth a word.
fn check(condition: &Spot<SubjectIs>, subjects: &[SubjectInfo], report: &mut Report) {
    let declared = || subjects.iter().map(|subject| subject.name.as_str());
    match &condition.value {
        SubjectIs::Declared(name) if !declared().any(|known| known == name) => {
            let cause = format!("no subject is named {}", shown(name));
            let help = match nearest(name, declared()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!(
                    "declare it under `subjects`; for sessions of `guardctl run --agent {name}` \
                     write subject: {{ name: {name} }}"
                ),
            };
            report.error(&condition.place, cause, help);
        }
        SubjectIs::Like {
            name: Some(name), ..
        } => {
            let programs = subjects.iter().flat_map(|subject| &subject.programs);
            let known: Vec<&str> = declared().chain(programs.map(String::as_str)).collect();
            if let Some(near) = nearest(name, known.iter().copied())
                && near != name
                && !known.contains(&name.as_str())
            {
                let text = format!("no subject or program is named `{name}`; there is `{near}`");
                report.warn(&condition.place, &text);
            }
        }
        _ => {}
    }
}

fn fits(condition: &SubjectIs, who: &Who, subjects: &[SubjectInfo]) -> bool {
    let named = |name: &String| who.name == *name || who.program.as_ref() == Some(name);
    match condition {
        SubjectIs::Declared(name) => {
            who.name == *name
                || subjects
                    .iter()
                    .filter(|subject| subject.name == *name)
                    .any(|subject| subject.programs.iter().any(named))
        }
        SubjectIs::Like { kind, name, labels } => {
            kind.is_none_or(|kind| kind == who.kind)
                && name.as_ref().is_none_or(named)
                && labels
                    .iter()
                    .all(|(key, value)| who.labels.get(key) == Some(value))
        }
    }
}
