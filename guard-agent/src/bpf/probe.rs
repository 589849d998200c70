//! What this kernel can enforce, found out by trying: every program goes
//! through the verifier, none is attached.

use super::object::{self, Tried, VOICE};
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

/// What the kernel's verifier said of one program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Name of the program.
    pub program: &'static str,
    /// Whether it loads.
    pub loads: bool,
    /// Instructions that the verifier went through; the kernel's limit is a
    /// million. `None` where it does not say (before 5.16).
    pub instructions: Option<u32>,
    /// The refusal with all its causes.
    pub refusal: Option<String>,
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
    /// Every program, in the order in which they are attached.
    pub programs: Vec<Verified>,
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
                    .filter(|tried| programs.contains(&tried.name))
                    .find_map(|tried| tried.result.as_ref().err()),
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
    answers.extend(beyond_reach());
    Probe {
        kernel: rustix::system::uname()
            .release()
            .to_string_lossy()
            .into_owned(),
        built: object::is_built(),
        answers,
        programs: results.iter().flatten().map(verified).collect(),
    }
}

/// What is told of one program.
fn verified(tried: &Tried) -> Verified {
    Verified {
        program: tried.name,
        loads: tried.result.is_ok(),
        instructions: tried.result.as_ref().ok().copied().flatten(),
        refusal: tried.result.as_ref().err().map(whole_reason),
    }
}

/// What is not enforced although every program loads. Where Guard runs, the
/// programs have loaded: this is then all that there is to say.
#[must_use]
pub fn beyond_reach() -> Vec<Answer> {
    vec![unix_sockets()]
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
    // The verifier's log is for developers; its first line says what failed.
    let text = whole_reason(error);
    text.lines().next().unwrap_or_default().to_owned()
}

/// An error with its causes.
fn whole_reason(error: &super::BpfError) -> String {
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
    text
}
