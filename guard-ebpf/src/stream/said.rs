//! What the voice read last, so that the authority need not read it again:
//! [`guard_common::said`] with the kernel's loop and copies. Everything else about
//! the message (its framing, names, the decision and the record) the authority does
//! itself.

use crate::kernel::repeat::Kernel;
use crate::kernel::{bound, read};
use crate::stream::Desk;
use aya_ebpf::helpers::generated::bpf_probe_read_kernel;
use guard_common::said::{self, SAID_BYTES, Said};
use guard_common::stream::Stream;

/// Keeps the text that is read next. `sequence` is that of the chunk's first byte.
#[inline(always)]
pub(crate) fn begin(desk: &mut Desk, stream: &Stream, sequence: u32) {
    let length = desk.said.begin(stream, sequence);
    let Some(length) = length.and_then(|length| bound::within(length, SAID_BYTES as u32)) else {
        return;
    };
    let from = desk.chunk.as_ptr().wrapping_add(stream.at as usize);
    // SAFETY: `length` is at most the size of the buffer (checked above); `from` is
    // read by probing.
    unsafe { bpf_probe_read_kernel(desk.said.bytes.as_mut_ptr().cast(), length, from.cast()) };
}

/// Keeps the facts of a message that was read.
#[inline(always)]
pub(crate) fn end(said: &mut Said, stream: &Stream) {
    if said.end() {
        read::copy_whole(&stream.scan.facts, &mut said.facts);
    }
}

/// Completes the message if its rest is the text that was kept; `false`: it is to
/// be read. `sequence` is that of the chunk's first byte.
#[inline(always)]
pub(crate) fn recall(desk: &Desk, stream: &mut Stream, sequence: u32) -> bool {
    if !desk.said.is_next::<Kernel>(stream, &desk.chunk, sequence) {
        return false;
    }
    read::copy_whole(&desk.said.facts, &mut stream.scan.facts);
    said::pass_over(stream);
    true
}
