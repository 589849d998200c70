//! The journal: every record in one SQLite file, numbered without holes.
//!
//! One thread writes, in groups; readers have connections of their own. What
//! finds no room in the queue, or no room on the disk, is counted and becomes a
//! gap record as soon as a row can be written again.

mod query;
mod schema;
mod writer;

pub use query::{Filter, Page, Reader};

use crate::decision::Record;
use crate::sessions::Identity;
use schema::Store;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use tokio::sync::watch;

/// Why the journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The folder or lock file cannot be made.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Another daemon writes this journal.
    #[error("{}: another daemon writes this journal", .0.display())]
    Locked(PathBuf),
    /// The file was written by a later version.
    #[error("{}: schema version {found} is not known; this program writes {}", path.display(), schema::VERSION)]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u32,
    },
    /// SQLite refused.
    #[error("{}: {source}", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
}

impl JournalError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self {
            Self::Locked(_) => "stop that daemon, or give this one a `journal` of its own",
            Self::Version { .. } => "run the later version of Guard, or name another `journal`",
            Self::File { .. } | Self::Sqlite { .. } => {
                "`journal` is a file of Guard's own, on a disk with room that root may write"
            }
        }
    }
}

/// Last number that was read of a CPU, or none.
pub type Cursor = Option<(u32, u64)>;

/// What the writer is asked to store.
enum Message {
    Record(Record, Cursor),
    Cursor(u32, u64),
    ForgetCursors,
    Remember(u64, Box<Identity>),
    Forget(u64),
    Policy(u64, Arc<str>),
    Close,
}

/// What happened to records.
#[derive(Debug, Default)]
pub struct Counters {
    /// Stored.
    pub written: AtomicU64,
    /// Found no room in the queue.
    pub lost_queue: AtomicU64,
    /// Could not be written to the disk.
    pub lost_disk: AtomicU64,
    /// Losses of the queue that no gap record tells of yet.
    untold_queue: AtomicU64,
}

/// What an earlier daemon left.
pub struct Past {
    /// Last number read of each CPU.
    pub cursors: Vec<(u32, u64)>,
    /// Identities of sessions that had not ended.
    pub identities: HashMap<u64, Identity>,
    /// Hash of each policy that was live, by epoch.
    pub policies: Vec<(u64, String)>,
}

/// Writes records; cheap to use, never waits.
pub struct Journal {
    path: PathBuf,
    id: Arc<str>,
    queue: SyncSender<Message>,
    head: watch::Receiver<u64>,
    counters: Arc<Counters>,
    thread: Option<JoinHandle<()>>,
}

impl Journal {
    /// Opens or makes the file and starts the writer. `queue` records may wait.
    ///
    /// # Errors
    /// The file cannot be used, or another daemon uses it.
    pub fn open(path: &Path, queue: usize) -> Result<(Self, Past), JournalError> {
        let store = Store::open(path)?;
        let past = store.past()?;
        let id = store.id()?;
        let last = store.last()?;
        let (sender, receiver) = sync_channel(queue);
        let (head_out, head) = watch::channel(last);
        let counters = Arc::new(Counters::default());
        let writer = writer::Writer::new(store, last, head_out, Arc::clone(&counters), queue);
        let thread = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || writer.run(&receiver))
            .map_err(|source| JournalError::File {
                path: path.to_owned(),
                source,
            })?;
        let journal = Self {
            path: path.to_owned(),
            id: id.into(),
            queue: sender,
            head,
            counters,
            thread: Some(thread),
        };
        Ok((journal, past))
    }

    /// Stores a record, and with it how far the ring buffer is read.
    pub fn write(&self, record: Record, cursor: Cursor) {
        let waits = record.can_wait();
        if !self.send(Message::Record(record, cursor)) {
            self.counters.lost_queue.fetch_add(1, Ordering::Relaxed);
            self.counters.untold_queue.fetch_add(1, Ordering::Relaxed);
        }
        if !waits && let Some(thread) = &self.thread {
            thread.thread().unpark();
        }
    }

    /// Stores how far the ring buffer is read, for an event without a record.
    pub fn passed(&self, cpu: u32, number: u64) {
        self.send(Message::Cursor(cpu, number));
    }

    /// Keeps which policy an epoch was, for records that a later daemon reads.
    pub fn policy(&self, epoch: u64, sha256: Arc<str>) {
        self.send(Message::Policy(epoch, sha256));
    }

    /// The kernel's numbers and epochs start again.
    pub fn forget_cursors(&self) {
        self.send(Message::ForgetCursors);
    }

    /// Keeps a session's identity for a daemon that starts later.
    pub fn remember(&self, id: u64, identity: &Identity) {
        self.send(Message::Remember(id, Box::new(identity.clone())));
    }

    /// Drops a session's identity.
    pub fn forget(&self, id: u64) {
        self.send(Message::Forget(id));
    }

    fn send(&self, message: Message) -> bool {
        match self.queue.try_send(message) {
            Ok(()) => true,
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => false,
        }
    }

    /// Number of the last row; changes when rows are added.
    #[must_use]
    pub fn head(&self) -> watch::Receiver<u64> {
        self.head.clone()
    }

    /// Id of this file: a cursor of another file means nothing here.
    #[must_use]
    pub fn id(&self) -> Arc<str> {
        Arc::clone(&self.id)
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What happened to records.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Writes what waits and closes the file.
    pub fn close(mut self) {
        let close = self.queue.send(Message::Close);
        if let (Ok(()), Some(thread)) = (close, self.thread.take()) {
            thread.thread().unpark();
            if thread.join().is_err() {
                tracing::error!("the journal's thread has panicked");
            }
        }
    }
}

#[cfg(test)]
mod tests;
