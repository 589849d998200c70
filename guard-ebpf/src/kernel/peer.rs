//! Who is at the other end of a socket, from the context of a connect hook.

use crate::kernel::offsets;
use aya_ebpf::bindings::{bpf_sock, bpf_sock_addr};
use aya_ebpf::helpers::generated::{
    bpf_get_netns_cookie, bpf_get_socket_cookie, bpf_probe_read_kernel, bpf_skc_to_tcp_sock,
};
use aya_ebpf::programs::SockAddrContext;
use guard_common::decide::connect::{MAPPED, Target};

/// The remote end of a connection, and the socket.
#[derive(Clone, Copy)]
pub(crate) struct Peer {
    /// Where it really goes.
    pub(crate) target: Target,
    /// Socket cookie.
    pub(crate) cookie: u64,
    /// Cookie of the socket's network namespace.
    pub(crate) netns: u64,
    /// Transport protocol number.
    pub(crate) protocol: u32,
    /// A subflow of Multipath TCP.
    pub(crate) is_multipath: bool,
}

impl Peer {
    /// The peer of an IPv4 call.
    #[inline(always)]
    pub(crate) fn v4(ctx: &SockAddrContext) -> Self {
        let ctx = ctx.sock_addr;
        // SAFETY: `ctx` is the context of this program, alive while it runs; the
        // verifier checks each field. Volatile: the kernel translates reads of
        // whole fields only, so the compiler must not join or split them.
        let (address, port) = unsafe {
            (
                (&raw const (*ctx).user_ip4).read_volatile(),
                (&raw const (*ctx).user_port).read_volatile(),
            )
        };
        let target = Target::v4(u32::from_be(address), u16::from_be(port as u16));
        Self::with_target(ctx, target)
    }

    /// The peer of an IPv6 call; a v4-mapped address is IPv4.
    #[inline(always)]
    pub(crate) fn v6(ctx: &SockAddrContext) -> Self {
        let ctx = ctx.sock_addr;
        // SAFETY: as in `v4`.
        let (words, port) = unsafe {
            (
                words(&raw const (*ctx).user_ip6),
                (&raw const (*ctx).user_port).read_volatile(),
            )
        };
        let target = Target {
            net: halves(words),
            port: u16::from_be(port as u16),
        };
        Self::with_target(ctx, target)
    }

    /// What both families share.
    #[inline(always)]
    fn with_target(ctx: *mut bpf_sock_addr, target: Target) -> Self {
        // SAFETY: as in `v4`.
        let (protocol, sk) = unsafe {
            (
                (&raw const (*ctx).protocol).read_volatile(),
                (&raw const (*ctx).__bindgen_anon_1.sk).read_volatile(),
            )
        };
        // SAFETY: both helpers take the context and nothing else.
        let (cookie, netns) = unsafe {
            (
                bpf_get_socket_cookie(ctx.cast()),
                bpf_get_netns_cookie(ctx.cast()),
            )
        };
        Self {
            target: target.resolve(source(sk)),
            cookie,
            netns,
            protocol,
            is_multipath: is_multipath(sk),
        }
    }

    /// The remote address in network order.
    #[inline(always)]
    pub(crate) fn address(&self) -> [u8; 16] {
        let [upper, lower] = self.target.net;
        (u128::from(upper) << 64 | u128::from(lower)).to_be_bytes()
    }
}

/// The socket of a connect hook; null when there is none.
#[inline(always)]
pub(crate) fn socket(ctx: &SockAddrContext) -> *mut bpf_sock {
    // SAFETY: a field of the context; all forms of the union are this pointer.
    unsafe { (&raw const (*ctx.sock_addr).__bindgen_anon_1.sk).read_volatile() }
}

/// `AF_INET`.
const INET: u32 = 2;

/// The address that a socket is bound to; unspecified when it is not.
#[inline(always)]
fn source(sk: *mut bpf_sock) -> [u64; 2] {
    if sk.is_null() {
        return [0; 2];
    }
    // SAFETY: `sk` is the socket of the context, not null; the verifier checks
    // and translates each field.
    unsafe {
        if (&raw const (*sk).family).read_volatile() == INET {
            let address = (&raw const (*sk).src_ip4).read_volatile();
            [0, MAPPED | u64::from(u32::from_be(address))]
        } else {
            halves(words(&raw const (*sk).src_ip6))
        }
    }
}

/// Four words, one read each.
///
/// # Safety
///
/// `words` points to four words of a context that may be read.
#[inline(always)]
unsafe fn words(words: *const [u32; 4]) -> [u32; 4] {
    let first = words.cast::<u32>();
    // SAFETY: the caller vouches for all four.
    unsafe {
        [
            first.read_volatile(),
            first.add(1).read_volatile(),
            first.add(2).read_volatile(),
            first.add(3).read_volatile(),
        ]
    }
}

/// Four words in network order as two numbers.
#[inline(always)]
const fn halves(words: [u32; 4]) -> [u64; 2] {
    [
        (u32::from_be(words[0]) as u64) << 32 | u32::from_be(words[1]) as u64,
        (u32::from_be(words[2]) as u64) << 32 | u32::from_be(words[3]) as u64,
    ]
}

/// Whether the socket is a subflow of Multipath TCP (`tcp_sock.is_mptcp`).
/// `false` on a kernel without it.
#[inline(always)]
fn is_multipath(sk: *mut bpf_sock) -> bool {
    let offset = offsets::OFF_TCP_IS_MPTCP.load();
    if sk.is_null() || offset == offsets::MISSING {
        return false;
    }
    // SAFETY: the helper takes any socket and answers null for one that is not
    // TCP.
    let tcp = unsafe { bpf_skc_to_tcp_sock(sk.cast()) };
    if tcp.is_null() {
        return false;
    }
    let mut flag = 0_u8;
    // SAFETY: a probing read: a bad address is an error, not a crash. The offset
    // is from the kernel's own BTF.
    let result = unsafe {
        bpf_probe_read_kernel(
            (&raw mut flag).cast(),
            1,
            tcp.cast::<u8>().add(offset as usize).cast(),
        )
    };
    result == 0 && flag & 1 != 0
}
