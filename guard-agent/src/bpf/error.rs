//! What can go wrong between the agent and the kernel.

use super::offsets::OffsetError;
use aya::maps::MapError;
use aya::pin::PinError;
use aya::programs::ProgramError;
use std::io;
use std::path::{Path, PathBuf};

/// Why the kernel side could not be started, read or written.
#[derive(Debug, thiserror::Error)]
pub enum BpfError {
    /// The build had no BPF tools.
    #[error(
        "this build has no BPF object, nothing can be guarded: build again with BPF tools (`cargo xtask setup`)"
    )]
    NotBuilt,
    /// The scope is no cgroup of version 2.
    #[error("scope {path}: {reason}")]
    Scope {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it, and the remedy.
        reason: String,
    },
    /// Offsets of kernel structures.
    #[error(transparent)]
    Offsets(#[from] OffsetError),
    /// The object was refused as a whole.
    #[error("the BPF object does not load: {0}")]
    Load(#[source] aya::EbpfError),
    /// The verifier refused a program.
    #[error("program {name} does not load: {error}")]
    Program {
        /// Its name.
        name: &'static str,
        /// The kernel's words.
        error: ProgramError,
    },
    /// No socket to try the storage with.
    #[error("no socket can be made on 127.0.0.1 to try the storage of sockets with: {0}")]
    Sockets(#[source] io::Error),
    /// The kernel gives sockets no storage of this size.
    #[error("map {map}: this kernel gives a socket no storage of {bytes} bytes: {error}")]
    Storage {
        /// Its name.
        map: String,
        /// Bytes of a value.
        bytes: u32,
        /// The kernel's words.
        error: io::Error,
    },
    /// A program could not be attached.
    #[error("program {name} does not attach: {error}")]
    Attach {
        /// Its name.
        name: &'static str,
        /// The kernel's words.
        error: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The object lacks a program: agent and object are of different builds.
    #[error("the BPF object has no program {0}")]
    NoProgram(&'static str),
    /// The object or the pin folder lacks a map.
    #[error("there is no map {0}")]
    NoMap(&'static str),
    /// A map could not be read or written.
    #[error("map {name}: {error}")]
    Map {
        /// Its name.
        name: &'static str,
        /// The kernel's words.
        error: MapError,
    },
    /// A pin could not be made.
    #[error("{path}: {error}")]
    Pin {
        /// Where.
        path: PathBuf,
        /// The kernel's words.
        error: PinError,
    },
    /// What is pinned does not fit this agent.
    #[error("{path} holds a guard that this agent cannot take over: {reason}")]
    Adopt {
        /// The folder.
        path: PathBuf,
        /// Why, and the remedy.
        reason: String,
    },
    /// Another daemon runs with these pins.
    #[error("{}: another daemon uses these pins; stop it, or give this one a `pin_dir` of its own", .0.display())]
    InUse(PathBuf),
    /// A table is full.
    #[error("the {0} table is full")]
    Full(&'static str),
    /// Sessions are nested too deeply.
    #[error("sessions nest {0} deep already; a deeper one cannot be guarded")]
    TooDeep(usize),
    /// A session that is not there.
    #[error("no session {0:016x}")]
    NoSession(u64),
    /// A file or folder.
    #[error("{path}: {error}")]
    File {
        /// Which.
        path: PathBuf,
        /// The kernel's words.
        error: io::Error,
    },
    /// A socket could not be destroyed.
    #[error("destroying socket {cookie:x}: {error}")]
    Destroy {
        /// Its cookie.
        cookie: u64,
        /// The kernel's words.
        error: io::Error,
    },
}

impl BpfError {
    /// A failure at a path.
    pub(crate) fn file(path: &Path, error: io::Error) -> Self {
        Self::File {
            path: path.to_owned(),
            error,
        }
    }

    /// A failure of a map.
    pub(crate) fn map(name: &'static str) -> impl Fn(MapError) -> Self {
        move |error| Self::Map { name, error }
    }
}
