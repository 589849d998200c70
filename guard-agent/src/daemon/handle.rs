//! Takes the kernel's events.

use super::Daemon;
use crate::decision::{Decision, Gap, GapRecord, Lifecycle, Observed, Record, Stage, VERSION};
use crate::evaluator::{Observation, Trigger};
use crate::events::clock::{self, Clock};
use crate::events::decode::{self, Event, Start};
use crate::events::redact::{Words, file_name, lossy};
use crate::events::render::{Actor, Renderer};
use crate::events::settle::Withheld;
use crate::sessions::{Identity, user_name};
use guard_common::abi::event::{Header, SessionChange};
use guard_common::verdict::{self, Effect, Mode, NO_RULE, Verdict};
use std::time::Instant;

impl Daemon {
    /// Takes a batch of records; those that are not settled wait for the next.
    pub(super) fn records(&mut self, records: Vec<Box<[u8]>>) {
        let (records, withheld) = self.settling.add(records, clock::boot_ns());
        self.settled(&records, &withheld);
    }

    /// Takes all records that still wait.
    pub(super) fn rest(&mut self) {
        let (records, withheld) = self.settling.rest();
        self.settled(&records, &withheld);
    }

    fn settled(&mut self, records: &[Box<[u8]>], withheld: &Withheld) {
        if records.is_empty() {
            return;
        }
        let clock = Clock::read();
        let at = Instant::now();
        self.births.clear();
        for bytes in records {
            match decode::header(bytes) {
                Ok(header) => {
                    let lost = self.numbers.arrived(header.cpu, header.number, at);
                    self.lost_in_ring(lost);
                    let cursor = self.cursors.entry(header.cpu).or_default();
                    *cursor = header.number.max(*cursor);
                    match decode::body(&header, bytes) {
                        Ok(event) => self.event(&event, clock, at, withheld),
                        Err(doubt) => {
                            self.counters.doubt(doubt);
                            self.lost_in_ring(1);
                        }
                    }
                }
                // Its number is not known, so it is also found missing.
                Err(doubt) => self.counters.doubt(doubt),
            }
        }
    }

    /// Records that `lost` records never arrived.
    pub(super) fn lost_in_ring(&mut self, lost: u64) {
        if lost == 0 {
            return;
        }
        self.counters.lost_ring += lost;
        self.processes.doubt();
        let gap = GapRecord {
            v: VERSION,
            seq: 0,
            time: clock::now(),
            gap: Gap {
                lost,
                stage: Stage::Ring,
            },
        };
        self.journal.write(Record::Gap(gap), None);
    }

    fn event(&mut self, event: &Event, clock: Clock, at: Instant, withheld: &Withheld) {
        match event {
            Event::Exec(start) => self.exec(start, clock),
            Event::Connect(connect) => {
                let action = Observation::Connect(connect);
                let actor = self.actor(&connect.header);
                let record = self.renderer(clock).connect(connect, actor);
                self.judged(&action, &connect.decision, record);
            }
            Event::Statement(statement) => {
                let action = Observation::Statement(statement);
                let actor = self.actor(&statement.header);
                let mut record = self.renderer(clock).statement(statement, actor);
                if withheld.has(statement) {
                    record.effect = Effect::Drop.name();
                }
                self.judged(&action, &statement.decision, record);
            }
            Event::Poisoned(socket) => {
                self.resets.push(*socket);
                self.passed(&socket.header);
            }
            Event::SessionBegin(change) => self.session_begun(change),
            Event::SessionEnd(change) => {
                self.sessions.emptied(change.header.session, at);
                self.passed(&change.header);
            }
        }
    }

    fn exec(&mut self, start: &Start, clock: Clock) {
        let words = self.words(&start.header, &start.decision);
        let since_ns = self.since(start.header.tgid);
        let parent_ns = self.since(start.parent);
        let process = self.processes.started(start, since_ns, parent_ns, &words);
        let session = self.sessions.find(start.header.session).map(|entry| {
            if entry.born_in_kernel && entry.identity.program.is_none() {
                entry.identity.program = Some(lossy(file_name(&start.path)));
            }
            entry.facts.clone()
        });
        let actor = Actor { session, process };
        let record = self.renderer(clock).exec(start, actor);
        self.judged(&Observation::Exec(start), &start.decision, record);
    }

    /// Records a decision, lets the evaluator see it, and acts.
    fn judged(&mut self, action: &Observation<'_>, decision: &verdict::Decision, record: Decision) {
        let header = *action.header();
        let mut record = record;
        let triggers = self.evaluate(action);
        let (observed, enforced): (Vec<Trigger>, Vec<Trigger>) = triggers
            .into_iter()
            .partition(|trigger| trigger.mode == Mode::Observe);
        for trigger in observed {
            self.by_rule.of(&trigger.name).observed += 1;
            self.observe(&mut record, &trigger);
        }
        if let Some(rule) = &record.rule
            && decision.denies()
            && record.effect == Effect::None.name()
        {
            self.by_rule.of(rule).errors += 1;
        }
        self.count(&header, &record);
        let template = (!enforced.is_empty()).then(|| record.clone());
        if self.is_kept(decision, &record) {
            let kills = self.wants_kill(action, decision).then(|| record.clone());
            let cursor = Some((header.cpu, header.number));
            self.journal
                .write(Record::Decision(Box::new(record)), cursor);
            if let Some(record) = kills {
                self.kill_by_rule(&header, decision, &record);
            }
        } else {
            self.passed(&header);
        }
        if let Some(template) = template {
            for trigger in enforced {
                self.by_rule.of(&trigger.name).enforced += 1;
                self.act(&header, &trigger, &template);
            }
        }
    }

