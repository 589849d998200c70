//! Rules: conditions become masks, endpoints and patterns.

use super::super::datasets;
use super::super::model::{DatasetInfo, KillScope, RuleInfo, RuleKind, SubjectInfo};
use super::super::rule::RawRule;
use super::super::statement::StatementIs;
use super::super::when::{Act, DatasetIs};
use super::{Writer, distinct};
use crate::yaml::diagnostic::{Spot, nearest, shown};
use guard_common::abi::policy::{
    Endpoint, KIND_CONNECT, KIND_EXEC, KIND_STATEMENT, RULE_CONTEXT, RULE_KILL_TREE, Rule,
};
use guard_common::class::{Class, Where};
use guard_common::limits::{MAX_EXEC_PATTERNS, MAX_RULES};
use guard_common::protocol::Protocol;
use guard_common::verdict::{Mode, Verdict};
use std::collections::BTreeSet;

impl Writer<'_> {
    pub(super) fn rules(
        &mut self,
        raw: &[RawRule],
        subjects: &[SubjectInfo],
        datasets: &[DatasetInfo],
    ) -> Vec<RuleInfo> {
        distinct(raw.iter().map(|rule| &rule.name), "rule", self.report);
        let places = raw.iter().map(|rule| &rule.name.place);
        self.limit(places, MAX_RULES, "rules");
        let mut infos = Vec::new();
        for (index, rule) in raw.iter().take(MAX_RULES).enumerate() {
            let conditions = rule.when.subjects.as_deref();
            let compiled = Rule {
                subjects: self.selectors.mask(conditions, subjects, self.report),
                datasets: self.dataset_mask(rule, datasets),
                hits: 0,
                requires: 0,
                more_bytes: 0,
                opaque: 0,
                kind: 0,
                action: rule.action.value as u8,
                mode: rule.mode as u8,
                flags: flags(rule),
            };
            let (compiled, kind) = self.act(index, rule, compiled, datasets);
            if let Some(slot) = self.policy.rules.get_mut(index) {
                *slot = compiled;
            }
            infos.push(info(rule, kind));
        }
        self.policy.rule_count = infos.len() as u32;
        infos
    }

    /// Adds to a rule what its `statement`, `exec` or `connect` says.
    fn act(
        &mut self,
        index: usize,
        rule: &RawRule,
        mut compiled: Rule,
        datasets: &[DatasetInfo],
    ) -> (Rule, RuleKind) {
        match &rule.when.act {
            Act::Statement(is) => {
                compiled.kind = KIND_STATEMENT;
                compiled.hits = is.hits;
                compiled.requires = is.requires;
                compiled.more_bytes = is.more_bytes;
                compiled.opaque = is.opaque;
                self.about(index, is);
                self.statement(rule, &compiled, datasets);
                self.check_names(is, &compiled, datasets);
                (compiled, RuleKind::Statement)
            }
            Act::Exec(patterns) => {
                compiled.kind = KIND_EXEC;
                compiled.datasets = u64::MAX;
                if rule.when.datasets.is_some() {
                    let cause = "a program start has no dataset";
                    self.report
                        .error(&rule.when.place, cause, "remove `dataset`");
                }
                for pattern in patterns {
                    let slot = self.policy.pattern_count as usize;
                    let Some(entry) = self.policy.patterns.get_mut(slot) else {
                        let cause = format!("more than {MAX_EXEC_PATTERNS} exec patterns");
                        let help = "cover several commands by one pattern with `*`";
                        self.report.error(&pattern.place, cause, help);
                        break;
                    };
                    *entry = pattern.value;
                    entry.rule = index as u8;
                    self.policy.pattern_count += 1;
                }
                (compiled, RuleKind::Exec)
            }
            Act::Connect { all, endpoints } => {
                compiled.kind = KIND_CONNECT;
                if rule.when.datasets.is_some() && !all {
                    let cause = "`dataset` and `endpoints` exclude each other";
                    let help = "write connect: { all: true } for the dataset's own endpoints";
                    self.report.error(&rule.when.place, cause, help);
                }
                for (range, place) in datasets::connect_ranges(endpoints, self.report) {
                    let entry = Endpoint {
                        rule: index as u8,
                        ..range.entry()
                    };
                    self.endpoint(entry, &place);
                }
                (compiled, RuleKind::Connect)
            }
        }
    }

    fn statement(&mut self, rule: &RawRule, compiled: &Rule, datasets: &[DatasetInfo]) {
        let mask = compiled.datasets;
        if datasets.is_empty() {
            let cause = "a statement rule without any dataset can never match";
            let help = "declare what it protects under `datasets`";
            self.report.error(&rule.when.place, cause, help);
        }
        self.check_classes(rule, compiled, datasets);
        let declared = match datasets.len() {
            0 => 0,
            count => u64::MAX >> (64 - count.min(64)),
        };
        self.policy.statement_datasets |= mask & declared;
        if rule.mode == Mode::Enforce {
            self.policy.enforced_datasets |= mask & declared;
        }
    }

    /// A rule of whose classes none exists in the protocols of its datasets can
    /// never match.
    fn check_classes(&mut self, rule: &RawRule, compiled: &Rule, datasets: &[DatasetInfo]) {
        let about = datasets.iter().take(64).enumerate();
        let about = about.filter(|(index, _)| compiled.datasets & (1 << index) != 0);
        let protocols: BTreeSet<Protocol> = about.map(|(_, info)| info.protocol).collect();
        let possible = protocols.iter().fold(0, |all, one| all | one.classes());
        let named = class_bits(compiled.hits);
        // Without a class there is another mistake, which is told elsewhere.
        if protocols.is_empty() || compiled.opaque != 0 || named == 0 || named & possible != 0 {
            return;
        }
        let names: Vec<&str> = protocols.into_iter().map(Protocol::title).collect();
        let cause = format!("{} has no statements of these classes", names.join(" and "));
        let help = "docs/policy.md lists what each protocol has; name a dataset that has them";
        self.report.error(&rule.when.place, cause, help);
    }

    /// Redis has neither tables nor SQL functions: a rule that asks for them and is
    /// about Redis alone can never match.
    fn check_names(&mut self, is: &StatementIs, compiled: &Rule, datasets: &[DatasetInfo]) {
        let mut about = datasets
            .iter()
            .take(64)
            .enumerate()
            .filter(|(index, _)| compiled.datasets & (1 << index) != 0)
            .map(|(_, info)| info.protocol)
            .peekable();
        if about.peek().is_none() || about.any(|protocol| protocol != Protocol::Redis) {
            return;
        }
        let named = [
            is.tables.as_ref().map(|tables| ("tables", &tables.names)),
            is.functions.as_ref().map(|names| ("functions", names)),
        ];
        for (key, names) in named.into_iter().flatten() {
            let cause = format!("Redis has no {key}, so this rule can never match");
            let help = format!("remove `{key}`, or name a dataset that has {key}");
            self.report.error(&names.place, cause, help);
        }
    }

    /// The datasets that a rule is about; all ones when it does not say.
    fn dataset_mask(&mut self, rule: &RawRule, datasets: &[DatasetInfo]) -> u64 {
        let Some(conditions) = &rule.when.datasets else {
            return u64::MAX;
        };
        let mut mask = 0;
        for condition in conditions {
            let found = match &condition.value {
                DatasetIs::Named(name) => select(datasets, |info| info.name == *name),
                DatasetIs::Labelled(label) => select(datasets, |info| info.labels.contains(label)),
            };
            if found == 0 {
                self.unknown_dataset(condition, datasets);
            }
            mask |= found;
        }
        mask
    }

    fn unknown_dataset(&mut self, condition: &Spot<DatasetIs>, datasets: &[DatasetInfo]) {
        let (cause, near) = match &condition.value {
            DatasetIs::Named(name) => (
                format!("no dataset is named {}", shown(name)),
                nearest(name, datasets.iter().map(|info| info.name.as_str())),
            ),
            DatasetIs::Labelled(label) => (
                format!("no dataset has the label {}", shown(label)),
                nearest(
                    label,
                    datasets
                        .iter()
                        .flat_map(|info| &info.labels)
                        .map(String::as_str),
                ),
            ),
        };
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => "declare it under `datasets`".to_owned(),
        };
        self.report.error(&condition.place, cause, help);
    }
}

