//! Decides a program start from its path and its arguments.
//!
//! First the arguments become hashes ([`Work::read_argv`]), the paths too
//! ([`Program::read`]); then `open` marks the arguments that may stand for
//! the program, and [`decide`] compares the rules' patterns at each of them.
//!
//! *Which arguments stand for the program?* The first always does, under three
//! names: its own, that of the file as it was asked for and that of the file
//! that runs, because `argv[0]` may say anything. After a launcher (`node`,
//! `env`, `npx`, their words `exec` or `run`) the next argument does; options
//! and assignments in between are passed over. Whether `--flag word` is one
//! option with a value or an option and the program cannot be known, so both
//! readings count. Of a `#!` script the kernel puts `interpreter [argument]
//! script` in front: an argument equal to the file asked for stands for the
//! program, whatever the interpreter.
//!
//! *How is a pattern compared?* Its words come in their order, and options may
//! stand before and between them (`terraform -chdir=x destroy`), with a value
//! of their own or without: again both readings count. Its options may stand
//! anywhere behind the program.
//!
//! *What is opaque?* Arguments beyond [`ARGV_BYTES`] or [`ARGV_TOKENS`], but
//! only where a pattern's answer depends on them.

mod matching;
mod reading;

use crate::abi::policy::{KIND_EXEC, PATTERN_ARGV, Policy, RULE_CONTEXT};
use crate::hash;
use crate::limits::{ARGV_BYTES, ARGV_TOKENS, MAX_PROGRAMS, MAX_RULES};
use crate::repeat::{Repeat, Turn};
use crate::verdict::{Cause, Decision, Mode, Verdict};
use reading::Stem;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Directories of a path that are compared; a deeper path is opaque to rules about
/// directories.
pub const DIRECTORIES: usize = 64;

/// Arguments in front of a script's name, with four interpreters in a row (the
/// kernel's bound), each with one argument.
const SCRIPT_DEPTH: u32 = 9;

/// Who starts the program.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    /// Selectors of the session in the policy's slot.
    pub selectors: u64,
    /// 1 when the session is quarantined.
    pub quarantined: u32,
}

/// One path of the program as hashes.
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Program {
    /// Hash of the whole path.
    pub full: u64,
    /// Hash of what follows the last `/`.
    pub name: u64,
    /// The same without a version.
    stem: Stem,
    /// Entries used of `directories`.
    pub directory_count: u64,
    /// 1: the path is known.
    pub known: u64,
    /// Hashes of the path up to and with each `/`.
    pub directories: [u64; DIRECTORIES],
}

/// What a decision works with: hashes of one program start. Lives in map memory
/// in the kernel; [`Work::clear`] before each use.
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Work {
    /// The program as it was asked for (of a script: the script).
    pub named: Program,
    /// The file that runs, without symbolic links (of a script: the
    /// interpreter).
    pub resolved: Program,
    /// Hashes of the whole arguments.
    pub full: [u64; ARGV_TOKENS],
    /// Hashes of the arguments after their last `/`; of options with a value those
    /// of the options.
    pub names: [u64; ARGV_TOKENS],
    /// The same without a version.
    stems: [u64; ARGV_TOKENS],
    /// Arguments that were read whole; at least 1.
    pub count: u64,
    /// 1: there are more arguments than were read.
    pub cut: u64,
    /// Set of arguments that may stand for the program.
    pub open: u64,
    /// 1: an argument that was not read may stand for the program.
    pub open_beyond: u64,
    /// Set of arguments that begin with `-`.
    options: u64,
    /// Of those, the ones whose value may be the next argument.
    valued: u64,
    /// Set of arguments that stand between a launcher and the program:
    /// assignments and numbers.
    passed: u64,
    /// State of the loops; kept here so that the kernel's verifier takes it for
    /// any number.
    cursor: Cursor,
    /// Set of exec rules that have patterns.
    naming: u64,
    /// Set of exec rules with a pattern that matches.
    matched: u64,
    /// Set of exec rules with a pattern that may match beyond what was read.
    perhaps: u64,
}

/// Loop state.
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
struct Cursor {
    full: u64,
    name: u64,
    stem: Stem,
    length: u64,
    first: u64,
    /// Hash of what stands before the first `=`; 0: there is none.
    head: u64,
    /// 1: the argument holds a `=`.
    bare: u64,
    /// 1: it begins with `--no-`.
    no: u64,
    at: u64,
    inner: u64,
    /// Bit *n*: the pattern's first *n* words have been found.
    reached: u64,
    /// The same, where an option came last whose value may follow.
    values: u64,
    /// Bit *n*: token *n* of the pattern, an option, has been found.
    seen: u64,
}

/// One pass over the rules with the patterns' answers.
struct Rules<'a> {
    policy: &'a Policy,
    work: &'a Work,
    selectors: u64,
    decision: &'a mut Decision,
    /// 1: an enforced rule may match beyond what was read.
    enforced: u64,
    /// 1: an observe rule may.
    observed: u64,
}

