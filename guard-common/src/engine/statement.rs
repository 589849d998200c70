//! What happens at an event: the lexer's own bookkeeping, then the steps of the
//! statement automaton.

use super::tables::{STATE_BITS, action, cell as code, event, resolve};
use super::word::{self, Taken};
use super::{Ended, FRAMES, Scan, Tables, names, note, read, with};
use crate::class::{Class, Opaque};
use crate::facts::MOVED;
use crate::limits::{ACTIONS, CHUNK_BYTES, EVENTS, STEPS};
use crate::repeat::Repeat;

/// Steps of the automaton for one event at most, those that only change the
/// state not counted: it feeds up to four tokens, and a predicate, a WHERE and a
/// sub-select may end at one parenthesis.
pub const MAX_STEPS: u32 = 32;

/// Handles the event `cell` at the current byte if it is a token, as most are.
#[inline(always)]
pub(super) fn on_token(tables: &Tables, scan: &mut Scan, cell: u32) -> Ended {
    let position = scan.position;
    if cell >= code::TOKEN {
        let consumed = u32::from(cell & code::CONSUMED != 0);
        let next = cell >> code::COLUMN_BITS & ((1 << code::NEXT_BITS) - 1);
        let token = cell & ((1 << code::COLUMN_BITS) - 1);
        feed(scan, token, next, position.wrapping_add(consumed));
        return Ended::Round;
    }
    let number = cell & (EVENTS as u32 - 1);
    let found = &tables.events[number as usize];
    if found.kind != event::TOKEN && found.kind != event::END {
        scan.event = number;
        return Ended::Event;
    }
    scan.done = u32::from(found.kind == event::END);
    let behind = position.wrapping_add(u32::from(found.consume & 1));
    feed(scan, found.tokens, found.next, behind);
    Ended::Round
}

/// Has the automaton take `tokens`, which ended at the current position; the text
/// goes on at `behind`.
#[inline(always)]
fn feed(scan: &mut Scan, tokens: u32, next: u32, behind: u32) {
    scan.ended = scan.position;
    scan.position = behind;
    scan.queue = u64::from(tokens);
    scan.resume = next;
    scan.steps = 0;
    scan.dotted &= 2;
}

/// Handles the event at the current byte.
#[inline(always)]
pub(super) fn on_event(tables: &Tables, scan: &mut Scan, chunk: &[u8; CHUNK_BYTES]) -> Ended {
    let found = &tables.events[scan.event as usize & (EVENTS - 1)];
    let position = scan.position;
    scan.waits = 0;
    if found.kind == event::TAG_OPEN || found.kind == event::TAG_CLOSE {
        // The tag ends here. It is taken first.
        if scan.word_kind != 0 && (scan.begun == 0 || scan.mark < position) {
            scan.upto = position;
            scan.waits = 1;
            return Ended::Word;
        }
        scan.word_kind = 0;
    }
    if found.kind == event::REPLAY {
        replay(tables, scan);
        return Ended::Round;
    }
    scan.row = found.next;
    match found.kind {
        event::MARK => word::mark(scan, position, code::WORD),
        event::MARK_EXACT | event::MARK_TAG => word::mark(scan, position, code::QUOTED),
        event::MARK_TICKS => word::mark(scan, position, code::TICKS),
        event::COMMENT_OPEN => scan.comment = scan.comment.wrapping_add(1),
        event::COMMENT_CLOSE => {
            scan.comment = scan.comment.wrapping_sub(1);
            if scan.comment == 0 {
                scan.row = found.alternative;
            }
        }
        event::TAG_OPEN => {
            scan.tag = scan.partial;
            scan.tag_length = scan.length;
            if scan.length > word::SIGNIFICANT {
                scan.state = give_up(tables, scan);
            }
        }
        event::TAG_CLOSE => {
            if scan.partial == scan.tag && scan.length == scan.tag_length {
                scan.row = found.alternative;
            } else {
                // Its last dollar may begin the real tag.
                scan.mark = position.wrapping_add(1);
                scan.word_kind = code::QUOTED;
                scan.begun = 0;
            }
        }
        event::DIGIT_FIRST => {
            scan.number = u32::from(chunk[position as usize & (CHUNK_BYTES - 1)] & 15);
        }
        event::DIGIT => {
            let digit = u32::from(chunk[position as usize & (CHUNK_BYTES - 1)] & 15);
            if scan.number < 1_000_000 {
                scan.number = scan.number * 10 + digit;
            }
        }
        event::PARAMETER => {
            if !count(scan, chunk, position) {
                scan.waits = 1;
                return Ended::Round;
            }
            scan.counted = NOT_COUNTING;
            let number = if scan.number > 65_535 {
                65_535
            } else {
                scan.number
            };
            if number > u32::from(scan.facts.params) {
                scan.facts.params = number as u16;
            }
        }
        event::PLACEHOLDER => scan.facts.params = scan.facts.params.saturating_add(1),
        event::STATEMENT => scan.executed = 0,
        event::NUL..=event::EXECUTED | event::HIGH | event::MODED
            if super::server::check(scan, found.kind) =>
        {
            scan.row = found.alternative;
        }
        _ => {}
    }
    let behind = position.wrapping_add(u32::from(found.consume & 1));
    if found.tokens == 0 {
        scan.position = behind;
    } else {
        feed(scan, found.tokens, found.next, behind);
    }
    Ended::Round
}

