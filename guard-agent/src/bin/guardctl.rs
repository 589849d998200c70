//! guardctl.

use clap::Parser;
use guard_agent::ctl;
use std::process::ExitCode;

/// Guard's command line
#[derive(Parser)]
#[command(name = "guardctl")]
enum Command {
    Explain(ctl::explain::ExplainArgs),
    /// Policy files
    #[command(subcommand)]
    Policy(Policy),
}

#[derive(clap::Subcommand)]
enum Policy {
    Check(ctl::policy::CheckArgs),
}

fn main() -> ExitCode {
    let result = match Command::parse() {
        Command::Explain(args) => ctl::explain::run(&args),
        Command::Policy(Policy::Check(args)) => ctl::policy::check(&args),
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::FAILURE
    })
}
