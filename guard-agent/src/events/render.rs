//! Makes records: what the kernel decided, in the words of the policy.

mod statement;

use crate::daemon::rules::{History, Rules};
use crate::decision::{
    ActionFacts, ConnectFacts, Decision, ExecFacts, Observed, PolicyRef, ProcessFacts,
    SessionFacts, Shared, VERSION, hex,
};
use crate::events::clock::{self, Clock};
use crate::events::decode::Start;
use crate::events::redact::lossy;
use guard_common::abi::event::{
    ARGV_CUT, ARGV_UNREADABLE, Connect, Header, JUDGE_VOICE, Statement,
};
use guard_common::hash;
use guard_common::verdict::{self, Cause, Effect, NO_RULE, Verdict};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

/// What all records of this daemon share.
#[derive(Clone, Debug)]
pub struct Host {
    /// Host name.
    pub name: Arc<str>,
    /// Id of this boot.
    pub boot_id: Arc<str>,
}

/// Who acted.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The session, where it is known.
    pub session: Option<Shared<SessionFacts>>,
    /// The process.
    pub process: Shared<ProcessFacts>,
}

/// Renders records.
pub struct Renderer<'a> {
    /// Host.
    pub host: &'a Host,
    /// Policies by epoch.
    pub history: &'a History,
    /// Boot time to UTC.
    pub clock: Clock,
}

/// The judged part of a record.
struct Outcome {
    verdict: Verdict,
    mode: &'static str,
    rule: Option<Arc<str>>,
    reason: Option<String>,
    effect: Effect,
    observed: Vec<Observed>,
}

impl Renderer<'_> {
    /// A program start.
    #[must_use]
    pub fn exec(&self, start: &Start, actor: Actor) -> Decision {
        let opaque = match start.argv_flags {
            flags if flags & ARGV_UNREADABLE != 0 => Some("unreadable"),
            flags if flags & ARGV_CUT != 0 => Some("limit"),
            _ => None,
        };
        let facts = ExecFacts {
            path: lossy(&start.path),
            argc: start.argv.iter().filter(|byte| **byte == 0).count(),
            opaque,
        };
        let effect = Effect::from_raw(u8::try_from(start.effect).unwrap_or(0));
        let outcome = self.outcome(&start.header, &start.decision, 0, effect);
        self.record(&start.header, ActionFacts::Exec(facts), outcome, actor)
    }

    /// A connection attempt.
    #[must_use]
    pub fn connect(&self, connect: &Connect, actor: Actor) -> Decision {
        let dataset = self.rules(&connect.header).and_then(|rules| {
            let dataset = rules.datasets().get(usize::from(connect.dataset))?;
            Some(Arc::clone(&dataset.name))
        });
        let facts = ConnectFacts {
            dataset,
            endpoint: endpoint(connect.address, connect.port),
            transport: match connect.transport {
                6 => "tcp".to_owned(),
                17 => "udp".to_owned(),
                other => other.to_string(),
            },
        };
        let effect = Effect::from_raw(connect.effect);
        let outcome = self.outcome(&connect.header, &connect.decision, 0, effect);
        self.record(&connect.header, ActionFacts::Connect(facts), outcome, actor)
    }

    /// A judged message.
    #[must_use]
    pub fn statement(&self, statement: &Statement, actor: Actor) -> Decision {
        let header = &statement.header;
        let facts = statement::facts(statement, self.rules(header).map(AsRef::as_ref));
        let effect = Effect::from_raw(statement.effect);
        let opaque = statement.facts.opaque;
        let outcome = self.outcome(header, &statement.decision, opaque, effect);
        let facts = ActionFacts::Statement(Box::new(facts));
        let mut record = self.record(header, facts, outcome, actor);
        record.id = hex(statement.id);
        record.judge = Some(match statement.judge {
            JUDGE_VOICE => "voice",
            _ => "authority",
        });
        record
    }

    fn rules(&self, header: &Header) -> Option<&Arc<dyn Rules>> {
        self.history.get(header.epoch)
    }

    /// An enforced rule or a refusal speaks first; where nothing is enforced,
    /// the record shows what observe rules would have done.
    fn outcome(
        &self,
        header: &Header,
        decision: &verdict::Decision,
        opaque: u32,
        effect: Effect,
    ) -> Outcome {
        let rules = self.rules(header).map(AsRef::as_ref);
        let observed = observed(rules, decision);
        let enforced = Verdict::from_raw(decision.verdict);
        let would = Verdict::from_raw(decision.observed_verdict);
        let silent = Cause::from_raw(decision.cause) == Cause::NoRule;
        if silent && would > enforced {
            let shown = would_be(decision);
            return Outcome {
                verdict: would,
                mode: "observe",
                rule: name(rules, shown.rule),
                reason: reason(rules, &shown, opaque),
                effect: Effect::None,
                observed,
            };
        }
        Outcome {
            verdict: enforced,
            mode: "enforce",
            rule: name(rules, decision.rule),
            reason: reason(rules, decision, opaque),
            effect,
            observed,
        }
    }

    fn record(
        &self,
        header: &Header,
        facts: ActionFacts,
        outcome: Outcome,
        actor: Actor,
    ) -> Decision {
        Decision {
            v: VERSION,
            seq: 0,
            id: hex(own_id(header)),
            time: clock::write(self.clock.utc(header.time_ns)),
            host: Arc::clone(&self.host.name),
            boot_id: Arc::clone(&self.host.boot_id),
            session: actor.session,
            process: actor.process,
            action: match facts {
                ActionFacts::Exec(_) => "exec",
                ActionFacts::Connect(_) => "connect",
                ActionFacts::Statement(_) => "statement",
            },
            facts,
            verdict: outcome.verdict.name(),
            mode: outcome.mode,
            rule: outcome.rule,
            reason: outcome.reason,
            effect: outcome.effect.name(),
            observed: outcome.observed,
            policy: PolicyRef {
                epoch: header.epoch,
                sha256: self.rules(header).map(|rules| rules.sha256()),
            },
            judge: None,
            context: None,
        }
    }
}

