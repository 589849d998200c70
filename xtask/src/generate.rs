//! `cargo xtask generate`: documents that are written by the code.

use crate::{cmd, paths};
use anyhow::{Context, Result, bail};
use clap::Args;
use std::fs;
use std::process::Stdio;

/// Options of `generate`.
#[derive(Args)]
pub(crate) struct Options {
    /// Write nothing; fail when a file is not what would be written
    #[arg(long)]
    check: bool,
}

/// Files, and the example program that prints each.
const FILES: [(&str, &str, &str); 1] = [("docs/classes.md", "guard-dialect", "classes")];

/// Writes or checks all files.
pub(crate) fn run(options: &Options) -> Result<()> {
    for (file, package, example) in FILES {
        let text = print(package, example)?;
        let path = paths::root().join(file);
        if !options.check {
            fs::write(&path, text).with_context(|| format!("cannot write {file}"))?;
            eprintln!("generate: {file} is written");
        } else if fs::read(&path).unwrap_or_default() != text {
            bail!("{file} is not what the code says: run `cargo xtask generate` and commit it");
        }
    }
    Ok(())
}

/// Checks that all files are what the code says.
pub(crate) fn check() -> Result<()> {
    run(&Options { check: true })
}

/// What an example program prints.
fn print(package: &str, example: &str) -> Result<Vec<u8>> {
    let mut command = cmd::cargo();
    command.args([
        "run",
        "--quiet",
        "--locked",
        "--package",
        package,
        "--example",
        example,
    ]);
    eprintln!("$ {}", cmd::line(&command));
    let output = command.stderr(Stdio::inherit()).output()?;
    if !output.status.success() {
        bail!("`{}` failed", cmd::line(&command));
    }
    Ok(output.stdout)
}
