//! Which facts of a complete message are to be judged, and what of it must be
//! remembered.
//!
//! A prepared statement keeps its facts: they are judged at `Parse` or PREPARE,
//! so that a refusal comes early, and again by the live policy at each `Execute`
//! or EXECUTE: both ways share the names of one connection. Names are known by
//! their hash; one that was never seen, or was evicted, is opaque.
//!
//! Only the client's side is read, so nothing tells whether the server took a
//! message or skipped it: behind an error it skips the extended protocol up to
//! the next `Sync`, and a failed transaction ignores all but its end. A name is
//! certain as long as what it may mean is the same either way:
//!
//! - a name that is prepared again with other facts is opaque from then on: the
//!   server refuses the second, and keeps the first;
//! - a name is forgotten only by a message that the server cannot have ignored;
//! - what is unnamed holds across a `Sync` only if no message before it in its
//!   group could have failed.

use crate::class::{Class, Opaque};
use crate::facts::{ENDS, FORGETS, Facts, MOVED, NAME_LOST, operation};
use crate::hash;
use crate::limits::NAME_OPERATIONS;
use crate::stream::what::{DATA, NOTHING, PREPARE, RUN};
use crate::stream::{Names, SUBSTITUTE, Stream};

/// [`Names`] kind of a prepared statement.
pub const STATEMENT: u32 = 0;
/// [`Names`] kind of a portal.
pub const PORTAL: u32 = 1;

/// [`Stream::doubt`]: the unnamed statement may be an older one.
const STATEMENT_DOUBT: u8 = 1;
/// [`Stream::doubt`]: the unnamed portal may be an older one.
const PORTAL_DOUBT: u8 = 2;

/// [`crate::stream::settle`] for this protocol.
#[inline(always)]
pub fn settle<N: Names>(stream: &mut Stream, names: &mut N) -> u32 {
    let facts = &mut stream.scan.facts;
    match stream.kind {
        b'Q' => {
            facts.opaque |= stream.opaque;
            execute(facts, names);
            RUN
        }
        b'P' => {
            facts.opaque |= stream.opaque;
            PREPARE
        }
        b'B' => {
            bind(stream, names);
            stream.group = 1;
            NOTHING
        }
        b'E' => {
            if stream.name == hash::START {
                names.copy(&stream.portal, facts);
            } else if !names.load(PORTAL, stream.name, facts) {
                facts.set_unknown();
            }
            facts.session |= stream.moved;
            if facts.reserved == SUBSTITUTE {
                NOTHING
            } else {
                execute(facts, names);
                RUN
            }
        }
        b'D' => {
            stream.group = 1;
            NOTHING
        }
        b'C' => {
            close(stream, names);
            NOTHING
        }
        b'S' => {
            sync(stream);
            NOTHING
        }
        b'F' => {
            facts.clear();
            facts.add(Class::Fastpath);
            facts.add_opaque(Opaque::Fastpath);
            facts.statements = 1;
            RUN
        }
        b'd' => {
            facts.clear();
            DATA
        }
        _ => NOTHING,
    }
}

/// [`crate::stream::commit`] for this protocol.
#[inline(always)]
pub fn commit<N: Names>(stream: &mut Stream, names: &mut N) {
    if matches!(stream.kind, b'P' | b'Q' | b'E') {
        stream.moved |= stream.scan.facts.session & MOVED;
    }
    match stream.kind {
        b'P' if stream.name == hash::START => {
            names.copy(&stream.scan.facts, &mut stream.unnamed);
            let doubt = if stream.group == 0 {
                0
            } else {
                STATEMENT_DOUBT
            };
            stream.doubt = stream.doubt & !STATEMENT_DOUBT | doubt;
            stream.group = 1;
        }
        b'P' => {
            names.keep(STATEMENT, stream.name, &mut stream.scan.facts);
            stream.group = 1;
        }
        b'Q' => {
            stream.opaque |= stream.scan.facts.opaque_after;
            let certain = stream.group == 0 && stream.transaction == 0;
            remember(stream, names, certain);
            // The server forgets what is unnamed.
            stream.unnamed.set_unknown();
            stream.portal.set_unknown();
        }
        b'E' => {
            stream.opaque |= stream.scan.facts.opaque_after;
            stream.group = 1;
            remember(stream, names, false);
        }
        b'F' => stream.group = 1,
        _ => {}
    }
}

/// [`crate::stream::refused_name`] for this protocol: that of a `Parse`.
#[inline(always)]
#[must_use]
pub const fn refused_name(stream: &Stream) -> u64 {
    if stream.kind == b'P' { stream.name } else { 0 }
}

/// Remembers that a message was replaced by a statement that only raises our
/// error: what executes it next is neither judged nor recorded.
///
/// The server skips what follows a failed message of the extended protocol up
/// to the next `Sync`, so a client may still bind and execute the name it meant
/// to prepare (`refused` is the hash of that name, or 0): that is no second
/// action.
#[inline(always)]
pub const fn commit_substitute(stream: &mut Stream, refused: u64) {
    stream.refused = refused;
    if stream.kind != b'Q' && stream.kind != b'F' {
        stream.unnamed.clear();
        stream.unnamed.reserved = SUBSTITUTE;
        stream.portal.clear();
        stream.portal.reserved = SUBSTITUTE;
        stream.group = 1;
    }
}

