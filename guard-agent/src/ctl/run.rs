//! `guardctl run`: becomes the command, inside a session.
//!
//! This process registers *itself*; then it turns into the command. There is no
//! moment at which the command runs unguarded, and nothing stands between it
//! and its terminal.

use super::{CtlError, client};
use crate::api::message::{Registered, SessionBody};
use crate::cli::ctl::Run;
use crate::exit::Exit;
use hyper::Method;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use tokio::runtime::Runtime;

/// Registers and becomes the command; comes back only when that failed.
pub(super) fn run(socket: &Path, args: &Run, runtime: Runtime) -> Result<Exit, CtlError> {
    let Some((program, arguments)) = args.command.split_first() else {
        return Ok(Exit::Usage);
    };
    let labels: BTreeMap<_, _> = args.label.iter().cloned().collect();
    if labels.len() < args.label.len() {
        return Err(CtlError::Argument {
            flag: "--label",
            message: "a key is given twice; give each of them once".to_owned(),
        });
    }
    find(program).map_err(|source| command_error(program, source))?;
    let body = SessionBody {
        kind: args.kind.name().to_owned(),
        name: args.agent.clone(),
        purpose: args.purpose.clone(),
        ticket: args.ticket.clone(),
        labels,
    };
    let answer = runtime.block_on(client::ask(
        socket,
        Method::POST,
        "/v1/sessions",
        Some(&body),
    ));
    let answer = answer.map_err(|error| not_started(program, error))?;
    let registered: Registered = serde_json::from_value(answer).map_err(CtlError::Answer)?;
    drop(runtime);
    let source = Command::new(program)
        .args(arguments)
        .env("GUARD_SESSION", registered.session)
        .exec();
    // The file was there a moment ago: what it asks for is not.
    if source.kind() == io::ErrorKind::NotFound {
        return Err(CtlError::Refused {
            exit: Exit::NotExecutable,
            message: format!(
                "{}: its interpreter or loader is not there",
                program.to_string_lossy()
            ),
            help: Some("look at its first line, or with file(1)".to_owned()),
        });
    }
    Err(command_error(program, source))
}

/// Looks for the command first, so that a typing error opens no session.
fn find(program: &OsStr) -> io::Result<PathBuf> {
    if program.is_empty() {
        return Err(io::ErrorKind::NotFound.into());
    }
    if program.as_encoded_bytes().contains(&b'/') {
        return executable(PathBuf::from(program));
    }
    let folders = std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into());
    let mut result = Err(io::Error::from(io::ErrorKind::NotFound));
    for folder in std::env::split_paths(&folders) {
        match executable(folder.join(program)) {
            Ok(path) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => result = Err(error),
            Err(_) => {}
        }
    }
    result
}

fn executable(path: PathBuf) -> io::Result<PathBuf> {
    let facts = path.metadata()?;
    if facts.is_file() && facts.permissions().mode() & 0o111 != 0 {
        return Ok(path);
    }
    Err(io::ErrorKind::PermissionDenied.into())
}

/// Says that the command cannot be started, and how to find out why.
fn command_error(program: &OsStr, source: io::Error) -> CtlError {
    CtlError::Command {
        command: if program.is_empty() {
            "\"\"".to_owned()
        } else {
            program.to_string_lossy().into_owned()
        },
        source,
    }
}

/// Says in the refusal itself that nothing was started.
fn not_started(program: &OsStr, error: CtlError) -> CtlError {
    match error {
        CtlError::Refused {
            exit,
            message,
            help,
        } => CtlError::Refused {
            exit,
            message: format!("{} was not started: {message}", program.to_string_lossy()),
            help,
        },
        other => other,
    }
}
