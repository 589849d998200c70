//! Carries out what rules ask for and the kernel does not do by itself:
//! quarantine and kill.

use super::Daemon;
use crate::daemon::rules::Then;
use crate::decision::{Context, Decision, Lifecycle, Record, hex};
use crate::evaluator::Trigger;
use crate::evaluator::kill::{Go, Killed, Target, kill};
use crate::events::clock;
use guard_common::abi::event::Header;
use guard_common::verdict::{self, Cause};
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::mpsc;

/// A kill that has ended.
pub(super) struct Done {
    session: u64,
    only: Option<u32>,
    rule: Option<Arc<str>>,
    /// Id of the decision that asked for it.
    decision: String,
    /// The record that tells of it, where the decision itself was not recorded
    /// by the kernel.
    record: Option<Box<Decision>>,
    killed: Killed,
}

/// Kills that are under way.
pub(super) struct Running {
    targets: HashSet<(u64, Option<u32>)>,
    done: mpsc::UnboundedSender<Done>,
}

impl Running {
    pub(super) fn new(done: mpsc::UnboundedSender<Done>) -> Self {
        Self {
            targets: HashSet::new(),
            done,
        }
    }
}

impl Daemon {
    /// Acts on a condition that is met. The record is a copy of the one that met
    /// it, under the context rule.
    pub(super) fn act(&mut self, header: &Header, trigger: &Trigger, template: &Decision) {
        let mut record = template.clone();
        record.id = format!("{:016x}", getrandom::u64().unwrap_or(header.number));
        record.time = clock::now();
        record.observed = Vec::new();
        record.effect = "none";
        self.decide_by(&mut record, trigger);
        record.mode = "enforce";
        self.quarantine(trigger);
        let only = match trigger.wanted.then {
            Then::Quarantine => {
                self.journal.write(Record::Decision(Box::new(record)), None);
                return;
            }
            Then::KillProcess => Some(header.tgid),
            Then::KillTree => None,
        };
        if !self.may_kill(&trigger.name) {
            self.journal.write(Record::Decision(Box::new(record)), None);
            return;
        }
        let order = Order {
            session: trigger.session,
            only,
            rule: Some(Arc::clone(&trigger.name)),
            decision: record.id.clone(),
            record: Some(Box::new(record)),
        };
        self.order(order);
    }

    /// Writes a trigger's rule and reason into a record.
    pub(super) fn decide_by(&self, record: &mut Decision, trigger: &Trigger) {
        let decision = verdict::Decision {
            rule: trigger.rule,
            ..verdict::Decision::without_rule(trigger.verdict, Cause::Rule)
        };
        let rules = self.history.live().map(|(_, rules)| rules);
        record.verdict = trigger.verdict.name();
        record.rule = Some(Arc::clone(&trigger.name));
        let reason = rules.map(|rules| rules.reason(&decision, 0));
        record.reason = reason.filter(|reason| !reason.is_empty());
        record.judge = Some("evaluator");
        let within = trigger.wanted.within.as_millis();
        record.context = Some(Context {
            count: trigger.count,
            more_than: u64::from(trigger.wanted.count),
            within_ms: u64::try_from(within).unwrap_or(u64::MAX),
            outcome: trigger.outcome(),
        });
    }

    fn quarantine(&mut self, trigger: &Trigger) {
        match self.sessions.quarantine(trigger.session) {
            Ok(0) => {}
            Ok(sessions) => self.lifecycle(Lifecycle::Quarantine {
                session: hex(trigger.session),
                rule: Some(Arc::clone(&trigger.name)),
                sessions,
            }),
            Err(error) => {
                self.by_rule.of(&trigger.name).errors += 1;
                tracing::error!(error = %error, "a session cannot be quarantined");
            }
        }
    }

    /// A `kill` rule refused a connection or a statement (or names the whole
    /// tree for a program start).
    pub(super) fn kill_by_rule(
        &mut self,
        header: &Header,
        decision: &verdict::Decision,
        record: &Decision,
    ) {
        let rule = record.rule.clone();
        if rule.as_ref().is_some_and(|rule| !self.may_kill(rule)) {
            return;
        }
        self.order(Order {
            session: header.session,
            only: (decision.kill_tree == 0).then_some(header.tgid),
            rule,
            decision: record.id.clone(),
            record: None,
        });
    }

    fn may_kill(&mut self, rule: &Arc<str>) -> bool {
        let go = self.brake.ask(rule, Instant::now());
        if go != Go::Ahead {
            self.by_rule.of(rule).errors += 1;
        }
        match go {
            Go::Ahead => true,
            Go::Off => false,
            Go::Stopped => {
                tracing::error!(%rule, "a rule kills too often and kills no more");
                let within = self.config.kill_window.as_millis();
                self.lifecycle(Lifecycle::KillDisarmed {
                    rule: Some(Arc::clone(rule)),
                    limit: self.config.kill_limit,
                    within_ms: u64::try_from(within).unwrap_or(u64::MAX),
                });
                false
            }
        }
    }

    /// Starts a kill, unless the same is under way.
    fn order(&mut self, order: Order) {
        if order.session == 0 || !self.running.targets.insert((order.session, order.only)) {
            if let Some(record) = order.record {
                self.journal.write(Record::Decision(record), None);
            }
            return;
        }
        let target = Target {
            sessions: self.sessions.tree(order.session),
            only: order.only,
        };
        let kernel = self.kernel.clone();
        let done = self.running.done.clone();
        tokio::task::spawn_blocking(move || {
            let killed = kill(&kernel, &target);
            let report = Done {
                session: order.session,
                only: order.only,
                rule: order.rule,
                decision: order.decision,
                record: order.record,
                killed,
            };
            // The loop is gone only when the daemon stops.
            let _stopped = done.send(report);
        });
    }

    /// Records what a kill has done.
    pub(super) fn killed(&mut self, done: Done) {
        self.running.targets.remove(&(done.session, done.only));
        self.counters.kills += 1;
        if let Some(mut record) = done.record {
            if !done.killed.killed.is_empty() {
                record.effect = "sigkill";
            }
            self.journal.write(Record::Decision(record), None);
        }
        if !done.killed.complete {
            if let Some(rule) = &done.rule {
                self.by_rule.of(rule).errors += 1;
            }
            tracing::error!(session = %hex(done.session), "processes of a killed session are left");
        }
        self.lifecycle(Lifecycle::Kill {
            session: hex(done.session),
            rule: done.rule,
            decision: done.decision,
            killed: done.killed.killed,
            spared: done.killed.spared,
            complete: done.killed.complete,
        });
    }
}

/// A kill that is asked for.
struct Order {
    session: u64,
    only: Option<u32>,
    rule: Option<Arc<str>>,
    decision: String,
    record: Option<Box<Decision>>,
}
