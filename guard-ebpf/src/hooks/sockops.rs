//! Gives guarded database sockets their voice, and cleans up after them.

use crate::kernel::socket::{self, TCP_CLOSED};
use crate::maps;
use crate::stream::names::guard_names_sweep;
use crate::stream::{Desk, Sock};
use aya_ebpf::bindings::{
    BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB, BPF_SOCK_OPS_STATE_CB, BPF_SOCK_OPS_STATE_CB_FLAG,
};
use aya_ebpf::macros::sock_ops;
use aya_ebpf::programs::SockOpsContext;
use guard_common::fault::Fault;

/// Puts a guarded database socket into the voice's map when its connection is
/// established, and forgets its prepared statements when it closes.
///
/// hook:    cgroup/sock_ops
/// reads:   the socket's state. No state: not ours, returns at once
/// answers: always 1
/// fault:   a socket that cannot be put into the map has no voice; the
///          authority guards it alone
#[sock_ops]
pub(crate) fn guard_sockops(ctx: SockOpsContext) -> u32 {
    let op = ctx.op();
    if op != BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB && op != BPF_SOCK_OPS_STATE_CB {
        return 1;
    }
    let sk = socket::of_sock_ops(&ctx);
    let Some(sock) = socket::state::<Sock>(sk) else {
        return 1;
    };
    if op == BPF_SOCK_OPS_STATE_CB {
        if ctx.arg(1) == TCP_CLOSED
            && let Some(desk) = socket::state::<Desk>(sk)
        {
            guard_names_sweep(&raw mut desk.names, sock.ward.cookie);
        }
        return 1;
    }
    if ctx
        .set_cb_flags((ctx.cb_flags() | BPF_SOCK_OPS_STATE_CB_FLAG) as i32)
        .is_err()
    {
        maps::count_fault(Fault::SockHash);
    }
    let enforced = maps::policy(maps::live_slot())
        .is_some_and(|policy| policy.enforced_datasets & (1 << (sock.ward.dataset & 63)) != 0);
    // Sockets under observe rules alone stay out: what a client can notice of a
    // socket in such a map (no SEND_ZC, for one) must not change for them.
    if !enforced {
        return 1;
    }
    // What a writer that waited already is about to send is not copied first, as
    // the voice's map promises: the authority must be able to tell.
    if socket::has_writer_waiting(sk) {
        return 1;
    }
    if maps::add_voice(&ctx, sock.ward.cookie) {
        sock.voiced = 1;
    } else {
        maps::count_fault(Fault::SockHash);
    }
    1
}
