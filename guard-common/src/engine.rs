//! The statement engine: classifies SQL text, byte by byte.
//!
//! Two automata, with all knowledge of SQL in [`Tables`] (compiled by
//! `guard_dialect`); the code here is a small interpreter of them.
//!
//! 1. The **lexer** steps one row a byte: `cells[row + column of the byte]`.
//!    A cell below `CELL_BYTES` is the next row; others say what happens at the
//!    byte ([`cell`]), mostly that a token ended.
//! 2. The **statement automaton** steps one state a token:
//!    `steps[state + column of the token]` is the next state and an [`Action`]:
//!    classes to add, a frame to push or pop (parentheses, WHERE, predicates),
//!    a name to take.
//!
//! All state is in [`Scan`], so any split of a text into chunks gives the same facts.

mod names;
mod note;
mod read;
mod server;
mod statement;
mod tables;
mod verbs;
mod with;
mod word;

pub use read::{eight, group};
pub use server::{AFTER_MODED, AFTER_NOT_UTF8, Server};
pub use statement::MAX_STEPS;
pub use tables::{Action, Event, Hold, PENDING, STATE_BITS, Skip, Tables};
pub use tables::{action, cell, event, resolve};
pub use verbs::VERB_NAMES;

use crate::class::Opaque;
use crate::facts::Facts;
use crate::hash;
use crate::limits::{CHUNK_BYTES, DEPTH, NAME_BYTES, WITH_NAMES};
use crate::repeat::{Repeat, Turn};
use crate::text::Text;
use core::marker::PhantomData;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Frames of the statement automaton: a parenthesis inside a WHERE takes two
/// (the group and the predicate in it).
pub const FRAMES: usize = 4 * DEPTH;

/// State of the engine in the middle of a text.
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Scan {
    /// Hash of the last word that was taken.
    word: u64,
    /// Hash of the word being taken so far.
    partial: u64,
    /// Hash of the word before the last dot of the current name; 0: no dot.
    qualifier: u64,
    /// First column of the current predicate: last part and qualifier.
    column: [u64; 2],
    /// The same of the last predicate that bounds a column from one side; 0: not known.
    bounded: [u64; 2],
    /// The same of the alternative before the last OR.
    alternative: [u64; 2],
    /// Hashes of the name that an action kept: last part and qualifier.
    kept: [u64; 2],
    /// Name of the temporary table that this text has made last; 0: none.
    temporary: u64,
    /// Hash of the open dollar quote's tag.
    tag: u64,
    /// The bits of [`Facts::hits`] that may be added: all, or all but those of
    /// WHERE while a statement is only planned.
    mask: u64,
    /// Hashes of the names of WITH queries, in the order of their declaration.
    with_names: [u64; WITH_NAMES],
    /// Columns of the tokens that the automaton takes next, the first in the
    /// lowest byte; 0: none.
    queue: u64,
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
    /// First byte of the last word that is not taken yet.
    mark: u32,
    /// Behind the last byte to take of it.
    upto: u32,
    /// What word it is ([`word`]); 0: none, or it was taken.
    word_kind: u32,
    /// 1 when the first bytes of the word were taken.
    begun: u32,
    /// Bytes of the word taken.
    length: u32,
    /// Length of the open dollar quote's tag.
    tag_length: u32,
    /// Number being read (`$n`).
    number: u32,
    /// Its first digit that is not in it yet, or [`statement::NOT_COUNTING`].
    counted: u32,
    /// Frames in use at the OR behind `alternative`.
    alternative_depth: u32,
    /// 1 after the first of a pair of quotes inside a quoted name.
    quote: u32,
    /// 1 when the text has ended.
    done: u32,
    /// 1 behind the dot of a name, 2 in the word behind it, which continues it.
    dotted: u32,
    /// Steps of the automaton since the last event.
    steps: u32,
    /// What to add to the row that the automaton's state begins with.
    resume: u32,
    /// Position at which the last token ended.
    ended: u32,
    /// Position of the last word that may have to be read again.
    held: u32,
    /// How it is read then: an index of [`Tables::holds`].
    held_kind: u32,
    /// The event that is to be handled.
    event: u32,
    /// 1 when that event waits for something to be read first.
    waits: u32,
    /// Names in use in `with_names`.
    with_count: u32,
    /// Tables that were found before the innermost query (or frame) began.
    base: u32,
    /// What is known of each WITH query: one of the values in [`with`].
    with_kind: [u8; WITH_NAMES],
    /// Frames in use where it was declared.
    with_depth: [u8; WITH_NAMES],
    /// Names in use before the first of the same WITH.
    with_base: [u8; WITH_NAMES],
    /// 1 when the NUL at hand is the end of the text.
    ending: u32,
    /// 1 inside a comment that the server executes.
    executed: u32,
    /// The server that reads the text, where that matters.
    pub server: Server,
    /// Suspended states with their `base`, outermost first.
    frames: [u32; FRAMES],
    /// The dotted name being taken.
    name: Text<NAME_BYTES>,
    /// What is known so far; complete after [`end`].
    pub facts: Facts,
}

