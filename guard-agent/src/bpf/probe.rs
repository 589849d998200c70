//! What this kernel can enforce, found out by trying: every program goes
//! through the verifier, none is attached.

use super::object::{self, VOICE};
use aya::programs::{LsmAttachType, ProgramType};
use aya::sys::is_program_supported;
use serde::Serialize;

/// What one kind of action is enforced by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Answer {
    /// The action: `session`, `exec`, `connect`, `statement` …
    pub action: &'static str,
    /// The mechanism that was tried.
    pub by: &'static str,
    /// Whether it works here.
    pub works: bool,
    /// Whether Guard can do its work without it.
    pub optional: bool,
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

/// An action, the mechanism in words, and the programs that it is made of.
const MAIN: [(&str, &str, &[&str]); 5] = [
    (
        "session",
        "raw tracepoints sched_process_fork, _exit",
        &["sched_process_fork", "sched_process_exit"],
    ),
    (
        "exec",
        "raw tracepoint sched_process_exec, SIGKILL",
        &["sched_process_exec"],
    ),
    (
        "connect",
        "cgroup/connect4, connect6, sendmsg4, sendmsg6",
        &["connect4", "connect6", "sendmsg4", "sendmsg6"],
    ),
    (
        "statement over TCP",
        "cgroup_skb/egress, SOCK_DESTROY",
        &["guard_authority"],
    ),
    (
        "errors for refused statements",
        "sockops, sk_msg",
        &["guard_sockops", VOICE],
    ),
];

/// What nothing here enforces.
const UNIX_ACTION: &str = "statement over a unix socket";

/// Tries every mechanism. Needs root; without it the notes say so.
#[must_use]
pub fn probe() -> Probe {
    let results = object::try_programs();
    let mut answers: Vec<Answer> = MAIN
        .iter()
        .map(|&(action, by, programs)| {
            let failure = match &results {
                Ok(results) => results
                    .iter()
                    .filter(|(name, _)| programs.contains(name))
                    .find_map(|(_, result)| result.as_ref().err()),
                Err(error) => Some(error),
            };
            Answer {
                action,
                by,
                works: failure.is_none(),
                optional: false,
                note: failure.map(reason).unwrap_or_default(),
            }
        })
        .collect();
    answers.push(unix_sockets());
    Probe {
        kernel: rustix::system::uname()
            .release()
            .to_string_lossy()
            .into_owned(),
        built: object::is_built(),
        answers,
    }
}

/// Statements over unix sockets would need BPF LSM, which no program of this
/// version uses.
fn unix_sockets() -> Answer {
    let kernel = match is_program_supported(ProgramType::Lsm(LsmAttachType::Mac)) {
        Ok(true) => "this kernel takes LSM programs, but this version of Guard has none",
        Ok(false) => "this kernel refuses LSM programs",
        Err(_) => "whether this kernel takes LSM programs could not be tried",
    };
    Answer {
        action: UNIX_ACTION,
        by: "LSM socket_sendmsg",
        works: false,
        optional: true,
        note: format!("{kernel}; a policy with a statement rule on a unix: endpoint is refused"),
    }
}

/// An error as one line, with its causes.
fn reason(error: &super::BpfError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let words = inner.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        cause = inner.source();
    }
    if !rustix::process::geteuid().is_root() {
        text.push_str(" (run as root to find out)");
    }
    // The verifier's log is for developers; its first line says what failed.
    text.lines().next().unwrap_or_default().to_owned()
}
