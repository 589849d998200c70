//! What people type: one file a verb.

mod admin;
mod client;
pub mod explain;
mod page;
pub mod policy;
mod probe;
mod run;
mod status;
mod tail;
mod text;

use crate::cli::ctl::{Command, Ctl, PolicyCommand};
use crate::exit::Exit;
use std::io;
use std::process::ExitCode;

/// Why a verb failed.
#[derive(Debug, thiserror::Error)]
pub enum CtlError {
    /// The daemon cannot be reached.
    #[error("the daemon cannot be reached at {}: {source}", socket.display())]
    Unreachable {
        /// Its socket.
        socket: std::path::PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The connection broke.
    #[error("the connection to the daemon broke: {0}")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The daemon refused.
    #[error("{message}")]
    Refused {
        /// What `guardctl` ends with.
        exit: Exit,
        /// What is wrong.
        message: String,
        /// What to do.
        help: Option<String>,
    },
    /// The answer is not what this version understands.
    #[error("the daemon's answer is not understood: {0}")]
    Answer(#[source] serde_json::Error),
    /// An argument cannot be used.
    #[error("{flag}: {message}")]
    Argument {
        /// Which.
        flag: &'static str,
        /// Why.
        message: String,
    },
    /// The command cannot be started.
    #[error("{command}: {}", why_not(source))]
    Command {
        /// What was to be started.
        command: String,
        /// Why it cannot.
        #[source]
        source: io::Error,
    },
    /// Output or another call failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl CtlError {
    /// What `guardctl` ends with.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Unreachable { .. } => Exit::Unreachable,
            Self::Refused { exit, .. } => *exit,
            Self::Argument { .. } => Exit::Usage,
            Self::Command { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Exit::NotFound
            }
            Self::Command { .. } => Exit::NotExecutable,
            Self::Broken(_) | Self::Answer(_) | Self::Io(_) => Exit::Failed,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::Unreachable { source, .. } => Some(match source.kind() {
                io::ErrorKind::PermissionDenied => {
                    "use sudo, or ask to be put into the group `guard`".to_owned()
                }
                _ => "is guard-agent running? systemctl status guard-agent".to_owned(),
            }),
            Self::Refused { help, .. } => help.clone(),
            Self::Command { source, .. } => Some(
                match source.kind() {
                    io::ErrorKind::NotFound => "check its name, and PATH",
                    io::ErrorKind::PermissionDenied => "check that it is a program: chmod +x",
                    _ => "a script begins with #! and its interpreter",
                }
                .to_owned(),
            ),
            Self::Argument { .. } => Some("see guardctl help".to_owned()),
            Self::Broken(_) | Self::Answer(_) => Some(
                "is the daemon of the same version, and does it still run? guardctl status"
                    .to_owned(),
            ),
            Self::Io(_) => None,
        }
    }

    /// Tells whether the reader of the output has gone: that is success.
    #[must_use]
    pub fn is_closed_pipe(&self) -> bool {
        matches!(self, Self::Io(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// Why a command cannot be started, as shells say it.
fn why_not(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "command not found".to_owned(),
        io::ErrorKind::PermissionDenied => "it cannot be executed".to_owned(),
        _ => error.to_string(),
    }
}

/// Does what was asked.
///
/// # Errors
/// It could not be done.
pub fn run(ctl: &Ctl) -> Result<ExitCode, CtlError> {
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
    };
    let socket = &ctl.socket;
    let exit = match &ctl.command {
        Command::Run(args) => run::run(socket, args, runtime()?),
        Command::Tail(args) => runtime()?.block_on(tail::tail(socket, args)),
        Command::Status(form) => runtime()?.block_on(status::status(socket, form.output)),
        Command::Sessions(form) => runtime()?.block_on(status::sessions(socket, form.output)),
        Command::Policy(tables) => match &tables.command {
            PolicyCommand::Check(args) => return Ok(policy::check(args)?),
            PolicyCommand::List(form) => runtime()?.block_on(status::rules(socket, form.output)),
            PolicyCommand::Reload(form) => runtime()?.block_on(admin::reload(socket, form.output)),
        },
        Command::Disarm(args) => runtime()?.block_on(admin::disarm(socket, args)),
        Command::Arm(form) => runtime()?.block_on(admin::arm(socket, form.output)),
        Command::Probe(form) => probe::probe(form.output),
        Command::Completions(args) => page::completions(args.shell),
        Command::Man => page::man(),
        Command::Explain(args) => return Ok(explain::run(args)?),
    }?;
    Ok(exit.into())
}