impl Turn for Rules<'_> {
    #[inline(always)]
    fn turn(&mut self, index: u32) -> bool {
        if index >= self.policy.rule_count {
            return false;
        }
        let rule = &self.policy.rules[index as usize & (MAX_RULES - 1)];
        if rule.kind != KIND_EXEC
            || rule.subjects & self.selectors == 0
            || rule.flags & RULE_CONTEXT != 0
        {
            return true;
        }
        let bit = 1 << (index & 63);
        if self.work.naming & bit == 0 || self.work.matched & bit != 0 {
            self.decision.add(index as u8, rule);
        } else if self.work.perhaps & bit != 0 {
            if rule.mode == Mode::Observe as u8 {
                self.observed = 1;
            } else {
                self.enforced = 1;
            }
        }
        true
    }
}

/// Decides a program start whose paths and arguments are in `work`.
///
/// An exec rule without patterns is about every program. A rule whose answer
/// depends on arguments that were not read makes the start opaque.
///
/// # Cost
///
/// One turn for each pattern and argument that may stand for the program, one
/// for each argument behind a pattern's first word, and one for each rule.
#[inline(always)]
pub fn decide<R: Repeat>(
    policy: &Policy,
    caller: Caller,
    work: &mut Work,
    decision: &mut Decision,
) {
    *decision = Decision::OPEN;
    matching::open::<R>(policy, work);
    matching::compare::<R>(policy, work);
    let mut rules = Rules {
        policy,
        work,
        selectors: caller.selectors,
        decision,
        enforced: 0,
        observed: 0,
    };
    R::repeat(MAX_RULES as u32, &mut rules);
    let (enforced, observed) = (rules.enforced, rules.observed);
    if enforced != 0 {
        decision.add_cause(policy.on_opaque, Cause::Opaque);
    } else if observed != 0 && policy.on_opaque > decision.observed_verdict {
        decision.observed_verdict = policy.on_opaque;
    }
    if caller.quarantined != 0 {
        decision.add_cause(Verdict::Block as u8, Cause::Quarantine);
    }
}

/// The decision when Guard itself fails on a program start: `on_fault` where an
/// enforced exec rule exists, else it goes on. Without a policy nothing is
/// known, and the program is refused.
#[inline(always)]
#[must_use]
pub fn fault<R: Repeat>(policy: Option<&Policy>) -> Decision {
    let Some(policy) = policy else {
        return Decision::without_rule(Verdict::Block, Cause::Fault);
    };
    let enforced = enforces::<R>(policy, KIND_EXEC);
    let verdict = if enforced { policy.on_fault } else { 0 };
    Decision::without_rule(Verdict::from_raw(verdict), Cause::Fault)
}

/// Looks for an enforced rule of one kind.
struct Enforced<'a> {
    policy: &'a Policy,
    kind: u64,
    found: u64,
}

impl Turn for Enforced<'_> {
    #[inline(always)]
    fn turn(&mut self, index: u32) -> bool {
        if index >= self.policy.rule_count {
            return false;
        }
        let rule = &self.policy.rules[index as usize & (MAX_RULES - 1)];
        if u64::from(rule.kind) == self.kind && rule.mode != Mode::Observe as u8 {
            self.found = 1;
        }
        self.found == 0
    }
}

/// Tells whether a policy has an enforced rule of this kind (`KIND_*`).
#[inline(always)]
#[must_use]
pub fn enforces<R: Repeat>(policy: &Policy, kind: u8) -> bool {
    let mut pass = Enforced {
        policy,
        kind: u64::from(kind),
        found: 0,
    };
    R::repeat(MAX_RULES as u32, &mut pass);
    pass.found != 0
}

/// Looks for the program among those that begin a session.
struct Born<'a> {
    policy: &'a Policy,
    names: [u64; 2],
    selectors: u64,
    subject: u64,
    found: u64,
}

impl Turn for Born<'_> {
    #[inline(always)]
    fn turn(&mut self, index: u32) -> bool {
        if index >= self.policy.program_count {
            return false;
        }
        let program = &self.policy.programs[index as usize & (MAX_PROGRAMS - 1)];
        if program.name == self.names[0] || program.name == self.names[1] {
            if self.found == 0 {
                self.subject = u64::from(program.subject);
            }
            self.selectors |= program.selectors;
            self.found = 1;
        }
        true
    }
}

/// The subject that a program belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject {
    /// Selectors of all subjects that list the program.
    pub selectors: u64,
    /// The first of those subjects, by index.
    pub subject: u32,
}

/// The subject of a program, by the name it was asked for or the name of the
/// file that runs; `None` when its start begins no session.
#[inline(always)]
#[must_use]
pub fn subject<R: Repeat>(policy: &Policy, named: u64, resolved: u64) -> Option<Subject> {
    let mut pass = Born {
        policy,
        names: [named, resolved],
        selectors: 0,
        subject: 0,
        found: 0,
    };
    R::repeat(MAX_PROGRAMS as u32, &mut pass);
    (pass.found != 0).then_some(Subject {
        selectors: pass.selectors,
        subject: pass.subject as u32,
    })
}
