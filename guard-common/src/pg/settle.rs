//! Which facts of a complete message are to be judged, and what of it must be
//! remembered.
//!
//! A prepared statement keeps its facts: they are judged at `Parse`, so that a
//! refusal comes early, and again by the live policy at each `Execute`. Names
//! are known by their hash; one that was never seen, or was evicted, is opaque.

use crate::class::{Class, Opaque};
use crate::hash;
use crate::stream::what::{DATA, NOTHING, PREPARE, RUN};
use crate::stream::{Names, SUBSTITUTE, Stream};

/// [`Names`] kind of a prepared statement.
pub const STATEMENT: u32 = 0;
/// [`Names`] kind of a portal.
pub const PORTAL: u32 = 1;

/// [`crate::stream::settle`] for this protocol.
#[inline(always)]
pub fn settle<N: Names>(stream: &mut Stream, names: &mut N) -> u32 {
    let facts = &mut stream.scan.facts;
    match stream.kind {
        b'Q' => {
            facts.opaque |= stream.opaque;
            RUN
        }
        b'P' => {
            facts.opaque |= stream.opaque;
            PREPARE
        }
        b'B' => {
            bind(stream, names);
            NOTHING
        }
        b'E' => {
            if stream.name == hash::START {
                *facts = stream.portal;
            } else if !names.load(PORTAL, stream.name, facts) {
                facts.set_unknown();
            }
            if facts.reserved == SUBSTITUTE {
                NOTHING
            } else {
                RUN
            }
        }
        b'C' => {
            close(stream, names);
            NOTHING
        }
        b'S' => {
            stream.refused = 0;
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
    match stream.kind {
        b'P' if stream.name == hash::START => stream.unnamed = stream.scan.facts,
        b'P' => names.store(STATEMENT, stream.name, &stream.scan.facts),
        b'Q' | b'E' => stream.opaque |= stream.scan.facts.opaque_after,
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
    }
}

/// The portal gets the statement's facts.
#[inline(always)]
fn bind<N: Names>(stream: &mut Stream, names: &mut N) {
    let facts = &mut stream.scan.facts;
    if stream.second_name == hash::START {
        *facts = stream.unnamed;
    } else if !names.load(STATEMENT, stream.second_name, facts) {
        facts.set_unknown();
        if stream.second_name == stream.refused {
            facts.reserved = SUBSTITUTE;
        }
    }
    if stream.name == hash::START {
        stream.portal = *facts;
    } else {
        names.store(PORTAL, stream.name, facts);
    }
}

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
        (_, false) => names.remove(kind, stream.name),
    }
}
