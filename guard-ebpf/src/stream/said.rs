//! What the voice read last, so that the authority need not read it again.
//!
//! Both judges see the same bytes within microseconds. Reading a text costs much more
//! than comparing it, so the voice leaves the last short one here with its facts.
//! Facts follow from the bytes alone: where what leaves is, byte for byte, what the
//! voice has read, they are the authority's too. Everything else about the message
//! (its framing, names, the decision and the record) the authority does itself.

use crate::kernel::repeat::Kernel;
use crate::kernel::{bound, read};
use crate::stream::Desk;
use aya_ebpf::helpers::generated::bpf_probe_read_kernel;
use guard_common::engine;
use guard_common::facts::Facts;
use guard_common::limits::CHUNK_BYTES;
use guard_common::pg;
use guard_common::protocol::Protocol;
use guard_common::repeat::{Repeat, Turn};
use guard_common::stream::{Chunk, Stream};

/// Longest text that is kept, in bytes.
const SAID_BYTES: usize = 512;

/// Bytes that are compared at once.
const WORD: usize = 8;

/// A text with its facts.
#[repr(C)]
pub(crate) struct Said {
    facts: Facts,
    /// The rest of a message from its text on.
    bytes: [u8; SAID_BYTES],
    /// Sequence number of its first byte.
    sequence: u32,
    /// Bytes of it; 0: nothing is kept.
    length: u32,
    /// 1: it is being read, the facts are not complete.
    open: u32,
    /// Zero.
    reserved: u32,
}

/// Length of the rest of the message where that is a text that may be kept: all
/// of it is in the chunk.
#[inline(always)]
fn whole_text(stream: &Stream) -> Option<u32> {
    let here = stream.end.wrapping_sub(stream.at);
    let length = stream.left;
    let fits = length.wrapping_sub(1) < SAID_BYTES as u32 && length <= here;
    let is_text = stream.protocol() == Protocol::Postgres && stream.phase == pg::phase::TEXT;
    (is_text && stream.complete == 0 && fits && stream.end <= CHUNK_BYTES as u32).then_some(length)
}

/// Keeps the text that is read next. `sequence` is that of the chunk's first byte.
#[inline(always)]
pub(crate) fn begin(desk: &mut Desk, stream: &Stream, sequence: u32) {
    let Some(length) = whole_text(stream).and_then(|text| bound::within(text, SAID_BYTES as u32))
    else {
        return;
    };
    let said = &mut desk.said;
    said.sequence = sequence.wrapping_add(stream.at);
    said.length = length;
    said.open = 1;
    let from = desk.chunk.as_ptr().wrapping_add(stream.at as usize);
    // SAFETY: `length` is at most the size of the buffer (checked above); `from` is
    // read by probing.
    unsafe { bpf_probe_read_kernel(said.bytes.as_mut_ptr().cast(), length, from.cast()) };
}

/// Keeps the facts of a message that was read.
#[inline(always)]
pub(crate) fn end(said: &mut Said, stream: &Stream) {
    if said.open != 0 {
        said.open = 0;
        read::copy_whole(&stream.scan.facts, &mut said.facts);
    }
}

/// Completes the message if its rest is the text that was kept; `false`: it is to
/// be read. `sequence` is that of the chunk's first byte.
#[inline(always)]
pub(crate) fn recall(desk: &Desk, stream: &mut Stream, sequence: u32) -> bool {
    let said = &desk.said;
    let Some(length) = whole_text(stream) else {
        return false;
    };
    let same_place = said.sequence == sequence.wrapping_add(stream.at);
    if !same_place || said.length != length || said.open != 0 {
        return false;
    }
    let mut comparing = Comparing {
        said,
        chunk: &desk.chunk,
        at: stream.at,
        left: length,
        differ: Kernel::zero(said.sequence.into()),
    };
    Kernel::repeat((SAID_BYTES / WORD) as u32, &mut comparing);
    if comparing.differ != 0 || comparing.left != 0 {
        return false;
    }
    read::copy_whole(&said.facts, &mut stream.scan.facts);
    stream.at = stream.at.wrapping_add(length);
    stream.left = 0;
    stream.complete = 1;
    true
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
        let here = engine::group(self.chunk, self.at as usize);
        let differ = here ^ there;
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
