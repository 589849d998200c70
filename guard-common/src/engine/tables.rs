//! The compiled form of a dialect.

use crate::limits::{ACTIONS, CELL_BYTES, EVENTS, SKIPS, STEPS};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// What a cell of the lexer is, from [`CELL_BYTES`] on: this times `CELL_BYTES`,
/// with the row to go on from (the byte is consumed), or other numbers, in the
/// bits below.
pub mod cell {
    use crate::limits::CELL_BYTES;

    /// A word begins at this byte; letters are folded to lower case.
    pub const WORD: u32 = 1;
    /// A name in double quotes begins at this byte.
    pub const QUOTED: u32 = 2;
    /// A name in backticks begins at this byte; letters are folded.
    pub const TICKS: u32 = 3;
    /// A word begins at this byte that is read again if it turns out to be wanted
    /// ([`super::event::REPLAY`]); the first of [`HOLDS`], as
    /// [`super::Tables::holds`] numbers them.
    pub const HOLD: u32 = 4;
    /// Ways of holding a word. A power of two.
    pub const HOLDS: usize = 4;
    /// The first digit of a parameter's number.
    pub const COUNT: u32 = HOLD + HOLDS as u32;
    /// An [`super::Event`], by number.
    pub const EVENT: u32 = 16;
    /// From this cell on a single token ended, and nothing else happens: its
    /// column in the lowest byte, then [`super::Event::next`].
    pub const TOKEN: u32 = 1 << 31;
    /// The byte belongs to the token.
    pub const CONSUMED: u32 = 1 << 30;
    /// Bits of the column.
    pub const COLUMN_BITS: u32 = 8;
    /// Bits of the next row.
    pub const NEXT_BITS: u32 = 16;

    const _: () = assert!(CELL_BYTES as u64 * 32 < TOKEN as u64);
}

/// What the lexer does besides stepping: values of [`Event::kind`].
pub mod event {
    /// A token ended.
    pub const TOKEN: u8 = 0;
    /// A word begins at this byte: left out where no name is wanted.
    pub const MARK: u8 = 1;
    /// A block comment opens inside a block comment.
    pub const COMMENT_OPEN: u8 = 2;
    /// A block comment closes; `alternative` is the row when it was the last.
    pub const COMMENT_CLOSE: u8 = 3;
    /// The tag of a dollar quote is complete: the quote opens.
    pub const TAG_OPEN: u8 = 4;
    /// A possible closing tag is complete: `alternative` is the row when it is
    /// the tag of the open quote.
    pub const TAG_CLOSE: u8 = 5;
    /// First digit of the number of a comment that some servers execute.
    pub const DIGIT_FIRST: u8 = 6;
    /// A further digit of it.
    pub const DIGIT: u8 = 7;
    /// A parameter's number begins at this byte.
    pub const COUNT: u8 = 10;
    /// A parameter number is complete (a token too).
    pub const PARAMETER: u8 = 8;
    /// The text ends (a token too).
    pub const END: u8 = 9;
    /// A word begins at this byte whose letters are kept as they are: left out
    /// where no name is wanted.
    pub const MARK_EXACT: u8 = 11;
    /// A parameter without a number (a token too).
    pub const PLACEHOLDER: u8 = 12;
    /// A word ends with bytes in it that are letters in UTF-8 only (a token too).
    pub const HIGH: u8 = 13;
    /// A statement of several ends (a token too).
    pub const STATEMENT: u8 = 14;
    /// A NUL; `alternative` is the row when it is a byte of the text, not its end.
    pub const NUL: u8 = 15;
    /// A comment that this server executes begins.
    pub const EXECUTE: u8 = 16;
    /// The number of `/*!NNNNN`, five digits, is complete: `alternative` is the
    /// row when the server executes what follows.
    pub const VERSION: u8 = 17;
    /// The same with six digits.
    pub const VERSION_SIX: u8 = 18;
    /// The same for `/*M!`.
    pub const VERSION_MARIA: u8 = 19;
    /// `/*M!`: `alternative` is the row when the server is MariaDB.
    pub const MARIA: u8 = 20;
    /// `*/`: `alternative` is the row when it ends an executed comment.
    pub const EXECUTED: u8 = 21;
    /// A name in backticks begins at this byte.
    pub const MARK_TICKS: u8 = 22;
    /// A word begins at this byte that is read again if it turns out to be wanted
    /// ([`REPLAY`]).
    pub const HOLD: u8 = 24;
    /// The same for a word whose letters are kept as they are.
    pub const HOLD_EXACT: u8 = 25;
    /// The text is read again from the last [`HOLD`] on.
    pub const REPLAY: u8 = 26;
    /// The tag of a dollar quote, or what may be one, begins at this byte.
    pub const MARK_TAG: u8 = 23;
    /// A sign that means something else in another `sql_mode` (a token too, or none).
    pub const MODED: u8 = 27;
}