/// Value of [`Scan::counted`] outside of a parameter's number.
pub(super) const NOT_COUNTING: u32 = u32::MAX;

/// Adds the next digits of a parameter up to `upto` to its number; `false`: there are more.
#[inline(always)]
pub(super) fn count(scan: &mut Scan, chunk: &[u8; CHUNK_BYTES], upto: u32) -> bool {
    const PIECE: u32 = 8;
    let left = upto.wrapping_sub(scan.counted);
    if left > CHUNK_BYTES as u32 {
        return true;
    }
    let mut bytes = read::group(chunk, scan.counted as usize);
    let mut number = u64::from(scan.number);
    let mut index = 0;
    while index < PIECE {
        if index >= left {
            break;
        }
        if number < 1_000_000 {
            number = number * 10 + (bytes & 15);
        }
        bytes >>= 8;
        index += 1;
    }
    scan.number = number as u32;
    scan.counted = scan.counted.wrapping_add(PIECE);
    left <= PIECE
}

/// Goes back to the last word that may be wanted, and reads on from there so that
/// every token is reported.
#[inline(always)]
pub(super) fn replay(tables: &Tables, scan: &mut Scan) {
    let hold = tables.holds[scan.held_kind as usize & (code::HOLDS - 1)];
    word::mark(scan, scan.held, hold.kind);
    scan.row = hold.row;
    scan.position = scan.held;
    scan.comment = 0;
}

/// Steps of the automaton in one round at most.
const ROUND_STEPS: u64 = 4;

