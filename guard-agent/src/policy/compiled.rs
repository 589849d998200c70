//! A compiled policy and the questions that others ask it.

use super::model::{DatasetInfo, RuleInfo, SubjectInfo, Who};
use super::selectors::Selectors;
use guard_common::abi::policy::Policy;
use guard_common::class::Opaque;
use guard_common::denial::Denial;
use guard_common::verdict::{Cause, Decision};
use std::net::IpAddr;

/// A whole policy: tables for the kernel, words for people.
#[derive(Debug)]
pub struct Compiled {
    /// The table, with epoch 0: the one who loads it counts.
    pub policy: Box<Policy>,
    /// Texts for clients, [`guard_common::limits::MAX_DENIALS`] of them.
    pub denials: Vec<Denial>,
    /// Rules by the index that decisions carry.
    pub rules: Vec<RuleInfo>,
    /// Datasets by index.
    pub datasets: Vec<DatasetInfo>,
    /// Subjects by index.
    pub subjects: Vec<SubjectInfo>,
    /// Names that are looked through in argv.
    pub launchers: Vec<String>,
    pub(super) selectors: Selectors,
}

impl Compiled {
    /// The selectors that a session satisfies; bit 0 is always set.
    #[must_use]
    pub fn selectors(&self, who: &Who) -> u64 {
        self.selectors.of(who, &self.subjects)
    }

    /// The dataset that listens at an address, by index: the one with the
    /// narrowest range.
    #[must_use]
    pub fn dataset_for(&self, address: IpAddr, port: u16) -> Option<usize> {
        let ranges = self
            .datasets
            .iter()
            .enumerate()
            .flat_map(|(index, dataset)| {
                let ranges = dataset.ranges.iter();
                ranges.map(move |range| (range.narrowness(), index, range))
            });
        ranges
            .filter(|(.., range)| range.contains(address, port))
            .max_by_key(|(narrowness, ..)| *narrowness)
            .map(|(_, index, _)| index)
    }

    /// The dataset of a name, by index.
    #[must_use]
    pub fn dataset_named(&self, name: &str) -> Option<usize> {
        self.datasets
            .iter()
            .position(|dataset| dataset.name == name)
    }

    /// The rule that decided, if one did.
    #[must_use]
    pub fn rule(&self, decision: &Decision) -> Option<&RuleInfo> {
        self.rules.get(usize::from(decision.rule))
    }

    /// The name of the rule that decided, if one did.
    #[must_use]
    pub fn rule_name(&self, decision: &Decision) -> Option<&str> {
        self.rule(decision).map(|rule| rule.name.as_str())
    }

    /// Why a decision came out as it did, in words; empty where there is
    /// nothing to say. `opaque` are the reasons of the facts.
    #[must_use]
    pub fn reason(&self, decision: &Decision, opaque: u32) -> String {
        match self.rule(decision) {
            Some(rule) => rule.reason.clone(),
            None => cause_text(Cause::from_raw(decision.cause), decision.opaque(opaque)).to_owned(),
        }
    }
}

/// The words for a decision without a rule.
pub(crate) fn cause_text(cause: Cause, opaque: u32) -> &'static str {
    match cause {
        Cause::NoRule | Cause::Rule => "",
        Cause::Opaque => Opaque::ALL
            .into_iter()
            .find(|reason| opaque & reason.bit() != 0)
            .map_or("this cannot be read with certainty", Opaque::help),
        Cause::Fault => "Guard could not judge this, and on_fault says block",
        Cause::Quarantine => "the session is quarantined: every guarded action is refused",
        Cause::Unlisted => "this subject may connect to listed endpoints only",
        Cause::Disarmed => "an administrator has disarmed Guard for a while",
    }
}
