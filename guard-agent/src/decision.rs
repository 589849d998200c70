//! The record as it is stored and streamed: the JSON of a decision, of a gap
//! and of a lifecycle event.
//!
//! Everything in here may leave the host: identifiers and redacted arguments,
//! never a literal.

mod shared;

pub use shared::Shared;

use crate::facts::StatementWords;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Version of the record format: `v`.
pub const VERSION: u32 = 1;

/// What the journal stores, one row each.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Record {
    /// A judged action.
    Decision(Box<Decision>),
    /// Records that were lost.
    Gap(GapRecord),
    /// Something that happened to Guard itself.
    Lifecycle(Box<LifecycleRecord>),
}

impl Record {
    /// Nobody waits for it: nothing was refused, and nothing happened to Guard.
    #[must_use]
    pub fn can_wait(&self) -> bool {
        matches!(self, Self::Decision(record) if matches!(record.verdict, "allow" | "audit"))
    }

    /// Gives the record its place in the journal.
    pub fn number(&mut self, seq: u64) {
        match self {
            Self::Decision(record) => record.seq = seq,
            Self::Gap(record) => record.seq = seq,
            Self::Lifecycle(record) => record.seq = seq,
        }
    }
}

/// A judged action.
#[derive(Clone, Debug, Serialize)]
pub struct Decision {
    /// [`VERSION`].
    pub v: u32,
    /// Place in the journal; 0 until the journal takes the record.
    pub seq: u64,
    /// Id of this decision, 16 hexadecimal digits; for statements the one that
    /// the client reads in DETAIL.
    pub id: String,
    /// UTC with nanoseconds.
    pub time: String,
    /// Host name.
    pub host: Arc<str>,
    /// Id of this boot.
    pub boot_id: Arc<str>,
    /// Who acts, and why.
    pub session: Option<Shared<SessionFacts>>,
    /// Which process.
    pub process: Shared<ProcessFacts>,
    /// `exec`, `connect` or `statement`.
    pub action: &'static str,
    /// What is done.
    pub facts: ActionFacts,
    /// The verdict; in observe mode what enforce would have said.
    pub verdict: &'static str,
    /// `enforce` or `observe`.
    pub mode: &'static str,
    /// The rule that decided.
    pub rule: Option<Arc<str>>,
    /// Why, for people.
    pub reason: Option<String>,
    /// What was done about it.
    pub effect: &'static str,
    /// What observe-mode rules would have done.
    pub observed: Vec<Observed>,
    /// The policy that was live.
    pub policy: PolicyRef,
    /// Who judged a statement: `voice` or `authority`; the `evaluator` where a
    /// context rule decided.
    pub judge: Option<&'static str>,
    /// The counted condition, where one decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<Context>,
}

/// The counted condition behind a decision of the evaluator.
#[derive(Clone, Debug, Serialize)]
pub struct Context {
    /// Matches within the window, the last one included.
    pub count: u64,
    /// The rule's bound.
    pub more_than: u64,
    /// The rule's window in milliseconds.
    pub within_ms: u64,
    /// `quarantine` or `kill`.
    pub outcome: &'static str,
}

/// One observe-mode rule.
#[derive(Clone, Debug, Serialize)]
pub struct Observed {
    /// Its name; null where no rule but `on_opaque` speaks.
    pub rule: Option<Arc<str>>,
    /// What it would have said.
    pub verdict: &'static str,
}

/// Which policy decided.
#[derive(Clone, Debug, Serialize)]
pub struct PolicyRef {
    /// Its number.
    pub epoch: u64,
    /// Hash of its files; null where the policy is not known any more.
    pub sha256: Option<Arc<str>>,
}

/// Who a subject is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Subject {
    /// `agent`, `human` or `service`.
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// The session of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct SessionFacts {
    /// Id, 16 hexadecimal digits.
    pub id: String,
    /// The session in which it was started.
    pub parent: Option<String>,
    /// Who acts.
    pub subject: Subject,
    /// Login name of the user who started it, or the number.
    pub user: String,
    /// What for.
    pub purpose: Option<String>,
    /// Which ticket.
    pub ticket: Option<String>,
    /// Further labels.
    pub labels: BTreeMap<String, String>,
}

/// The process of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProcessFacts {
    /// `exec`: the process that starts. `connect`: the one that connected.
    pub source: &'static str,
    /// Its id (thread group) in the initial pid namespace.
    pub pid: u32,
    /// Its program, or null when it has gone before anyone could look.
    pub exe: Option<String>,
    /// Its arguments, redacted.
    pub args: Vec<String>,
    /// Its cgroup.
    pub cgroup: Option<String>,
    /// Reserved: the container it runs in.
    pub container: Option<String>,
    /// Reserved: the pod it runs in.
    pub pod: Option<String>,
    /// Its parents, nearest first.
    pub ancestors: Vec<Ancestor>,
}

