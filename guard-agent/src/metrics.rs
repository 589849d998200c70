//! What the daemon counts; `guardctl status` shows it.

use crate::events::decode::Doubt;
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counters of the daemon's loop.
#[derive(Debug, Default)]
pub struct Counters {
    /// Decisions read from the kernel.
    pub decisions: u64,
    /// Of these: refused something.
    pub refused: u64,
    /// Of these: would have been refused by an observe rule.
    pub observed: u64,
    /// Records lost between kernel and daemon, by their numbers.
    pub lost_ring: u64,
    /// Records that could not be read, by [`Doubt`].
    pub doubted: [u64; Doubt::ALL.len()],
    /// Context rules whose condition was met.
    pub triggers: u64,
    /// Process trees (or processes) killed by the daemon.
    pub kills: u64,
}

/// What became of one rule since its policy went live, as far as the kernel does
/// not count it.
#[derive(Clone, Copy, Debug, Default)]
pub struct RuleCounts {
    /// Times that the condition of a context rule was met and acted on.
    pub enforced: u64,
    /// Times that it was met in observe mode.
    pub observed: u64,
    /// Times that what the rule asks for could not be done.
    pub errors: u64,
}

/// Counts of all rules, by name.
#[derive(Debug, Default)]
pub struct ByRule(HashMap<Arc<str>, RuleCounts>);

impl ByRule {
    /// The counts of a rule, to change them.
    pub fn of(&mut self, rule: &Arc<str>) -> &mut RuleCounts {
        self.0.entry(Arc::clone(rule)).or_default()
    }

    /// The counts of a rule.
    #[must_use]
    pub fn get(&self, rule: &str) -> RuleCounts {
        self.0.get(rule).copied().unwrap_or_default()
    }

    /// Begins again, for another policy.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}

impl Counters {
    /// Counts a record that could not be read.
    pub fn doubt(&mut self, doubt: Doubt) {
        let index = Doubt::ALL.into_iter().position(|known| known == doubt);
        if let Some(count) = index.and_then(|index| self.doubted.get_mut(index)) {
            *count += 1;
        }
    }

    /// Records that could not be read, by reason; reasons without any are left
    /// out.
    #[must_use]
    pub fn doubts(&self) -> Value {
        let counted = Doubt::ALL.into_iter().zip(self.doubted);
        let counted = counted.filter(|(_, count)| *count > 0);
        let map: Map<String, Value> = counted
            .map(|(doubt, count)| (doubt.name().to_owned(), count.into()))
            .collect();
        Value::Object(map)
    }
}

/// Counters of the thread that ends poisoned sockets.
#[derive(Debug, Default)]
pub struct Resets {
    /// Sockets destroyed.
    pub destroyed: AtomicU64,
    /// Sockets that could not be destroyed; they stay poisoned.
    pub failed: AtomicU64,
    /// Sockets for which there was no room in the queue; they stay poisoned.
    pub dropped: AtomicU64,
}

impl Resets {
    /// As JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::json!({
            "destroyed": self.destroyed.load(Ordering::Relaxed),
            "failed": self.failed.load(Ordering::Relaxed),
            "dropped": self.dropped.load(Ordering::Relaxed),
        })
    }
}
