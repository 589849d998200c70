//! The arguments of a command: the few that decide what it does.
//!
//! The server compares names and options as C strings without case, so a NUL
//! ends a word here too (`FLUSHALL\0x` runs FLUSHALL whenever the two share a
//! bucket of the server's table).

use super::commands::{Command, form};
use crate::class::{Class, Opaque, Where};
use crate::hash;
use crate::stream::Engine;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// What of an argument is read: values of [`Arguments::reading`].
mod reading {
    /// Nothing.
    pub(super) const SKIP: u8 = 0;
    /// A name or an option word.
    pub(super) const WORD: u8 = 1;
    /// A pattern.
    pub(super) const PATTERN: u8 = 2;
    /// The first byte of a number.
    pub(super) const SIGN: u8 = 3;
    /// The strings of a script.
    pub(super) const SCRIPT: u8 = 4;
}

/// What is known of a pattern: values of [`Arguments::pattern`].
mod pattern {
    /// There is none.
    pub(super) const NONE: u8 = 0;
    /// Nothing but wildcards so far.
    pub(super) const WILD: u8 = 1;
    /// In a class, `[…]`.
    pub(super) const CLASS: u8 = 2;
    /// Behind a backslash in a class.
    pub(super) const CLASS_ESCAPE: u8 = 3;
    /// Behind a backslash.
    pub(super) const ESCAPE: u8 = 4;
    /// It has a letter that must be there.
    pub(super) const LITERAL: u8 = 5;
}

/// Longest word that is looked up, in bytes; no command's name is half as long.
const MAX_WORD: u32 = 64;

/// What is known of a command's arguments.
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Arguments {
    /// What the command does.
    pub command: Command,
    /// Hash of the word being read, in lower case and up to a NUL.
    word: u64,
    /// Classes that arguments add.
    added: u64,
    /// Number of the argument being read; the name is 0. Saturates.
    index: u32,
    /// Bytes read of it.
    length: u32,
    /// Arguments that belong to the option before.
    skip: u32,
    /// One of [`reading`].
    reading: u8,
    /// 1: no more bytes of the argument matter.
    settled: u8,
    /// One of [`pattern`].
    pattern: u8,
    /// 1: the next argument is a pattern.
    pattern_next: u8,
}

impl Arguments {
    /// Starts a command.
    #[inline(always)]
    pub(super) const fn begin(&mut self) {
        self.command = UNKNOWN;
        self.added = 0;
        self.index = 0;
        self.skip = 0;
        self.pattern = pattern::NONE;
        self.pattern_next = 0;
    }

    /// Tells whether not even a name was read.
    #[inline(always)]
    pub(super) const fn is_empty(&self) -> bool {
        self.index == 0
    }

    /// Tells whether the bytes left of the argument do not matter.
    #[inline(always)]
    pub(super) const fn is_settled(&self) -> bool {
        self.settled != 0
    }

    /// Starts an argument.
    #[inline(always)]
    pub(super) fn open(&mut self) {
        let at = self.command.at as u32;
        self.word = hash::START;
        self.length = 0;
        self.reading = match self.command.form {
            _ if self.index == 0 => reading::WORD,
            form::CONTAINER if self.index == 1 => {
                self.word = hash::step(self.command.key, b'|');
                reading::WORD
            }
            form::PATTERN if self.index == at => reading::PATTERN,
            form::EXPIRY if self.index == at => reading::SIGN,
            form::SCRIPT if self.index == at => reading::SCRIPT,
            form::OPTIONS if self.pattern_next != 0 => reading::PATTERN,
            form::OPTIONS if self.skip == 0 && self.index >= at => reading::WORD,
            _ => reading::SKIP,
        };
        self.settled = (self.reading == reading::SKIP) as u8;
        self.pattern_next = 0;
        if self.reading == reading::PATTERN {
            self.pattern = pattern::WILD;
        }
    }

    /// Takes a byte of the argument.
    #[inline(always)]
    pub(super) fn take(&mut self, byte: u8) {
        if self.settled != 0 {
            return;
        }
        match self.reading {
            reading::WORD if byte == 0 => self.settled = 1,
            reading::WORD if self.length >= MAX_WORD => {
                self.word = 0;
                self.settled = 1;
            }
            reading::WORD => self.word = hash::step(self.word, byte.to_ascii_lowercase()),
            reading::PATTERN => self.take_of_pattern(byte),
            reading::SCRIPT => self.take_of_script(byte),
            _ => {
                // `-5` and `0`; the server takes no other zero.
                if byte == b'-' || byte == b'0' {
                    self.added |= Class::Delete.bit() | Class::Delete.where_bit(Where::Scoped);
                }
                self.settled = 1;
            }
        }
        self.length = self.length.wrapping_add(1);
    }

