//! The decision: facts against the rules of the live policy.
//!
//! The order of rules never matters: the strictest enforced rule decides, and
//! observe rules are reported beside it. [`statement`] is here; [`exec`] and
//! [`connect`] judge the other hooks.

pub mod connect;
pub mod exec;
pub mod statement;

use crate::abi::policy::{RULE_KILL_TREE, Rule};
use crate::verdict::{Cause, Decision, Mode, NO_RULE, Verdict};

impl Decision {
    /// Nothing matched yet.
    pub const OPEN: Self = Self::without_rule(Verdict::Allow, Cause::NoRule);

    /// Takes a matching rule into account.
    #[inline(always)]
    pub const fn add(&mut self, index: u8, rule: &Rule) {
        if rule.mode == Mode::Observe as u8 {
            self.observed |= 1 << (index & 63);
            if self.observed_rule == NO_RULE || rule.action > self.observed_verdict {
                self.observed_verdict = rule.action;
                self.observed_rule = index;
            }
        } else if self.rule == NO_RULE || rule.action > self.verdict {
            self.verdict = rule.action;
            self.rule = index;
            self.cause = Cause::Rule as u8;
            self.kill_tree = rule.flags & RULE_KILL_TREE;
        }
    }

    /// Takes a verdict without a rule into account (opaque, fault, quarantine):
    /// it decides when it is stricter than what the rules say.
    #[inline(always)]
    pub const fn add_cause(&mut self, verdict: u8, cause: Cause) {
        if verdict > self.verdict {
            self.verdict = verdict;
            self.rule = NO_RULE;
            self.cause = cause as u8;
        }
    }
}
