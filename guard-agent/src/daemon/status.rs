//! What `guardctl status`, `sessions` and `policy list` show.

use super::Daemon;
use super::kernel::KernelError;
use crate::api::message::VERSION;
use crate::api::{Answer, Refusal};
use crate::config::OnStop;
use crate::events::clock::{self, Clock};
use crate::metrics::RuleCounts;
use crate::sessions::Entry;
use guard_common::fault::Fault;
use guard_common::verdict::Mode;
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::sync::atomic::Ordering;

/// What does not change while the daemon runs.
pub(super) struct Facts {
    /// When it started (UTC).
    pub(super) since: String,
    /// It took over maps and programs that were pinned.
    pub(super) adopted: bool,
    /// What this kernel cannot enforce, with the reason.
    pub(super) not_enforced: Vec<String>,
    /// The scope's path below the cgroup mount.
    pub(super) scope_path: String,
}

impl Daemon {
    /// Everybody's state, or that of one session for a peer inside it.
    pub(super) fn status_json(&self, session: u64) -> Value {
        if session != 0 {
            let own = self.sessions.get(session);
            let own = own.map(|entry| self.session_json(entry, None));
            return json!({ "v": VERSION, "guarded": true, "session": own });
        }
        let kernel = self.kernel.lock();
        let faults = kernel.faults().unwrap_or([0; Fault::COUNT]);
        let faults = Fault::ALL.into_iter().zip(faults);
        let faults: Map<String, Value> = faults
            .map(|(fault, count)| (fault.name().to_owned(), count.into()))
            .collect();
        let tasks = kernel.tasks().map_or(0, |tasks| tasks.len());
        let until = kernel.disarmed_until().unwrap_or(0);
        let memory = kernel.memory();
        drop(kernel);
        let disarmed = (until > clock::boot_ns()).then(|| clock::write(Clock::read().utc(until)));
        let journal = self.journal.counters();
        let policy = self.history.live().map(|(epoch, rules)| {
            json!({
                "epoch": epoch,
                "sha256": rules.sha256(),
                "files": rules.files(),
                "rules": rules.rules().len(),
                "datasets": rules.datasets().len(),
                "warnings": rules.warnings(),
            })
        });
        json!({
            "v": VERSION,
            "version": env!("CARGO_PKG_VERSION"),
            "pid": std::process::id(),
            "since": self.facts.since,
            "host": self.host.name,
            "boot_id": self.host.boot_id,
            "guarded": false,
            "enforcing": disarmed.is_none(),
            "disarmed_until": disarmed,
            "adopted": self.facts.adopted,
            "not_enforced": self.facts.not_enforced,
            "scope": self.config.scope,
            "on_stop": match self.config.on_stop {
                OnStop::Keep => "keep",
                OnStop::Detach => "detach",
            },
            "policy": policy,
            "sessions": self.sessions.len(),
            "processes": tasks,
            "decisions": {
                "total": self.counters.decisions,
                "refused": self.counters.refused,
                "observed": self.counters.observed,
            },
            "lost": {
                "ring": self.counters.lost_ring,
                "queue": journal.lost_queue.load(Ordering::Relaxed),
                "journal": journal.lost_disk.load(Ordering::Relaxed),
                "unreadable": self.counters.doubts(),
                "repeated": self.numbers.repeated(),
            },
            "faults": faults,
            "resets": self.resets.resets().json(),
            "evaluator": {
                "counted": self.evaluator.len(),
                "triggers": self.counters.triggers,
                "kills": self.counters.kills,
                "kill_off": self.brake.off().collect::<Vec<_>>(),
            },
            "journal": {
                "path": self.journal.path(),
                "id": self.journal.id(),
                "last": *self.journal.head().borrow(),
                "written": journal.written.load(Ordering::Relaxed),
            },
            "memory_bytes": memory,
        })
    }

    /// All sessions, or only one for a peer inside it.
    pub(super) fn sessions_json(&self, only: u64) -> Value {
        let tasks = self.kernel.lock().tasks().unwrap_or_default();
        let mut members: HashMap<u64, usize> = HashMap::new();
        for (_, task) in tasks {
            *members.entry(task.session).or_default() += 1;
        }
        let mut list: Vec<(u64, &Entry)> = self.sessions.iter().collect();
        list.retain(|(id, _)| only == 0 || *id == only);
        list.sort_by_key(|(_, entry)| entry.begin_ns);
        let list = list.into_iter().map(|(id, entry)| {
            let processes = members.get(&id).copied().unwrap_or(0);
            self.session_json(entry, Some(processes))
        });
        let list: Vec<Value> = list.collect();
        json!({ "v": VERSION, "sessions": list })
    }

    /// The live rules with what became of them since they are live.
    pub(super) fn rules_json(&self) -> Answer {
        let Some((epoch, rules)) = self.history.live() else {
            return Err(Refusal::failed("no policy is live"));
        };
        let kernel = self.kernel.lock();
        let failed = |error: KernelError| Refusal::failed(error.to_string());
        let matches = kernel.rule_matches().map_err(failed)?;
        let list = rules.rules().iter().zip(matches).enumerate();
        let list = list.map(|(index, (rule, matches))| {
            let mut counts = self.by_rule.get(&rule.name);
            // What only the evaluator matches, the kernel does not count.
            let counted = self.evaluator.matches(index);
            if counted.is_none() {
                let RuleCounts {
                    enforced, observed, ..
                } = &mut counts;
                match rule.mode {
                    Mode::Enforce => *enforced = matches,
                    Mode::Observe => *observed = matches,
                }
            }
            let context = rule.context.map(|context| {
                json!({
                    "more_than": context.count,
                    "within_ms": u64::try_from(context.within.as_millis()).unwrap_or(u64::MAX),
                })
            });
            json!({
                "name": rule.name,
                "on": rule.action,
                "action": rule.verdict.name(),
                "mode": rule.mode.name(),
                "matches": counted.unwrap_or(matches),
                "enforced": counts.enforced,
                "observed": counts.observed,
                "errors": counts.errors,
                "context": context,
            })
        });
        let list: Vec<_> = list.collect();
        Ok(json!({
            "v": VERSION,
            "epoch": epoch,
            "sha256": rules.sha256(),
            "files": rules.files(),
            "rules": list,
            "datasets": rules.datasets().len(),
            "warnings": rules.warnings(),
            "memory_bytes": kernel.memory(),
        }))
    }

    fn session_json(&self, entry: &Entry, processes: Option<usize>) -> Value {
        let state = match (entry.quarantined, processes) {
            (true, _) => "quarantined",
            (false, Some(0)) => "ending",
            (false, _) => "running",
        };
        let begin = clock::write(Clock::read().utc(entry.begin_ns));
        let mut value = json!({
            "state": state,
            "since": begin,
            "pid": entry.tgid,
            "origin": if entry.born_in_kernel { "exec" } else { "launch" },
            "processes": processes,
            "counters": entry.counters,
        });
        let facts = serde_json::to_value(&*entry.facts).unwrap_or_default();
        if let (Some(value), Value::Object(facts)) = (value.as_object_mut(), facts) {
            value.extend(facts);
        }
        value
    }
}
