//! cargo-deny, kept under `target/tools`: only `lint` needs it.

use crate::{cmd, paths};
use anyhow::Result;
use std::path::PathBuf;

const VERSION: &str = "0.20.2";

/// Where the tool is after [`install`].
pub(crate) fn cargo_deny() -> PathBuf {
    paths::target().join("tools/bin/cargo-deny")
}

/// Builds cargo-deny, unless it is there.
pub(super) fn install() -> Result<()> {
    if cargo_deny().is_file() {
        return Ok(());
    }
    cmd::run(
        cmd::cargo()
            .args([
                "install",
                "--quiet",
                "cargo-deny",
                "--version",
                VERSION,
                "--locked",
                "--no-default-features",
                "--root",
            ])
            .arg(paths::target().join("tools"))
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
            .env("CARGO_PROFILE_RELEASE_DEBUG", "0")
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16"),
    )
}
