//! The daemon: parse, run, turn the error into an exit code.

use clap::Parser;
use guard_agent::cli::agent::{Agent, Command, LogFormat, Settings};
use guard_agent::config::{Config, ConfigError};
use guard_agent::daemon::{link, rules, start};
use guard_agent::exit::Exit;
use guard_agent::policy::Capabilities;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;

/// Threads of the runtime: the loop, and clients that read the journal.
const THREADS: usize = 2;

fn main() -> ExitCode {
    match Agent::parse().command {
        Command::Run(settings) => run(&settings),
        Command::Check(settings) => check(&settings),
    }
}

fn run(settings: &Settings) -> ExitCode {
    if let Err(error) = log(settings) {
        return fail(Exit::Usage, &format!("--log: {error}"), None);
    }
    let config = match load(settings) {
        Ok(config) => config,
        Err(error) => return invalid(&error),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return fail(Exit::Failed, &format!("runtime: {error}"), None),
    };
    let loader = rules::loader(config.policy.clone(), Capabilities::default());
    match runtime.block_on(start::run(config, loader, Box::new(link::start))) {
        Ok(()) => Exit::Done.into(),
        Err(error) => fail(error.exit(), &error.to_string(), error.help()),
    }
}

/// Checks configuration and policy.
fn check(settings: &Settings) -> ExitCode {
    let config = match load(settings) {
        Ok(config) => config,
        Err(error) => return invalid(&error),
    };
    let rules = rules::load(&config.policy, Capabilities::default());
    if let Err(error) = start::scope_path(&config.scope) {
        fail(error.exit(), &error.to_string(), error.help());
        if rules.is_ok() {
            return error.exit().into();
        }
    }
    match rules {
        Ok(rules) => {
            for warning in rules.warnings() {
                eprintln!("warning: {warning}");
            }
            println!(
                "valid: {} rules, sha256 {}",
                rules.rules().len(),
                rules.sha256()
            );
            Exit::Done.into()
        }
        Err(failure) => fail(Exit::Invalid, &failure.message, failure.help),
    }
}

fn load(settings: &Settings) -> Result<Config, ConfigError> {
    Config::load(settings.config.as_deref(), &settings.overrides())
}

fn log(settings: &Settings) -> Result<(), tracing_subscriber::filter::ParseError> {
    // The libraries below say far more than an operator of Guard asks for.
    let filter = format!(
        "aya=warn,aya_obj=warn,hyper=info,hyper_util=info,{}",
        settings.log
    );
    let filter = EnvFilter::try_new(filter)?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    match settings.log_format {
        LogFormat::Text => lines.with_ansi(false).init(),
        LogFormat::Json => lines.json().init(),
    }
    Ok(())
}

fn invalid(error: &ConfigError) -> ExitCode {
    fail(Exit::Invalid, &error.to_string(), error.help())
}

fn fail(exit: Exit, message: &str, help: Option<String>) -> ExitCode {
    // The words about a policy begin so themselves.
    let message = message.strip_prefix("error: ").unwrap_or(message);
    eprintln!("guard-agent: error: {message}");
    if let Some(help) = help {
        eprintln!("  help: {help}");
    }
    exit.into()
}
