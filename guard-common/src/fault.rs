//! Everything of our own that can go wrong in the kernel.

/// A failure of Guard itself, not of the guarded program. Each is counted in
/// the `guard_faults` map under its number; the answer to the action is the
/// policy's `on_fault`.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A record found no room in the ring buffer: one decision is not recorded.
    RingFull = 0,
    /// The task table is full: a child could not inherit its session.
    TasksFull = 1,
    /// The session table is full: a program start could not open a session.
    SessionsFull = 2,
    /// No memory for a socket's state: its connect is refused.
    SocketState = 3,
    /// Guest memory (argv, path) could not be read.
    Unreadable = 4,
    /// The policy tables are missing or name a slot that does not exist.
    NoPolicy = 5,
    /// Bytes of a stream are missing or out of order.
    StreamGap = 6,
    /// A packet could not be parsed or copied.
    Packet = 7,
    /// The client's error could not be written; the connection is destroyed.
    Voice = 8,
    /// A socket could not be put into the voice's map; it is guarded by the
    /// authority alone.
    SockHash = 9,
    /// The session of a task or socket is unknown.
    NoSession = 10,
    /// A loop ended at its bound instead of at the end of the data.
    Bound = 11,
}

impl Fault {
    /// Number of faults: the size of the counter array.
    pub const COUNT: usize = 12;

    /// All faults, in the order of their numbers.
    pub const ALL: [Self; Self::COUNT] = [
        Self::RingFull,
        Self::TasksFull,
        Self::SessionsFull,
        Self::SocketState,
        Self::Unreadable,
        Self::NoPolicy,
        Self::StreamGap,
        Self::Packet,
        Self::Voice,
        Self::SockHash,
        Self::NoSession,
        Self::Bound,
    ];

    /// The label of this fault in metrics and status output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RingFull => "ring-full",
            Self::TasksFull => "tasks-full",
            Self::SessionsFull => "sessions-full",
            Self::SocketState => "socket-state",
            Self::Unreadable => "unreadable",
            Self::NoPolicy => "no-policy",
            Self::StreamGap => "stream-gap",
            Self::Packet => "packet",
            Self::Voice => "voice",
            Self::SockHash => "sock-hash",
            Self::NoSession => "no-session",
            Self::Bound => "bound",
        }
    }
}
