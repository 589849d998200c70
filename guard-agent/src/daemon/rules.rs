//! What the daemon asks of a compiled policy.

mod compiled;

pub use compiled::{load, loader};

use crate::decision::Subject;
use crate::sessions::Identity;
use guard_common::abi::policy::Policy;
use guard_common::denial::Denial;
use guard_common::verdict::{Decision, Mode, Verdict};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// One rule, as people know it.
#[derive(Clone, Debug)]
pub struct RuleView {
    /// Its name.
    pub name: Arc<str>,
    /// `exec`, `connect` or `statement`.
    pub action: &'static str,
    /// What it asks for.
    pub verdict: Verdict,
    /// How it acts.
    pub mode: Mode,
    /// Whether decisions that refuse nothing are left out of the journal.
    pub refused_only: bool,
    /// The condition that the evaluator counts, for a context rule.
    pub context: Option<MoreThan>,
}

/// `more_than: N, within: D`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MoreThan {
    /// Matches that are still allowed.
    pub count: u32,
    /// Length of the sliding window.
    pub within: Duration,
    /// What happens then.
    pub then: Then,
}

/// What a context rule does when its condition is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Refuse every further action of the session.
    Quarantine,
    /// That, and kill the process that acted.
    KillProcess,
    /// That, and kill every process of the session.
    KillTree,
}

/// One dataset, as people know it.
#[derive(Clone, Debug)]
pub struct DatasetView {
    /// Its name.
    pub name: Arc<str>,
    /// Its protocol.
    pub protocol: Option<Arc<str>>,
}

/// A compiled policy.
pub trait Rules: Send + Sync {
    /// What the kernel reads.
    fn table(&self) -> &Policy;
    /// The words for refused clients.
    fn denials(&self) -> &[Denial];
    /// Hash of the files, hexadecimal.
    fn sha256(&self) -> Arc<str>;
    /// The files.
    fn files(&self) -> Vec<PathBuf>;
    /// The rules by index.
    fn rules(&self) -> &[RuleView];
    /// The datasets by index.
    fn datasets(&self) -> &[DatasetView];
    /// A subject by index.
    fn subject(&self, index: u32) -> Option<Subject>;
    /// The selectors that someone satisfies.
    fn selectors(&self, who: &Identity) -> u64;
    /// Why a decision came out as it did, for people.
    fn reason(&self, decision: &Decision, opaque: u32) -> String;
    /// What a person should know although the policy is valid.
    fn warnings(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Loads the policy that the configuration names.
pub type Loader = Box<dyn Fn() -> Result<Arc<dyn Rules>, PolicyFailure> + Send>;

/// A policy that cannot be used: place, cause and remedy.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct PolicyFailure {
    /// What is wrong, with file and line.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

/// The policies that records may still refer to, by epoch: a record in the ring
/// buffer can be older than the live policy.
#[derive(Default)]
pub struct History {
    entries: Vec<(u64, Arc<dyn Rules>)>,
}

impl History {
    /// Policies kept: as many as the kernel has slots, twice.
    const KEPT: usize = 2 * guard_common::limits::SLOTS;

    /// Adds the policy that has become live.
    pub fn push(&mut self, epoch: u64, rules: Arc<dyn Rules>) {
        if self.entries.len() == Self::KEPT {
            self.entries.remove(0);
        }
        self.entries.push((epoch, rules));
    }

    /// The policy of an epoch.
    #[must_use]
    pub fn get(&self, epoch: u64) -> Option<&Arc<dyn Rules>> {
        let found = self.entries.iter().rev().find(|(known, _)| *known == epoch);
        found.map(|(_, rules)| rules)
    }

    /// The live policy and its epoch.
    #[must_use]
    pub fn live(&self) -> Option<(u64, &Arc<dyn Rules>)> {
        self.entries.last().map(|(epoch, rules)| (*epoch, rules))
    }
}

#[cfg(test)]
pub(crate) mod fixture;
