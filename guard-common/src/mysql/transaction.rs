//! Is a transaction open that has written?
//!
//! MySQL does not end a transaction at an error. What a refused statement leaves
//! behind could be committed with the rest, so a refusal talks only where nothing
//! is lost by going on.

use super::Stream;
use crate::class::Class;
use crate::engine::VERB_NAMES;
use crate::facts::Facts;
use crate::limits::VERBS;

/// No transaction is open, or it ends with each statement.
pub const NONE: u8 = 0;
/// One may be open; it has written nothing.
pub const OPEN: u8 = 1;
/// One may be open that has written, or it is not known.
pub const WRITTEN: u8 = 2;

/// The number of a verb.
const fn verb(name: &str) -> u16 {
    let mut index = 0;
    while index < VERB_NAMES.len() {
        if same(VERB_NAMES[index].as_bytes(), name.as_bytes()) {
            return index as u16;
        }
        index += 1;
    }
    u16::MAX
}

const fn same(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    let mut index = 0;
    while index < left.len() {
        if left[index] != right[index] {
            return false;
        }
        index += 1;
    }
    true
}

const BEGIN: u16 = verb("BEGIN");
const XA: u16 = verb("XA");
const COMMIT: u16 = verb("COMMIT");
const ROLLBACK: u16 = verb("ROLLBACK");
const SAVEPOINT: u16 = verb("SAVEPOINT");
const MANUAL: u16 = verb("SET autocommit");
const AUTOMATIC: u16 = verb("SET autocommit = 1");
const _: () = assert!(BEGIN != u16::MAX && XA != u16::MAX && SAVEPOINT != u16::MAX);
const _: () = assert!(COMMIT != u16::MAX && ROLLBACK != u16::MAX);
const _: () = assert!(MANUAL != u16::MAX && AUTOMATIC != u16::MAX);

/// Classes that write nothing and begin no transaction.
const QUIET: u64 = Class::Select.bit() | Class::Set.bit() | Class::Session.bit();
/// Classes of which it is not known what they do to the transaction.
const UNKNOWN: u64 = Class::Call.bit()
    | Class::Dynamic.bit()
    | Class::Function.bit()
    | Class::Other.bit()
    | Class::Unreadable.bit();

/// Follows a message that the server executes.
#[inline(always)]
pub fn follow(stream: &mut Stream) {
    let facts = &stream.scan.facts;
    let classes = facts.hits & ((1 << Class::ALL.len()) - 1);
    if classes & UNKNOWN != 0 || facts.truncated != 0 && classes & !QUIET != 0 {
        stream.mysql.transaction = WRITTEN;
        return;
    }
    let mut state = (stream.mysql.transaction, stream.mysql.manual);
    let mut index = 0;
    while index < VERBS {
        if index < facts.verb_count as usize {
            state = after(state, facts, index);
        }
        index += 1;
    }
    // In which order is not followed any further.
    let writes = classes & !(QUIET | Class::Transaction.bit()) != 0;
    let (mut open, manual) = state;
    if writes && (open != NONE || stream.mysql.transaction != NONE || manual != 0) {
        open = WRITTEN;
    }
    stream.mysql.transaction = open;
    stream.mysql.manual = manual;
}

/// What the verb at `index` does.
#[inline(always)]
fn after((open, manual): (u8, u8), facts: &Facts, index: usize) -> (u8, u8) {
    let at = |index: usize| {
        if index < facts.verb_count as usize {
            facts.verbs[index & (VERBS - 1)]
        } else {
            0
        }
    };
    // The server stops at the first error, so of several statements the last may
    // not be executed.
    let surely = facts.statements <= 1;
    match at(index) {
        BEGIN if surely => (OPEN, manual),
        BEGIN => (if open == NONE { OPEN } else { open }, manual),
        XA => (WRITTEN, manual),
        // ROLLBACK TO SAVEPOINT ends nothing.
        ROLLBACK if at(index + 1) == SAVEPOINT => (open, manual),
        COMMIT | ROLLBACK if surely => (if manual != 0 { OPEN } else { NONE }, manual),
        MANUAL => (if open == WRITTEN { WRITTEN } else { OPEN }, 1),
        AUTOMATIC if surely => (NONE, 0),
        _ => (open, manual),
    }
}
