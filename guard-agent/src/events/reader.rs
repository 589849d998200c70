//! Reads the ring buffer without waiting on it.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::time::Duration;
use tokio::io::unix::AsyncFd;
use tokio::time::{Interval, MissedTickBehavior};

/// Records taken at once, so that other work gets its turn.
pub const BATCH: usize = 512;

/// The kernel wakes the daemon at once only for what somebody waits for; this is
/// how long the other records wait. It costs 50 system-call-free looks a second.
const LOOK: Duration = Duration::from_millis(20);

/// A queue of records with a file descriptor that becomes readable.
pub trait Ring: Send {
    /// What becomes readable.
    fn fd(&self) -> BorrowedFd<'_>;
    /// Gives the next record to `read`; false when there is none.
    fn next(&mut self, read: &mut dyn FnMut(&[u8])) -> bool;
}

/// A [`Ring`] as `AsyncFd` wants it.
struct Source(Box<dyn Ring>);

impl AsFd for Source {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.fd()
    }
}

impl AsRawFd for Source {
    fn as_raw_fd(&self) -> RawFd {
        self.0.fd().as_raw_fd()
    }
}

/// Reads records in batches.
pub struct Reader {
    ring: AsyncFd<Source>,
    look: Interval,
}

impl Reader {
    /// Wraps a ring; needs a running tokio runtime.
    ///
    /// # Errors
    /// The descriptor cannot be waited on.
    pub fn new(ring: Box<dyn Ring>) -> io::Result<Self> {
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        #[expect(
            deprecated,
            reason = "`register` is unsafe; the ring keeps its descriptor"
        )]
        let ring = AsyncFd::new(Source(ring))?;
        Ok(Self { ring, look })
    }

    /// Waits until there are records and gives some of them. Nothing is lost
    /// when the future is dropped: it takes records only in its last step.
    ///
    /// # Errors
    /// The descriptor cannot be waited on any more.
    pub async fn batch(&mut self) -> io::Result<Vec<Box<[u8]>>> {
        let mut ready = tokio::select! {
            ready = self.ring.readable_mut() => ready?,
            _ = self.look.tick() => return Ok(self.rest()),
        };
        let records = take(&mut *ready.get_inner_mut().0);
        if records.len() < BATCH {
            ready.clear_ready();
        }
        Ok(records)
    }

    /// Gives what is there now.
    pub fn rest(&mut self) -> Vec<Box<[u8]>> {
        take(&mut *self.ring.get_mut().0)
    }
}

fn take(ring: &mut dyn Ring) -> Vec<Box<[u8]>> {
    let mut records = Vec::new();
    while records.len() < BATCH {
        let mut read = |record: &[u8]| records.push(record.into());
        if !ring.next(&mut read) {
            break;
        }
    }
    records
}
