//! What a context rule sees of an action.
//!
//! The kernel leaves context rules out of its decision. Here the same core
//! decides once more, by a policy in which only the context rules stand, as
//! observe rules: the set of observed rules is the set that matches.

use crate::events::decode::Start;
use guard_common::abi::event::{Connect, Header, Statement};
use guard_common::abi::policy::{NONE, Policy, RULE_CONTEXT, Rule};
use guard_common::class::Class;
use guard_common::decide;
use guard_common::decide::exec::Work;
use guard_common::engine::VERB_NAMES;
use guard_common::facts::Facts;
use guard_common::limits::{ARGV_BYTES, PATH_BYTES};
use guard_common::repeat::Host;
use guard_common::verdict::{Decision, Mode, Verdict};

/// An action, borrowed from its event.
#[derive(Clone, Copy, Debug)]
pub enum Observation<'a> {
    /// A program start.
    Exec(&'a Start),
    /// A connection attempt.
    Connect(&'a Connect),
    /// A judged message.
    Statement(&'a Statement),
}

impl Observation<'_> {
    /// Header of the event.
    #[must_use]
    pub fn header(&self) -> &Header {
        match self {
            Self::Exec(start) => &start.header,
            Self::Connect(connect) => &connect.header,
            Self::Statement(statement) => &statement.header,
        }
    }

    /// Boot time of the action, in nanoseconds.
    #[must_use]
    pub fn time_ns(&self) -> u64 {
        self.header().time_ns
    }

    /// How often the action counts for a rule that matches it.
    pub(super) fn weight(&self, rule: &Rule) -> u32 {
        match self {
            Self::Exec(_) | Self::Connect(_) => 1,
            Self::Statement(statement) => statements(&statement.facts, rule.hits),
        }
    }
}

/// The context rules of a policy, as a policy of their own.
pub(super) struct Table(Box<Policy>);

impl Table {
    /// Keeps the numbers of the rules.
    pub(super) fn of(policy: &Policy) -> Self {
        let mut table = Box::new(*policy);
        for rule in &mut table.rules {
            if rule.flags & RULE_CONTEXT == 0 {
                rule.kind = 0;
            }
            rule.flags &= !RULE_CONTEXT;
            rule.mode = Mode::Observe as u8;
        }
        table.on_opaque = Verdict::Allow as u8;
        Self(table)
    }

    /// A rule by index.
    pub(super) fn rule(&self, index: u8) -> Option<&Rule> {
        self.0.rules.get(usize::from(index))
    }

    /// The set of context rules that match an action of someone with these
    /// selectors.
    pub(super) fn matching(&self, action: &Observation<'_>, selectors: u64) -> u64 {
        match action {
            Observation::Exec(start) => self.exec(start, selectors),
            Observation::Connect(connect) => self.connect(connect, selectors),
            Observation::Statement(statement) => self.statement(statement, selectors),
        }
    }

    fn statement(&self, statement: &Statement, selectors: u64) -> u64 {
        // What only prepares has done nothing yet.
        if statement.message == b'P' && !statement.decision.denies() {
            return 0;
        }
        let sender = decide::statement::Sender {
            selectors,
            quarantined: 0,
            dataset: u32::from(statement.dataset),
        };
        let mut decision = Decision::OPEN;
        decide::statement::decide::<Host>(&self.0, &statement.facts, sender, &mut decision);
        decision.observed
    }

    fn connect(&self, connect: &Connect, selectors: u64) -> u64 {
        let address = u128::from_be_bytes(connect.address);
        let target = decide::connect::Target {
            net: [(address >> 64) as u64, address as u64],
            port: connect.port,
        };
        let caller = decide::connect::Caller {
            selectors,
            quarantined: 0,
        };
        let mut outcome = decide::connect::Outcome {
            decision: Decision::OPEN,
            dataset: NONE,
        };
        decide::connect::decide::<Host>(&self.0, target, caller, &mut outcome);
        outcome.decision.observed
    }

    fn exec(&self, start: &Start, selectors: u64) -> u64 {
        let caller = decide::exec::Caller {
            selectors,
            quarantined: 0,
        };
        let mut work = Box::new(Work::EMPTY);
        let (path, length) = padded::<PATH_BYTES>(&start.path);
        work.named.read::<Host, PATH_BYTES>(&path, 0, length);
        let (argv, length) = padded::<ARGV_BYTES>(&start.argv);
        work.read_argv::<Host>(&argv, length, u32::from(start.argv_flags != 0));
        let mut decision = Decision::OPEN;
        decide::exec::decide::<Host>(&self.0, caller, &mut work, &mut decision);
        decision.observed
    }
}

/// Bytes at the beginning of a buffer, and their number.
fn padded<const N: usize>(bytes: &[u8]) -> (Box<[u8; N]>, u32) {
    let mut buffer = Box::new([0; N]);
    let length = bytes.len().min(N);
    for (to, from) in buffer.iter_mut().zip(bytes) {
        *to = *from;
    }
    (buffer, u32::try_from(length).unwrap_or(0))
}

/// Statements of a message that can be of the classes in `hits`: one message
/// must not hold many for the price of one. Where not all were kept, the others
/// count.
fn statements(facts: &Facts, hits: u64) -> u32 {
    let kept = usize::from(facts.verb_count);
    let verbs = facts.verbs.iter().take(kept);
    let matching = verbs.filter(|verb| classes_of(**verb) & hits != 0).count();
    let unknown = if facts.truncated == 0 {
        0
    } else {
        usize::from(facts.statements).saturating_sub(kept)
    };
    u32::try_from(matching + unknown).unwrap_or(u32::MAX).max(1)
}

/// The classes that a verb can stand for.
fn classes_of(verb: u16) -> u64 {
    let name = VERB_NAMES.get(usize::from(verb)).copied().unwrap_or("");
    let classes: &[Class] = match name.split(' ').next().unwrap_or("") {
        "SELECT" | "VALUES" | "TABLE" => &[Class::Select, Class::Function],
        "INSERT" => &[Class::Insert],
        "UPDATE" => &[Class::Update],
        "DELETE" => &[Class::Delete],
        "MERGE" => &[Class::Merge],
        "DROP" => &[Class::Drop],
        "TRUNCATE" => &[Class::Truncate],
        "ALTER" => &[Class::Alter, Class::AlterDrop, Class::Admin],
        "CREATE" => &[Class::Create],
        "GRANT" | "REVOKE" => &[Class::Grant],
        "COPY" => &[Class::CopyIn, Class::CopyOut, Class::CopyProgram],
        "CALL" => &[Class::Call],
        "DO" | "EXECUTE" => &[Class::Dynamic],
        _ => &[],
    };
    classes.iter().fold(0, |bits, class| bits | class.bit())
}
