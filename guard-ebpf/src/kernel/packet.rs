//! Packets on their way out (`cgroup_skb/egress`).

use crate::kernel::bound;
use crate::stream::Sock;
use aya_ebpf::helpers::generated::bpf_skb_load_bytes;
use aya_ebpf::programs::SkBuffContext;
use guard_common::limits::CHUNK_BYTES;

/// Where a TCP segment's payload stands in its packet, and in the stream.
pub(crate) struct Segment {
    /// Local address; IPv4 as v4-mapped IPv6, network order.
    pub(crate) local: [u8; 16],
    /// Remote address, same form.
    pub(crate) remote: [u8; 16],
    /// Address family (2 or 10).
    pub(crate) family: u16,
    /// Local port, host order.
    pub(crate) local_port: u16,
    /// Remote port, host order.
    pub(crate) remote_port: u16,
    /// TCP flags.
    pub(crate) flags: u8,
    /// Sequence number of the first payload byte.
    pub(crate) sequence: u32,
    /// Offset of the payload.
    pub(crate) offset: u32,
    /// Bytes of payload.
    pub(crate) length: u32,
}

/// [`Segment::flags`]: SYN.
pub(crate) const SYN: u8 = 2;
/// [`Segment::flags`]: RST.
pub(crate) const RST: u8 = 4;
/// [`Segment::flags`]: URG.
pub(crate) const URG: u8 = 32;

/// `skb->len`.
#[inline(always)]
pub(crate) fn length(ctx: &SkBuffContext) -> u32 {
    ctx.len()
}

/// Parses the headers; `None`: not a TCP segment that can be read.
#[inline(always)]
pub(crate) fn segment(ctx: &SkBuffContext) -> Option<Segment> {
    let mut local = [0_u8; 16];
    let mut remote = [0_u8; 16];
    let first = ctx.load::<u8>(0).ok()?;
    let (family, transport) = match first >> 4 {
        4 => {
            if ctx.load::<u8>(9).ok()? != 6 {
                return None;
            }
            let source = ctx.load::<[u8; 4]>(12).ok()?;
            let target = ctx.load::<[u8; 4]>(16).ok()?;
            local[10] = 0xff;
            local[11] = 0xff;
            remote[10] = 0xff;
            remote[11] = 0xff;
            let mut at = 0;
            while at < 4 {
                local[12 + at] = source[at];
                remote[12 + at] = target[at];
                at += 1;
            }
            (2, (first & 15) as usize * 4)
        }
        6 => {
            local = ctx.load::<[u8; 16]>(8).ok()?;
            remote = ctx.load::<[u8; 16]>(24).ok()?;
            // The kernel puts a hop-by-hop header before jumbo segments.
            match ctx.load::<u8>(6).ok()? {
                6 => (10, 40),
                0 if ctx.load::<u8>(40).ok()? == 6 => {
                    (10, 48 + ctx.load::<u8>(41).ok()? as usize * 8)
                }
                _ => return None,
            }
        }
        _ => return None,
    };
    let ports = u32::from_be(ctx.load::<u32>(transport).ok()?);
    let sequence = u32::from_be(ctx.load::<u32>(transport + 4).ok()?);
    let words = ctx.load::<u8>(transport + 12).ok()?;
    let flags = ctx.load::<u8>(transport + 13).ok()?;
    let offset = transport as u32 + (words >> 4) as u32 * 4;
    Some(Segment {
        local,
        remote,
        family,
        local_port: (ports >> 16) as u16,
        remote_port: ports as u16,
        flags,
        // A SYN takes one number itself.
        sequence: sequence.wrapping_add((flags & SYN != 0) as u32),
        offset,
        length: ctx.len().wrapping_sub(offset),
    })
}

/// Copies `count` bytes (1 to [`CHUNK_BYTES`]) at `offset` into the chunk.
#[inline(always)]
pub(crate) fn read(ctx: &SkBuffContext, sock: &mut Sock, offset: u32, count: u32) -> bool {
    let Some(count) = bound::within(count, CHUNK_BYTES as u32) else {
        return false;
    };
    // SAFETY: the chunk has room for `count` bytes (checked above); an offset
    // beyond the packet is an error of the helper.
    let result = unsafe {
        bpf_skb_load_bytes(
            ctx.skb.skb.cast(),
            offset,
            sock.chunk.as_mut_ptr().cast(),
            count,
        )
    };
    result == 0
}
