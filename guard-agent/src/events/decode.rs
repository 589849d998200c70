//! Bytes of the ring buffer to events; every byte is doubted.

use guard_common::abi::ABI_VERSION;
use guard_common::abi::event::{
    Connect, EVENT_CONNECT, EVENT_EXEC, EVENT_POISONED, EVENT_SESSION_BEGIN, EVENT_SESSION_END,
    EVENT_STATEMENT, Exec, Header, Poisoned, SessionChange, Statement,
};
use guard_common::limits::{ARGV_BYTES, PATH_BYTES};
use guard_common::verdict::Decision;
use std::mem::offset_of;
use zerocopy::FromBytes;

/// CPUs that a record may name; Linux is built for at most 8,192.
const MAX_CPUS: u32 = 8_192;

/// Bytes of an exec record in front of its arguments.
const EXEC_HEAD: usize = offset_of!(Exec, argv);

/// One event of the kernel.
#[derive(Clone, Debug)]
pub enum Event {
    /// A guarded program start.
    Exec(Start),
    /// A connection attempt.
    Connect(Connect),
    /// A judged message.
    Statement(Box<Statement>),
    /// A socket that is to be destroyed.
    Poisoned(Poisoned),
    /// The kernel opened a session.
    SessionBegin(SessionChange),
    /// A session has lost its last task.
    SessionEnd(SessionChange),
}

/// A guarded program start, without the unused rest of its buffers.
#[derive(Clone, Debug)]
pub struct Start {
    /// Header.
    pub header: Header,
    /// Decision.
    pub decision: Decision,
    /// Cgroup id of the task.
    pub cgroup: u64,
    /// Thread group of the parent.
    pub parent: u32,
    /// [`guard_common::verdict::Effect`].
    pub effect: u32,
    /// `ARGV_*` bits.
    pub argv_flags: u32,
    /// The program as the kernel names it.
    pub path: Vec<u8>,
    /// Arguments, each followed by NUL.
    pub argv: Vec<u8>,
}

/// Why a record cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doubt {
    /// Shorter than a header.
    Short,
    /// Of another version of the shared types.
    Version,
    /// The length in the header is not the length of the record.
    Length,
    /// A CPU that cannot exist.
    Cpu,
    /// A kind this program does not know.
    Kind,
    /// The length does not fit the kind, or an inner length its buffer.
    Body,
}

impl Doubt {
    /// All doubts, in the order of their numbers.
    pub const ALL: [Self; 6] = [
        Self::Short,
        Self::Version,
        Self::Length,
        Self::Cpu,
        Self::Kind,
        Self::Body,
    ];

    /// The word in status output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Short => "short",
            Self::Version => "version",
            Self::Length => "length",
            Self::Cpu => "cpu",
            Self::Kind => "kind",
            Self::Body => "body",
        }
    }
}

/// Reads the header of a record and checks it.
///
/// # Errors
/// The record cannot be used; nothing in it is to be believed.
pub fn header(bytes: &[u8]) -> Result<Header, Doubt> {
    let (header, _) = Header::read_from_prefix(bytes).map_err(|_short| Doubt::Short)?;
    if u32::from(header.version) != ABI_VERSION {
        return Err(Doubt::Version);
    }
    if usize::try_from(header.length) != Ok(bytes.len()) {
        return Err(Doubt::Length);
    }
    if header.cpu >= MAX_CPUS {
        return Err(Doubt::Cpu);
    }
    Ok(header)
}

/// Reads the body of a record whose header is checked.
///
/// # Errors
/// The kind is unknown or the body does not fit it.
pub fn body(header: &Header, bytes: &[u8]) -> Result<Event, Doubt> {
    match header.kind {
        EVENT_EXEC => exec(bytes).map(Event::Exec),
        EVENT_CONNECT => whole(bytes).map(Event::Connect),
        EVENT_STATEMENT => whole(bytes).map(Box::new).map(Event::Statement),
        EVENT_POISONED => whole(bytes).map(Event::Poisoned),
        EVENT_SESSION_BEGIN => whole(bytes).map(Event::SessionBegin),
        EVENT_SESSION_END => whole(bytes).map(Event::SessionEnd),
        _ => Err(Doubt::Kind),
    }
}

fn whole<T: FromBytes>(bytes: &[u8]) -> Result<T, Doubt> {
    T::read_from_bytes(bytes).map_err(|_size| Doubt::Body)
}

/// The record of a program start ends with its arguments, so it is shorter than
/// its type; what is missing is read as zeros.
fn exec(bytes: &[u8]) -> Result<Start, Doubt> {
    let (head, argv) = bytes.split_at_checked(EXEC_HEAD).ok_or(Doubt::Body)?;
    if argv.len() > ARGV_BYTES {
        return Err(Doubt::Body);
    }
    let mut padded = vec![0; size_of::<Exec>()];
    padded
        .get_mut(..EXEC_HEAD)
        .ok_or(Doubt::Body)?
        .copy_from_slice(head);
    let exec = Exec::read_from_bytes(&padded).map_err(|_size| Doubt::Body)?;
    let path_len = usize::try_from(exec.path_len).unwrap_or(usize::MAX);
    let argv_len = usize::try_from(exec.argv_len).unwrap_or(usize::MAX);
    if path_len > PATH_BYTES || argv_len > argv.len() {
        return Err(Doubt::Body);
    }
    Ok(Start {
        header: exec.header,
        decision: exec.decision,
        cgroup: exec.cgroup,
        parent: exec.parent,
        effect: exec.effect,
        argv_flags: exec.argv_flags,
        path: exec.path.get(..path_len).unwrap_or_default().to_vec(),
        argv: argv.get(..argv_len).unwrap_or_default().to_vec(),
    })
}

#[cfg(test)]
mod tests;
