//! The statement engine: classifies SQL text, byte by byte.
//!
//! Two automata, with all knowledge of SQL in [`Tables`] (compiled by
//! `guard_dialect`); the code here is a small interpreter of them.
//!
//! 1. The **lexer** steps one row a byte: `cells[row + column of the byte]`.
//!    A cell below `CELL_BYTES` is the next row; from `CELL_BYTES` on it is the number
//!    of an [`Event`], raised mostly where a token ends.
//! 2. The **statement automaton** steps one state a token:
//!    `steps[state + column of the token]` is the next state and an [`Action`]:
//!    classes to add, a frame to push or pop (parentheses, WHERE, predicates),
//!    a name to take.
//!
//! All state is in [`Scan`] and every byte is stepped exactly once, so any split
//! of a text into chunks gives the same facts.

mod names;
mod read;
mod server;
mod statement;
mod tables;
mod verbs;
mod with;

pub use server::Server;
pub use statement::MAX_STEPS;
pub use tables::{Action, Event, PENDING, STATE_BITS, Skip, Tables};
pub use tables::{action, event, resolve};
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
    /// First byte of the word that is not taken yet.
    mark: u32,
    /// End of the bytes to take at once; nothing to take when not above `mark`.
    upto: u32,
    /// 1 while a word is being taken.
    taking: u32,
    /// Bytes of the word seen.
    length: u32,
    /// Length of the open dollar quote's tag.
    tag_length: u32,
    /// Number being read (`$n`).
    number: u32,
    /// 1 after the first of a pair of quotes inside a quoted name.
    quote: u32,
    /// 1 when the text has ended.
    done: u32,
    /// 1 while the word's letters are folded to lower case; 2: in backticks too.
    fold: u32,
    /// 1 behind the dot of a name: the next word continues it.
    dotted: u32,
    /// Steps of the automaton since the last event.
    steps: u32,
    /// What to add to the row that the automaton's state begins with.
    resume: u32,
    /// Position at which the last token ended.
    ended: u32,
    /// Position of the last word that may have to be read again.
    held: u32,
    /// The event there.
    held_event: u32,
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

/// Starts a new text.
#[inline(always)]
pub fn begin(tables: &Tables, scan: &mut Scan) {
    scan.row = tables.first_row;
    scan.state = tables.first_state;
    scan.depth = 0;
    scan.base = 0;
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
    scan.upto = scan.position;
    let mut block = Block::<R> {
        tables,
        scan,
        chunk,
        repeat: PhantomData,
    };
    R::repeat(MAX_TURNS, &mut block);
    let scan = block.scan;
    if scan.done == 0 && (scan.position < to || scan.queue != 0) {
        scan.facts.add_opaque(Opaque::Limit);
        scan.done = 1;
    }
}

/// Turns of the loop for one chunk. A byte raises at most four events, an event
/// takes at most [`MAX_STEPS`] steps, and a word is taken eight bytes a turn; the
/// loop ends by itself long before.
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

/// Steps of the statement automaton in one turn at most: most tokens take one
/// to three, and a turn costs more than a step.
const TURN_STEPS: u64 = 5;

/// What is done turn by turn: take a piece of a word, read on to the next event,
/// take steps of the statement automaton. Everything that one turn leaves for
/// the next is in [`Scan`].
struct Block<'a, R> {
    tables: &'a Tables,
    scan: &'a mut Scan,
    chunk: &'a [u8; CHUNK_BYTES],
    repeat: PhantomData<R>,
}

impl<R: Repeat> Turn for Block<'_, R> {
    #[inline(always)]
    fn turn(&mut self, _index: u32) -> bool {
        if self.scan.queue == 0 && self.scan.mark >= self.scan.upto {
            let limit = self.scan.limit;
            if self.scan.done != 0 {
                return false;
            }
            if self.scan.position < limit {
                read::read(self.tables, self.scan, self.chunk, limit);
            } else if read::is_pending(self.tables, self.scan) {
                statement::replay(self.tables, self.scan);
            } else {
                if self.scan.taking == 0 || self.scan.mark >= limit {
                    return false;
                }
                self.scan.upto = limit;
            }
        }
        let mut steps = 0u64;
        while steps < TURN_STEPS {
            steps += 1;
            if self.scan.mark < self.scan.upto {
                names::take(self.scan, self.chunk);
            } else if self.scan.queue != 0 {
                statement::step(self.tables, self.scan);
            } else {
                break;
            }
            // VERIFIER: without it the proof is several times as long.
            R::forget(self.scan);
        }
        true
    }
}
