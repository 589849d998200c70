//! The bookkeeping of the statement automaton: what a step adds to the facts.

use super::tables::{Action, action};
use super::{Scan, names, with, word};
use crate::class::{Class, WHERE_BASE};
use crate::facts::{Access, LOST_TABLE, LOST_WORDS};
use crate::limits::VERBS;

/// What a statement that is only planned may add: its classes, but for the table
/// that it would make.
const PLANNED_MASK: u64 = ((1 << WHERE_BASE) - 1) & !Class::Create.bit();

/// The bookkeeping of an action that most actions do not ask for.
#[inline(always)]
pub(super) fn note(scan: &mut Scan, found: &Action) {
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
        // What is only planned changes nothing.
        let planned = scan.mask != u64::MAX;
        let read = Access::Read as u8;
        names::commit(scan, if planned { read } else { found.access });
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
        word::forget(scan);
    }
    if flags & action::DOTTED != 0 {
        word::dot(scan);
    }
    if flags & action::PREDICATE != 0 {
        scan.column = [0; 2];
    }
    if flags & (action::BOUNDED | action::ALTERNATIVE) != 0 {
        names::note_bound(scan, flags);
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