/// Feeds tokens to the statement automaton, up to a step that notes something.
#[inline(always)]
pub(super) fn steps<R: Repeat>(
    tables: &Tables,
    scan: &mut Scan,
    chunk: &[u8; CHUNK_BYTES],
) -> Ended {
    let mut queue = scan.queue;
    let mut state = scan.state;
    let mut count = 0u64;
    loop {
        let at = state.wrapping_add(queue as u32 & 0xff) as usize & (STEPS - 1);
        let step = tables.steps[at];
        let next = step & ((1 << STATE_BITS) - 1);
        let number = (step >> STATE_BITS) as usize & (ACTIONS - 1);
        if number == 0 {
            state = next;
            queue >>= 8;
        } else {
            let found = &tables.actions[number];
            let flags = found.flags;
            let notable = flags & action::NOTABLE != 0;
            if notable && flags & action::TAKES != 0 {
                // The name is taken first.
                let taken = word::take(scan, chunk, flags);
                if taken != Taken::All {
                    scan.state = state;
                    scan.queue = queue;
                    scan.upto = scan.ended;
                    return match taken {
                        Taken::None => Ended::Word,
                        _ => Ended::Round,
                    };
                }
            }
            scan.steps = scan.steps.wrapping_add(1);
            if scan.steps > MAX_STEPS {
                state = give_up(tables, scan);
                queue = 0;
                count = ROUND_STEPS;
            } else {
                if flags & action::AGAIN == 0 {
                    queue >>= 8;
                }
                state = next;
                if notable {
                    note::note(scan, found);
                    if found.resolve != resolve::NONE {
                        queue = queue << 8 | u64::from(answer(tables, scan, found.resolve));
                    }
                    count = ROUND_STEPS;
                }
                if flags & action::PUSH != 0 {
                    state = push(tables, scan, state, found.inner);
                }
                if flags & action::POP != 0 {
                    state = pop(tables, scan);
                    queue = queue << 8 | u64::from(found.back);
                }
            }
        }
        count += 1;
        // VERIFIER: the ways that a number came about would be followed apart.
        queue ^= R::zero(scan.partial);
        state &= (1 << STATE_BITS) - 1;
        if queue == 0 || count >= ROUND_STEPS {
            break;
        }
    }
    scan.state = state;
    scan.queue = queue;
    if queue == 0 {
        // The text is read on as the state wants it.
        let row = tables.steps[state as usize & (STEPS - 1)];
        scan.row = row.wrapping_add(scan.resume);
    }
    Ended::Round
}

/// Is the kept name a temporary table that this text made?
#[inline(always)]
const fn is_temporary(scan: &Scan) -> bool {
    let [word, qualifier] = scan.kept;
    let moved = scan.facts.session & MOVED != 0;
    scan.temporary != 0 && word == scan.temporary && qualifier == 0 && !moved
}

/// Finds out what an action asks for: the column of the answer.
#[inline(always)]
fn answer(tables: &Tables, scan: &mut Scan, question: u8) -> u8 {
    let answer = match question {
        resolve::COLUMN => names::compare_column(scan),
        resolve::BOUNDED => names::compare_bounded(scan),
        // A temporary table of this text holds what its statements put there: to read it
        // is to read a query of theirs.
        resolve::WITH => match with::find(scan) {
            5 if is_temporary(scan) => 6,
            found => found,
        },
        _ if is_temporary(scan) => 4,
        _ => 5,
    };
    tables.answers[answer as usize & 7]
}

/// Bits of a frame above those of the state: [`Scan::base`].
const BASE_SHIFT: u32 = STATE_BITS;

/// Suspends `state`; the state to go on in.
#[inline(always)]
fn push(tables: &Tables, scan: &mut Scan, state: u32, inner: u32) -> u32 {
    let depth = scan.depth;
    if depth as usize >= FRAMES {
        return give_up(tables, scan);
    }
    scan.frames[depth as usize & (FRAMES - 1)] = state | scan.base << BASE_SHIFT;
    scan.base = u32::from(scan.facts.table_count);
    scan.depth = depth + 1;
    inner
}

/// The state that was suspended last.
#[inline(always)]
fn pop(tables: &Tables, scan: &mut Scan) -> u32 {
    let depth = scan.depth.wrapping_sub(1);
    if depth as usize >= FRAMES {
        // More closed than opened: no server accepts it.
        scan.facts.add(Class::Unreadable);
        return tables.first_state;
    }
    let frame = scan.frames[depth as usize & (FRAMES - 1)];
    scan.base = frame >> BASE_SHIFT;
    scan.depth = depth;
    with::leave(scan);
    frame & ((1 << STATE_BITS) - 1)
}

/// Beyond a bound: the rest is not followed, and the message says so. The state
/// in which nothing is.
#[inline(always)]
fn give_up(tables: &Tables, scan: &mut Scan) -> u32 {
    scan.facts.add_opaque(Opaque::Limit);
    tables.dead_state
}