/// The name of a rule by index.
fn name(rules: Option<&dyn Rules>, index: u8) -> Option<Arc<str>> {
    let rule = rules?.rules().get(usize::from(index))?;
    Some(Arc::clone(&rule.name))
}

fn reason(rules: Option<&dyn Rules>, decision: &verdict::Decision, opaque: u32) -> Option<String> {
    if Cause::from_raw(decision.cause) == Cause::NoRule {
        return None;
    }
    let reason = match rules {
        Some(rules) => rules.reason(decision, opaque),
        None => "decided by a policy that this daemon has not loaded".to_owned(),
    };
    Some(reason).filter(|reason| !reason.is_empty())
}

/// What the decision would have been if observe rules were enforced.
fn would_be(decision: &verdict::Decision) -> verdict::Decision {
    let by_rule = decision.observed_rule != NO_RULE;
    verdict::Decision {
        verdict: decision.observed_verdict,
        rule: decision.observed_rule,
        cause: if by_rule { Cause::Rule } else { Cause::Opaque } as u8,
        ..*decision
    }
}

fn observed(rules: Option<&dyn Rules>, decision: &verdict::Decision) -> Vec<Observed> {
    let mut list: Vec<Observed> = Vec::new();
    let mut strictest = Verdict::Allow;
    for index in (0..64_u8).filter(|index| decision.observed & (1 << index) != 0) {
        let view = rules.and_then(|rules| rules.rules().get(usize::from(index)));
        let verdict = view.map_or(Verdict::Allow, |rule| rule.verdict);
        strictest = strictest.max(verdict);
        list.push(Observed {
            rule: view.map(|rule| Arc::clone(&rule.name)),
            verdict: verdict.name(),
        });
    }
    let would = Verdict::from_raw(decision.observed_verdict);
    if would > strictest {
        list.push(Observed {
            rule: None,
            verdict: would.name(),
        });
    }
    list
}

/// An id for a record to which the kernel gave none: its place in the kernel's
/// own numbering.
fn own_id(header: &Header) -> u64 {
    let parts = [header.time_ns, header.number, u64::from(header.cpu)];
    let bytes = parts.into_iter().flat_map(u64::to_le_bytes);
    bytes.fold(hash::START, hash::step)
}

/// Address and port as people write them.
#[must_use]
pub fn endpoint(address: [u8; 16], port: u16) -> String {
    let address = IpAddr::V6(Ipv6Addr::from(address)).to_canonical();
    SocketAddr::new(address, port).to_string()
}

#[cfg(test)]
pub(crate) mod tests;
