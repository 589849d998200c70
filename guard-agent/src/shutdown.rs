//! Who stops whom, in which order.
//!
//! 1. The socket file goes: no client can be told that it is guarded any more.
//! 2. Open connections end (they watch `stopping`), then the server's task.
//! 3. What the ring buffer holds is recorded, so that nothing already judged is
//!    missing from the journal.
//! 4. Sockets that wait to be destroyed are destroyed.
//! 5. The kernel side: with `keep` links and maps stay pinned; with `detach`
//!    poisoned sockets are destroyed, then everything is taken away, and what the
//!    ring buffer got meanwhile is recorded.
//! 6. The journal writes what waits, the stop itself included, and closes.
//!
//! Clients and each look at the ring buffer have half a second, so this takes less
//! than two seconds. Sockets that cannot be destroyed at once take up to eight
//! more; a journal on a dead disk gives up after its own tries.

use crate::config::OnStop;
use crate::daemon::{Daemon, Inputs, Served};
use std::path::Path;
use std::time::Duration;

/// Time for clients to take their last answer.
const CLIENTS: Duration = Duration::from_millis(300);

/// Ends the daemon.
pub(crate) async fn end(daemon: Daemon, inputs: Inputs, served: Served, socket: &Path) {
    served.stop.send_replace(true);
    if let Err(error) = std::fs::remove_file(socket) {
        tracing::warn!(error = %error, "the socket file cannot be removed");
    }
    let served = tokio::time::timeout(CLIENTS, served.task).await;
    if served.is_err() {
        tracing::debug!("clients are cut off");
    }
    let enforcement = match daemon.on_stop() {
        OnStop::Keep => "keeps",
        OnStop::Detach => "ends",
    };
    daemon.close(inputs, enforcement);
    tracing::info!(enforcement, "stopped");
}
