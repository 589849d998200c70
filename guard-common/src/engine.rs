//! The statement engine: classifies SQL text, byte by byte.
//!
//! Two automata, with all knowledge of SQL in [`Tables`] (compiled by
//! `guard_agent::dialect`); the code here is a small interpreter of them.
//!
//! 1. The **lexer** steps one row a byte: `cells[row + column of the byte]`.
//!    A cell below [`CELLS`] is the next row; from [`CELLS`] on it is the number
//!    of an [`Event`], raised mostly where a token ends.
//! 2. The **statement automaton** steps one state a token:
//!    `steps[state + column of the token]` is the next state and an [`Action`]:
//!    classes to add, a frame to push or pop (parentheses, WHERE, predicates),
//!    a name to take.
//!
//! All state is in [`Scan`] and every byte is stepped exactly once, so any split
//! of a text into chunks gives the same facts.

mod names;
mod statement;
mod tables;
mod verbs;

pub use statement::MAX_STEPS;
pub use tables::{Action, Event, STATE_BITS, Tables};
pub use tables::{action, event, resolve};
pub use verbs::VERB_NAMES;

use crate::facts::Facts;
use crate::hash;
use crate::limits::{CELLS, CHUNK_BYTES, DEPTH, NAME_BYTES};
use crate::repeat::{Repeat, Turn};
use crate::text::Text;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Frames of the statement automaton: a parenthesis inside a WHERE takes two
/// (the group and the predicate in it).
pub const FRAMES: usize = 4 * DEPTH;

/// Room for tokens that wait to be fed: a token that is fed again, and answers
/// that go before it.
const WAITING: usize = 8;

/// Bytes that one turn of the loop reads at most.
const TURN_BYTES: u32 = 64;

/// State of the engine in the middle of a text.
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Scan {
    /// Hash of the word being taken (or of the last one).
    word: u64,
    /// Hash of the word before the last dot of the current name; 0: no dot.
    qualifier: u64,
    /// First column of the current predicate: last part and qualifier.
    column: [u64; 2],
    /// Hashes of the name that an action kept: last part and qualifier.
    kept: [u64; 2],
    /// Name of the temporary table that this text has made last; 0: none.
    temporary: u64,
    /// Hash of the open dollar quote's tag.
    tag: u64,
    /// Row of the lexer: an offset into the cells.
    row: u32,
    /// State of the statement automaton: an offset into the steps.
    state: u32,
    /// Frames in use.
    depth: u32,
    /// Depth of nested block comments.
    comment: u32,
    /// Next byte of the chunk.
    position: u32,
    /// End of the chunk.
    limit: u32,
    /// First byte of the word that is being taken; valid while `taking`.
    mark: u32,
    /// 1 while a word is being taken.
    taking: u32,
    /// Bytes of the word seen.
    length: u32,
    /// Length of the open dollar quote's tag.
    tag_length: u32,
    /// Number being read (`$n`).
    number: u32,
    /// 1 after the first of a pair of double quotes inside a quoted name.
    quote: u32,
    /// 1 when the text has ended.
    done: u32,
    /// 1 while the word's letters are folded to lower case.
    fold: u32,
    /// 1 behind a dot: the next word continues the name.
    dotted: u32,
    /// Top of `tokens`.
    waiting: u32,
    /// Tokens to be fed to the statement automaton, last first; below them 0.
    tokens: [u32; WAITING],
    /// Suspended states, outermost first.
    frames: [u32; FRAMES],
    /// The dotted name being taken.
    name: Text<NAME_BYTES>,
    /// Zero.
    padding: u32,
    /// What is known so far; complete after [`end`].
    pub facts: Facts,
}

/// Starts a new text.
#[inline(always)]
pub fn begin(tables: &Tables, scan: &mut Scan) {
    scan.row = tables.first_row;
    scan.state = tables.first_state;
    scan.depth = 0;
    scan.comment = 0;
    scan.taking = 0;
    scan.length = 0;
    scan.number = 0;
    scan.quote = 0;
    scan.done = 0;
    scan.fold = 0;
    scan.dotted = 0;
    scan.qualifier = 0;
    scan.column = [0; 2];
    scan.temporary = 0;
    scan.word = hash::START;
    scan.name.len = 0;
    scan.name.cut = 0;
    scan.facts.clear();
}

/// Reads `chunk[from..to]`. A NUL ends the text; what follows it is ignored.
#[inline(always)]
pub fn feed<R: Repeat>(
    tables: &Tables,
    scan: &mut Scan,
    chunk: &[u8; CHUNK_BYTES],
    from: u32,
    to: u32,
) {
    if scan.done != 0 || from >= to || to > CHUNK_BYTES as u32 {
        return;
    }
    scan.position = from;
    scan.limit = to;
    scan.mark = from;
    // A byte raises at most four events, and a turn handles at most one.
    let turns = (to - from) * 5 + 1;
    R::repeat(
        turns,
        &mut Block {
            tables,
            scan: &mut *scan,
            chunk,
        },
    );
    if scan.taking != 0 {
        names::take(scan, chunk, to);
    }
    scan.facts.bytes += u64::from(scan.position.wrapping_sub(from) & 0x1fff);
}

/// Ends the text (also after a NUL; ending twice changes nothing).
#[inline(always)]
pub fn end(tables: &Tables, scan: &mut Scan) {
    // The bytes of a word were taken at the end of the last chunk.
    scan.taking = 0;
    let mut turn = 0;
    while turn < MAX_END_EVENTS {
        if scan.done != 0 {
            return;
        }
        let column = u32::from(tables.columns[0]);
        let cell = tables.cells[(scan.row.wrapping_add(column)) as usize & (CELLS - 1)];
        statement::on_event_at_end(tables, scan, cell);
        turn += 1;
    }
}

/// Events that the end of a text raises at most: an open token, an operator
/// behind it, and the end itself.
const MAX_END_EVENTS: u32 = 4;

/// One turn: up to [`TURN_BYTES`] bytes, or to the first event.
struct Block<'a> {
    tables: &'a Tables,
    scan: &'a mut Scan,
    chunk: &'a [u8; CHUNK_BYTES],
}

impl Turn for Block<'_> {
    #[inline(always)]
    fn turn(&mut self, _index: u32) -> bool {
        let limit = self.scan.limit;
        if self.scan.position >= limit || self.scan.done != 0 {
            return false;
        }
        // VERIFIER: `row` and `position` have the same range in every turn of
        // the loop, so that what follows an event is proved once.
        let mut row = self.scan.row;
        let mut position = self.scan.position & (CHUNK_BYTES as u32 - 1);
        let mut left = TURN_BYTES;
        while left > 0 {
            let byte = self.chunk[position as usize & (CHUNK_BYTES - 1)];
            let column = u32::from(self.tables.columns[byte as usize]);
            row = self.tables.cells[(row.wrapping_add(column)) as usize & (CELLS - 1)];
            if row >= CELLS as u32 {
                self.scan.position = position;
                statement::on_event(self.tables, self.scan, self.chunk, row);
                return true;
            }
            let next = position + 1;
            if next >= limit {
                self.scan.row = row;
                self.scan.position = next;
                return true;
            }
            position = next & (CHUNK_BYTES as u32 - 1);
            left -= 1;
        }
        self.scan.row = row;
        self.scan.position = position;
        true
    }
}
