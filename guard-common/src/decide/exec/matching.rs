//! Hashes against launchers and patterns.

use super::reading::DASHES;
use super::{ARGV_TOKENS, DIRECTORIES, PATTERN_ARGV, Policy, Repeat, SCRIPT_DEPTH, Turn, Work};
use crate::abi::policy::{ExecPattern, PATTERN_DIRECTORY, PATTERN_NAME, PATTERN_PATH};
use crate::limits::{MAX_EXEC_PATTERNS, MAX_LAUNCHERS, PATTERN_TOKENS};

/// Marks the arguments that may stand for the program.
///
/// The module above says which those are.
#[inline(always)]
pub(super) fn open<R: Repeat>(policy: &Policy, work: &mut Work) {
    work.open = 1;
    work.open_beyond = 0;
    work.cursor.at = 0;
    work.cursor.inner = 0;
    let turns = ARGV_TOKENS * (MAX_LAUNCHERS + 2);
    R::repeat(turns as u32, &mut Opening { policy, work });
    R::repeat(SCRIPT_DEPTH, &mut Script { work });
    if work.cut == 0 {
        work.open_beyond = 0;
    }
}

/// Walks from argument to argument, and at each over the launchers.
///
/// `cursor.at`: the argument, `cursor.inner`: the launcher.
struct Opening<'a> {
    policy: &'a Policy,
    work: &'a mut Work,
}

impl Turn for Opening<'_> {
    #[inline(always)]
    fn turn(&mut self, _: u32) -> bool {
        let work = &mut *self.work;
        let at = work.cursor.at;
        if at >= work.count || at >= ARGV_TOKENS as u64 || work.open >> (at & 63) & 1 == 0 {
            return false;
        }
        let is_option = work.options >> (at & 63) & 1 != 0;
        let is_assignment = work.assignments >> (at & 63) & 1 != 0;
        if at != 0 && (is_option || is_assignment) {
            work.open_after(at);
            return true;
        }
        if work.cursor.inner < u64::from(self.policy.launcher_count) {
            let launcher = self.policy.launchers[work.cursor.inner as usize & (MAX_LAUNCHERS - 1)];
            work.cursor.inner = work.cursor.inner.wrapping_add(1);
            if work.is_named(at, launcher) {
                work.open_after(at);
            }
            return true;
        }
        if at >= 2 && work.may_be_value(at) {
            work.open_after(at);
        } else {
            work.cursor.at = at.wrapping_add(1);
        }
        true
    }
}

/// Finds the script behind its interpreters.
struct Script<'a> {
    work: &'a mut Work,
}

impl Turn for Script<'_> {
    #[inline(always)]
    fn turn(&mut self, index: u32) -> bool {
        let work = &mut *self.work;
        if u64::from(index) >= work.count {
            return false;
        }
        let slot = index as usize & (ARGV_TOKENS - 1);
        if work.named.known != 0 && work.full[slot] == work.named.full {
            work.open |= 1 << (index & 63);
        }
        true
    }
}

impl Work {
    /// Opens the argument after `at` and goes on to it.
    #[inline(always)]
    const fn open_after(&mut self, at: u64) {
        let next = at.wrapping_add(1);
        if next >= self.count || next >= ARGV_TOKENS as u64 {
            self.open_beyond = 1;
        } else {
            self.open |= 1 << (next & 63);
        }
        self.cursor.at = next;
        self.cursor.inner = 0;
    }

    /// Whether an argument may be the value of the option before it.
    #[inline(always)]
    const fn may_be_value(&self, at: u64) -> bool {
        let before = at.wrapping_sub(1) & 63;
        let slot = before as usize & (ARGV_TOKENS - 1);
        self.options >> before & 1 != 0
            && self.assignments >> before & 1 == 0
            && self.full[slot] != DASHES
    }

    /// Whether the argument's file name, or for the first one a name of the
    /// program, has this hash.
    #[inline(always)]
    const fn is_named(&self, at: u64, name: u64) -> bool {
        self.names[at as usize & (ARGV_TOKENS - 1)] == name
            || (at == 0
                && ((self.named.known != 0 && self.named.name == name)
                    || (self.resolved.known != 0 && self.resolved.name == name)))
    }

    /// The same for whole arguments and paths.
    #[inline(always)]
    const fn is_path(&self, at: u64, path: u64) -> bool {
        self.full[at as usize & (ARGV_TOKENS - 1)] == path
            || (at == 0
                && ((self.named.known != 0 && self.named.full == path)
                    || (self.resolved.known != 0 && self.resolved.full == path)))
    }
}

