//! Verdicts and what led to them.

use crate::class::Opaque;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// What a rule asks for, and what a decision says, weakest first: the strictest
/// of all matching rules wins, so the order of the numbers is the meaning.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// The action goes on.
    Allow = 0,
    /// The action goes on and is recorded even where allowed ones are not.
    Audit = 1,
    /// A compliant form takes its place (reserved).
    Rewrite = 2,
    /// A person decides (reserved).
    Hold = 3,
    /// The action does not happen.
    Block = 4,
    /// The action does not happen and the process (or tree) is killed.
    Kill = 5,
}

impl Verdict {
    /// All verdicts, weakest first.
    pub const ALL: [Self; 6] = [
        Self::Allow,
        Self::Audit,
        Self::Rewrite,
        Self::Hold,
        Self::Block,
        Self::Kill,
    ];

    /// The verdict of a number; an unknown number is the strictest that denies
    /// without killing.
    #[must_use]
    pub const fn from_raw(raw: u8) -> Self {
        match raw {
            0 => Self::Allow,
            1 => Self::Audit,
            2 => Self::Rewrite,
            3 => Self::Hold,
            5 => Self::Kill,
            _ => Self::Block,
        }
    }

    /// The word used in policy files and records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Audit => "audit",
            Self::Rewrite => "rewrite",
            Self::Hold => "hold",
            Self::Block => "block",
            Self::Kill => "kill",
        }
    }

    /// Tells whether the action must not happen.
    #[must_use]
    pub const fn denies(self) -> bool {
        self as u8 >= Self::Rewrite as u8
    }
}

/// How a rule acts.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The rule changes outcomes.
    Enforce = 0,
    /// The rule is recorded only; it never blocks, drops, delays or kills.
    Observe = 1,
}

impl Mode {
    /// The mode of a number; unknown numbers enforce.
    #[must_use]
    pub const fn from_raw(raw: u8) -> Self {
        match raw {
            1 => Self::Observe,
            _ => Self::Enforce,
        }
    }

    /// The word used in policy files and records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Observe => "observe",
        }
    }
}

/// Why a decision came out as it did.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// No rule matched.
    NoRule = 0,
    /// The rule in `Decision::rule`.
    Rule = 1,
    /// The bytes cannot be read with certainty; `on_opaque` decided.
    Opaque = 2,
    /// Guard itself failed; `on_fault` decided.
    Fault = 3,
    /// The session is quarantined.
    Quarantine = 4,
    /// The subject may reach listed endpoints only.
    Unlisted = 5,
    /// Guard is disarmed by an administrator.
    Disarmed = 6,
}

impl Cause {
    /// The cause of a number; unknown numbers are a fault of ours.
    #[must_use]
    pub const fn from_raw(raw: u8) -> Self {
        match raw {
            0 => Self::NoRule,
            1 => Self::Rule,
            2 => Self::Opaque,
            4 => Self::Quarantine,
            5 => Self::Unlisted,
            6 => Self::Disarmed,
            _ => Self::Fault,
        }
    }
}

/// What was done about an action.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Nothing: the action went on.
    None = 0,
    /// The client got a database error.
    ErrorFrame = 1,
    /// The system call failed with EPERM.
    Eperm = 2,
    /// The bytes were withheld.
    Drop = 3,
    /// The bytes were withheld and the connection is destroyed.
    Reset = 4,
    /// The process was killed.
    Sigkill = 5,
}

impl Effect {
    /// The effect of a number; unknown numbers are `None`.
    #[must_use]
    pub const fn from_raw(raw: u8) -> Self {
        match raw {
            1 => Self::ErrorFrame,
            2 => Self::Eperm,
            3 => Self::Drop,
            4 => Self::Reset,
            5 => Self::Sigkill,
            _ => Self::None,
        }
    }

    /// The word used in records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ErrorFrame => "error-frame",
            Self::Eperm => "eperm",
            Self::Drop => "drop",
            Self::Reset => "reset",
            Self::Sigkill => "sigkill",
        }
    }
}

/// No rule: the value of [`Decision::rule`] where none decided.
pub const NO_RULE: u8 = 0xff;

/// The outcome of one judgement, as it travels to user space.
///
/// `verdict` is what is enforced. What observe rules would have done is beside
/// it: the set of those that matched and the strictest of them.
#[repr(C)]
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
pub struct Decision {
    /// Set of observe rules that matched, by index.
    pub observed: u64,
    /// The [`Cause`] of `verdict`.
    pub cause: u8,
    /// Index of the rule that decided, or [`NO_RULE`].
    pub rule: u8,
    /// The strictest [`Verdict`] of the observed rules.
    pub observed_verdict: u8,
    /// Index of the observed rule with that verdict, or [`NO_RULE`].
    pub observed_rule: u8,
    /// 1 when `kill` means the whole tree of the session.
    pub kill_tree: u8,
    /// 1 when the message names more tables or functions than were kept, and a
    /// rule asks for them: it counts as opaque (`limit`).
    pub names_lost: u8,
    /// Zero.
    pub reserved: u8,
    /// The enforced [`Verdict`].
    ///
    /// VERIFIER(6.18): last, so that the constants of
    /// [`without_rule`](Self::without_rule), which LLVM stores in one piece, are
    /// aligned on the stack; else "misaligned stack access".
    pub verdict: u8,
}

impl Decision {
    /// A decision without a rule.
    #[must_use]
    pub const fn without_rule(verdict: Verdict, cause: Cause) -> Self {
        Self {
            observed: 0,
            verdict: verdict as u8,
            cause: cause as u8,
            rule: NO_RULE,
            observed_verdict: 0,
            observed_rule: NO_RULE,
            kill_tree: 0,
            names_lost: 0,
            reserved: 0,
        }
    }

    /// Tells whether the action must not happen.
    #[must_use]
    pub const fn denies(&self) -> bool {
        Verdict::from_raw(self.verdict).denies()
    }

    /// The opaque reasons that were judged, for a message whose facts have
    /// `opaque`.
    #[inline(always)]
    #[must_use]
    pub const fn opaque(&self, opaque: u32) -> u32 {
        if self.names_lost == 0 {
            opaque
        } else {
            opaque | Opaque::Limit.bit()
        }
    }
}

const _: () = assert!(size_of::<Decision>() == 16);
