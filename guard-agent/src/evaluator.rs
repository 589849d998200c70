//! Context: what a single action does not show.
//!
//! The evaluator sees every decision a moment after it was taken. Each context
//! rule has a [`Condition`] for each session that it looks at; a condition that
//! is met gives a [`Trigger`], and what is to be done about it is carried out by
//! [`kill`] and by the sessions. Budgets, sequences and approvals are further
//! conditions of this shape.

mod facts;
pub mod kill;
mod window;

pub use facts::Observation;

use crate::daemon::rules::{MoreThan, Rules, Then};
use facts::Table;
use guard_common::verdict::{Mode, Verdict};
use std::collections::HashMap;
use std::sync::Arc;
use window::Window;

/// Something that can be true of the history of a session.
#[derive(Debug)]
enum Condition {
    /// More matches than allowed within a sliding window.
    MoreThan(Window),
}

impl Condition {
    /// A condition at its beginning.
    fn new(wanted: MoreThan) -> Self {
        Self::MoreThan(Window::new(wanted.count, wanted.within))
    }

    /// Takes `weight` matches at a moment into account; gives the count when the
    /// condition is met.
    fn observe(&mut self, at_ns: u64, weight: u32) -> Option<u64> {
        match self {
            Self::MoreThan(window) => window.add(at_ns, weight),
        }
    }

    /// Tells whether nothing is remembered any more.
    fn is_idle(&mut self, at_ns: u64) -> bool {
        match self {
            Self::MoreThan(window) => window.is_empty_at(at_ns),
        }
    }
}

/// A condition that is met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// The session to act on: that of the action, or one in which it was started.
    pub session: u64,
    /// The rule, by index.
    pub rule: u8,
    /// Its name.
    pub name: Arc<str>,
    /// What the rule asks for.
    pub verdict: Verdict,
    /// Whether it acts.
    pub mode: Mode,
    /// Its condition.
    pub wanted: MoreThan,
    /// Matches within the window.
    pub count: u64,
}

impl Trigger {
    /// The word for what is done.
    #[must_use]
    pub fn outcome(&self) -> &'static str {
        match self.wanted.then {
            Then::Quarantine => "quarantine",
            Then::KillProcess | Then::KillTree => "kill",
        }
    }
}

/// One context rule.
#[derive(Debug)]
struct Watch {
    index: u8,
    name: Arc<str>,
    verdict: Verdict,
    mode: Mode,
    wanted: MoreThan,
    /// Actions that matched since the policy became live.
    matches: u64,
}

impl Watch {
    fn trigger(&self, session: u64, count: u64) -> Trigger {
        Trigger {
            session,
            rule: self.index,
            name: Arc::clone(&self.name),
            verdict: self.verdict,
            mode: self.mode,
            wanted: self.wanted,
            count,
        }
    }
}

/// Counts for all sessions and context rules.
#[derive(Default)]
pub struct Evaluator {
    watches: Vec<Watch>,
    states: HashMap<(u64, Arc<str>), Condition>,
    table: Option<Table>,
}

impl Evaluator {
    /// Takes the rules of a policy that has become live. What was counted for a
    /// rule stays when a rule of that name has the same condition: a reload must
    /// not be a way to start again.
    pub fn adopt(&mut self, rules: &dyn Rules) {
        let watches: Vec<Watch> = (0_u8..)
            .zip(rules.rules())
            .filter_map(|(index, rule)| {
                Some(Watch {
                    index,
                    name: Arc::clone(&rule.name),
                    verdict: rule.verdict,
                    mode: rule.mode,
                    wanted: rule.context?,
                    matches: 0,
                })
            })
            .collect();
        let same = |name: &Arc<str>| {
            let wanted = |list: &[Watch]| {
                let rule = list.iter().find(|watch| watch.name == *name)?;
                Some((rule.wanted.count, rule.wanted.within))
            };
            let kept = wanted(&watches);
            kept.is_some() && kept == wanted(&self.watches)
        };
        self.states.retain(|(_, name), _| same(name));
        self.watches = watches;
        self.table = (!self.watches.is_empty()).then(|| Table::of(rules.table()));
    }

    /// Takes an action into account, for its session and for those in which it
    /// was started (`lineage`, with the selectors of each): a nested session
    /// starts no count of its own that the outer one would not see.
    pub fn observe(&mut self, action: &Observation<'_>, lineage: &[(u64, u64)]) -> Vec<Trigger> {
        let Some(table) = &self.table else {
            return Vec::new();
        };
        let mut triggers = Vec::new();
        let own = action.header().session;
        for (session, selectors) in lineage {
            let matching = table.matching(action, *selectors);
            for watch in &mut self.watches {
                let Some(rule) = table.rule(watch.index) else {
                    continue;
                };
                if matching & (1 << (watch.index & 63)) == 0 {
                    continue;
                }
                if *session == own {
                    watch.matches += 1;
                }
                let key = (*session, Arc::clone(&watch.name));
                let state = self.states.entry(key);
                let state = state.or_insert_with(|| Condition::new(watch.wanted));
                if let Some(count) = state.observe(action.time_ns(), action.weight(rule)) {
                    triggers.push(watch.trigger(*session, count));
                }
            }
        }
        triggers
    }

    /// Tells whether any rule counts.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.watches.is_empty()
    }

    /// Actions that matched a context rule since the policy became live; `None`
    /// for a rule of another kind.
    #[must_use]
    pub fn matches(&self, rule: usize) -> Option<u64> {
        let mut watches = self.watches.iter();
        let watch = watches.find(|watch| usize::from(watch.index) == rule)?;
        Some(watch.matches)
    }

    /// Forgets a session that is over.
    pub fn forget(&mut self, session: u64) {
        self.states.retain(|(known, _), _| *known != session);
    }

    /// Forgets counts of which everything has left the window.
    pub fn sweep(&mut self, at_ns: u64) {
        self.states.retain(|_, state| !state.is_idle(at_ns));
    }

    /// Number of (session, rule) pairs that are counted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.states.len()
    }

    /// Tells whether nothing is counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.states.is_empty()
    }
}

#[cfg(test)]
mod tests;
