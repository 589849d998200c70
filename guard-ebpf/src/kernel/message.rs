//! Data of a system call on its way into a socket (`sk_msg`).

use crate::kernel::bound;
use crate::kernel::repeat::Kernel;
use crate::maps;
use crate::stream::voice::Voice;
use aya_ebpf::bindings::BPF_F_INGRESS;
use aya_ebpf::helpers::generated::{
    bpf_msg_pop_data, bpf_msg_pull_data, bpf_msg_push_data, bpf_probe_read_kernel,
};
use aya_ebpf::programs::SkMsgContext;
use guard_common::limits::{CHUNK_BYTES, DENIAL_BYTES};
use guard_common::repeat::{Repeat, Turn};
use guard_common::stream::Chunk;

/// Copies `count` bytes (1 to [`CHUNK_BYTES`]) at `offset` into the chunk.
#[inline(always)]
pub(crate) fn read(ctx: &SkMsgContext, chunk: &mut Chunk, offset: u32, count: u32) -> bool {
    // SAFETY: the helper checks the range against the message.
    if unsafe { bpf_msg_pull_data(ctx.msg, offset, offset.wrapping_add(count), 0) } != 0 {
        return false;
    }
    let (data, end) = (ctx.data(), ctx.data_end());
    let Some(count) = bound::within(count, CHUNK_BYTES as u32) else {
        return false;
    };
    if data + count as usize > end {
        return false;
    }
    // SAFETY: the source is kernel memory of `count` bytes (checked above), read
    // through the probing helper; the chunk has room for them.
    let result =
        unsafe { bpf_probe_read_kernel(chunk.as_mut_ptr().cast(), count, data as *const _) };
    result == 0
}

/// Puts the first `new` bytes of the chunk in place of `old` bytes at `offset`.
///
/// `new` is a multiple of 8 up to [`DENIAL_BYTES`]. `false`: the message could
/// not be changed, or is left with bytes that must not be sent.
#[inline(always)]
pub(crate) fn replace(
    ctx: &SkMsgContext,
    voice: &mut Voice,
    chunk: &Chunk,
    (offset, old, new): (u32, u32, u32),
) -> bool {
    let resized = if new > old {
        // SAFETY: the helper checks the range against the message.
        unsafe { bpf_msg_push_data(ctx.msg, offset, new.wrapping_sub(old), 0) }
    } else if new < old {
        // SAFETY: as above.
        unsafe { bpf_msg_pop_data(ctx.msg, offset, old.wrapping_sub(new), 0) }
    } else {
        0
    };
    if resized != 0 {
        return false;
    }
    // SAFETY: as above.
    if unsafe { bpf_msg_pull_data(ctx.msg, offset, offset.wrapping_add(new), 0) } != 0 {
        return false;
    }
    let (data, end) = (ctx.data(), ctx.data_end());
    voice.written = 0;
    let mut words = Words {
        voice,
        chunk,
        data,
        end,
        length: u64::from(new),
    };
    Kernel::repeat((DENIAL_BYTES / 8) as u32, &mut words);
    words.voice.written >= new
}

/// Stores the chunk into the message, eight bytes a turn.
struct Words<'a> {
    voice: &'a mut Voice,
    chunk: &'a Chunk,
    data: usize,
    end: usize,
    length: u64,
}

impl Turn for Words<'_> {
    #[inline(always)]
    fn turn(&mut self, index: u32) -> bool {
        let at = bound::fresh(u64::from(index) * 8) as usize & (DENIAL_BYTES - 8);
        if at as u64 >= self.length {
            return false;
        }
        let target = self.data + at;
        if target + 8 > self.end {
            return false;
        }
        let word = self.chunk.as_ptr().wrapping_add(at).cast::<u64>();
        // SAFETY: `at` is a multiple of 8 below the chunk's size; the chunk is
        // aligned to 8, as the first field of the desk.
        let word = unsafe { word.read() };
        // SAFETY: eight bytes that lie before `data_end` (checked above).
        unsafe { (target as *mut u64).write_unaligned(word) };
        self.voice.written = at as u32 + 8;
        true
    }
}

/// Shortens the message to one byte, `byte`.
#[inline(always)]
pub(crate) fn replace_by_byte(ctx: &SkMsgContext, size: u32, byte: u8) -> bool {
    // SAFETY: the helper checks the range against the message.
    if size > 1 && unsafe { bpf_msg_pop_data(ctx.msg, 1, size.wrapping_sub(1), 0) } != 0 {
        return false;
    }
    // SAFETY: as above.
    if unsafe { bpf_msg_pull_data(ctx.msg, 0, 1, 0) } != 0 {
        return false;
    }
    let (data, end) = (ctx.data(), ctx.data_end());
    if data + 1 > end {
        return false;
    }
    // SAFETY: one byte that lies before `data_end` (checked above).
    unsafe { (data as *mut u8).write(byte) };
    true
}

/// Hands the message to the receive queue of its own socket, as if the server
/// had sent it. Returns the program's answer.
#[inline(always)]
pub(crate) fn send_back(ctx: &SkMsgContext, cookie: u64) -> u32 {
    maps::voices().redirect_msg(ctx, cookie, BPF_F_INGRESS as u64) as u32
}
