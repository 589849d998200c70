//! `guardctl explain`: what would policy say, and why? Offline, by the code
//! that runs in the kernel.

mod asker;
mod connect;
mod exec;
mod input;
mod statement;
mod words;

use crate::exit::Exit;
use std::io::{self, Write};
use std::process::ExitCode;

/// Options of `guardctl explain`.
#[derive(Debug, clap::Args)]
pub struct ExplainArgs {
    #[command(subcommand)]
    question: Question,
}

#[derive(Debug, clap::Subcommand)]
enum Question {
    Statement(statement::StatementArgs),
    Exec(exec::ExecArgs),
    Connect(connect::ConnectArgs),
}

/// Runs `guardctl explain`. Mistakes in the question or the policy are told on
/// stderr and in the exit code.
///
/// # Errors
///
/// Answers cannot be written. A closed pipe is no error.
pub fn run(args: &ExplainArgs) -> io::Result<ExitCode> {
    let result = match &args.question {
        Question::Statement(args) => statement::run(args),
        Question::Exec(args) => exec::run(args),
        Question::Connect(args) => connect::run(args),
    };
    match result {
        Ok(exit) | Err(Failure::Told(exit)) => Ok(exit.into()),
        Err(Failure::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            Ok(ExitCode::SUCCESS)
        }
        Err(Failure::Output(error)) => Err(error),
    }
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
enum Failure {
    /// The reason is on stderr already.
    #[error("told already")]
    Told(Exit),
    /// Answers cannot be written.
    #[error("cannot write the answer")]
    Output(#[from] io::Error),
}

/// Says what is wrong with the question.
fn wrong(exit: Exit, cause: &str, help: &str) -> Failure {
    eprintln!("error: {cause}\n  help: {help}");
    Failure::Told(exit)
}

/// Writes one JSON object and the end of its line.
fn write_line(output: &mut impl Write, answer: &impl serde::Serialize) -> Result<(), Failure> {
    serde_json::to_writer(&mut *output, answer).map_err(io::Error::from)?;
    output.write_all(b"\n")?;
    Ok(())
}
