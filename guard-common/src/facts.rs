//! What is known of one message, and nothing that it said: no literal, no
//! parameter, no data.

mod join;

use crate::class::{Class, Opaque, Where};
use crate::limits::{CALLS, NAME_BYTES, NAME_OPERATIONS, SAFE_CALLS, TABLE_NAMES, TABLES, VERBS};
use crate::text::Text;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// The first number in [`Facts::verbs`] that is a Redis command's.
pub const COMMANDS: u16 = 1024;

/// How a statement touches a table: values of [`Facts::table_access`].
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

impl Access {
    /// All of them, weakest first.
    pub const ALL: [Self; 3] = [Self::Read, Self::Write, Self::Destroy];

    /// The word used in policy files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Destroy => "destroy",
        }
    }
}

/// Tag of a table: its access, and above it the WHERE of the query that names
/// it, or [`NO_WHERE`].
#[inline(always)]
#[must_use]
pub const fn table_tag(access: u8, condition: u8) -> u8 {
    access & 3 | (condition & 3) << 2
}

/// Where a tag has the number of a [`Where`]: the statement has no WHERE.
pub const NO_WHERE: u8 = 3;

/// Tags that a table can have.
pub const TABLE_TAGS: usize = 16;

/// [`Facts::truncated`]: names or verbs for people are missing, or cut.
pub const LOST_WORDS: u8 = 1;
/// [`Facts::truncated`]: a table that is read is missing; shifted by the number
/// of an [`Access`], one that is touched so.
pub const LOST_TABLE: u8 = 2;
/// [`Facts::truncated`]: a call of a function that is not known to be safe is
/// missing.
pub const LOST_CALL: u8 = 16;
/// [`Facts::truncated`]: a call of a safe function is missing.
pub const LOST_SAFE: u8 = 32;

/// What a statement does with the name of a prepared statement: values of
/// [`Facts::operations`].
pub mod operation {
    /// `PREPARE name AS …`.
    pub const PREPARE: u8 = 1;
    /// `EXECUTE name`.
    pub const EXECUTE: u8 = 2;
    /// `DEALLOCATE name`.
    pub const DEALLOCATE: u8 = 3;
}

/// [`Facts::session`]: all prepared statements are forgotten.
pub const FORGETS: u8 = 1;
/// [`Facts::session`]: a transaction ends.
pub const ENDS: u8 = 2;
/// [`Facts::session`]: the name of a prepared statement is not known, or there
/// are more than are kept.
pub const NAME_LOST: u8 = 4;
/// [`Facts::session`]: `search_path` may name other schemas than by default, so that a
/// name without schema may mean another table.
pub const MOVED: u8 = 8;
/// [`Facts::session`]: the database of the connection may be `mysql`, so that a name
/// without schema may mean a table of accounts and privileges.
pub const IN_MYSQL: u8 = 16;

/// A name as its hashes: of the last part, and of the part before the last dot
/// (the schema) or 0. See [`crate::hash`]; letters are folded as the server does.
pub type NameHash = [u64; 2];

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
    /// Tables found: entries used in `table_names` and `table_access`; the text of
    /// the first [`TABLES`] is kept too.
    pub table_count: u8,
    /// Entries used in `verbs`.
    pub verb_count: u8,
    /// `LOST_*`: what was found and not kept.
    pub truncated: u8,
    /// Free for the framing: [`crate::stream::SUBSTITUTE`] or zero.
    pub reserved: u8,
    /// Verbs in order of appearance: indexes into [`crate::engine::VERB_NAMES`],
    /// or from [`COMMANDS`] on the numbers of Redis commands.
    pub verbs: [u16; VERBS],
    /// Entries used in `calls`.
    pub call_count: u8,
    /// Entries used in `operations`.
    pub operation_count: u8,
    /// [`FORGETS`], [`ENDS`], [`NAME_LOST`].
    pub session: u8,
    /// Zero.
    pub padding: u8,
    /// The WHERE of the query that names each table, or [`NO_WHERE`]: two bits a
    /// table, the first one lowest.
    pub table_where: u32,
    /// Zero.
    pub reserved_too: u32,
    /// What is done with prepared statements, in order: one of [`operation`].
    pub operations: [u8; NAME_OPERATIONS],
    /// Hashes of their names.
    pub operation_names: [u64; NAME_OPERATIONS],
    /// The [`Access`] to each table.
    pub table_access: [u8; TABLE_NAMES],
    /// Names of the tables, for the rules.
    pub table_names: [NameHash; TABLE_NAMES],
    /// Calls of functions that are not known to be safe.
    pub calls: [NameHash; CALLS],
    /// Calls of functions that are: low halves of the hashes of their last
    /// parts, in no order; 0 is a free entry.
    pub safe_calls: [u32; SAFE_CALLS],
    /// Names of the tables, for people.
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
        call_count: 0,
        operation_count: 0,
        session: 0,
        padding: 0,
        table_where: u32::MAX,
        reserved_too: 0,
        operations: [0; NAME_OPERATIONS],
        operation_names: [0; NAME_OPERATIONS],
        table_access: [0; TABLE_NAMES],
        table_names: [[0; 2]; TABLE_NAMES],
        calls: [[0; 2]; CALLS],
        safe_calls: [0; SAFE_CALLS],
        tables: [Text::EMPTY; TABLES],
    };

    /// Forgets everything. Names are overwritten lazily: only what
    /// `table_count` and `call_count` cover is ever read.
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
        self.call_count = 0;
        self.operation_count = 0;
        self.table_where = u32::MAX;
        self.session = 0;
        self.safe_calls = [0; SAFE_CALLS];
    }

    /// The tag of a table by index, below [`TABLE_NAMES`]; see [`table_tag`].
    #[inline(always)]
    #[must_use]
    pub const fn table_tag(&self, at: usize) -> u8 {
        let at = at & (TABLE_NAMES - 1);
        table_tag(self.table_access[at], (self.table_where >> (at * 2)) as u8)
    }

    /// The texts of the tables that are kept, in order of appearance.
    pub fn table_texts(&self) -> impl Iterator<Item = &Text<NAME_BYTES>> {
        self.tables.iter().take(usize::from(self.table_count))
    }

    /// Access, WHERE (where there is one) and text of each table whose text is
    /// kept.
    pub fn touched(&self) -> impl Iterator<Item = (Access, Option<Where>, &Text<NAME_BYTES>)> {
        self.table_texts().enumerate().map(|(at, text)| {
            let tag = self.table_tag(at);
            let access = match tag & 3 {
                0 => Access::Read,
                1 => Access::Write,
                _ => Access::Destroy,
            };
            let condition = match tag >> 2 & 3 {
                0 => Some(Where::None),
                1 => Some(Where::Tautology),
                2 => Some(Where::Scoped),
                _ => None,
            };
            (access, condition, text)
        })
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

const _: () = assert!(
    size_of::<Facts>() == 96 + 17 * TABLE_NAMES + 16 * CALLS + 4 * SAFE_CALLS + 68 * TABLES
);
