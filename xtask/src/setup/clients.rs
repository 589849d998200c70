//! The client libraries that the tests speak to PostgreSQL, MariaDB and Redis with, as
//! their users have them: pip into a virtual environment, npm into a folder, and
//! Debian's JDBC driver where a Java runtime is installed.

use crate::{cmd, paths};
use anyhow::Result;
use std::path::Path;
use std::process::Command;

/// Packages for the parts that are missing.
pub(super) fn packages() -> Vec<&'static str> {
    let mut packages = Vec::new();
    if !cmd::succeeds(Command::new("python3").args(["-c", "import ensurepip, venv"])) {
        packages.extend(["python3", "python3-venv"]);
    }
    if !cmd::exists("npm") {
        packages.extend(["nodejs", "npm"]);
    }
    if cmd::exists("java") {
        packages.push("libpostgresql-jdbc-java");
    }
    packages
}

/// Installs the pinned versions of `tests/clients`, again only when they change.
pub(super) fn install() -> Result<()> {
    let pins = paths::root().join("tests/clients");
    let folder = paths::target().join("clients");
    once(
        &pins.join("requirements.txt"),
        &folder.join("python"),
        |to| {
            cmd::run(Command::new("python3").args(["-m", "venv"]).arg(to))?;
            cmd::run(
                Command::new(to.join("bin/pip"))
                    .args(["install", "--quiet", "--only-binary=:all:", "-r"])
                    .arg(pins.join("requirements.txt")),
            )
        },
    )?;
    once(&pins.join("package.json"), &folder.join("node"), |to| {
        std::fs::create_dir_all(to)?;
        std::fs::copy(pins.join("package.json"), to.join("package.json"))?;
        cmd::run(
            Command::new("npm")
                .args([
                    "install",
                    "--no-audit",
                    "--no-fund",
                    "--ignore-scripts",
                    "--loglevel=error",
                    "--prefix",
                ])
                .arg(to),
        )
    })
}

/// Runs `make` unless it has already succeeded with the same pins.
fn once(pins: &Path, to: &Path, make: impl Fn(&Path) -> Result<()>) -> Result<()> {
    let wanted = std::fs::read_to_string(pins)?;
    let stamp = to.join(".pins");
    if std::fs::read_to_string(&stamp).is_ok_and(|have| have == wanted) {
        return Ok(());
    }
    make(to)?;
    Ok(std::fs::write(stamp, wanted)?)
}