    #[inline(always)]
    fn take_of_pattern(&mut self, byte: u8) {
        self.pattern = match (self.pattern, byte) {
            (pattern::CLASS, b']') => pattern::WILD,
            (pattern::CLASS, b'\\') => pattern::CLASS_ESCAPE,
            (pattern::CLASS | pattern::CLASS_ESCAPE, _) => pattern::CLASS,
            (pattern::WILD, b'*' | b'?') => pattern::WILD,
            (pattern::WILD, b'[') => pattern::CLASS,
            (pattern::WILD, b'\\') => pattern::ESCAPE,
            _ => pattern::LITERAL,
        };
        if self.pattern == pattern::LITERAL {
            self.settled = 1;
        }
    }

    /// A script that names one of the commands that empty a database, as a whole
    /// string, is said to do it. It may do so in other ways: it stays opaque.
    #[inline(always)]
    fn take_of_script(&mut self, byte: u8) {
        const FLUSH_ALL: u64 = hash::of(b"flushall");
        const FLUSH_DB: u64 = hash::of(b"flushdb");
        const SWAP_DB: u64 = hash::of(b"swapdb");
        if byte == b'\'' || byte == b'"' {
            match self.word {
                FLUSH_ALL | FLUSH_DB => self.added |= Class::Truncate.bit(),
                SWAP_DB => self.added |= Class::Admin.bit(),
                _ => {}
            }
            self.word = hash::START;
        } else {
            self.word = hash::step(self.word, byte.to_ascii_lowercase());
        }
    }

    /// Ends an argument.
    #[inline(always)]
    pub(super) fn close<E: Engine>(&mut self, engine: &E) {
        if self.reading == reading::WORD {
            if self.index < 2 && self.command.form <= form::CONTAINER {
                self.look_up(engine);
            } else {
                self.option();
            }
        } else if self.skip != 0 {
            self.skip = self.skip.wrapping_sub(1);
        }
        if self.index < u32::MAX {
            self.index = self.index.wrapping_add(1);
        }
    }

    /// The name, or the subcommand. What is not known may do anything: a command
    /// of a module, or of a later server.
    #[inline(always)]
    fn look_up<E: Engine>(&mut self, engine: &E) {
        let container = self.command.number;
        if !engine.command(self.word, &mut self.command) {
            self.command = UNKNOWN;
            self.command.number = container;
        }
    }

    /// An option word.
    #[inline(always)]
    fn option(&mut self) {
        const MATCH: u64 = hash::of(b"match");
        const COUNT: u64 = hash::of(b"count");
        const TYPE: u64 = hash::of(b"type");
        const BY: u64 = hash::of(b"by");
        const GET: u64 = hash::of(b"get");
        const LIMIT: u64 = hash::of(b"limit");
        const STORE: u64 = hash::of(b"store");
        const STORE_DISTANCE: u64 = hash::of(b"storedist");
        match self.word {
            MATCH => {
                self.skip = 1;
                self.pattern_next = 1;
            }
            COUNT | TYPE | BY => self.skip = 1,
            GET => {
                self.skip = 1;
                self.added |= Class::Select.bit() | Class::Select.where_bit(Where::Scoped);
            }
            LIMIT => self.skip = 2,
            STORE | STORE_DISTANCE => {
                self.skip = 1;
                self.added |= Class::Insert.bit()
                    | Class::Update.bit()
                    | Class::Update.where_bit(Where::Scoped);
            }
            _ => {}
        }
    }

    /// Classes and (class, WHERE) pairs of the whole command.
    #[inline(always)]
    pub(super) fn hits(&self) -> u64 {
        let mut hits = self.command.hits | self.added;
        let reads_any = self.command.hits & Class::Select.bit() != 0;
        if reads_any && hits & SELECT_PAIRS == 0 {
            hits |= Class::Select.where_bit(match self.pattern {
                pattern::NONE => Where::None,
                pattern::LITERAL => Where::Scoped,
                _ => Where::Tautology,
            });
        }
        hits
    }
}

/// The bits of SELECT with a WHERE.
const SELECT_PAIRS: u64 = Class::Select.where_bit(Where::None)
    | Class::Select.where_bit(Where::Tautology)
    | Class::Select.where_bit(Where::Scoped);

/// A command that is not in the table.
pub const UNKNOWN: Command = Command {
    key: 0,
    hits: Class::Other.bit(),
    opaque: Opaque::Function.bit(),
    number: 0,
    form: form::PLAIN,
    at: 0,
};

const _: () = assert!(size_of::<Arguments>() == 24 + 32);
