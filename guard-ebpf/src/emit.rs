//! The way out: every record of the ring buffer starts and ends here.

use crate::kernel::{clock, task};
use crate::maps;
use guard_common::abi::ABI_VERSION;
use guard_common::abi::event::{Header, Poisoned};
use guard_common::fault::Fault;
use zerocopy::{FromBytes, IntoBytes};

/// Who and what a record is about.
#[derive(Clone, Copy)]
pub(crate) struct Origin {
    /// Session id, or 0.
    pub(crate) session: u64,
    /// Policy epoch of the decision.
    pub(crate) epoch: u64,
    /// Thread group.
    pub(crate) tgid: u32,
    /// Thread.
    pub(crate) tid: u32,
    /// User.
    pub(crate) uid: u32,
}

impl Origin {
    /// The current task as the origin.
    #[inline(always)]
    pub(crate) fn current(session: u64, epoch: u64) -> Self {
        Self {
            session,
            epoch,
            tgid: task::current_tgid(),
            tid: task::current_tid(),
            uid: task::current_uid(),
        }
    }
}

/// Fills the header of a record of `kind` with `length` bytes.
///
/// Takes the next number of this CPU, so it is called exactly once for each
/// record, also for one that turns out to be lost. A program that interrupts
/// another on the same CPU can put its record first: neighbouring numbers may
/// swap places in the ring buffer.
#[inline(always)]
pub(crate) fn header(kind: u16, length: u32, origin: Origin) -> Header {
    Header {
        time_ns: clock::boot_ns(),
        number: maps::next_number(),
        session: origin.session,
        epoch: origin.epoch,
        length,
        cpu: clock::cpu(),
        tgid: origin.tgid,
        tid: origin.tid,
        uid: origin.uid,
        kind,
        version: ABI_VERSION as u16,
    }
}

/// Writes one record of fixed size, which `fill` makes from its header.
///
/// When the ring buffer is full the record is lost, its number is used and
/// [`Fault::RingFull`] is counted. `urgent`: see [`maps::wakeup`].
#[inline(always)]
pub(crate) fn put<T: 'static>(
    kind: u16,
    origin: Origin,
    urgent: bool,
    fill: impl FnOnce(Header) -> T,
) {
    let header = header(kind, size_of::<T>() as u32, origin);
    let Some(mut entry) = maps::reserve::<T>() else {
        maps::count_fault(Fault::RingFull);
        return;
    };
    entry.write(fill(header));
    entry.submit(maps::wakeup(urgent));
}

/// The same for a record that is too large for the stack: `fill` writes all of it
/// but the header, where it begins.
#[inline(always)]
pub(crate) fn put_in_place<T: FromBytes + 'static>(
    kind: u16,
    origin: Origin,
    urgent: bool,
    fill: impl FnOnce(&mut T),
) {
    let header = header(kind, size_of::<T>() as u32, origin);
    let Some(mut entry) = maps::reserve::<T>() else {
        maps::count_fault(Fault::RingFull);
        return;
    };
    let record = entry.as_mut_ptr();
    // SAFETY: memory of a whole record that nobody else sees before it is
    // submitted; any bytes are one.
    fill(unsafe { &mut *record });
    // SAFETY: a record begins with its header.
    unsafe { record.cast::<Header>().write(header) };
    entry.submit(maps::wakeup(urgent));
}

/// Sends a record that was put together in map memory.
///
/// `record` begins with the header that [`header`] made. `urgent`: the agent has
/// to act on it, or a person waits for it.
#[inline(always)]
pub(crate) fn send(record: &[u8], urgent: bool) {
    if !maps::output(record, urgent) {
        maps::count_fault(Fault::RingFull);
    }
}

/// Sends the record of a poisoned socket.
#[inline(always)]
pub(crate) fn send_poisoned(record: &Poisoned) {
    send(record.as_bytes(), true);
}