/// Adds the facts of what EXECUTE runs.
#[inline(always)]
fn execute<N: Names>(facts: &mut Facts, names: &mut N) {
    if facts.session & NAME_LOST != 0 {
        facts.add(Class::Dynamic);
        facts.add_opaque(Opaque::UnknownName);
    }
    // VERIFIER(6.1): no loop, as one that calls a function is refused ("back-edge").
    execute_one(0, facts, names);
    execute_one(1, facts, names);
    execute_one(2, facts, names);
    execute_one(3, facts, names);
}

const _: () = assert!(NAME_OPERATIONS == 4, "each operation is looked at");

/// The same for one use of a name.
#[inline(always)]
fn execute_one<N: Names>(at: usize, facts: &mut Facts, names: &mut N) {
    let name = facts.operation_names[at & (NAME_OPERATIONS - 1)];
    if at < facts.operation_count as usize
        && facts.operations[at & (NAME_OPERATIONS - 1)] == operation::EXECUTE
        && !names.merge(STATEMENT, name, facts)
        && !prepares(facts, name, at)
    {
        facts.add(Class::Dynamic);
        facts.add_opaque(Opaque::UnknownName);
    }
}

/// Does the text prepare this name before its operation number `before`? Then
/// the facts of the text hold those of the name.
#[inline(always)]
const fn prepares(facts: &Facts, name: u64, before: usize) -> bool {
    let mut at = 0;
    while at < NAME_OPERATIONS {
        if at < before
            && facts.operations[at] == operation::PREPARE
            && facts.operation_names[at] == name
        {
            return true;
        }
        at += 1;
    }
    false
}

/// Remembers what a text that ran did with names and transactions; `certain`:
/// the server did not ignore it.
#[inline(always)]
fn remember<N: Names>(stream: &mut Stream, names: &mut N, certain: bool) {
    let facts = &mut stream.scan.facts;
    let alone = facts.statements == 1;
    let may_begin = facts.hits & TRANSACTIONAL != 0 || facts.opaque != 0;
    // VERIFIER(6.1): no loop, as in `execute`.
    remember_one(0, facts, names, certain && alone);
    remember_one(1, facts, names, certain && alone);
    remember_one(2, facts, names, certain && alone);
    remember_one(3, facts, names, certain && alone);
    if facts.session & FORGETS != 0 && certain && alone {
        names.clear();
    }
    if facts.session & ENDS != 0 && alone && stream.kind == b'Q' && stream.group == 0 {
        stream.transaction = 0;
    } else if may_begin {
        stream.transaction = 1;
    }
}

/// The same for one use of a name.
#[inline(always)]
fn remember_one<N: Names>(at: usize, facts: &mut Facts, names: &mut N, certain: bool) {
    if at >= facts.operation_count as usize {
        return;
    }
    let name = facts.operation_names[at & (NAME_OPERATIONS - 1)];
    match facts.operations[at & (NAME_OPERATIONS - 1)] {
        operation::PREPARE => names.keep(STATEMENT, name, facts),
        operation::DEALLOCATE if certain => names.remove(STATEMENT, name),
        _ => {}
    }
}

/// Classes of statements that may begin a transaction.
const TRANSACTIONAL: u64 = Class::Transaction.bit() | Class::Dynamic.bit();

/// The portal gets the statement's facts.
#[inline(always)]
fn bind<N: Names>(stream: &mut Stream, names: &mut N) {
    let facts = &mut stream.scan.facts;
    if stream.second_name == hash::START {
        names.copy(&stream.unnamed, facts);
    } else if !names.load(STATEMENT, stream.second_name, facts) {
        facts.set_unknown();
        if stream.second_name == stream.refused {
            facts.reserved = SUBSTITUTE;
        }
    }
    if stream.name == hash::START {
        names.copy(facts, &mut stream.portal);
        let doubt = if stream.group == 0 { 0 } else { PORTAL_DOUBT };
        stream.doubt = stream.doubt & !PORTAL_DOUBT | doubt;
    } else {
        names.keep(PORTAL, stream.name, facts);
    }
}

/// What is closed is forgotten, unless the server may have skipped the message.
#[inline(always)]
fn close<N: Names>(stream: &mut Stream, names: &mut N) {
    let kind = if stream.target == b'P' {
        PORTAL
    } else {
        STATEMENT
    };
    match (kind, stream.name == hash::START) {
        (PORTAL, true) => stream.portal.set_unknown(),
        (_, true) => stream.unnamed.set_unknown(),
        // Outside of a transaction a portal ends at `Sync` in any case.
        (PORTAL, false) if stream.transaction == 0 => names.remove(kind, stream.name),
        (_, false) if stream.group == 0 => names.remove(kind, stream.name),
        _ => {}
    }
}

/// The server reads on, whatever failed before.
#[inline(always)]
const fn sync(stream: &mut Stream) {
    stream.refused = 0;
    stream.group = 0;
    if stream.doubt & STATEMENT_DOUBT != 0 {
        stream.unnamed.set_unknown();
    }
    if stream.doubt & PORTAL_DOUBT != 0 {
        stream.portal.set_unknown();
    }
    stream.doubt = 0;
}
