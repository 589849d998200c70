//! Decides a message on a database socket.

mod names;

use crate::abi::policy::{KIND_STATEMENT, Policy, RULE_CONTEXT, Rule};
use crate::facts::Facts;
use crate::limits::{MAX_DATASETS, MAX_RULES};
use crate::repeat::{Repeat, Turn};
use crate::verdict::{Cause, Decision, Mode, Verdict};
use names::Names;

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

impl Sender {
    /// Is this rule about statements of this sender?
    #[inline(always)]
    const fn concerns(self, rule: &Rule) -> bool {
        rule.kind == KIND_STATEMENT
            && rule.subjects & self.selectors != 0
            && rule.datasets & (1 << (self.dataset & 63)) != 0
    }
}

/// One pass over the rules.
struct Pass<'a> {
    policy: &'a Policy,
    facts: &'a Facts,
    sender: Sender,
    decision: &'a mut Decision,
    /// Rules whose conditions on names do not hold.
    excluded: u64,
    opaque: u32,
    enforced: u32,
    observed: u32,
    /// Rules that match, those that only count included.
    matching: u64,
}

impl Turn for Pass<'_> {
    #[inline(always)]
    fn turn(&mut self, index: u32) -> bool {
        if index >= self.policy.rule_count {
            return false;
        }
        let rule = &self.policy.rules[index as usize & (MAX_RULES - 1)];
        if !self.sender.concerns(rule) {
            return true;
        }
        if rule.mode == Mode::Observe as u8 {
            self.observed = 1;
        } else {
            self.enforced = 1;
        }
        let named = self.excluded & (1 << (index & 63)) == 0;
        if named && says(rule, self.facts) || rule.opaque & self.opaque != 0 {
            self.matching |= 1 << (index & 63);
            if rule.flags & RULE_CONTEXT == 0 {
                self.decision.add(index as u8, rule);
            }
        }
        true
    }
}

/// Does a rule's condition hold, but for what it says of names?
#[inline(always)]
const fn says(rule: &Rule, facts: &Facts) -> bool {
    rule.hits & facts.hits != 0
        && rule.requires & !facts.hits == 0
        && (rule.more_bytes == 0 || facts.bytes > rule.more_bytes)
}

/// Decides a message.
///
/// A message that cannot be read with certainty, for a reason that the dataset
/// does not accept, is judged by `on_opaque` when an enforced statement rule
/// covers its sender and dataset; where only observe rules do, the same is
/// reported as observed and nothing is refused. So is a message with more names
/// than were kept, where a rule asks for such names.
#[inline(always)]
pub fn decide<R: Repeat>(policy: &Policy, facts: &Facts, sender: Sender, decision: &mut Decision) {
    judge::<R>(policy, facts, sender, decision);
}

/// The rules that match a message, those that only count included, as bits.
#[must_use]
pub fn matching<R: Repeat>(policy: &Policy, facts: &Facts, sender: Sender) -> u64 {
    let mut decision = Decision::OPEN;
    judge::<R>(policy, facts, sender, &mut decision)
}

#[inline(always)]
fn judge<R: Repeat>(
    policy: &Policy,
    facts: &Facts,
    sender: Sender,
    decision: &mut Decision,
) -> u64 {
    *decision = Decision::OPEN;
    let names = Names::of::<R>(policy, facts);
    if names.doubtful != 0 && names::concerned::<R>(policy, facts, sender, names.doubtful) {
        decision.names_lost = 1;
    }
    let opaque = decision.opaque(facts.opaque);
    let mut pass = Pass {
        policy,
        facts,
        sender,
        decision,
        excluded: names.excluded,
        opaque,
        enforced: R::zero(sender.selectors) as u32,
        observed: R::zero(sender.selectors) as u32,
        matching: R::zero(sender.selectors),
    };
    R::repeat(MAX_RULES as u32, &mut pass);
    let (enforced, observed, matching) = (pass.enforced, pass.observed, pass.matching);
    let accepted = policy.accepted[sender.dataset as usize & (MAX_DATASETS - 1)];
    if opaque & !accepted != 0 {
        if enforced != 0 {
            decision.add_cause(policy.on_opaque, Cause::Opaque);
        } else if observed != 0 && policy.on_opaque > decision.observed_verdict {
            decision.observed_verdict = policy.on_opaque;
        }
    }
    if sender.quarantined != 0 {
        decision.add_cause(Verdict::Block as u8, Cause::Quarantine);
    }
    matching
}
