//! What this kernel can enforce, found out by trying: every program goes
//! through the verifier, none is attached, and a socket of our own gets the storage
//! of a guarded one.

use super::object::{self, Tried, VOICE};
use super::storage;
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

/// What the kernel said of one map that keeps state with sockets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Stored {
    /// Name of the map.
    pub map: String,
    /// Bytes of a value.
    pub bytes: u32,
    /// Whether a socket gets one.
    pub works: bool,
    /// The refusal.
    pub refusal: Option<String>,
}

/// All answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Probe {
    /// Release of the kernel.
    pub kernel: String,
    /// Whether this build has a BPF object.
    pub built: bool,
    /// Nothing could be tried: the kernel lets only root try.
    pub denied: bool,
    /// One answer for each action and mechanism.
    pub answers: Vec<Answer>,
    /// Every program, in the order in which they are attached.
    pub programs: Vec<Verified>,
    /// Every map that keeps state with sockets.
    pub storage: Vec<Stored>,
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
        STORED_ACTION,
        "cgroup_skb/egress and ingress, SOCK_DESTROY",
        &["guard_authority", "guard_hearing"],
    ),
    (
        "errors for refused statements",
        "sockops, sk_msg",
        &["guard_sockops", VOICE],
    ),
];

/// The action that needs storage of sockets.
const STORED_ACTION: &str = "statement over TCP";

/// What nothing here enforces.
const UNIX_ACTION: &str = "statement over a unix socket";

/// Tries every mechanism. Needs root; without it nothing is known.
#[must_use]
pub fn probe() -> Probe {
    let (results, stored) = match object::try_all() {
        Ok((results, stored)) => (Ok(results), stored.iter().map(kept).collect()),
        Err(error) => (Err(error), Vec::new()),
    };
    let lacking = |action| {
        let lacks = |stored: &&Stored| action == STORED_ACTION && !stored.works;
        stored.iter().find(lacks).map(no_storage)
    };
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
            let failure = failure.map(reason).or_else(|| lacking(action));
            Answer {
                action,
                by,
                works: failure.is_none(),
                optional: false,
                note: failure.unwrap_or_default(),
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
        denied: object::is_built() && results.is_err() && !rustix::process::geteuid().is_root(),
        answers,
        programs: results.iter().flatten().map(verified).collect(),
        storage: stored,
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

/// What is told of one map.
fn kept(tried: &storage::Tried) -> Stored {
    Stored {
        map: tried.map.clone(),
        bytes: tried.bytes,
        works: tried.result.is_ok(),
        refusal: tried.result.as_ref().err().map(ToString::to_string),
    }
}

/// Why statements cannot be judged although the programs load.
fn no_storage(stored: &Stored) -> String {
    let Stored {
        map,
        bytes,
        refusal,
        ..
    } = stored;
    let refusal = refusal.as_deref().unwrap_or_default();
    format!("{map}: this kernel gives a socket no storage of {bytes} bytes: {refusal}")
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
    text
}
