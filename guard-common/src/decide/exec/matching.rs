//! Hashes against launchers and patterns.

use super::{
    ARGV_TOKENS, DIRECTORIES, PATTERN_ARGV, Policy, Program, Repeat, SCRIPT_DEPTH, Turn, Work,
};
use crate::abi::policy::{ExecPattern, PATTERN_DIRECTORY, PATTERN_NAME, PATTERN_PATH};
use crate::limits::{MAX_EXEC_PATTERNS, MAX_LAUNCHERS, PATTERN_TOKENS};
use core::marker::PhantomData;

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
        if at != 0 && (work.options | work.passed) >> (at & 63) & 1 != 0 {
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
        self.valued >> (at.wrapping_sub(1) & 63) & 1 != 0
    }

    /// Whether the argument's file name, or for the first one a name of the
    /// program, has this hash, with its version or without.
    #[inline(always)]
    const fn is_named(&self, at: u64, name: u64) -> bool {
        let slot = at as usize & (ARGV_TOKENS - 1);
        self.names[slot] == name
            || self.stems[slot] == name
            || (at == 0 && (self.named.is_named(name) || self.resolved.is_named(name)))
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

impl Program {
    /// Whether the path's file name has this hash, with its version or without.
    #[inline(always)]
    const fn is_named(&self, name: u64) -> bool {
        self.known != 0 && (self.name == name || self.stem.hash == name)
    }
}

/// Compares every pattern at every argument that may stand for the program.
#[inline(always)]
pub(super) fn compare<R: Repeat>(policy: &Policy, work: &mut Work) {
    work.naming = 0;
    work.matched = 0;
    work.perhaps = 0;
    work.begin_pattern(0);
    let turns = MAX_EXEC_PATTERNS * (ARGV_TOKENS + 1);
    let mut patterns = Patterns::<R> {
        policy,
        work,
        repeat: PhantomData,
    };
    R::repeat(turns as u32, &mut patterns);
}

/// Walks from pattern to pattern, and for each over arguments or directories.
///
/// `cursor.at`: the pattern, `cursor.inner`: the argument or directory.
struct Patterns<'a, R> {
    policy: &'a Policy,
    work: &'a mut Work,
    repeat: PhantomData<R>,
}

impl<R: Repeat> Turn for Patterns<'_, R> {
    #[inline(always)]
    fn turn(&mut self, _: u32) -> bool {
        let work = &mut *self.work;
        if work.cursor.at >= u64::from(self.policy.pattern_count) {
            return false;
        }
        let pattern = &self.policy.patterns[work.cursor.at as usize & (MAX_EXEC_PATTERNS - 1)];
        let bit = 1 << (pattern.rule & 63);
        work.naming |= bit;
        let ended = if pattern.kind == PATTERN_DIRECTORY {
            work.compare_directory(pattern, bit)
        } else {
            work.compare_argument::<R>(pattern, bit)
        };
        if ended {
            work.begin_pattern(work.cursor.at.wrapping_add(1));
        }
        true
    }
}

impl Work {
    /// Goes on to a pattern.
    #[inline(always)]
    const fn begin_pattern(&mut self, at: u64) {
        self.cursor.at = at;
        self.cursor.inner = 0;
        self.cursor.reached = 0;
        self.cursor.values = 0;
        self.cursor.seen = 0;
    }

    /// Compares one directory of each path; `true` when it was the last.
    #[inline(always)]
    const fn compare_directory(&mut self, pattern: &ExecPattern, bit: u64) -> bool {
        let at = self.cursor.inner;
        if self.lies_in(at, pattern.tokens[0]) {
            self.matched |= bit;
        }
        if self.is_too_deep() {
            self.perhaps |= bit;
        }
        self.cursor.inner = at.wrapping_add(1);
        self.cursor.inner >= DIRECTORIES as u64
    }

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

