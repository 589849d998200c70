//! What one judge has read of a text, so that the other need not read it again.
//!
//! Both judges see the same bytes within microseconds. Reading a text costs much more
//! than comparing it, so the first leaves its last short text with the facts. They
//! follow from two things alone: the bytes of the text, all of them, and what the
//! session had set before it ([`crate::facts::MOVED`]). Where both are the same, the
//! facts are. The bytes may be others though the place is the same: a client sends
//! anew what did not fit into its send buffer, and need not send what it sent before.

use crate::engine;
use crate::facts::Facts;
use crate::limits::CHUNK_BYTES;
use crate::pg;
use crate::protocol::Protocol;
use crate::repeat::{Repeat, Turn};
use crate::stream::{Chunk, Stream};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Longest text that is kept, in bytes. A power of two.
pub const SAID_BYTES: usize = 512;

/// Bytes that are compared at once.
const WORD: usize = 8;

/// A text with its facts. All zero: none.
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Said {
    /// What was found out.
    pub facts: Facts,
    /// The text, up to the end of its message.
    pub bytes: [u8; SAID_BYTES],
    /// Sequence number of its first byte.
    sequence: u32,
    /// Bytes of it; 0: nothing is kept.
    length: u32,
    /// [`Facts::session`] before it.
    session: u32,
    /// 1: it is being read, the facts are not complete.
    open: u32,
}

impl Said {
    /// Keeps the text that `stream` reads next, if it may be kept: the number of
    /// bytes from `stream.at` on that the caller copies into [`Self::bytes`].
    /// `sequence` is that of the chunk's first byte.
    #[inline(always)]
    pub const fn begin(&mut self, stream: &Stream, sequence: u32) -> Option<u32> {
        let length = whole_text(stream);
        if length == 0 {
            return None;
        }
        self.sequence = sequence.wrapping_add(stream.at);
        self.length = length;
        self.session = stream.scan.facts.session as u32;
        self.open = 1;
        Some(length)
    }

    /// A message is complete: whether its text is kept, so that the caller copies
    /// what was found out into [`Self::facts`].
    #[inline(always)]
    pub const fn end(&mut self) -> bool {
        let open = self.open != 0;
        self.open = 0;
        open
    }

    /// Is this the text that `stream` reads next, in `chunk`?
    #[inline(always)]
    pub fn is_next<R: Repeat>(&self, stream: &Stream, chunk: &Chunk, sequence: u32) -> bool {
        let length = whole_text(stream);
        if length == 0
            || self.length != length
            || self.sequence != sequence.wrapping_add(stream.at)
            || self.session != stream.scan.facts.session as u32
            || self.open != 0
        {
            return false;
        }
        let mut comparing = Comparing {
            said: self,
            chunk,
            at: stream.at,
            left: length,
            differ: R::zero(self.sequence as u64),
        };
        R::repeat((SAID_BYTES / WORD) as u32, &mut comparing);
        comparing.differ == 0 && comparing.left == 0
    }
}

/// Completes the message whose text [is kept](Said::is_next); the caller has copied
/// the facts.
#[inline(always)]
pub const fn pass_over(stream: &mut Stream) {
    stream.at = stream.at.wrapping_add(stream.left);
    stream.left = 0;
    stream.complete = 1;
}

/// Length of the text, with what follows it in its message, where it begins at
/// `stream.at`, ends in the chunk and is short; 0: one of these is not so.
#[inline(always)]
const fn whole_text(stream: &Stream) -> u32 {
    let here = stream.end.wrapping_sub(stream.at);
    let length = stream.left;
    let is_text = matches!(stream.protocol(), Protocol::Postgres)
        && stream.phase == pg::phase::TEXT
        && stream.complete == 0
        && stream.scan.is_fresh();
    let is_here = length <= here && stream.end <= CHUNK_BYTES as u32;
    if is_text && is_here && length <= SAID_BYTES as u32 {
        length
    } else {
        0
    }
}

/// Compares a word a turn.
struct Comparing<'a> {
    said: &'a Said,
    chunk: &'a Chunk,
    at: u32,
    left: u32,
    differ: u64,
}

impl Turn for Comparing<'_> {
    #[inline(always)]
    fn turn(&mut self, index: u32) -> bool {
        let words = self.said.bytes.as_chunks::<WORD>().0;
        let there = u64::from_le_bytes(words[index as usize & (SAID_BYTES / WORD - 1)]);
        let differ = engine::group(self.chunk, self.at as usize) ^ there;
        if self.left >= WORD as u32 {
            self.differ |= differ;
            self.at = self.at.wrapping_add(WORD as u32);
            self.left = self.left.wrapping_sub(WORD as u32);
        } else {
            // The first bytes are the lowest; by 64 in two steps.
            self.differ |= differ << 1 << (63 - (self.left & 7) * 8);
            self.left = 0;
        }
        self.left != 0 && self.differ == 0
    }
}

#[cfg(test)]
mod tests;
