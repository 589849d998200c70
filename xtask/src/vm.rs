//! `cargo xtask vm [KERNEL…]`: the tests on other kernels than this machine's,
//! in virtual machines that live for a minute.
//!
//! A guest is a Debian kernel and an initramfs: this machine's programs, the
//! tests as they were built here, a first process of our own (`xtask/init`) and
//! no disk or network. What a guest reports through its second serial port is
//! believed; silence is a failure.

use crate::setup::{self, Part};
use anyhow::{Result, bail};
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

mod build;
mod cpio;
mod fetch;
mod image;
mod kernels;
mod outcome;
mod plan;
mod qemu;

use kernels::Kernel;
use outcome::Outcome;
use plan::{Extent, Plan};
use qemu::{Guest, Qemu};

/// Options of `vm`.
#[derive(Args)]
pub(crate) struct Options {
    /// Kernels to run, such as 6.1; none named: all
    kernels: Vec<String>,
    /// How much runs in each guest
    #[arg(long, value_enum, default_value_t = Extent::Full)]
    extent: Extent,
    /// Run only jobs whose name contains this (may be given several times)
    #[arg(long = "job")]
    jobs: Vec<String>,
    /// Run only tests whose name contains this
    #[arg(long)]
    filter: Option<String>,
    /// More words for the kernel's command line, such as `lsm=landlock,bpf`
    #[arg(long, default_value = "")]
    append: String,
    /// Fetch the kernels again: the newest of their suites
    #[arg(long)]
    refresh: bool,
    /// Seconds for one guest
    #[arg(long, default_value_t = 900)]
    timeout: u64,
    /// Show what the guests print, also when all is well
    #[arg(long)]
    verbose: bool,
    /// Fetch what guests are made of, and boot none
    #[arg(long)]
    fetch_only: bool,
}

/// Runs the guests one after another; fails unless every job of every guest
/// ended well.
pub(crate) fn run(options: &Options) -> Result<()> {
    let kernels = Kernel::choose(&options.kernels)?;
    if options.fetch_only {
        return fetch(&kernels, options.refresh).map(drop);
    }
    setup::ensure(&[Part::Build, Part::Server])?;
    let qemu = fetch(&kernels, options.refresh)?;
    let built = build::all(options.extent)?;
    let base = build::image(&built)?;
    let mut failed = Vec::new();
    for kernel in kernels {
        let plan = Plan::of(kernel, &built, options)?;
        let outcome = boot(&qemu, kernel, &base, &plan, options)?;
        outcome.print(&plan, options.verbose);
        if !outcome.is_good(&plan) {
            failed.push(kernel.name);
        }
    }
    if !failed.is_empty() {
        bail!("failed on {}", failed.join(", "));
    }
    Ok(())
}

/// Where guests and what they are made of are kept.
fn folder() -> PathBuf {
    crate::paths::target().join("vm")
}

/// Fetches QEMU and the kernels, unless they are there.
fn fetch(kernels: &[&Kernel], again: bool) -> Result<Qemu> {
    std::fs::create_dir_all(folder())?;
    let qemu = Qemu::find()?;
    for kernel in kernels {
        kernel.fetch(again)?;
    }
    Ok(qemu)
}

/// Runs one guest.
fn boot(
    qemu: &Qemu,
    kernel: &Kernel,
    base: &std::path::Path,
    plan: &Plan,
    options: &Options,
) -> Result<Outcome> {
    let run = folder().join("run").join(kernel.name);
    std::fs::create_dir_all(&run)?;
    let files = run.join("init.cpio");
    build::guest_image(base, kernel, plan, &files)?;
    let guest = Guest {
        kernel: &kernel.image(),
        files: &files,
        append: &options.append,
        console: &run.join("console.log"),
        report: &run.join("report.log"),
        limit: Duration::from_secs(options.timeout),
    };
    eprintln!("vm: {} with {} jobs", kernel.name, plan.jobs.len());
    let ran = qemu.run(&guest);
    Outcome::read(kernel, &guest, ran)
}
