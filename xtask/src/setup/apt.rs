//! Debian packages.

use crate::cmd;
use anyhow::{Result, bail};
use std::path::Path;
use std::process::Command;

/// Installs the packages that are missing; asks the index only when it has to.
pub(super) fn install(packages: &[&str]) -> Result<()> {
    let missing: Vec<&str> = packages
        .iter()
        .copied()
        .filter(|package| !installed(package))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !Path::new("/etc/debian_version").exists() || !cmd::exists("apt-get") {
        bail!(
            "setup knows Debian only, and this machine is not one. Install what these Debian packages hold \
             by the means of your system, then run the task with GUARD_SKIP_APT=1: {}",
            missing.join(" ")
        );
    }
    if !missing.iter().all(|package| known(package)) {
        cmd::run(apt_get().arg("update"))?;
    }
    if let Some(package) = missing.iter().find(|package| !known(package)) {
        bail!("apt knows no package `{package}`: Debian 12 with its security updates has it");
    }
    cmd::run(
        apt_get()
            .args(["install", "-y", "--no-install-recommends"])
            .args(&missing),
    )
}

fn apt_get() -> Command {
    let mut command = cmd::as_root("apt-get");
    // Another apt may be at work: wait for it instead of failing.
    command
        .args(["-q", "-o", "DPkg::Lock::Timeout=600"])
        .env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn installed(package: &str) -> bool {
    if std::env::var_os("GUARD_SKIP_APT").is_some() {
        return true;
    }
    cmd::output(Command::new("dpkg-query").args(["-W", "-f=${db:Status-Status}", package]))
        .is_some_and(|status| status == "installed")
}

fn known(package: &str) -> bool {
    cmd::output(Command::new("apt-cache").args(["policy", package])).is_some_and(|policy| {
        policy.contains("Candidate:") && !policy.contains("Candidate: (none)")
    })
}
