//! The compiled policy: one value of the array map `guard_policy` a slot.
//!
//! writer: the agent, only into a slot that is not live
//! reader: every enforcing hook, through [`crate::decide`]

use crate::abi::names::{About, NameSet};
use crate::limits::{
    MAX_DATASETS, MAX_ENDPOINTS, MAX_EXEC_PATTERNS, MAX_LAUNCHERS, MAX_PROGRAMS, MAX_RULES,
    PATTERN_TOKENS,
};
use crate::protocol::Protocol;
use zerocopy::{FromBytes, FromZeros, Immutable, IntoBytes, KnownLayout};

/// [`Rule::kind`]: a rule about program starts.
pub const KIND_EXEC: u8 = 1;
/// [`Rule::kind`]: a rule about connections.
pub const KIND_CONNECT: u8 = 2;
/// [`Rule::kind`]: a rule about statements.
pub const KIND_STATEMENT: u8 = 3;

/// [`Rule::flags`]: `kill` means every process of the session.
pub const RULE_KILL_TREE: u8 = 1;
/// [`Rule::flags`]: this rule only counts (a context rule, `more_than … within`);
/// the evaluator acts, the kernel records its matches.
pub const RULE_CONTEXT: u8 = 2;

/// No dataset or no rule: the value of [`Endpoint::dataset`], [`Endpoint::rule`].
pub const NONE: u8 = 0xff;

/// One rule. It matches when every mask shares a bit with the facts; a
/// condition that the policy does not state is a mask of all ones. What a
/// statement rule says of names is in [`Policy::about`].
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Rule {
    /// Subject selectors; see [`crate::abi::session::Session::selectors`].
    pub subjects: u64,
    /// Datasets by index.
    pub datasets: u64,
    /// Statement rules: bits of [`crate::class`]. Zero when only `opaque` is asked.
    pub hits: u64,
    /// Statement rules: bits of [`crate::class`] of which none may be missing.
    pub requires: u64,
    /// Statement rules: the text has more bytes than this; 0: any number.
    pub more_bytes: u64,
    /// Statement rules: bits of [`crate::class::Opaque`].
    pub opaque: u32,
    /// `KIND_*`.
    pub kind: u8,
    /// [`crate::verdict::Verdict`].
    pub action: u8,
    /// [`crate::verdict::Mode`].
    pub mode: u8,
    /// `RULE_*`.
    pub flags: u8,
}

/// An address range with ports: what a dataset listens on, or what a connect
/// rule names. IPv4 is held as v4-mapped IPv6 (`::ffff:a.b.c.d`).
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Endpoint {
    /// Upper and lower half of the network address, as host-order numbers.
    pub net: [u64; 2],
    /// Mask for `net`, same form.
    pub mask: [u64; 2],
    /// First port of the range.
    pub port_first: u16,
    /// Last port of the range, inclusive.
    pub port_last: u16,
    /// Dataset by index, or [`NONE`].
    pub dataset: u8,
    /// Connect rule by index, or [`NONE`].
    pub rule: u8,
    /// Zero.
    pub reserved: [u8; 2],
}

/// [`ExecPattern::kind`]: tokens are compared with the arguments.
pub const PATTERN_ARGV: u8 = 0;
/// [`ExecPattern::kind`]: `tokens[0]` is the hash of a program's file name.
pub const PATTERN_NAME: u8 = 1;
/// [`ExecPattern::kind`]: `tokens[0]` is the hash of a whole path.
pub const PATTERN_PATH: u8 = 2;
/// [`ExecPattern::kind`]: `tokens[0]` is the hash of a directory, with its
/// trailing `/`; any program below it matches.
pub const PATTERN_DIRECTORY: u8 = 3;