/// What an action does besides adding facts: bits of [`Action::flags`].
pub mod action {
    /// The current state is suspended and `inner` entered.
    pub const PUSH: u32 = 1;
    /// The state goes back to the suspended one, which is fed the token `back`.
    pub const POP: u32 = 2;
    /// The token is fed again, after what POP or `resolve` feed.
    pub const AGAIN: u32 = 4;
    /// The word ends a name (so far): its hashes are kept for `resolve`.
    pub const NAME: u32 = 8;
    /// The name may be a table's: its text is kept too.
    pub const KEEP: u32 = 16;
    /// The word is the name of a WITH query, which begins.
    pub const WITH_NAME: u32 = 32;
    /// The word is taken: it may turn out to be the name of a function.
    pub const SPELL: u32 = 1 << 19;
    /// A dot behind a word that was taken: the next word continues the name.
    pub const DOTTED: u32 = 1 << 20;
    /// The name that was kept is a table's; [`super::Action::access`] says how
    /// it is touched.
    pub const TABLE: u32 = 64;
    /// A new predicate begins: no column of it is known.
    pub const PREDICATE: u32 = 128;
    /// The predicate bounds its first column from one side; with PREDICATE, which column
    /// is bounded is not known.
    pub const BOUNDED: u32 = 1 << 23;
    /// The column that was bounded last is that of the alternative before an OR.
    pub const ALTERNATIVE: u32 = 1 << 24;
    /// A statement begins.
    pub const STATEMENT: u32 = 256;
    /// The name is that of a temporary table made by this text.
    pub const TEMPORARY: u32 = 512;
    /// What is known of temporary tables no longer holds.
    pub const FORGET: u32 = 1024;
    /// All suspended states are dropped.
    pub const RESET: u32 = 2048;
    /// The name of a table that is written could not be kept.
    pub const TRUNCATED: u32 = 4096;
    /// The WITH query is complete, and its rows are not limited.
    pub const WITH_OPEN: u32 = 8192;
    /// The WITH query is complete, and its rows are few.
    pub const WITH_FEW: u32 = 16_384;
    /// What follows is planned, but not executed: its WHERE does not count.
    pub const PLANNED: u32 = 32_768;
    /// A query ends: the tables that it names have the WHERE with the number
    /// [`super::Action::access`].
    pub const LIMITED: u32 = 1 << 16;
    /// The word just read ends the name of a function that is called and not
    /// known to be safe.
    pub const CALL: u32 = 1 << 17;
    /// The same for a function that is known to be safe.
    pub const SAFE_CALL: u32 = 1 << 18;
    /// A name begins behind this token: no word of it has been read.
    pub const FRESH: u32 = 1 << 22;
    /// The word is wanted.
    pub const TAKES: u32 = NAME | KEEP | WITH_NAME | SPELL;
    /// There is more than PUSH, POP and AGAIN; set by the compiler.
    pub const NOTABLE: u32 = 1 << 21;
}

/// What the interpreter finds out for the automaton: values of
/// [`Action::resolve`]. The answer is fed as a token before the token itself.
pub mod resolve {
    /// Nothing.
    pub const NONE: u8 = 0;
    /// Is the name the first column of this predicate, that column again,
    /// another one, or another one of the same table?
    pub const COLUMN: u8 = 1;
    /// Is the name that of the temporary table this text has made?
    pub const TEMPORARY: u8 = 2;
    /// Is the name that of a WITH query, whose rows are few or not?
    pub const WITH: u8 = 3;
    /// Is the column that was bounded last that of the alternative before the OR, or
    /// another one?
    pub const BOUNDED: u8 = 4;
}

