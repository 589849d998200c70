//! `cargo xtask lint`: everything that is checked without running the code.

use crate::setup::{self, Part};
use crate::{cmd, generate, tidy};
use anyhow::Result;
use clap::Args;
use std::process::Command;

/// Options of `lint`.
#[derive(Args)]
pub(crate) struct Options {
    /// Ask the advisory database too (needs to reach it)
    #[arg(long)]
    advisories: bool,
}

/// Runs all checks, those that fail fastest first.
pub(crate) fn run(options: &Options) -> Result<()> {
    setup::ensure(&[Part::Build, Part::Lint])?;
    tidy::run()?;
    cmd::run(cmd::cargo().args(["fmt", "--all", "--check"]))?;
    deny(options.advisories)?;
    cmd::run(cmd::cargo().args([
        "clippy",
        "--all-targets",
        "--locked",
        "--",
        "-D",
        "warnings",
    ]))?;
    // The host's clippy reads the kernel crate too; its own target has no clippy.
    cmd::run(cmd::cargo().args([
        "clippy",
        "--package",
        "guard-ebpf",
        "--locked",
        "--",
        "-D",
        "warnings",
    ]))?;
    cmd::run(
        cmd::cargo()
            .args(["doc", "--no-deps", "--document-private-items", "--locked"])
            // The documents are for those who work on the code: private items
            // are in them, so links to private items lead somewhere.
            .env(
                "RUSTDOCFLAGS",
                "-D warnings -A rustdoc::private-intra-doc-links",
            ),
    )?;
    generate::check()?;
    eprintln!("lint: clean");
    Ok(())
}

fn deny(advisories: bool) -> Result<()> {
    let mut command = Command::new(setup::cargo_deny());
    command.current_dir(crate::paths::root()).args([
        "check",
        "--hide-inclusion-graph",
        "bans",
        "licenses",
        "sources",
    ]);
    if advisories {
        command.arg("advisories");
    } else {
        eprintln!("lint: the advisory database is not asked; `cargo xtask lint --advisories` does");
    }
    cmd::run(&mut command)
}