impl Scan {
    /// Where the two automata stand: offsets of the lexer's row and of the state.
    /// The compiler of the tables asks, to put together what is used together.
    #[must_use]
    pub const fn place(&self) -> (u32, u32) {
        (self.row, self.state)
    }

    /// Tells whether no byte of the text has been read since [`begin`].
    #[inline(always)]
    #[must_use]
    pub const fn is_fresh(&self) -> bool {
        self.done == 0 && self.facts.bytes == 0
    }
}

/// Starts a new text.
#[inline(always)]
pub fn begin(tables: &Tables, scan: &mut Scan) {
    scan.row = tables.first_row;
    scan.state = tables.first_state;
    scan.depth = 0;
    scan.base = 0;
    scan.comment = 0;
    scan.word_kind = 0;
    scan.length = 0;
    scan.number = 0;
    scan.counted = statement::NOT_COUNTING;
    scan.waits = 0;
    scan.quote = 0;
    scan.done = 0;
    scan.dotted = 0;
    scan.qualifier = 0;
    scan.column = [0; 2];
    scan.bounded = [0; 2];
    scan.alternative = [0; 2];
    scan.alternative_depth = 0;
    scan.kept = [0; 2];
    scan.temporary = 0;
    scan.mask = u64::MAX;
    scan.with_count = 0;
    scan.queue = 0;
    scan.ending = 0;
    scan.executed = 0;
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
    run::<R>(tables, scan, chunk, to);
    scan.facts.bytes += u64::from(scan.position.wrapping_sub(from) & 0x1fff);
}

/// Reads from `scan.position` to `to`.
#[inline(always)]
fn run<R: Repeat>(tables: &Tables, scan: &mut Scan, chunk: &[u8; CHUNK_BYTES], to: u32) {
    scan.limit = to;
    scan.mark = scan.position;
    if scan.counted != statement::NOT_COUNTING {
        scan.counted = scan.position;
    }
    let mut turns = Turns::<R> {
        tables,
        scan,
        chunk,
        repeat: PhantomData,
    };
    R::repeat(MAX_TURNS, &mut turns);
    let scan = turns.scan;
    if scan.done == 0 && (scan.position < to || scan.queue != 0) {
        scan.facts.add_opaque(Opaque::Limit);
        scan.done = 1;
    }
}

/// Turns of the loop for one chunk, far more than it takes: a byte raises at most
/// four events, and an event takes at most [`MAX_STEPS`] steps.
const MAX_TURNS: u32 = CHUNK_BYTES as u32 * 64;

/// Ends the text (also after a NUL; ending twice changes nothing).
#[inline(always)]
pub fn end<R: Repeat>(tables: &Tables, scan: &mut Scan) {
    end_by(scan, |scan| feed::<R>(tables, scan, &NOTHING, 0, 1));
}

/// Ends the text; `feed` is to feed it one NUL.
///
/// In the kernel that is the function that feeds everything else: a second copy
/// of the engine doubles what the verifier has to prove.
#[inline(always)]
pub fn end_by(scan: &mut Scan, feed: impl FnOnce(&mut Scan)) {
    if scan.done == 0 {
        let bytes = scan.facts.bytes;
        scan.ending = 1;
        feed(scan);
        // It is no byte of the text.
        scan.facts.bytes = bytes;
    }
}

/// The chunk behind the end of a text: NUL.
static NOTHING: [u8; CHUNK_BYTES] = [0; CHUNK_BYTES];

/// Rounds of one turn: a turn costs as much as reading five bytes.
const ROUNDS: u64 = 4;

/// What is done turn by turn. Everything that one turn leaves for the next is in
/// [`Scan`].
struct Turns<'a, R> {
    tables: &'a Tables,
    scan: &'a mut Scan,
    chunk: &'a [u8; CHUNK_BYTES],
    repeat: PhantomData<R>,
}

/// How a round ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// The next one goes on.
    Round,
    /// The chunk, or the text, is at its end: nothing is left to do.
    Chunk,
    /// An event needs more than [`statement::on_token`] does.
    Event,
    /// A word needs more than [`word::take`] does.
    Word,
}

impl<R: Repeat> Turn for Turns<'_, R> {
    #[inline(always)]
    fn turn(&mut self, _index: u32) -> bool {
        let waits = self.scan.waits != 0;
        let mut ended = if waits { Ended::Event } else { Ended::Round };
        let mut round = if waits { ROUNDS } else { 0 };
        while round < ROUNDS {
            round += 1;
            // VERIFIER: without it the proof is several times as long.
            R::forget(self.scan);
            ended = Ended::Round;
            if self.scan.queue == 0 {
                ended = read::read::<R>(self.tables, self.scan, self.chunk);
            }
            if ended == Ended::Round && self.scan.queue != 0 {
                ended = statement::steps::<R>(self.tables, self.scan, self.chunk);
            }
            if ended != Ended::Round {
                break;
            }
        }
        R::forget(self.scan);
        if ended == Ended::Event {
            ended = statement::on_event(self.tables, self.scan, self.chunk);
        } else if ended == Ended::Chunk {
            ended = read::leave(self.tables, self.scan, self.chunk);
        }
        if ended == Ended::Word {
            word::take_slowly(self.scan, self.chunk);
        }
        ended != Ended::Chunk
    }
}
