//! The daemon's API: HTTP/1.1 and JSON on a unix socket.
//!
//! [`peer`] says who asks, [`permit`] what they may, [`server`] reads requests,
//! and the daemon's loop answers them; [`stream`] reads the journal on its own.

pub mod message;
pub mod peer;
pub mod permit;
pub mod server;
mod stream;

use crate::daemon::kernel::Kernel;
use crate::exit::Exit;
use message::{DisarmBody, SessionBody};
use peer::Peer;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot, watch};

/// A request for the daemon's loop.
#[derive(Debug)]
pub enum Request {
    /// Open a session for the peer.
    Register(SessionBody),
    /// Who is guarded.
    Sessions,
    /// How the daemon does.
    Status,
    /// The live rules.
    Rules,
    /// Load the policy again.
    Reload,
    /// Enforce nothing for a while.
    Disarm(DisarmBody),
    /// Enforce again.
    Arm,
}

/// A request, who makes it, and where the answer goes.
#[derive(Debug)]
pub struct Call {
    /// Who asks.
    pub peer: Peer,
    /// What for.
    pub request: Request,
    /// The answer's way back.
    pub reply: oneshot::Sender<Answer>,
}

/// JSON, or why not.
pub type Answer = Result<serde_json::Value, Refusal>;

/// Why a request is not fulfilled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// What `guardctl` ends with.
    pub exit: Exit,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Refusal {
    /// The request itself is wrong.
    #[must_use]
    pub fn bad(message: impl Into<String>) -> Self {
        Self::new(400, Exit::Usage, message)
    }

    /// The peer may not ask this.
    #[must_use]
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(403, Exit::Failed, message)
    }

    /// Guard failed.
    #[must_use]
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(500, Exit::Failed, message)
    }

    /// Any other.
    #[must_use]
    pub fn new(status: u16, exit: Exit, message: impl Into<String>) -> Self {
        Self {
            status,
            exit,
            message: message.into(),
            help: None,
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// What connections share.
#[derive(Clone)]
pub struct Shared {
    /// To look up who is guarded.
    pub kernel: Kernel,
    /// The daemon's loop.
    pub calls: mpsc::Sender<Call>,
    /// The journal's file.
    pub journal: PathBuf,
    /// The journal's id.
    pub journal_id: Arc<str>,
    /// Number of the journal's last row.
    pub head: watch::Receiver<u64>,
    /// Who has rights besides root.
    pub access: permit::Access,
    /// Turns true when the daemon stops.
    pub stopping: watch::Receiver<bool>,
}
