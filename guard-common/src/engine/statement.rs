//! What happens at an event: the lexer's own bookkeeping, then the steps of the
//! statement automaton.

use super::tables::{STATE_BITS, action, event, resolve};
use super::{FRAMES, Scan, Tables, WAITING, names};
use crate::class::{Class, Opaque};
use crate::limits::{ACTIONS, CHUNK_BYTES, EVENTS, STEPS, VERBS};

/// Steps of the automaton for one token at most: a predicate, a WHERE and a
/// sub-select may end at one parenthesis. `guard_agent::dialect` checks it.
pub const MAX_STEPS: u32 = 12;

/// Handles the event `cell` at the current byte.
#[inline(always)]
pub(super) fn on_event(tables: &Tables, scan: &mut Scan, chunk: &[u8; CHUNK_BYTES], cell: u32) {
    let found = &tables.events[cell as usize & (EVENTS - 1)];
    let position = scan.position;
    if scan.taking != 0 && found.kind != event::MARK && found.kind != event::MARK_EXACT {
        names::take(scan, chunk, position);
        scan.taking = 0;
    }
    scan.row = found.next;
    match found.kind {
        event::MARK => names::mark(scan, 1),
        event::MARK_EXACT => names::mark(scan, 0),
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
        event::PARAMETER => note_parameter(scan),
        event::END => scan.done = 1,
        event::DOT => names::dot(scan),
        _ => {}
    }
    scan.position = position.wrapping_add(u32::from(found.consume & 1));
    if found.token != 0 {
        run(tables, scan, u32::from(found.token));
    }
}

/// A parameter's number is complete.
#[inline(always)]
fn note_parameter(scan: &mut Scan) {
    let number = if scan.number > 65_535 {
        65_535
    } else {
        scan.number
    };
    if number > u32::from(scan.facts.params) {
        scan.facts.params = number as u16;
    }
}

/// Handles the event `cell` behind the last byte of a text: the end of a token,
/// or of the text.
#[inline(always)]
pub(super) fn on_event_at_end(tables: &Tables, scan: &mut Scan, cell: u32) {
    let found = &tables.events[cell as usize & (EVENTS - 1)];
    scan.row = found.next;
    match found.kind {
        event::PARAMETER => note_parameter(scan),
        event::END => scan.done = 1,
        _ => {}
    }
    if found.token != 0 {
        run(tables, scan, u32::from(found.token));
    }
}

/// Feeds one token to the statement automaton.
///
/// VERIFIER: tokens still to feed are in memory, on a stack whose top is never
/// a known number: every turn of the loop looks the same and is proved once.
#[inline(always)]
fn run(tables: &Tables, scan: &mut Scan, token: u32) {
    put(scan, 0);
    put(scan, token);
    let mut steps = 0;
    while steps < MAX_STEPS {
        let now = get(scan);
        if now == 0 {
            return;
        }
        step(tables, scan, now & 0xff);
        steps += 1;
    }
    give_up(tables, scan);
}

/// Notes a token to be fed before all others.
#[inline(always)]
fn put(scan: &mut Scan, token: u32) {
    scan.waiting = scan.waiting.wrapping_add(1) & (WAITING as u32 - 1);
    scan.tokens[scan.waiting as usize & (WAITING - 1)] = token;
}

/// The token to be fed next; 0: none.
#[inline(always)]
fn get(scan: &mut Scan) -> u32 {
    let token = scan.tokens[scan.waiting as usize & (WAITING - 1)];
    scan.waiting = scan.waiting.wrapping_sub(1) & (WAITING as u32 - 1);
    token
}

/// One step of the statement automaton.
#[inline(always)]
fn step(tables: &Tables, scan: &mut Scan, now: u32) {
    let at = scan.state.wrapping_add(now) as usize & (STEPS - 1);
    let step = tables.steps[at];
    let found = &tables.actions[(step >> STATE_BITS) as usize & (ACTIONS - 1)];
    let flags = found.flags;
    scan.state = step & ((1 << STATE_BITS) - 1);
    if flags == 0 {
        return;
    }
    scan.facts.hits |= found.hits;
    scan.facts.opaque |= found.opaque;
    scan.facts.opaque_after |= found.opaque_after;
    if flags & action::NOTE != 0 {
        note(scan, flags, found.access);
    }
    if found.verb != 0 {
        add_verb(scan, found.verb);
    }
    if flags & action::AGAIN != 0 {
        put(scan, now);
    }
    if flags & action::PUSH != 0 {
        push(tables, scan, found.inner);
    }
    if flags & action::POP != 0 {
        pop(tables, scan);
        put(scan, u32::from(found.back));
    }
    if flags & action::ASK != 0 {
        let answer = if found.resolve == resolve::COLUMN {
            names::compare_column(scan)
        } else {
            names::compare_temporary(scan)
        };
        put(scan, u32::from(tables.answers[answer as usize & 7]));
    }
}

/// The bookkeeping of an action that most actions do not ask for.
#[inline(always)]
fn note(scan: &mut Scan, flags: u16, access: u8) {
    if flags & action::TABLE != 0 {
        names::commit(scan, access);
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
    if flags & action::PREDICATE != 0 {
        scan.column = [0; 2];
    }
    if flags & action::STATEMENT != 0 {
        scan.facts.statements = scan.facts.statements.saturating_add(1);
    }
    if flags & action::RESET != 0 {
        scan.depth = 0;
    }
    if flags & action::TRUNCATED != 0 {
        scan.facts.truncated = 1;
    }
}

#[inline(always)]
fn add_verb(scan: &mut Scan, verb: u8) {
    let count = scan.facts.verb_count;
    if (count as usize) < VERBS {
        scan.facts.verbs[count as usize & (VERBS - 1)] = verb;
        scan.facts.verb_count = count + 1;
    } else {
        scan.facts.truncated = 1;
    }
}

#[inline(always)]
fn push(tables: &Tables, scan: &mut Scan, inner: u32) {
    let depth = scan.depth;
    if depth as usize >= FRAMES {
        give_up(tables, scan);
        return;
    }
    scan.frames[depth as usize & (FRAMES - 1)] = scan.state;
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
    scan.state = scan.frames[depth as usize & (FRAMES - 1)];
    scan.depth = depth;
}

/// Beyond a bound: the rest is not followed, and the message says so.
#[inline(always)]
fn give_up(tables: &Tables, scan: &mut Scan) {
    scan.facts.add_opaque(Opaque::Limit);
    scan.state = tables.dead_state;
}