    fn evaluate(&mut self, action: &Observation<'_>) -> Vec<Trigger> {
        let session = action.header().session;
        if self.evaluator.is_idle() || session == 0 {
            return Vec::new();
        }
        let Some((_, rules)) = self.history.live() else {
            return Vec::new();
        };
        let line = self.sessions.lineage(session).into_iter();
        let line = line.map(|id| (id, self.sessions.selectors(id, rules.as_ref())));
        let lineage: Vec<(u64, u64)> = line.collect();
        let triggers = self.evaluator.observe(action, &lineage);
        self.counters.triggers += triggers.len() as u64;
        triggers
    }

    /// A context rule in observe mode stands beside the decision; where nothing
    /// else decided, the record shows it.
    fn observe(&self, record: &mut Decision, trigger: &Trigger) {
        record.observed.push(Observed {
            rule: Some(std::sync::Arc::clone(&trigger.name)),
            verdict: trigger.verdict.name(),
        });
        if record.rule.is_none() && record.mode == "enforce" && record.verdict == "allow" {
            self.decide_by(record, trigger);
            record.mode = "observe";
            record.effect = "none";
        }
    }

    fn count(&mut self, header: &Header, record: &Decision) {
        let denies = ["block", "kill", "hold", "rewrite"].contains(&record.verdict);
        let refused = u64::from(denies && record.mode == "enforce");
        let observed = u64::from(denies && record.mode == "observe");
        self.counters.decisions += 1;
        self.counters.refused += refused;
        self.counters.observed += observed;
        if let Some(entry) = self.sessions.find(header.session) {
            entry.counters.decisions += 1;
            entry.counters.refused += refused;
            entry.counters.observed += observed;
        }
    }

    /// A rule may ask to keep refusals only.
    fn is_kept(&self, decision: &verdict::Decision, record: &Decision) -> bool {
        if record.verdict != "allow" && record.verdict != "audit" {
            return true;
        }
        let rules = self.history.get(record.policy.epoch);
        let rule = rules.and_then(|rules| rules.rules().get(usize::from(decision.rule)));
        !rule.is_some_and(|rule| rule.refused_only)
    }

    /// The kernel kills only the process that starts a program; everything else
    /// a `kill` rule asks for is done here.
    fn wants_kill(&self, action: &Observation<'_>, decision: &verdict::Decision) -> bool {
        let kill = Verdict::from_raw(decision.verdict) == Verdict::Kill;
        let starts = matches!(action, Observation::Exec(_));
        kill && (!starts || decision.kill_tree != 0)
    }

    fn session_begun(&mut self, change: &SessionChange) {
        let header = &change.header;
        let rules = self.history.get(header.epoch);
        let subject = rules.and_then(|rules| rules.subject(change.subject));
        let mut identity = Identity::unknown();
        if let Some(subject) = subject {
            identity.subject = subject;
        }
        identity.uid = header.uid;
        identity.user = user_name(header.uid);
        let session = self.kernel.lock().session(header.session).ok().flatten();
        if let Some(session) = session {
            self.journal.remember(header.session, &identity);
            let entry = self.sessions.begun(header.session, identity, &session);
            let event = Lifecycle::SessionBegin {
                session: entry.facts.clone(),
                pid: header.tgid,
                origin: "exec",
            };
            self.lifecycle(event);
        }
        self.passed(header);
    }

    fn passed(&self, header: &Header) {
        self.journal.passed(header.cpu, header.number);
    }

    fn renderer(&self, clock: Clock) -> Renderer<'_> {
        Renderer {
            host: &self.host,
            history: &self.history,
            clock,
        }
    }

    fn actor(&mut self, header: &Header) -> Actor {
        let since_ns = self.since(header.tgid);
        let session = self.sessions.find(header.session);
        Actor {
            session: session.map(|entry| entry.facts.clone()),
            process: self.processes.find((header.tgid, since_ns)),
        }
    }

    /// Boot time of a process's entry in the task table; 0 when it has none. It is
    /// read once for a batch.
    fn since(&mut self, tgid: u32) -> u64 {
        let kernel = &self.kernel;
        *self.births.entry(tgid).or_insert_with(|| {
            let task = kernel.lock().task(tgid).ok().flatten();
            task.map_or(0, |task| task.since_ns)
        })
    }

    /// Words that may be shown of a program start: launchers, and what the
    /// matching rules themselves name.
    fn words(&self, header: &Header, decision: &verdict::Decision) -> Words {
        let Some(rules) = self.history.get(header.epoch) else {
            return Words::default();
        };
        let table = rules.table();
        let count = usize::try_from(table.launcher_count).unwrap_or(0);
        let mut words = Words {
            launchers: table.launchers.iter().take(count).copied().collect(),
            ..Words::default()
        };
        let count = usize::try_from(table.pattern_count).unwrap_or(0);
        for pattern in table.patterns.iter().take(count) {
            let observed = pattern.rule < 64 && decision.observed & (1 << pattern.rule) != 0;
            if observed || (decision.rule != NO_RULE && pattern.rule == decision.rule) {
                let used = usize::from(pattern.count);
                words.named.extend(pattern.tokens.iter().take(used));
            }
        }
        words
    }
}
