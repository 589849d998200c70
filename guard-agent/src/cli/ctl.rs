//! `guardctl`.

use super::agent::EXIT_CODES;
use crate::config::DEFAULT_SOCKET;
use crate::ctl::explain::ExplainArgs;
use crate::ctl::policy::CheckArgs;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::ffi::OsString;
use std::path::PathBuf;

/// Starts guarded sessions, shows what was decided, and steers the Guard daemon.
#[derive(Debug, Parser)]
#[command(name = "guardctl", version, after_help = EXIT_CODES)]
pub struct Ctl {
    /// Unix socket of the daemon.
    #[arg(long, global = true, value_name = "PATH", env = "GUARD_SOCKET", default_value = DEFAULT_SOCKET)]
    pub socket: PathBuf,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Verbs of `guardctl`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start a command in a new guarded session.
    ///
    /// guardctl registers itself and then becomes CMD, so input, output and exit
    /// status are CMD's own. When the daemon cannot guard it, nothing is started.
    /// Inside a session this opens one within it; what holds for the outer session
    /// goes on to hold.
    Run(Run),
    /// Show decisions, newest last.
    ///
    /// They come out of the journal. Filters are joined: a record must pass all of
    /// them. A gap (lost records) passes every filter, as nobody knows what was lost.
    Tail(Tail),
    /// Show how the daemon does: what it enforces, what it lost.
    Status(Form),
    /// Show who is guarded.
    Sessions(Form),
    /// Tell what policy says about an action, without a daemon.
    ///
    /// Ends with 0 when the action is allowed, with 10 when it is refused.
    Explain(ExplainArgs),
    /// Check policy files, show the live policy, or load it again.
    Policy(Policy),
    /// Find out what this kernel can enforce, and why not, without a daemon.
    ///
    /// Needs root: it loads every program, and attaches none. Ends with 5 when
    /// something required is missing.
    Probe(Form),
    /// Enforce nothing for a while: the emergency exit, for root.
    ///
    /// Decisions are still recorded, and so is this. It ends by itself, and is
    /// refused from inside a session.
    Disarm(Disarm),
    /// Enforce again before the time of `disarm` is over.
    Arm(Form),
    /// Print a completion script for a shell.
    Completions(Completions),
    /// Print the manual page.
    Man,
}

/// How to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people; may change.
    Text,
    /// For programs; versioned.
    Json,
}

/// How to print.
#[derive(Clone, Copy, Debug, Args)]
pub struct Form {
    /// text for people (may change), json for programs (versioned).
    #[arg(short, long, value_name = "FORM", default_value = "text")]
    pub output: Output,
}

/// Options of `guardctl run`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit code: that of CMD; 1 or 4 when it could not be guarded, 126 when it \
cannot be executed, 127 when it was not found."
)]
pub struct Run {
    /// Name of who acts, for example the agent's.
    #[arg(long, visible_alias = "name", value_name = "NAME")]
    pub agent: String,
    /// What the subject is.
    #[arg(long, value_name = "KIND", default_value = "agent")]
    pub kind: Kind,
    /// What it is started for; stands in every record.
    #[arg(long, value_name = "TEXT")]
    pub purpose: Option<String>,
    /// Ticket it is started for.
    #[arg(long, value_name = "ID")]
    pub ticket: Option<String>,
    /// A further label; may be repeated.
    #[arg(long, value_name = "K=V", value_parser = label)]
    pub label: Vec<(String, String)>,
    /// The command and its arguments.
    #[arg(
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "CMD"
    )]
    pub command: Vec<OsString>,
}

/// Kinds of subjects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// A program that acts by itself.
    Agent,
    /// A person.
    Human,
    /// A long-running program with fixed behaviour.
    Service,
}

impl Kind {
    /// The word of policy files and records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Human => "human",
            Self::Service => "service",
        }
    }
}

fn label(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() && !value.is_empty() => {
            Ok((key.to_owned(), value.to_owned()))
        }
        _ => Err("write KEY=VALUE".to_owned()),
    }
}

/// Options of `guardctl tail`.
#[derive(Debug, Args)]
pub struct Tail {
    /// Go on with what is decided from here on; survives a restart of the daemon
    /// without gap or repeat.
    #[arg(short, long)]
    pub follow: bool,
    /// How many to begin with; 20, or all of them with --since.
    #[arg(short = 'n', long, value_name = "N")]
    pub lines: Option<u32>,
    /// Only of this session.
    #[arg(long, value_name = "ID")]
    pub session: Option<String>,
    /// Only with this verdict; may be repeated.
    #[arg(long, value_name = "V", value_enum)]
    pub verdict: Vec<Verdict>,
    /// Only of this rule.
    #[arg(long, value_name = "R")]
    pub rule: Option<String>,
    /// Only about this dataset.
    #[arg(long, value_name = "D")]
    pub dataset: Option<String>,
    /// Not before this moment: 10m, 2h, 2026-01-31T12:00:00Z or 2026-01-31 12:00.
    #[arg(long, value_name = "T")]
    pub since: Option<String>,
    /// Also what happened to Guard itself: start, stop, policy, sessions, kills.
    #[arg(long)]
    pub lifecycle: bool,
    /// Form.
    #[command(flatten)]
    pub form: Form,
}

/// Verdicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the words of the policy, which documents them")]
pub enum Verdict {
    Allow,
    Audit,
    Hold,
    Rewrite,
    Block,
    Kill,
}

impl Verdict {
    /// The word of records.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Audit => "audit",
            Self::Hold => "hold",
            Self::Rewrite => "rewrite",
            Self::Block => "block",
            Self::Kill => "kill",
        }
    }
}

/// Verbs of `guardctl policy`.
#[derive(Debug, Args)]
pub struct Policy {
    /// What to do.
    #[command(subcommand)]
    pub command: PolicyCommand,
}

/// Verbs of `guardctl policy`.
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// Validate policy files, without a daemon.
    Check(CheckArgs),
    /// Show the live rules and how often each has matched.
    List(Form),
    /// Load the policy files again. A policy with a mistake changes nothing.
    Reload(Form),
}

/// Options of `guardctl disarm`.
#[derive(Debug, Args)]
pub struct Disarm {
    /// For how long, at most a day: 90s, 10m, 1h.
    #[arg(long = "for", value_name = "TIME")]
    pub span: String,
    /// Why; recorded.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
    /// Form.
    #[command(flatten)]
    pub form: Form,
}

/// Prints a completion script.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell.
    pub shell: clap_complete::Shell,
}
