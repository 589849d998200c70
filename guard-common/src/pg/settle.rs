//! Which facts of a complete message are to be judged, and what of it must be
//! remembered.
//!
//! A prepared statement keeps its facts: they are judged at `Parse`, so that a
//! refusal comes early, and again by the live policy at each `Execute`. Names
//! are known by their hash; one that was never seen, or was evicted, is opaque.

use super::{Stream, kind};
use crate::class::{Class, Opaque};
use crate::facts::Facts;
use crate::hash;

/// [`Facts::reserved`] of a statement that we put in place of a refused one.
pub const SUBSTITUTE: u8 = 1;

/// Nothing to judge.
pub const NOTHING: u32 = 0;
/// A statement is prepared: refused if policy refuses it, else not recorded.
pub const PREPARE: u32 = 1;
/// A statement takes effect: judged and recorded.
pub const RUN: u32 = 2;
/// Data of a running statement (`CopyData`): refused for a quarantined session.
pub const DATA: u32 = 3;

/// [`Names`] kind of a prepared statement.
pub const STATEMENT: u32 = 0;
/// [`Names`] kind of a portal.
pub const PORTAL: u32 = 1;

/// Where facts of named statements and portals are kept.
pub trait Names {
    /// Keeps `facts` under a name.
    fn store(&mut self, kind: u32, name: u64, facts: &Facts);
    /// Copies the facts of a name; `false` when it is unknown.
    fn load(&mut self, kind: u32, name: u64, into: &mut Facts) -> bool;
    /// Forgets a name.
    fn remove(&mut self, kind: u32, name: u64);
}

/// Settles a complete message: says what is to be judged (one of the constants
/// above) and leaves the facts for it in `stream.scan.facts`.
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
        kind::BLIND => {
            facts.clear();
            facts.add(Class::Unreadable);
            facts.opaque = stream.opaque;
            RUN
        }
        _ => NOTHING,
    }
}

/// Remembers what an allowed message leaves behind. Call it after [`settle`]
/// for each message that goes on to the server.
#[inline(always)]
pub fn commit<N: Names>(stream: &mut Stream, names: &mut N) {
    match stream.kind {
        b'P' if stream.name == hash::START => stream.unnamed = stream.scan.facts,
        b'P' => names.store(STATEMENT, stream.name, &stream.scan.facts),
        b'Q' | b'E' => stream.opaque |= stream.scan.facts.opaque_after,
        _ => {}
    }
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
