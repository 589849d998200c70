//! What a statement rule says of tables and functions: keys and sets of rules.

use super::super::statement::StatementIs;
use super::Writer;
use crate::yaml::diagnostic::Place;
use guard_common::class::Where;
use guard_common::facts::{NO_WHERE, table_tag};
use guard_common::limits::MAX_NAMES;

impl Writer<'_> {
    /// Writes what the rule with this index says of names.
    pub(super) fn about(&mut self, index: usize, is: &StatementIs) {
        let rule = 1 << (index & 63);
        if let Some(tables) = &is.tables {
            let about = &mut self.policy.about;
            about.tables |= rule;
            if tables.names.except {
                about.tables_except |= rule;
            }
            let any = || {
                Where::ALL
                    .map(|condition| condition as u8)
                    .into_iter()
                    .chain([NO_WHERE])
            };
            let conditions: Vec<u8> = match is.conditions.as_slice() {
                [] => any().collect(),
                some => some.iter().map(|condition| *condition as u8).collect(),
            };
            for access in &tables.access {
                for condition in &conditions {
                    let tag = table_tag(*access as u8, *condition);
                    if let Some(rules) = about.tags.get_mut(usize::from(tag)) {
                        *rules |= rule;
                    }
                }
            }
            let names = &tables.names;
            for name in &names.names {
                self.list(name.table_keys(names.except), rule, &names.place);
            }
        }
        if let Some(names) = &is.functions {
            let about = &mut self.policy.about;
            about.calls |= rule;
            if names.except {
                about.calls_except |= rule;
            } else if names.names.iter().any(|name| name.safe().is_some()) {
                about.safe_calls |= rule;
            }
            for name in &names.names {
                self.list(name.function_keys(names.except), rule, &names.place);
            }
        }
    }

    /// Lists keys for a rule. Too many are told once.
    fn list(&mut self, keys: Vec<u64>, rule: u64, place: &Place) {
        for key in keys {
            if self.names_full {
                return;
            }
            if self.policy.names.find(key) == 0 {
                self.keys += 1;
            }
            if self.keys > MAX_NAMES || !self.policy.names.insert(key, rule) {
                let cause = "more names of tables and functions than a policy can hold";
                let help = "name what is common to several rules in one of them, or list the others under `except`";
                self.report.error(place, cause, help);
                self.names_full = true;
            }
        }
    }
}