    /// Takes one argument into all readings of a pattern; `true` when the pattern
    /// is decided.
    #[inline(always)]
    fn compare_argument<R: Repeat>(&mut self, pattern: &ExecPattern, bit: u64) -> bool {
        let at = self.cursor.inner;
        if at >= self.count || at >= ARGV_TOKENS as u64 {
            self.end_pattern(pattern, bit);
            return true;
        }
        let begun = self.cursor.reached | self.cursor.values != 0;
        if begun {
            self.follow::<R>(at, pattern);
        }
        if self.open >> (at & 63) & 1 != 0 && self.begins(at, pattern) {
            if pattern.kind != PATTERN_ARGV {
                self.matched |= bit;
                return true;
            }
            self.cursor.reached |= 1 << 1;
        }
        if self.cursor.reached | self.cursor.values == 0 {
            // Nothing to follow: on to the next argument that may be the program.
            self.cursor.seen = 0;
            let further = self.open >> (at & 63) >> 1;
            if further == 0 {
                self.end_pattern(pattern, bit);
                return true;
            }
            self.cursor.inner = at.wrapping_add(1 + u64::from(further.trailing_zeros()));
        } else {
            self.cursor.inner = at.wrapping_add(1);
        }
        false
    }

    /// Whether the pattern's first token stands for the program at `at`.
    #[inline(always)]
    const fn begins(&self, at: u64, pattern: &ExecPattern) -> bool {
        let first = pattern.tokens[0];
        match pattern.kind {
            PATTERN_NAME => self.is_named(at, first),
            PATTERN_PATH => self.is_path(at, first),
            _ if pattern.any & 1 != 0 => true,
            _ if pattern.whole_path != 0 => self.is_path(at, first),
            _ => self.is_named(at, first),
        }
    }

    /// Takes an argument behind the program: it is the next word, an option of
    /// the pattern, an option or the value of one that stands between words, or
    /// part of the rest. What is none of these ends the reading.
    #[inline(always)]
    fn follow<R: Repeat>(&mut self, at: u64, pattern: &ExecPattern) {
        let slot = at as usize & (ARGV_TOKENS - 1);
        let (token, name) = (self.full[slot], self.names[slot]);
        let is_option = self.options >> (at & 63) & 1 != 0;
        let words = u32::from(pattern.count);
        let all = words.wrapping_add(u32::from(pattern.options));
        let (mut word, mut own) = (R::zero(token), R::zero(name));
        let mut index = 1;
        while index < PATTERN_TOKENS {
            let hit = 1 << index;
            let equal = token == pattern.tokens[index];
            if (index as u32) < words {
                if equal || pattern.any >> index & 1 != 0 {
                    word |= hit;
                }
            } else if (index as u32) < all
                && (equal || (is_option && name == pattern.tokens[index]))
            {
                own |= hit;
            }
            index += 1;
        }
        let reached = self.cursor.reached | self.cursor.values;
        let done = 1_u64 << (words & 63);
        let between = done.wrapping_sub(1);
        let mut next = (reached & word) << 1;
        let mut values = 0;
        if !is_option {
            next |= self.cursor.values & between;
        } else if self.valued >> (at & 63) & 1 == 0 {
            next |= reached & between;
        } else {
            values = reached & between;
        }
        if pattern.rest != 0 || own != 0 {
            next |= reached & done;
        }
        self.cursor.reached = next;
        self.cursor.values = values;
        self.cursor.seen |= own;
    }

    /// Says what came of a pattern when no argument is left.
    #[inline(always)]
    const fn end_pattern(&mut self, pattern: &ExecPattern, bit: u64) {
        let words = pattern.count as u32;
        let done = 1_u64 << (words & 63);
        let options = ((1_u64 << (pattern.options & 63)).wrapping_sub(1)) << (words & 63);
        let more = self.cut != 0;
        let whole = self.cursor.reached & done != 0 && self.cursor.seen & options == options;
        if whole && (pattern.rest != 0 || !more) {
            self.matched |= bit;
        }
        let unfinished = (self.cursor.reached | self.cursor.values) & done.wrapping_sub(1) != 0;
        let unended = self.cursor.reached & done != 0 && options != 0;
        if more && (unfinished || unended || self.open_beyond != 0) {
            self.perhaps |= bit;
        }
    }
}