/// One exec pattern of one rule. Tokens are [`crate::hash::of`] of their bytes.
///
/// In an argv pattern the first token is compared with the file name of the
/// argument that stands for the program (its directory is looked through)
/// unless it contains a `/`; then with the whole argument. The further words
/// come in their order, the options anywhere behind the program.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct ExecPattern {
    /// Hashes of the tokens.
    pub tokens: [u64; PATTERN_TOKENS],
    /// Rule by index.
    pub rule: u8,
    /// Words: the first tokens.
    pub count: u8,
    /// Bit *n*: token *n* is `*` and matches any one argument.
    pub any: u8,
    /// 1: zero or more further arguments may follow (a trailing `*`).
    pub rest: u8,
    /// `PATTERN_*`.
    pub kind: u8,
    /// 1: the first token holds a whole path.
    pub whole_path: u8,
    /// Options: the tokens behind the words.
    pub options: u8,
    /// Zero.
    pub reserved: u8,
}

/// A program whose start begins a session.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Program {
    /// Hash of the program's file name.
    pub name: u64,
    /// Selectors that the new session has.
    pub selectors: u64,
    /// Subject by index, for the agent.
    pub subject: u32,
    /// Zero.
    pub reserved: u32,
}

/// A whole policy, compiled.
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Policy {
    /// Number of this policy since the agent's first; 0 in an empty slot.
    pub epoch: u64,
    /// Datasets covered by a statement rule: their sockets are followed.
    pub statement_datasets: u64,
    /// Datasets covered by an enforced statement rule: their sockets get a voice.
    pub enforced_datasets: u64,
    /// Datasets that answer an encryption request with `N`.
    pub tls_decline: u64,
    /// Selectors of subjects with `connect: deny-unlisted`.
    pub unlisted_selectors: u64,
    /// Rules in use.
    pub rule_count: u32,
    /// Endpoints in use.
    pub endpoint_count: u32,
    /// Exec patterns in use.
    pub pattern_count: u32,
    /// Programs in use.
    pub program_count: u32,
    /// Launchers in use.
    pub launcher_count: u32,
    /// `on_opaque` as a [`crate::verdict::Verdict`].
    pub on_opaque: u8,
    /// `on_fault` as a [`crate::verdict::Verdict`].
    pub on_fault: u8,
    /// Zero.
    pub reserved: [u8; 2],
    /// Opaque reasons that each dataset accepts: `on_opaque` is not asked for them.
    pub accepted: [u32; MAX_DATASETS],
    /// [`crate::protocol::Protocol`] of each dataset.
    pub protocols: [u8; MAX_DATASETS],
    /// What statement rules say of tables and functions.
    pub about: About,
    /// The rules.
    pub rules: [Rule; MAX_RULES],
    /// Endpoints of datasets and of connect rules.
    pub endpoints: [Endpoint; MAX_ENDPOINTS],
    /// Patterns of exec rules.
    pub patterns: [ExecPattern; MAX_EXEC_PATTERNS],
    /// Programs that begin a session.
    pub programs: [Program; MAX_PROGRAMS],
    /// Hashes of file names that are looked through in argv: interpreters
    /// (`sh`, `node`), launchers (`npx`, `env`) and their words (`exec`).
    pub launchers: [u64; MAX_LAUNCHERS],
    /// The names in `about`.
    pub names: NameSet,
}

impl Policy {
    /// A policy that knows nothing and allows everything, on a zeroed value.
    #[must_use]
    pub fn empty() -> Self {
        Self::new_zeroed()
    }

    /// The protocol of a dataset.
    #[inline(always)]
    #[must_use]
    pub const fn protocol(&self, dataset: u8) -> Protocol {
        Protocol::from_raw(self.protocols[dataset as usize & (MAX_DATASETS - 1)])
    }
}

const _: () = assert!(size_of::<Rule>() == 48);
const _: () = assert!(size_of::<Endpoint>() == 40);
const _: () = assert!(size_of::<ExecPattern>() == 72);
const _: () = assert!(size_of::<Program>() == 24);
const _: () = assert!(
    size_of::<Policy>()
        == 64
            + 5 * MAX_DATASETS
            + size_of::<About>()
            + size_of::<NameSet>()
            + 48 * MAX_RULES
            + 40 * MAX_ENDPOINTS
            + 72 * MAX_EXEC_PATTERNS
            + 24 * MAX_PROGRAMS
            + 8 * MAX_LAUNCHERS
);
