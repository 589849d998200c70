//! A small policy for unit tests.

use super::{DatasetView, MoreThan, RuleView, Rules, Then};
use crate::decision::Subject;
use crate::sessions::Identity;
use guard_common::abi::policy::{KIND_STATEMENT, Policy, RULE_CONTEXT, Rule};
use guard_common::class::Class;
use guard_common::denial::Denial;
use guard_common::verdict::{Decision, Mode, Verdict};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Rules: 0 `block-drop`, 1 `watch-delete` (observe), 2 `few-deletes` (context:
/// more than 3 within 10 s, kill the tree).
pub(crate) struct Fixture {
    pub(crate) table: Box<Policy>,
    pub(crate) views: Vec<RuleView>,
    datasets: Vec<DatasetView>,
}

impl Default for Fixture {
    fn default() -> Self {
        let mut table = Box::new(Policy::empty());
        let rule = |class: Class, verdict: Verdict, mode: Mode, flags: u8| Rule {
            subjects: u64::MAX,
            datasets: u64::MAX,
            hits: class.bit(),
            requires: 0,
            more_bytes: 0,
            opaque: 0,
            kind: KIND_STATEMENT,
            action: verdict as u8,
            mode: mode as u8,
            flags,
        };
        table.rules[0] = rule(Class::Drop, Verdict::Block, Mode::Enforce, 0);
        table.rules[1] = rule(Class::Delete, Verdict::Kill, Mode::Observe, 0);
        table.rules[2] = rule(Class::Delete, Verdict::Kill, Mode::Enforce, RULE_CONTEXT);
        table.rule_count = 3;
        let view = |name: &str, verdict, mode, context| RuleView {
            name: name.into(),
            action: "statement",
            verdict,
            mode,
            refused_only: false,
            context,
        };
        let few = MoreThan {
            count: 3,
            within: Duration::from_secs(10),
            then: Then::KillTree,
        };
        Self {
            table,
            views: vec![
                view("block-drop", Verdict::Block, Mode::Enforce, None),
                view("watch-delete", Verdict::Kill, Mode::Observe, None),
                view("few-deletes", Verdict::Kill, Mode::Enforce, Some(few)),
            ],
            datasets: vec![DatasetView {
                name: "customers".into(),
                protocol: Some("postgres".into()),
            }],
        }
    }
}

impl Rules for Fixture {
    fn table(&self) -> &Policy {
        &self.table
    }

    fn denials(&self) -> &[Denial] {
        &[]
    }

    fn sha256(&self) -> Arc<str> {
        "00".into()
    }

    fn files(&self) -> Vec<PathBuf> {
        vec!["/etc/guard/policy.d/test.yaml".into()]
    }

    fn rules(&self) -> &[RuleView] {
        &self.views
    }

    fn datasets(&self) -> &[DatasetView] {
        &self.datasets
    }

    fn subject(&self, _index: u32) -> Option<Subject> {
        Some(Subject {
            kind: "agent".into(),
            name: "claude".into(),
        })
    }

    fn selectors(&self, _who: &Identity) -> u64 {
        1
    }

    fn reason(&self, decision: &Decision, _opaque: u32) -> String {
        match decision.rule {
            0 => "no drops".into(),
            _ => "because".into(),
        }
    }
}
