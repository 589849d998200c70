//! What happens at an event: the lexer's own bookkeeping, then the steps of the
//! statement automaton.

use super::tables::{Action, STATE_BITS, action, event, resolve};
use super::{FRAMES, Scan, Tables, names, with};
use crate::class::{Class, Opaque, WHERE_BASE};
use crate::facts::{Access, LOST_TABLE, LOST_WORDS};
use crate::limits::{ACTIONS, CHUNK_BYTES, EVENTS, STEPS, VERBS};

/// Steps of the automaton for one event at most: it feeds up to four tokens, and
/// a predicate, a WHERE and a sub-select may end at one parenthesis.
pub const MAX_STEPS: u32 = 32;

/// Handles the event `cell` at the current byte.
#[inline(always)]
pub(super) fn on_event(tables: &Tables, scan: &mut Scan, chunk: &[u8; CHUNK_BYTES], cell: u32) {
    let found = &tables.events[cell as usize & (EVENTS - 1)];
    let position = scan.position;
    if scan.taking != 0 && (found.kind == event::TAG_OPEN || found.kind == event::TAG_CLOSE) {
        // The tag ends here. It is taken first; then the byte, which is not
        // consumed, raises the same event again.
        scan.taking = 0;
        scan.upto = position;
        return;
    }
    if found.kind == event::REPLAY {
        replay(tables, scan);
        return;
    }
    scan.row = found.next;
    match found.kind {
        event::MARK => names::mark(scan, position, 1),
        event::MARK_EXACT | event::MARK_TAG => names::mark(scan, position, 0),
        event::COMMENT_OPEN => scan.comment = scan.comment.wrapping_add(1),
        event::COMMENT_CLOSE => {
            scan.comment = scan.comment.wrapping_sub(1);
            if scan.comment == 0 {
                scan.row = found.alternative;
            }
        }
        event::TAG_OPEN => {
            scan.tag = scan.word;
            scan.tag_length = scan.length;
            if scan.length > names::SIGNIFICANT {
                give_up(tables, scan);
            }
        }
        event::TAG_CLOSE => {
            if scan.word == scan.tag && scan.length == scan.tag_length {
                scan.row = found.alternative;
            } else {
                // Its last dollar may begin the real tag.
                scan.mark = position.wrapping_add(1);
                scan.taking = 1;
                scan.length = 0;
                scan.word = crate::hash::START;
            }
        }
        event::DIGIT_FIRST => {
            scan.number = u32::from(chunk[position as usize & (CHUNK_BYTES - 1)] & 15);
        }
        event::DIGIT => {
            let digit = u32::from(chunk[position as usize & (CHUNK_BYTES - 1)] & 15);
            if scan.number < 65_536 {
                scan.number = scan.number * 10 + digit;
            }
        }
        event::PARAMETER => {
            let number = if scan.number > 65_535 {
                65_535
            } else {
                scan.number
            };
            if number > u32::from(scan.facts.params) {
                scan.facts.params = number as u16;
            }
        }
        event::END => scan.done = 1,
        _ => {}
    }
    scan.position = position.wrapping_add(u32::from(found.consume & 1));
    if found.tokens != 0 {
        scan.queue = u64::from(found.tokens);
        scan.resume = found.next;
        scan.ended = position;
        scan.steps = 0;
        scan.dotted = 0;
    }
}

/// Goes back to the last word that may be wanted, and reads on from there so that
/// every token is reported.
#[inline(always)]
pub(super) fn replay(tables: &Tables, scan: &mut Scan) {
    let found = &tables.events[scan.held_event as usize & (EVENTS - 1)];
    names::mark(scan, scan.held, u32::from(found.kind == event::HOLD));
    scan.row = found.alternative;
    scan.position = scan.held;
    scan.comment = 0;
}

/// Feeds the next token to the statement automaton.
#[inline(always)]
pub(super) fn step(tables: &Tables, scan: &mut Scan) {
    let queue = scan.queue;
    let now = queue as u32 & 0xff;
    let at = scan.state.wrapping_add(now) as usize & (STEPS - 1);
    let step = tables.steps[at];
    let found = &tables.actions[(step >> STATE_BITS) as usize & (ACTIONS - 1)];
    let flags = found.flags;
    if flags & action::TAKES != 0 && scan.taking != 0 {
        // The name is taken first.
        scan.taking = 0;
        scan.upto = scan.ended;
        if scan.mark < scan.upto {
            return;
        }
    }
    scan.steps = scan.steps.wrapping_add(1);
    if scan.steps > MAX_STEPS {
        scan.queue = 0;
        give_up(tables, scan);
        read_on(tables, scan);
        return;
    }
    scan.state = step & ((1 << STATE_BITS) - 1);
    let mut rest = if flags & action::AGAIN != 0 {
        queue
    } else {
        queue >> 8
    };
    if flags & action::NOTABLE != 0 {
        note(scan, found);
        if found.resolve != resolve::NONE {
            rest = rest << 8 | u64::from(resolve(tables, scan, found.resolve));
        }
    }
    if flags & action::PUSH != 0 {
        push(tables, scan, found.inner);
    }
    if flags & action::POP != 0 {
        pop(tables, scan);
        rest = rest << 8 | u64::from(found.back);
    }
    scan.queue = rest;
    if rest == 0 {
        read_on(tables, scan);
    }
}

