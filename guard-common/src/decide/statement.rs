//! Decides a message on a database socket.

use crate::abi::policy::{KIND_STATEMENT, Policy, RULE_CONTEXT};
use crate::facts::Facts;
use crate::limits::MAX_RULES;
use crate::repeat::{Repeat, Turn};
use crate::verdict::{Cause, Decision, Mode, Verdict};

/// Who sends the message, and where to.
#[derive(Clone, Copy, Debug)]
pub struct Sender {
    /// Selectors of the session in the policy's slot.
    pub selectors: u64,
    /// 1 when the session is quarantined.
    pub quarantined: u32,
    /// Dataset by index, below 64.
    pub dataset: u32,
}

/// One pass over the rules.
struct Pass<'a> {
    policy: &'a Policy,
    facts: &'a Facts,
    sender: Sender,
    decision: &'a mut Decision,
    enforced: u32,
    observed: u32,
}

impl Turn for Pass<'_> {
    #[inline(always)]
    fn turn(&mut self, index: u32) -> bool {
        if index >= self.policy.rule_count {
            return false;
        }
        let rule = &self.policy.rules[index as usize & (MAX_RULES - 1)];
        if rule.kind != KIND_STATEMENT
            || rule.subjects & self.sender.selectors == 0
            || rule.datasets & (1 << (self.sender.dataset & 63)) == 0
        {
            return true;
        }
        if rule.mode == Mode::Observe as u8 {
            self.observed = 1;
        } else {
            self.enforced = 1;
        }
        if (rule.hits & self.facts.hits != 0 || rule.opaque & self.facts.opaque != 0)
            && rule.flags & RULE_CONTEXT == 0
        {
            self.decision.add(index as u8, rule);
        }
        true
    }
}

/// Decides a message.
///
/// A message that cannot be read with certainty is judged by `on_opaque` when
/// an enforced statement rule covers its sender and dataset; where only observe
/// rules do, the same is reported as observed and nothing is refused.
#[inline(always)]
pub fn decide<R: Repeat>(policy: &Policy, facts: &Facts, sender: Sender, decision: &mut Decision) {
    *decision = Decision::OPEN;
    let mut pass = Pass {
        policy,
        facts,
        sender,
        decision,
        enforced: 0,
        observed: 0,
    };
    R::repeat(MAX_RULES as u32, &mut pass);
    let (enforced, observed) = (pass.enforced, pass.observed);
    if facts.opaque != 0 {
        if enforced != 0 {
            decision.add_cause(policy.on_opaque, Cause::Opaque);
        } else if observed != 0 && policy.on_opaque > decision.observed_verdict {
            decision.observed_verdict = policy.on_opaque;
        }
    }
    if sender.quarantined != 0 {
        decision.add_cause(Verdict::Block as u8, Cause::Quarantine);
    }
}
