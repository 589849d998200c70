//! Answers requests of the API.

use super::Daemon;
use super::kernel::{KernelError, Tables};
use super::rules::{PolicyFailure, Rules};
use crate::api::message::{DisarmBody, Registered, SessionBody, VERSION};
use crate::api::peer::Peer;
use crate::api::{Answer, Call, Refusal, Request};
use crate::decision::{Actor, Lifecycle, hex};
use crate::events::clock;
use crate::exit::Exit;
use crate::sessions::{Identity, Registration, user_name};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

impl Daemon {
    pub(super) fn answer(&mut self, call: Call) {
        let peer = &call.peer;
        let answer = match call.request {
            Request::Register(body) => self.register(peer, &body),
            Request::Sessions => Ok(self.sessions_json(self.session_of(peer))),
            Request::Status => Ok(self.status_json(self.session_of(peer))),
            Request::Rules => self.rules_json(),
            Request::Reload => self.reload(by(peer)),
            Request::Disarm(body) => self.disarm(peer, &body),
            Request::Arm => self.arm(peer),
        };
        // A client that has hung up gets no answer.
        let _gone = call.reply.send(answer);
    }

    /// The session of a peer, 0 for one that is not guarded.
    fn session_of(&self, peer: &Peer) -> u64 {
        let task = self.kernel.lock().task(peer.pid).ok().flatten();
        task.map_or(0, |task| task.session)
    }

    fn register(&mut self, peer: &Peer, body: &SessionBody) -> Answer {
        let scope = &self.facts.scope_path;
        if !peer.is_below(scope) {
            let own = peer.cgroup.as_deref().unwrap_or("unknown");
            let message = format!(
                "process {} is in cgroup {own}, outside the scope {scope}: its sockets would not be judged",
                peer.pid
            );
            return Err(Refusal::new(409, Exit::Failed, message)
                .help("start it inside the scope, or widen `scope` in guard.yaml"));
        }
        let Some((_, rules)) = self.history.live() else {
            return Err(Refusal::failed("no policy is live"));
        };
        let registration = Registration {
            tgid: peer.pid,
            identity: Identity {
                subject: body.subject(),
                user: user_name(peer.uid),
                uid: peer.uid,
                purpose: body.purpose.clone(),
                ticket: body.ticket.clone(),
                labels: body.labels.clone(),
                program: None,
            },
        };
        let registered = self.sessions.register(&registration, rules.as_ref());
        let (id, entry) = registered.map_err(|error| Refusal::failed(error.to_string()))?;
        if !peer.is_alive() {
            let undone = self.kernel.lock().unregister(peer.pid, id);
            undone.map_err(|error| Refusal::failed(error.to_string()))?;
            return Err(Refusal::failed("the process has ended"));
        }
        let event = Lifecycle::SessionBegin {
            session: entry.facts.clone(),
            pid: peer.pid,
            origin: "launch",
        };
        self.journal.remember(id, &registration.identity);
        self.lifecycle(event);
        let answer = Registered {
            v: VERSION,
            session: hex(id),
        };
        serde_json::to_value(answer).map_err(|error| Refusal::failed(error.to_string()))
    }

    pub(super) fn reload_by_signal(&mut self) {
        let by = Actor {
            uid: None,
            pid: None,
            via: "signal",
        };
        if let Err(refusal) = self.reload(by) {
            tracing::error!(error = %refusal.message, "the policy is refused; the old one stays live");
        }
    }

    /// Loads the policy again. A policy that cannot be used changes nothing.
    fn reload(&mut self, by: Actor) -> Answer {
        let loaded = (self.loader)().map_err(|failure| self.refused(failure, &by))?;
        let former = self.history.live().map(|(_, rules)| rules.sha256());
        let changed = former != Some(loaded.sha256());
        let epoch = self.install(&loaded).map_err(|error| {
            Refusal::failed(error.to_string()).help("the old policy stays live")
        })?;
        self.policy_is_live(epoch, loaded, by);
        let mut answer = self.rules_json()?;
        answer["changed"] = changed.into();
        Ok(answer)
    }

    fn refused(&self, failure: PolicyFailure, by: &Actor) -> Refusal {
        self.lifecycle(Lifecycle::PolicyRefused {
            error: failure.message.clone(),
            by: by.clone(),
        });
        Refusal {
            status: 422,
            exit: Exit::Invalid,
            message: failure.message,
            help: failure
                .help
                .or(Some("the old policy stays live".to_owned())),
        }
    }

    pub(super) fn install(&self, rules: &Arc<dyn Rules>) -> super::kernel::Result<u64> {
        let sessions = &self.sessions;
        let selectors = |id, _session: &_| sessions.selectors(id, rules.as_ref());
        let tables = Tables {
            policy: rules.table(),
            denials: rules.denials(),
            selectors: &selectors,
        };
        self.kernel.lock().install(tables)
    }

    /// Takes a policy that the kernel enforces into use on this side too.
    pub(super) fn policy_is_live(&mut self, epoch: u64, rules: Arc<dyn Rules>, by: Actor) {
        for warning in rules.warnings() {
            tracing::warn!(warning, "the policy is valid, but");
        }
        tracing::info!(epoch, rules = rules.rules().len(), "policy is live");
        self.evaluator.adopt(rules.as_ref());
        self.by_rule.clear();
        self.brake.release();
        self.lifecycle(Lifecycle::PolicyLoad {
            epoch,
            sha256: rules.sha256().to_string(),
            rules: rules.rules().len(),
            files: rules
                .files()
                .iter()
                .map(|file| file.display().to_string())
                .collect(),
            by,
        });
        self.journal.policy(epoch, rules.sha256());
        self.history.push(epoch, rules);
    }

    fn disarm(&mut self, peer: &Peer, body: &DisarmBody) -> Answer {
        let span = Duration::from_secs(body.seconds);
        let span_ns = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        let until = clock::boot_ns().saturating_add(span_ns);
        let former = self.set_disarmed(until)?;
        let until = clock::write(clock::Clock::read().utc(until));
        tracing::warn!(until, uid = peer.uid, "disarmed: nothing is enforced");
        self.lifecycle(Lifecycle::Disarm {
            seconds: body.seconds,
            until: until.clone(),
            reason: body.reason.clone(),
            by: by(peer),
        });
        Ok(json!({ "v": VERSION, "disarmed_until": until, "was_disarmed_until": former }))
    }

    fn arm(&mut self, peer: &Peer) -> Answer {
        let former = self.set_disarmed(0)?;
        if former.is_some() {
            tracing::info!(uid = peer.uid, "armed");
            self.lifecycle(Lifecycle::Arm { by: by(peer) });
        }
        Ok(json!({ "v": VERSION, "disarmed_until": null, "was_disarmed_until": former }))
    }

    /// Sets until when (boot time) nothing is enforced; gives until when (UTC) that
    /// was so already.
    fn set_disarmed(&self, until_ns: u64) -> Result<Option<String>, Refusal> {
        let failed = |error: KernelError| Refusal::failed(error.to_string());
        let mut kernel = self.kernel.lock();
        let former = kernel.disarmed_until().map_err(failed)?;
        kernel.set_disarmed(until_ns).map_err(failed)?;
        let was = former > clock::boot_ns();
        Ok(was.then(|| clock::write(clock::Clock::read().utc(former))))
    }
}

fn by(peer: &Peer) -> Actor {
    Actor {
        uid: Some(peer.uid),
        pid: Some(peer.pid),
        via: "api",
    }
}