/// A parent of a process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ancestor {
    /// Its id.
    pub pid: u32,
    /// Its program.
    pub exe: Option<String>,
}

/// What an action is about.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum ActionFacts {
    /// A program start.
    Exec(ExecFacts),
    /// A connection attempt.
    Connect(ConnectFacts),
    /// A database message.
    Statement(Box<StatementFacts>),
}

/// A program start.
#[derive(Clone, Debug, Serialize)]
pub struct ExecFacts {
    /// The program's file as the kernel names it.
    pub path: String,
    /// Number of arguments that were read.
    pub argc: usize,
    /// Null, or why the arguments could not be read: `limit` or `unreadable`.
    pub opaque: Option<&'static str>,
}

/// A connection attempt.
#[derive(Clone, Debug, Serialize)]
pub struct ConnectFacts {
    /// The dataset that listens there.
    pub dataset: Option<Arc<str>>,
    /// Address and port.
    pub endpoint: String,
    /// `tcp`, `udp` or the protocol's number.
    pub transport: String,
}

/// A database message.
#[derive(Clone, Debug, Serialize)]
#[expect(
    missing_docs,
    reason = "docs/events.md describes each field of a statement"
)]
pub struct StatementFacts {
    pub protocol: Option<Arc<str>>,
    pub dataset: Option<Arc<str>>,
    pub endpoint: String,
    pub database: Option<String>,
    pub db_user: Option<String>,
    pub message: String,
    #[serde(flatten)]
    pub words: StatementWords,
}

/// Records that were lost.
#[derive(Clone, Debug, Serialize)]
pub struct GapRecord {
    /// [`VERSION`].
    pub v: u32,
    /// Place in the journal.
    pub seq: u64,
    /// When the loss was noticed.
    pub time: String,
    /// How much, and where.
    pub gap: Gap,
}

/// How much was lost, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// Number of records.
    pub lost: u64,
    /// Where.
    pub stage: Stage,
}

/// Where records can be lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Between kernel and daemon, or unreadable there.
    Ring,
    /// Between daemon and journal.
    Queue,
    /// On the disk.
    Journal,
}

/// Something that happened to Guard itself.
#[derive(Clone, Debug, Serialize)]
pub struct LifecycleRecord {
    /// [`VERSION`].
    pub v: u32,
    /// Place in the journal.
    pub seq: u64,
    /// UTC with nanoseconds.
    pub time: String,
    /// Host name.
    pub host: Arc<str>,
    /// Id of this boot.
    pub boot_id: Arc<str>,
    /// What happened.
    pub guard: Lifecycle,
}

/// What happened to Guard itself.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
#[expect(
    missing_docs,
    reason = "names and values are the documentation; docs/operating.md lists them"
)]
pub enum Lifecycle {
    Start {
        version: &'static str,
        pid: u32,
        adopted: bool,
        not_enforced: Vec<String>,
    },
    Stop {
        enforcement: &'static str,
    },
    PolicyLoad {
        epoch: u64,
        sha256: String,
        rules: usize,
        files: Vec<String>,
        by: Actor,
    },
    PolicyRefused {
        error: String,
        by: Actor,
    },
    SessionBegin {
        session: Shared<SessionFacts>,
        pid: u32,
        origin: &'static str,
    },
    SessionEnd {
        session: String,
        reason: &'static str,
    },
    Quarantine {
        session: String,
        rule: Option<Arc<str>>,
        sessions: usize,
    },
    Kill {
        session: String,
        rule: Option<Arc<str>>,
        decision: String,
        killed: Vec<u32>,
        spared: Vec<Spared>,
        complete: bool,
    },
    KillDisarmed {
        rule: Option<Arc<str>>,
        limit: u32,
        within_ms: u64,
    },
    Disarm {
        seconds: u64,
        until: String,
        reason: String,
        by: Actor,
    },
    Arm {
        by: Actor,
    },
}

/// Who asked for it.
#[derive(Clone, Debug, Serialize)]
pub struct Actor {
    /// User id; null for a signal or the start.
    pub uid: Option<u32>,
    /// Process id.
    pub pid: Option<u32>,
    /// `api`, `signal` or `start`.
    pub via: &'static str,
}

/// A process that a guard-rail kept alive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Spared {
    /// Its id.
    pub pid: u32,
    /// Which guard-rail.
    pub why: &'static str,
}

/// An id as it is written everywhere: 16 hexadecimal digits.
#[must_use]
pub fn hex(id: u64) -> String {
    format!("{id:016x}")
}
