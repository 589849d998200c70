//! Hears which server a guarded connection has reached.

use crate::kernel::packet::{self, SYN};
use crate::kernel::repeat::Kernel;
use crate::kernel::socket;
use crate::stream::ear::Ear;
use aya_ebpf::macros::cgroup_skb;
use aya_ebpf::programs::SkBuffContext;

/// Every packet goes on to its socket.
const PASS: i32 = 1;

/// Reads the first bytes that a MySQL or MariaDB server sends: its version and
/// capabilities say how it reads what the client will send.
///
/// hook:    cgroup_skb/ingress
/// reads:   one packet, the one that is next in order while nothing has arrived.
///          A socket that awaits no greeting: returns at once
/// answers: always pass
/// fault:   none: a greeting that is not heard leaves the server unknown, and
///          what depends on it opaque (`Opaque::Version`)
///
/// The socket's lock is not held here: nothing of its state is touched but its
/// [`Ear`].
#[cgroup_skb(ingress)]
pub(crate) fn guard_greeting(ctx: SkBuffContext) -> i32 {
    let sk = socket::of_packet(&ctx);
    let Some(ear) = socket::state::<Ear>(sk) else {
        return PASS;
    };
    if ear.heard().is_seen() {
        return PASS;
    }
    let Some(segment) = packet::segment(&ctx) else {
        return PASS;
    };
    if segment.length == 0 || segment.flags & SYN != 0 {
        return PASS;
    }
    if socket::awaits_first_byte(sk) == Some(segment.sequence)
        && ear.claim()
        && let Some(count) = packet::beginning(&ctx, &segment, &mut ear.beginning)
    {
        let greeting = ear.beginning.read::<Kernel>(count);
        ear.hear(greeting);
    }
    PASS
}
