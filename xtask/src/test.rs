//! `cargo xtask test`: builds everything, runs every test target in a process
//! group and a time of its own, and closes with one line that counts.

use crate::setup::{self, Part};
use crate::{cmd, paths};
use anyhow::{Result, bail};
use clap::Args;
use std::time::Duration;

pub(crate) mod count;
pub(crate) mod target;

use count::Count;

/// Options of `test`.
#[derive(Args)]
pub(crate) struct Options {
    /// Run only test targets whose name contains this (may be given several times)
    targets: Vec<String>,
    /// Run only tests whose name contains this
    #[arg(long)]
    filter: Option<String>,
    /// Seconds for one test target
    #[arg(long, default_value_t = 420)]
    timeout: u64,
    /// Do not look for missing tools first
    #[arg(long)]
    no_setup: bool,
}

/// Runs the tests; fails unless all of them ran and passed.
pub(crate) fn run(options: &Options) -> Result<()> {
    if !options.no_setup {
        setup::ensure(&[Part::Build, Part::Server, Part::Clients])?;
    }
    if !rustix::process::geteuid().is_root() {
        eprintln!("test: not root, so the tests of the kernel side will fail and say so");
    }
    cmd::run(cmd::cargo().args(["build", "--package", "guard-agent"]))?;
    let skips = paths::target().join("skipped-tests.txt");
    std::fs::write(&skips, "")?;
    let limit = Duration::from_secs(options.timeout);
    let mut total = Count::default();
    for target in target::build()? {
        if !options.targets.is_empty()
            && !options
                .targets
                .iter()
                .any(|wanted| target.name.contains(wanted))
        {
            continue;
        }
        total += target.run(options.filter.as_deref(), &skips, limit)?;
    }
    if options.targets.is_empty() && options.filter.is_none() {
        total += target::doc_tests(limit)?;
    }
    let skipped = std::fs::read_to_string(&skips)?;
    for line in skipped.lines() {
        println!("skipped: {line}");
    }
    // A skipped test returns early, which the test harness counts as passed.
    let skipped = skipped.lines().count();
    let failed = total.failed;
    println!(
        "\n{} passed, {failed} failed, {skipped} skipped",
        total.passed.saturating_sub(skipped)
    );
    if failed > 0 {
        bail!("{failed} failed");
    }
    if total.passed == 0 {
        bail!("no test ran");
    }
    Ok(())
}
