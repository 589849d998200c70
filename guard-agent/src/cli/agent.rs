//! `guard-agent`.

use crate::config::{OnStop, Overrides};
use clap::{Args, Parser, Subcommand};
use std::path::PathBuf;

/// Judges program starts, connections and database statements of guarded
/// processes in the kernel, before they take effect.
#[derive(Debug, Parser)]
#[command(name = "guard-agent", version, after_help = EXIT_CODES)]
pub struct Agent {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Exit codes, for both programs' help.
pub const EXIT_CODES: &str = "Exit codes: 0 done or yes, 1 failed, 2 wrong usage, 3 policy or \
configuration not valid, 4 daemon not reachable, 5 this kernel lacks something required, 10 the \
answer is no.";

/// Verbs of `guard-agent`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the daemon until SIGTERM or SIGINT; SIGHUP loads the policy again.
    Run(Settings),
    /// Check configuration and policy, say what is wrong, and exit.
    Check(Settings),
}

/// Where things are. A flag wins over the environment, that over the file.
#[derive(Debug, Args)]
pub struct Settings {
    /// Configuration file; /etc/guard/guard.yaml where it exists.
    #[arg(long, value_name = "FILE", env = "GUARD_CONFIG")]
    pub config: Option<PathBuf>,
    /// Policy file, or folder of which every *.yaml is read; may be repeated.
    #[arg(
        long,
        value_name = "FILE|DIR",
        env = "GUARD_POLICY",
        value_delimiter = ':'
    )]
    pub policy: Vec<PathBuf>,
    /// Unix socket of the API.
    #[arg(long, value_name = "PATH", env = "GUARD_SOCKET")]
    pub socket: Option<PathBuf>,
    /// SQLite file of the journal.
    #[arg(long, value_name = "FILE", env = "GUARD_JOURNAL")]
    pub journal: Option<PathBuf>,
    /// Folder on a BPF file system for pinned links and maps.
    #[arg(long, value_name = "DIR", env = "GUARD_PIN_DIR")]
    pub pin_dir: Option<PathBuf>,
    /// Cgroup (v2) whose sockets are judged; the root by default.
    #[arg(long, value_name = "DIR", env = "GUARD_SCOPE")]
    pub scope: Option<PathBuf>,
    /// Whether enforcement goes on when the daemon stops.
    #[arg(long, value_name = "WHAT", env = "GUARD_ON_STOP")]
    pub on_stop: Option<OnStop>,
    /// Size of the ring buffer, a power of two.
    #[arg(long, value_name = "KIB", env = "GUARD_RING_KIB")]
    pub ring_kib: Option<u32>,
    /// What to log: error, warn, info, debug, or a filter per module.
    #[arg(long, value_name = "FILTER", env = "GUARD_LOG", default_value = "info")]
    pub log: String,
    /// How to log.
    #[arg(
        long,
        value_name = "FORM",
        env = "GUARD_LOG_FORMAT",
        default_value = "text"
    )]
    pub log_format: LogFormat,
}

/// Forms of log lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Settings {
    /// The values that win over the file.
    #[must_use]
    pub fn overrides(&self) -> Overrides {
        Overrides {
            socket: self.socket.clone(),
            journal: self.journal.clone(),
            pin_dir: self.pin_dir.clone(),
            policy: self.policy.clone(),
            scope: self.scope.clone(),
            on_stop: self.on_stop,
            ring_kib: self.ring_kib,
        }
    }
}