/// What happens at an event of the lexer.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Event {
    /// Row to go on from; behind tokens: what to add to the row in which the
    /// state that they lead to begins.
    pub next: u32,
    /// Row to go on from when the check of `kind` says so.
    pub alternative: u32,
    /// Columns of up to four tokens to feed, the first in the lowest byte; 0: none.
    pub tokens: u32,
    /// One of [`event`].
    pub kind: u8,
    /// 1: the byte belongs to what ended; 0: it is stepped again.
    pub consume: u8,
    /// Zero.
    pub reserved: [u8; 2],
}

/// How a word that was held is read again.
#[repr(C)]
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
pub struct Hold {
    /// The row in which its first byte is read.
    pub row: u32,
    /// [`cell::WORD`] or [`cell::QUOTED`].
    pub kind: u32,
}

/// Bytes at which a row stops looping; all others lead back to it.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Skip {
    /// Each of three bytes, eight times.
    pub stops: [u64; 3],
}

/// What happens at a step of the statement automaton.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Action {
    /// Classes to add; see [`crate::class`].
    pub hits: u64,
    /// Opaque reasons of the message to add.
    pub opaque: u32,
    /// Opaque reasons of the connection to add.
    pub opaque_after: u32,
    /// State to enter at [`action::PUSH`].
    pub inner: u32,
    /// Bits of [`action`].
    pub flags: u32,
    /// Column of the token that the suspended state is fed at [`action::POP`].
    pub back: u8,
    /// One of [`resolve`].
    pub resolve: u8,
    /// Verb to note; 0: none.
    pub verb: u8,
    /// [`crate::facts::Access`] of the table, or [`crate::class::Where`] of the
    /// query that ends.
    pub access: u8,
    /// One of [`crate::facts::operation`] on the word just read; 0: none.
    pub operation: u8,
    /// Bits of [`crate::facts::Facts::session`] to add.
    pub session: u8,
    /// Zero.
    pub reserved: [u8; 2],
}

/// A compiled dialect: one value of the array map `guard_lexer`. Made by
/// `guard_dialect`.
#[repr(C)]
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Tables {
    /// Column of each byte in a row of the lexer, from 1.
    pub columns: [u8; 256],
    /// Row at the begin of a text.
    pub first_row: u32,
    /// State at the begin of a text.
    pub first_state: u32,
    /// State in which everything is ignored: behind a bound.
    pub dead_state: u32,
    /// Columns of the answers to [`resolve`]: column first, again, other, other of
    /// the same table; temporary yes, no; WITH query, one with few rows.
    pub answers: [u8; 8],
    /// Zero.
    pub reserved: u32,
    /// How words that were held are read again.
    pub holds: [Hold; cell::HOLDS],
    /// What rows skip to; the first is unused.
    pub skips: [Skip; SKIPS],
    /// The lexer: cells of four bytes, lowest first. Rows are named by the byte
    /// that they begin with. Column 0 of a row is its index in `skips`, or 0, and
    /// [`PENDING`]; the others are next rows, or from [`CELL_BYTES`] on what [`cell`] says.
    /// Behind the last row there is room for any column.
    pub cells: [u8; CELL_BYTES + 1024],
    /// The events.
    pub events: [Event; EVENTS],
    /// The actions.
    pub actions: [Action; ACTIONS],
    /// The statement automaton: column 0 of a state is the row in which its text
    /// is read on; the others are the next state in the low [`STATE_BITS`], the action
    /// above.
    pub steps: [u32; STEPS],
}

/// Bit of a row's column 0: behind it a [`event::REPLAY`] may come, so the chunk
/// must not be left.
pub const PENDING: u32 = 1 << 8;

/// Bits of the next state in a step.
pub const STATE_BITS: u32 = 21;

const _: () = assert!(size_of::<Event>() == 16);
const _: () = assert!(size_of::<Action>() == 32);
const _: () = assert!(STEPS <= 1 << STATE_BITS && ACTIONS <= 1 << (32 - STATE_BITS));