/// Finds out what an action asks for: the column of the answer.
#[inline(always)]
fn resolve(tables: &Tables, scan: &mut Scan, question: u8) -> u8 {
    let answer = match question {
        resolve::COLUMN => names::compare_column(scan),
        resolve::WITH => with::find(scan),
        _ => {
            let [word, qualifier] = scan.kept;
            let known = scan.temporary != 0 && word == scan.temporary && qualifier == 0;
            if known { 4 } else { 5 }
        }
    };
    tables.answers[answer as usize & 7]
}

/// The text is read on as the state wants it.
#[inline(always)]
fn read_on(tables: &Tables, scan: &mut Scan) {
    let row = tables.steps[scan.state as usize & (STEPS - 1)];
    scan.row = row.wrapping_add(scan.resume);
}

/// What a statement that is only planned may add: its classes, but for the table
/// that it would make.
const PLANNED_MASK: u64 = ((1 << WHERE_BASE) - 1) & !Class::Create.bit();

/// The bookkeeping of an action that most actions do not ask for.
#[inline(always)]
fn note(scan: &mut Scan, found: &Action) {
    let flags = found.flags;
    scan.facts.hits |= found.hits & scan.mask;
    scan.facts.opaque |= found.opaque;
    scan.facts.opaque_after |= found.opaque_after;
    scan.facts.session |= found.session;
    if found.operation != 0 {
        names::operate(scan, found.operation);
    }
    if found.verb != 0 {
        add_verb(scan, found.verb);
    }
    if flags & action::TABLE != 0 {
        names::commit(scan, found.access);
    }
    if flags & action::TEMPORARY != 0 {
        scan.temporary = scan.kept[0];
    }
    if flags & action::FORGET != 0 {
        scan.temporary = 0;
    }
    if flags & action::NAME != 0 {
        names::keep_hashes(scan);
    }
    if flags & action::KEEP != 0 {
        names::keep_text(scan);
    }
    if flags & action::FRESH != 0 {
        names::forget(scan);
    }
    if flags & action::DOTTED != 0 {
        names::dot(scan);
    }
    if flags & action::PREDICATE != 0 {
        scan.column = [0; 2];
    }
    if flags & action::WITH_NAME != 0 {
        with::declare(scan);
    }
    if flags & (action::WITH_OPEN | action::WITH_FEW) != 0 {
        with::complete(scan, flags & action::WITH_FEW != 0);
    }
    if flags & action::STATEMENT != 0 {
        scan.facts.statements = scan.facts.statements.saturating_add(1);
        scan.base = u32::from(scan.facts.table_count);
        scan.kept = [0; 2];
        scan.mask = u64::MAX;
        scan.with_count = 0;
    }
    if flags & action::PLANNED != 0 {
        scan.mask = PLANNED_MASK;
    }
    if flags & action::RESET != 0 {
        scan.depth = 0;
    }
    if flags & action::TRUNCATED != 0 {
        scan.facts.truncated |= LOST_WORDS | LOST_TABLE << Access::Write as u8;
    }
    if flags & action::LIMITED != 0 && scan.mask == u64::MAX {
        names::limit(scan, found.access);
    }
    if flags & action::CALL != 0 {
        names::call(scan);
    }
    if flags & action::SAFE_CALL != 0 {
        names::safe_call(scan);
    }
}

#[inline(always)]
fn add_verb(scan: &mut Scan, verb: u8) {
    let count = scan.facts.verb_count;
    if (count as usize) < VERBS {
        scan.facts.verbs[count as usize & (VERBS - 1)] = u16::from(verb);
        scan.facts.verb_count = count + 1;
    } else {
        scan.facts.truncated |= LOST_WORDS;
    }
}

/// Bits of a frame above those of the state: [`Scan::base`].
const BASE_SHIFT: u32 = STATE_BITS;

#[inline(always)]
fn push(tables: &Tables, scan: &mut Scan, inner: u32) {
    let depth = scan.depth;
    if depth as usize >= FRAMES {
        give_up(tables, scan);
        return;
    }
    scan.frames[depth as usize & (FRAMES - 1)] = scan.state | scan.base << BASE_SHIFT;
    scan.base = u32::from(scan.facts.table_count);
    scan.depth = depth + 1;
    scan.state = inner;
}

#[inline(always)]
fn pop(tables: &Tables, scan: &mut Scan) {
    let depth = scan.depth.wrapping_sub(1);
    if depth as usize >= FRAMES {
        // More closed than opened: no server accepts it.
        scan.facts.add(Class::Unreadable);
        scan.state = tables.first_state;
        return;
    }
    let frame = scan.frames[depth as usize & (FRAMES - 1)];
    scan.state = frame & ((1 << STATE_BITS) - 1);
    scan.base = frame >> BASE_SHIFT;
    scan.depth = depth;
    with::leave(scan);
}

/// Beyond a bound: the rest is not followed, and the message says so.
#[inline(always)]
fn give_up(tables: &Tables, scan: &mut Scan) {
    scan.facts.add_opaque(Opaque::Limit);
    scan.state = tables.dead_state;
}