/// The classes in `hits`, those of pairs (class, WHERE) included.
fn class_bits(hits: u64) -> u64 {
    let named = Class::ALL.into_iter().filter(|class| {
        let pairs = Where::ALL.map(|condition| class.where_bit(condition));
        hits & (class.bit() | pairs.into_iter().fold(0, |all, pair| all | pair)) != 0
    });
    named.fold(0, |all, class| all | class.bit())
}

fn select(datasets: &[DatasetInfo], wanted: impl Fn(&DatasetInfo) -> bool) -> u64 {
    let indexed = datasets.iter().take(64).enumerate();
    indexed
        .filter(|(_, info)| wanted(info))
        .fold(0, |mask, (index, _)| mask | 1 << index)
}

fn flags(rule: &RawRule) -> u8 {
    let mut flags = 0;
    if rule.context.is_some() {
        flags |= RULE_CONTEXT;
    }
    if rule.action.value == Verdict::Kill && rule.kill_scope == KillScope::Tree {
        flags |= RULE_KILL_TREE;
    }
    flags
}

fn info(rule: &RawRule, kind: RuleKind) -> RuleInfo {
    RuleInfo {
        name: rule.name.value.clone(),
        reason: rule.reason.clone(),
        kind,
        action: rule.action.value,
        mode: rule.mode,
        context: rule.context,
        kill_scope: rule.kill_scope,
        record: rule.record,
        place: rule.name.place.clone(),
    }
}
