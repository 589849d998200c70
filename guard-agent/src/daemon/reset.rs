//! Ends poisoned sockets, beside the loop: a destroy must not wait for records.

use super::kernel::Kernel;
use crate::metrics::Resets;
use guard_common::abi::event::Poisoned;
use std::io;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Sockets that may wait.
const QUEUE: usize = 4096;
/// Tries for one socket, and the pause between them.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(10);
/// Time for those that wait when the daemon stops.
const AT_END: Duration = Duration::from_secs(4);

/// The way to the thread.
pub struct Queue {
    sender: Option<SyncSender<Poisoned>>,
    thread: Option<JoinHandle<()>>,
    resets: Arc<Resets>,
    /// When the thread must end; set once the daemon stops.
    deadline: Arc<OnceLock<Instant>>,
}

impl Queue {
    /// Starts the thread.
    ///
    /// # Errors
    /// No thread can be made.
    pub fn start(kernel: Kernel) -> io::Result<Self> {
        let (sender, receiver) = sync_channel(QUEUE);
        let resets = Arc::new(Resets::default());
        let counts = Arc::clone(&resets);
        let deadline = Arc::new(OnceLock::new());
        let ends = Arc::clone(&deadline);
        let thread = std::thread::Builder::new()
            .name("reset".to_owned())
            .spawn(move || run(&kernel, &receiver, &counts, &ends))?;
        Ok(Self {
            sender: Some(sender),
            thread: Some(thread),
            resets,
            deadline,
        })
    }

    /// Asks for one socket to be destroyed.
    pub fn push(&self, socket: Poisoned) {
        let sent = self
            .sender
            .as_ref()
            .is_some_and(|sender| sender.try_send(socket).is_ok());
        if !sent {
            self.resets.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What came of them.
    #[must_use]
    pub fn resets(&self) -> &Resets {
        &self.resets
    }

    /// Ends the thread after what waits is done, each socket tried once.
    pub fn close(&mut self) {
        self.deadline.get_or_init(|| Instant::now() + AT_END);
        self.sender = None;
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            tracing::error!("the thread that destroys sockets has panicked");
        }
    }
}

fn run(kernel: &Kernel, queue: &Receiver<Poisoned>, resets: &Resets, deadline: &OnceLock<Instant>) {
    for socket in queue {
        if deadline.get().is_some_and(|end| Instant::now() > *end) {
            resets.dropped.fetch_add(1, Ordering::Relaxed);
            continue;
        }
        let mut attempt = 1;
        loop {
            let destroyed = kernel.lock().destroy(&socket);
            match destroyed {
                Ok(()) => {
                    resets.destroyed.fetch_add(1, Ordering::Relaxed);
                    break;
                }
                Err(error) if attempt == TRIES || deadline.get().is_some() => {
                    tracing::error!(error = %error, "a poisoned socket cannot be destroyed");
                    resets.failed.fetch_add(1, Ordering::Relaxed);
                    break;
                }
                Err(_) => {
                    attempt += 1;
                    std::thread::sleep(PAUSE);
                }
            }
        }
    }
}
