//! Packets on their way out and in (`cgroup_skb`).

use crate::kernel::offsets::{OFF_SHARED_FLAGS, OFF_SKB_END, OFF_SKB_HEAD};
use crate::kernel::{bound, read as probe};
use aya_ebpf::helpers::generated::bpf_skb_load_bytes;
use aya_ebpf::programs::SkBuffContext;
use guard_common::abi::event::Poisoned;
use guard_common::limits::CHUNK_BYTES;
use guard_common::mysql::greeting::{Beginning, GREETING_BYTES};
use guard_common::stream::Chunk;

/// Where a TCP segment's payload stands in its packet, and in the stream.
#[repr(C)]
pub(crate) struct Segment {
    /// TCP flags.
    pub(crate) flags: u32,
    /// Sequence number of the first payload byte.
    pub(crate) sequence: u32,
    /// Offset of the payload.
    pub(crate) offset: u32,
    /// Bytes of payload.
    pub(crate) length: u32,
}

/// `IPPROTO_TCP`.
const TCP: u8 = 6;

/// [`Segment::flags`]: SYN.
pub(crate) const SYN: u32 = 2;
/// [`Segment::flags`]: RST.
pub(crate) const RST: u32 = 4;
/// [`Segment::flags`]: URG.
pub(crate) const URG: u32 = 32;

/// Extension headers of IPv6 that are stepped over.
const EXTENSIONS: usize = 6;

/// Offset of the TCP header; `None`: not a TCP segment that can be read.
#[inline(always)]
fn transport(ctx: &SkBuffContext) -> Option<usize> {
    let first = ctx.load::<u8>(0).ok()?;
    match first >> 4 {
        4 if ctx.load::<u8>(9).ok()? == TCP => Some((first & 15) as usize * 4),
        6 => transport_v6(ctx),
        _ => None,
    }
}

/// The same of an IPv6 packet: options, routing and jumbo segments stand in
/// front of TCP.
#[inline(always)]
fn transport_v6(ctx: &SkBuffContext) -> Option<usize> {
    let mut next = ctx.load::<u8>(6).ok()?;
    let mut at = 40;
    for _ in 0..EXTENSIONS {
        // Hop-by-hop options, routing, destination options.
        if !matches!(next, 0 | 43 | 60) {
            break;
        }
        next = ctx.load::<u8>(at).ok()?;
        at += (ctx.load::<u8>(at + 1).ok()? as usize + 1) * 8;
    }
    (next == TCP).then_some(at)
}

/// Reads the headers into `segment`; `false`: not a TCP segment that can be read.
///
/// VERIFIER: a function of its own, and a result in map memory, so that the stack of
/// the program stays small: the engine runs on top of it.
#[inline(never)]
pub(crate) fn parse(ctx: &SkBuffContext, segment: &mut Segment) -> bool {
    match self::segment(ctx) {
        Some(found) => {
            *segment = found;
            true
        }
        None => false,
    }
}

/// The headers; `None`: not a TCP segment that can be read.
#[inline(always)]
pub(crate) fn segment(ctx: &SkBuffContext) -> Option<Segment> {
    let transport = transport(ctx)?;
    let sequence = u32::from_be(ctx.load::<u32>(transport + 4).ok()?);
    let words = ctx.load::<u8>(transport + 12).ok()?;
    let flags = u32::from(ctx.load::<u8>(transport + 13).ok()?);
    let offset = transport as u32 + (words >> 4) as u32 * 4;
    Some(Segment {
        flags,
        // A SYN takes one number itself.
        sequence: sequence.wrapping_add(u32::from(flags & SYN != 0)),
        offset,
        length: ctx.len().wrapping_sub(offset),
    })
}

/// Writes the packet's addresses and ports into the record of its socket.
#[inline(always)]
pub(crate) fn name_ends(ctx: &SkBuffContext, record: &mut Poisoned) -> Option<()> {
    let transport = transport(ctx)?;
    let ports = u32::from_be(ctx.load::<u32>(transport).ok()?);
    record.local_port = (ports >> 16) as u16;
    record.remote_port = ports as u16;
    if ctx.load::<u8>(0).ok()? >> 4 == 4 {
        record.family = 2;
        record.local = mapped(ctx.load::<u32>(12).ok()?);
        record.remote = mapped(ctx.load::<u32>(16).ok()?);
    } else {
        record.family = 10;
        record.local = whole(ctx.load::<[u64; 2]>(8).ok()?);
        record.remote = whole(ctx.load::<[u64; 2]>(24).ok()?);
    }
    Some(())
}

/// An IPv6 address, loaded in words: bytes on the stack have no alignment, and
/// the verifier refuses to copy them in one piece.
#[inline(always)]
const fn whole([first, second]: [u64; 2]) -> [u8; 16] {
    ((second as u128) << 64 | first as u128).to_le_bytes()
}

/// An IPv4 address, loaded as a word, as v4-mapped IPv6.
#[inline(always)]
const fn mapped(address: u32) -> [u8; 16] {
    whole([0, (address as u64) << 32 | 0xffff_0000])
}

/// `SKBFL_ZEROCOPY_ENABLE` (`MSG_ZEROCOPY`, `SEND_ZC`) and `SKBFL_SHARED_FRAG`
/// (`splice`, `sendfile`): pages that somebody else may write to.
const FOREIGN_PAGES: u8 = 1 | 2;

/// Whether the payload is in pages that a process can change after they were
/// read here. What the kernel does not tell counts as yes.
///
/// Of a socket with a voice this says nothing: the kernel copies its data first,
/// and flags its own copy.
///
/// VERIFIER: a function of its own, as [`parse`].
#[inline(never)]
pub(crate) fn may_change(ctx: &SkBuffContext) -> bool {
    let packet = ctx.skb.skb as u64;
    let flags = probe::field::<u64>(packet, &OFF_SKB_HEAD)
        .zip(probe::field::<u32>(packet, &OFF_SKB_END))
        .and_then(|(head, end)| {
            probe::field::<u8>(head.wrapping_add(u64::from(end)), &OFF_SHARED_FLAGS)
        });
    flags.is_none_or(|flags| flags & FOREIGN_PAGES != 0)
}

/// Copies `count` bytes (1 to [`CHUNK_BYTES`]) at `offset` into the chunk.
#[inline(always)]
pub(crate) fn read(ctx: &SkBuffContext, chunk: &mut Chunk, offset: u32, count: u32) -> bool {
    let Some(count) = bound::within(count, CHUNK_BYTES as u32) else {
        return false;
    };
    // SAFETY: the chunk has room for `count` bytes (checked above); an offset
    // beyond the packet is an error of the helper.
    let result =
        unsafe { bpf_skb_load_bytes(ctx.skb.skb.cast(), offset, chunk.as_mut_ptr().cast(), count) };
    result == 0
}

/// Copies the first bytes of a payload, and says how many.
#[inline(always)]
pub(crate) fn beginning(
    ctx: &SkBuffContext,
    segment: &Segment,
    into: &mut Beginning,
) -> Option<u32> {
    let size = GREETING_BYTES as u32;
    let count = if segment.length < size {
        segment.length
    } else {
        size
    };
    let count = bound::within(count, size)?;
    // SAFETY: as in `read`.
    let result = unsafe {
        bpf_skb_load_bytes(
            ctx.skb.skb.cast(),
            segment.offset,
            into.bytes.as_mut_ptr().cast(),
            count,
        )
    };
    (result == 0).then_some(count)
}
