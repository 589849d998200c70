//! The statement engine: classifies SQL text, byte by byte.
//!
//! PLACEHOLDER until the real engine is merged: the signatures are final.

use crate::facts::Facts;
use crate::limits::CHUNK_BYTES;
use crate::repeat::Repeat;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Names of the verbs in [`Facts::verbs`].
pub const VERB_NAMES: [&str; 1] = ["?"];

/// The compiled lexer, keyword trie and statement automaton of one dialect: one
/// value of the array map `guard_lexer`. Made by `guard_agent::dialect`.
#[repr(C)]
#[derive(Clone, Copy, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Tables {
    /// Placeholder.
    pub cells: [u32; 16],
}

/// State of the engine in the middle of a text; any split of the text gives the
/// same facts.
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Scan {
    /// Placeholder.
    pub row: u32,
    /// Zero.
    pub reserved: u32,
    /// What is known so far; complete after [`end`].
    pub facts: Facts,
}

/// Starts a new text.
#[inline(always)]
pub fn begin(_tables: &Tables, scan: &mut Scan) {
    scan.row = 0;
    scan.facts.clear();
}

/// Reads `chunk[from..to]`. A NUL ends the text; what follows it is ignored.
#[inline(always)]
pub fn feed<R: Repeat>(
    _tables: &Tables,
    scan: &mut Scan,
    _chunk: &[u8; CHUNK_BYTES],
    from: u32,
    to: u32,
) {
    scan.facts.bytes += u64::from(to.wrapping_sub(from));
}

/// Ends the text (also after a NUL; ending twice changes nothing).
#[inline(always)]
pub fn end(_tables: &Tables, _scan: &mut Scan) {}
