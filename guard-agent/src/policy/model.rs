//! What a compiled policy says of itself, for records, status and the evaluator.

use super::address::Range;
use crate::yaml::diagnostic::Place;
use guard_common::protocol::Protocol;
use guard_common::verdict::{Mode, Verdict};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// What a subject is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubjectKind {
    /// A program that acts by itself.
    Agent,
    /// A person.
    Human,
    /// A long-running program with fixed behaviour.
    Service,
}

impl SubjectKind {
    /// The words of policy files and records.
    pub const WORDS: [(&'static str, Self); 3] = [
        ("agent", Self::Agent),
        ("human", Self::Human),
        ("service", Self::Service),
    ];

    /// The word used in policy files and records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Human => "human",
            Self::Service => "service",
        }
    }
}

/// Who a session belongs to: what selectors are computed from.
#[derive(Clone, Debug)]
pub struct Who {
    /// Kind.
    pub kind: SubjectKind,
    /// Name, as given to `guardctl run --agent` or of the subject that matched.
    pub name: String,
    /// Labels of the session.
    pub labels: BTreeMap<String, String>,
    /// File name of the program whose start began the session, if that was it.
    pub program: Option<String>,
}

/// What a rule is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleKind {
    /// Program starts.
    Exec,
    /// Connections.
    Connect,
    /// Statements.
    Statement,
}

impl RuleKind {
    /// The word used in policy files and records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Exec => "exec",
            Self::Connect => "connect",
            Self::Statement => "statement",
        }
    }
}

/// Which processes `kill` ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KillScope {
    /// The one that acted.
    Process,
    /// Every process of the session.
    Tree,
}

/// What a context rule does when its count is exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Refuse every further action of the session.
    Quarantine,
    /// Quarantine it, and kill the process or the whole tree.
    Kill(KillScope),
}

/// A rule that acts on the number of matches instead of on each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// Matches that are allowed within the window.
    pub more_than: u32,
    /// The window.
    pub within: Duration,
    /// What happens then.
    pub then: Then,
}

/// Which decisions of a rule the journal keeps one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    /// All of them.
    All,
    /// Those that refused, or would have in enforce mode.
    Refused,
    /// None; they are counted per session, dataset and class.
    Aggregate,
}

/// One rule.
#[derive(Clone, Debug)]
pub struct RuleInfo {
    /// Unique name.
    pub name: String,
    /// Why the rule exists; empty when the policy does not say.
    pub reason: String,
    /// What it is about.
    pub kind: RuleKind,
    /// What it asks for.
    pub action: Verdict,
    /// Whether it acts.
    pub mode: Mode,
    /// Set for context rules.
    pub context: Option<Context>,
    /// What `kill` ends.
    pub kill_scope: KillScope,
    /// What the journal keeps.
    pub record: Record,
    /// Where the rule stands.
    pub place: Place,
}

/// One dataset.
#[derive(Clone, Debug)]
pub struct DatasetInfo {
    /// Unique name.
    pub name: String,
    /// What is spoken there.
    pub protocol: Protocol,
    /// Labels.
    pub labels: Vec<String>,
    /// Where it listens, as written.
    pub ranges: Vec<Range>,
    /// Unix sockets, which are not guarded.
    pub unix: Vec<PathBuf>,
    /// Whether TLS requests are answered `N`.
    pub tls_decline: bool,
    /// Where the dataset stands.
    pub place: Place,
}

/// One subject.
#[derive(Clone, Debug)]
pub struct SubjectInfo {
    /// Unique name.
    pub name: String,
    /// Kind.
    pub kind: SubjectKind,
    /// File names of programs whose start begins a session.
    pub programs: Vec<String>,
    /// Whether it may reach listed endpoints only.
    pub deny_unlisted: bool,
    /// Where the subject stands.
    pub place: Place,
}

impl SubjectInfo {
    /// Who a session is that the start of `program` begins.
    #[must_use]
    pub fn who(&self, program: &str) -> Who {
        Who {
            kind: self.kind,
            name: self.name.clone(),
            labels: BTreeMap::new(),
            program: Some(program.to_owned()),
        }
    }
}