/// Compares every pattern at every argument that may stand for the program.
#[inline(always)]
pub(super) fn compare<R: Repeat>(policy: &Policy, work: &mut Work) {
    work.naming = 0;
    work.matched = 0;
    work.perhaps = 0;
    work.cursor.at = 0;
    work.cursor.inner = 0;
    let turns = MAX_EXEC_PATTERNS * (ARGV_TOKENS + 1);
    R::repeat(turns as u32, &mut Patterns { policy, work });
}

/// Walks from pattern to pattern, and for each over arguments or directories.
///
/// `cursor.at`: the pattern, `cursor.inner`: the argument or directory.
struct Patterns<'a> {
    policy: &'a Policy,
    work: &'a mut Work,
}

impl Turn for Patterns<'_> {
    #[inline(always)]
    fn turn(&mut self, _: u32) -> bool {
        let work = &mut *self.work;
        if work.cursor.at >= u64::from(self.policy.pattern_count) {
            return false;
        }
        let pattern = &self.policy.patterns[work.cursor.at as usize & (MAX_EXEC_PATTERNS - 1)];
        let bit = 1 << (pattern.rule & 63);
        let at = work.cursor.inner;
        work.naming |= bit;
        work.cursor.inner = at.wrapping_add(1);
        let last = if pattern.kind == PATTERN_DIRECTORY {
            if work.lies_in(at, pattern.tokens[0]) {
                work.matched |= bit;
            }
            if work.is_too_deep() {
                work.perhaps |= bit;
            }
            at.wrapping_add(1) >= DIRECTORIES as u64
        } else {
            if work.open >> (at & 63) & 1 != 0 {
                work.try_at(at, pattern, bit);
            }
            at >= 63 || work.open >> (at & 63) >> 1 == 0
        };
        if last {
            if work.open_beyond != 0 && pattern.kind != PATTERN_DIRECTORY {
                work.perhaps |= bit;
            }
            work.cursor.at = work.cursor.at.wrapping_add(1);
            work.cursor.inner = 0;
        }
        true
    }
}

impl Work {
    /// Whether directory number `at` of a path of the program has this hash.
    #[inline(always)]
    const fn lies_in(&self, at: u64, directory: u64) -> bool {
        let slot = at as usize & (DIRECTORIES - 1);
        (self.named.known != 0
            && at < self.named.directory_count
            && self.named.directories[slot] == directory)
            || (self.resolved.known != 0
                && at < self.resolved.directory_count
                && self.resolved.directories[slot] == directory)
    }

    /// Whether a path has more directories than were kept.
    #[inline(always)]
    const fn is_too_deep(&self) -> bool {
        (self.named.known != 0 && self.named.directory_count > DIRECTORIES as u64)
            || (self.resolved.known != 0 && self.resolved.directory_count > DIRECTORIES as u64)
    }

    /// Compares a pattern with the arguments from `at` on.
    #[inline(always)]
    fn try_at(&mut self, at: u64, pattern: &ExecPattern, bit: u64) {
        let first = pattern.tokens[0];
        let first_matches = match pattern.kind {
            PATTERN_NAME => self.is_named(at, first),
            PATTERN_PATH => self.is_path(at, first),
            _ if pattern.any & 1 != 0 => true,
            _ if pattern.whole_path != 0 => self.is_path(at, first),
            _ => self.is_named(at, first),
        };
        if !first_matches {
            return;
        }
        if pattern.kind != PATTERN_ARGV {
            self.matched |= bit;
            return;
        }
        let mut index = 1;
        while index < PATTERN_TOKENS {
            if index < pattern.count as usize {
                let here = at.wrapping_add(index as u64);
                if here >= self.count || here >= ARGV_TOKENS as u64 {
                    if self.cut != 0 {
                        self.perhaps |= bit;
                    }
                    return;
                }
                let token = self.full[here as usize & (ARGV_TOKENS - 1)];
                if pattern.any >> index & 1 == 0 && token != pattern.tokens[index] {
                    return;
                }
            }
            index += 1;
        }
        let ends = at.wrapping_add(u64::from(pattern.count)) >= self.count && self.cut == 0;
        if pattern.rest != 0 || ends {
            self.matched |= bit;
        }
    }
}
