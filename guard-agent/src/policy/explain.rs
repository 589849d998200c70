//! Judges statements offline, by the code that runs in the kernel: the same
//! framing, engine and decision, on the same tables.

mod action;
mod client;
mod stream;
#[cfg(test)]
mod tests;

pub use action::{Start, connection, start};

use super::compiled::Compiled;
use crate::dialect::Dialects;
use guard_common::abi::policy::{RULE_CONTEXT, Rule};
use guard_common::decide::statement::{Sender, matching};
use guard_common::facts::Facts;
use guard_common::protocol::Protocol;
use guard_common::repeat::Host;
use guard_common::verdict::{Decision, Verdict};
use std::collections::BTreeMap;

/// One connection of a client, as far as it matters.
#[derive(Clone, Debug, Default)]
pub struct Connection {
    /// What is spoken.
    pub protocol: Protocol,
    /// The database that the client asks for when it connects.
    pub database: Option<String>,
    /// Further settings of the client's first message.
    pub startup: BTreeMap<String, String>,
    /// What the client writes after the handshake, one entry a write.
    pub writes: Vec<Vec<u8>>,
}

impl Connection {
    /// A connection that sends one statement: a simple query; with Redis a
    /// command line.
    #[must_use]
    pub fn statement(protocol: Protocol, text: &str) -> Self {
        Self {
            protocol,
            writes: vec![client::statement(protocol, text)],
            ..Self::default()
        }
    }
}

/// One judged message.
#[derive(Clone, Copy, Debug)]
pub struct Judged {
    /// Type byte of the message.
    pub message: u8,
    /// What was read.
    pub facts: Facts,
    /// What policy says.
    pub decision: Decision,
}

impl Judged {
    /// The enforced verdict.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        Verdict::from_raw(self.decision.verdict)
    }
}

/// All that was judged of one connection.
#[derive(Clone, Debug, Default)]
pub struct Judgement {
    /// The dataset by index.
    pub dataset: Option<usize>,
    /// The messages in order.
    pub messages: Vec<Judged>,
    /// The last message is not complete; a server waits for the rest.
    pub incomplete: bool,
}

impl Judgement {
    /// The message that decides: the strictest verdict; of those the strictest
    /// class; of those the first.
    #[must_use]
    pub fn deciding(&self) -> Option<&Judged> {
        self.messages.iter().rev().max_by_key(|judged| {
            let class = judged.facts.class();
            let weakness = guard_common::class::Class::BY_STRICTNESS
                .iter()
                .position(|known| *known == class);
            (judged.verdict(), std::cmp::Reverse(weakness))
        })
    }
}

/// Who asks, and under which policy.
#[derive(Clone, Copy)]
pub struct Judge<'a> {
    /// The policy; without one there are facts only.
    pub compiled: Option<&'a Compiled>,
    /// The engine's tables.
    pub dialects: &'a Dialects,
    /// Selectors of the session.
    pub selectors: u64,
    /// The dataset by index; every dataset of the protocol is tried when it is
    /// not said.
    pub dataset: Option<usize>,
}

impl Judge<'_> {
    /// Judges a connection; where several datasets are tried, the strictest
    /// answer counts.
    #[must_use]
    pub fn judge(&self, connection: &Connection) -> Judgement {
        let mut datasets: Vec<Option<usize>> = match self.dataset {
            Some(dataset) => vec![Some(dataset)],
            None => self.datasets(connection.protocol).map(Some).collect(),
        };
        if datasets.is_empty() {
            datasets.push(None);
        }
        datasets
            .into_iter()
            .rev()
            .map(|dataset| stream::judge(self, dataset, connection))
            .max_by_key(|judgement| self.weight(judgement))
            .unwrap_or_default()
    }

    /// The datasets of a protocol by index.
    pub fn datasets(&self, protocol: Protocol) -> impl Iterator<Item = usize> + '_ {
        let all = self.compiled.iter().flat_map(|compiled| &compiled.datasets);
        all.enumerate()
            .filter(move |(_, info)| info.protocol == protocol)
            .map(|(index, _)| index)
    }

    /// How much policy has to say: the verdict, then what observe rules say,
    /// then whether a rule counts it.
    fn weight(&self, judgement: &Judgement) -> Option<(Verdict, Verdict, bool)> {
        let judged = judgement.deciding()?;
        let observed = Verdict::from_raw(judged.decision.observed_verdict);
        let counted = !self.counted(judged, judgement.dataset).is_empty();
        Some((judged.verdict(), observed, counted))
    }

    /// Names of the rules that would count this message (`more_than`).
    #[must_use]
    pub fn counted(&self, judged: &Judged, dataset: Option<usize>) -> Vec<&str> {
        let Some(compiled) = self.compiled else {
            return Vec::new();
        };
        let sender = Sender {
            selectors: self.selectors,
            quarantined: 0,
            dataset: dataset.unwrap_or(0) as u32,
        };
        let matching = matching::<Host>(&compiled.policy, &judged.facts, sender);
        let matches = |index: usize, rule: &Rule| {
            rule.flags & RULE_CONTEXT != 0 && matching & (1 << (index & 63)) != 0
        };
        let rules = compiled.policy.rules.iter().zip(&compiled.rules);
        rules
            .enumerate()
            .filter(|(index, (rule, _))| matches(*index, rule))
            .map(|(_, (_, info))| info.name.as_str())
            .collect()
    }
}
