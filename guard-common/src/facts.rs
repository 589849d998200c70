//! What is known of one message, and nothing that it said: no literal, no
//! parameter, no data.

use crate::class::{Class, Opaque};
use crate::limits::{NAME_BYTES, TABLES, VERBS};
use crate::text::Text;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// The first number in [`Facts::verbs`] that is a Redis command's.
pub const COMMANDS: u16 = 1024;

/// How a statement touches a table. The value of [`Text::tag`] of a table name.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// Rows are read.
    Read = 0,
    /// Rows or definitions are changed.
    Write = 1,
    /// The table, or all of its rows, goes away.
    Destroy = 2,
}

/// Facts of one message (one `Q`, or one prepared statement).
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Facts {
    /// Classes and (class, WHERE) pairs; see [`crate::class`].
    pub hits: u64,
    /// Length of the statement text in bytes.
    pub bytes: u64,
    /// Opaque reasons of this message, as bits of [`Opaque`].
    pub opaque: u32,
    /// Opaque reasons that hold for the rest of the connection.
    pub opaque_after: u32,
    /// Statements in the message; saturates.
    pub statements: u16,
    /// Highest parameter number (`$n`).
    pub params: u16,
    /// Entries used in `tables`.
    pub table_count: u8,
    /// Entries used in `verbs`.
    pub verb_count: u8,
    /// 1 when more names or verbs were found than kept, or a name was cut.
    pub truncated: u8,
    /// Free for the framing: [`crate::stream::SUBSTITUTE`] or zero.
    pub reserved: u8,
    /// Verbs in order of appearance: indexes into [`crate::engine::VERB_NAMES`],
    /// or from [`COMMANDS`] on the numbers of Redis commands.
    pub verbs: [u16; VERBS],
    /// Names of the tables; `tag` holds the [`Access`].
    pub tables: [Text<NAME_BYTES>; TABLES],
}

impl Facts {
    /// Nothing seen yet.
    pub const NEW: Self = Self {
        hits: 0,
        bytes: 0,
        opaque: 0,
        opaque_after: 0,
        statements: 0,
        params: 0,
        table_count: 0,
        verb_count: 0,
        truncated: 0,
        reserved: 0,
        verbs: [0; VERBS],
        tables: [Text::EMPTY; TABLES],
    };

    /// Forgets everything. Names are overwritten lazily: only what
    /// `table_count` covers is ever read.
    #[inline(always)]
    pub const fn clear(&mut self) {
        self.hits = 0;
        self.bytes = 0;
        self.opaque = 0;
        self.opaque_after = 0;
        self.statements = 0;
        self.params = 0;
        self.table_count = 0;
        self.verb_count = 0;
        self.truncated = 0;
        self.reserved = 0;
        self.verbs = [0; VERBS];
    }

    /// Adds a class.
    #[inline(always)]
    pub const fn add(&mut self, class: Class) {
        self.hits |= class.bit();
    }

    /// Adds an opaque reason.
    #[inline(always)]
    pub const fn add_opaque(&mut self, reason: Opaque) {
        self.opaque |= reason.bit();
    }

    /// The strictest class present; `other` where none is.
    #[must_use]
    pub fn class(&self) -> Class {
        Class::BY_STRICTNESS
            .into_iter()
            .find(|class| self.hits & class.bit() != 0)
            .unwrap_or(Class::Other)
    }
}

const _: () = assert!(size_of::<Facts>() == 48 + 8 * 68);
