//! The project's tasks: `cargo xtask <task>`.

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

mod bench;
mod cmd;
mod demo;
mod fuzz;
mod generate;
mod lint;
mod paths;
mod setup;
mod test;
mod tidy;
mod vm;

/// Everything that is done to this project, by one program: CI calls nothing else.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Install what is missing: BPF toolchain, PostgreSQL, client libraries, lint tools
    Setup(setup::Options),
    /// Play the story of an agent that drops a table, on this machine (root)
    Demo(demo::Options),
    /// Run every test this machine can run; one that cannot run is a failure
    Test(test::Options),
    /// Run the tests on other kernels, in virtual machines
    Vm(vm::Options),
    /// Measure what Guard costs, beside a control that measures nothing (root)
    Bench(bench::Options),
    /// Look for bytes that break a property, guided by coverage
    Fuzz(fuzz::Options),
    /// Write the documents that come from the code, such as docs/classes.md
    Generate(generate::Options),
    /// Formatting, clippy, licences and sources, documentation, project rules
    Lint(lint::Options),
    /// The project's own rules: file length, nothing unfinished, no issue numbers
    Tidy,
}

fn main() -> ExitCode {
    match run(Cli::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // No backtrace: the command line in the error says where.
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<()> {
    match task {
        Task::Setup(options) => setup::run(&options),
        Task::Demo(options) => demo::run(&options),
        Task::Test(options) => test::run(&options),
        Task::Vm(options) => vm::run(&options),
        Task::Bench(options) => bench::run(&options),
        Task::Fuzz(options) => fuzz::run(&options),
        Task::Generate(options) => generate::run(&options),
        Task::Lint(options) => lint::run(&options),
        Task::Tidy => tidy::run(),
    }
}
