//! `guardctl`: parse, do, turn the result into an exit code.

use clap::Parser;
use guard_agent::cli::ctl::Ctl;
use guard_agent::ctl;
use guard_agent::exit::Exit;
use std::process::ExitCode;

fn main() -> ExitCode {
    let args = Ctl::parse();
    match ctl::run(&args) {
        Ok(code) => code,
        Err(error) if error.is_closed_pipe() => Exit::Done.into(),
        Err(error) => {
            // The daemon's words about a policy begin so themselves.
            let text = error.to_string();
            let text = text.strip_prefix("error: ").unwrap_or(&text);
            eprintln!("guardctl: error: {text}");
            if let Some(help) = error.help() {
                eprintln!("  help: {help}");
            }
            error.exit().into()
        }
    }
}
