//! Sockets: their storage, and what the kernel knows of their send side.

use crate::kernel::offsets::{
    OFF_SK_SNDBUF, OFF_SK_WMEM_QUEUED, OFF_SK_WRITE_PENDING, OFF_TCP_WRITE_SEQ,
};
use crate::maps::Stored;
use aya_ebpf::Global;
use aya_ebpf::bindings::bpf_sock;
use aya_ebpf::helpers::generated::{bpf_sk_storage_get, bpf_skc_to_tcp_sock, bpf_tcp_sock};
use aya_ebpf::programs::{SkBuffContext, SkMsgContext, SockOpsContext};
use core::ptr;

/// `TCP_CLOSE` of the kernel's `net/tcp_states.h`.
pub(crate) const TCP_CLOSED: u32 = 7;

/// The send side of a TCP socket.
pub(crate) struct SendSide {
    /// Sequence number of the next byte that is written.
    pub(crate) position: u32,
    /// Bytes of the send buffer in use.
    pub(crate) queued: u32,
    /// Size of the send buffer.
    pub(crate) size: u32,
}

/// A part of the state of a guarded database socket; `None`: not ours.
#[inline(always)]
pub(crate) fn state<'a, T: Stored>(sk: *mut bpf_sock) -> Option<&'a mut T> {
    if sk.is_null() {
        return None;
    }
    // SAFETY: the verifier has typed `sk` as a socket that is not null; without
    // the create flag the helper only looks up.
    let state = unsafe { bpf_sk_storage_get(T::map(), sk.cast(), ptr::null_mut(), 0) };
    // SAFETY: null, or the socket's own storage, which lives as long as the
    // socket; the socket's lock makes this the only reference (see `stream`).
    unsafe { state.cast::<T>().as_mut() }
}

/// Makes a part of the state of a socket, zeroed; `None`: no memory.
#[inline(always)]
pub(crate) fn make_state<'a, T: Stored>(sk: *mut bpf_sock) -> Option<&'a mut T> {
    if sk.is_null() {
        return None;
    }
    const CREATE: u64 = aya_ebpf::bindings::BPF_SK_STORAGE_GET_F_CREATE as u64;
    // SAFETY: as in `state`; the kernel zeroes what it allocates.
    let state = unsafe { bpf_sk_storage_get(T::map(), sk.cast(), ptr::null_mut(), CREATE) };
    // SAFETY: as in `state`; connect holds the socket's lock.
    unsafe { state.cast::<T>().as_mut() }
}

/// The sequence number of the first byte from the other side, while none has
/// arrived.
#[inline(always)]
pub(crate) fn awaits_first_byte(sk: *mut bpf_sock) -> Option<u32> {
    if sk.is_null() {
        return None;
    }
    // SAFETY: `sk` is a socket that is not null; the helper answers null for what
    // is not a full TCP socket.
    let tcp = unsafe { bpf_tcp_sock(sk) };
    if tcp.is_null() {
        return None;
    }
    // SAFETY: not null, and fields that programs may read.
    let (received, next) = unsafe { ((*tcp).bytes_received, (*tcp).rcv_nxt) };
    (received == 0).then_some(next)
}

/// Tells whether a connection exists or is being made.
#[inline(always)]
pub(crate) fn is_connected(sk: *mut bpf_sock) -> bool {
    if sk.is_null() {
        return false;
    }
    // SAFETY: `sk` is a socket that is not null; the field is one that programs
    // may read.
    unsafe { (*sk).state != TCP_CLOSED }
}

/// The send side of a socket; `None`: not TCP.
#[inline(always)]
pub(crate) fn send_side(sk: *mut bpf_sock) -> Option<SendSide> {
    if sk.is_null() {
        return None;
    }
    // SAFETY: `sk` is a socket that is not null; the helper answers null for
    // what is not a full TCP socket.
    let tcp = unsafe { bpf_skc_to_tcp_sock(sk.cast()) };
    if tcp.is_null() {
        return None;
    }
    Some(SendSide {
        position: field(tcp.cast(), &OFF_TCP_WRITE_SEQ),
        queued: field(tcp.cast(), &OFF_SK_WMEM_QUEUED),
        size: field(tcp.cast(), &OFF_SK_SNDBUF),
    })
}

/// Whether a system call waits for the connection in order to write. Its data
/// leaves as it is, whatever becomes of the socket meanwhile.
#[inline(always)]
pub(crate) fn has_writer_waiting(sk: *mut bpf_sock) -> bool {
    if sk.is_null() {
        return false;
    }
    // SAFETY: as in `send_side`.
    let tcp = unsafe { bpf_skc_to_tcp_sock(sk.cast()) };
    !tcp.is_null() && field(tcp.cast(), &OFF_SK_WRITE_PENDING) != 0
}

/// Reads a 32-bit field of a `tcp_sock`, which begins with its `sock`.
#[inline(always)]
fn field(tcp: *const u8, offset: &Global<u32>) -> u32 {
    // SAFETY: the pointer stays typed as `tcp_sock`; the verifier knows the
    // offset and checks that it is that of a field which may be read.
    let address = unsafe { tcp.add(offset.load() as usize) };
    // SAFETY: a bad address is an error that the kernel catches, not a crash.
    unsafe { ptr::read_volatile(address.cast::<u32>()) }
}

/// The socket of a system call's data.
#[inline(always)]
pub(crate) fn of_message(ctx: &SkMsgContext) -> *mut bpf_sock {
    // SAFETY: a field of the context; all forms of the union are this pointer.
    unsafe { (*ctx.msg).__bindgen_anon_3.sk }
}

/// The socket of a socket event.
#[inline(always)]
pub(crate) fn of_sock_ops(ctx: &SockOpsContext) -> *mut bpf_sock {
    // SAFETY: as in `of_message`.
    unsafe { (*ctx.ops).__bindgen_anon_2.sk }
}

/// The socket of a packet.
#[inline(always)]
pub(crate) fn of_packet(ctx: &SkBuffContext) -> *mut bpf_sock {
    // SAFETY: as in `of_message`.
    unsafe { (*ctx.skb.skb).__bindgen_anon_2.sk }
}
