//! The engine as a BPF object for `BPF_PROG_TEST_RUN`: what `guard-ebpf` has
//! for tests and never ships.

use crate::paths;
use std::path::PathBuf;
use std::process::Command;

#[path = "../../guard-agent/build/toolchain.rs"]
mod toolchain;

/// The object: what `GUARD_SELFTEST` names (a test guest has no compiler), or
/// built now.
///
/// # Errors
///
/// The tools for BPF are missing, or it does not build.
pub fn build() -> Result<PathBuf, String> {
    if let Some(object) = std::env::var_os("GUARD_SELFTEST") {
        return Ok(object.into());
    }
    let found = toolchain::Toolchain::find()?;
    let folder = paths::target().join("selftest");
    let mut cargo = Command::new("cargo");
    cargo
        .env("RUSTC", &found.compiler.rustc)
        .env("RUSTC_BOOTSTRAP", "1")
        .env(
            "CARGO_ENCODED_RUSTFLAGS",
            toolchain::rustflags(&found, paths::root()),
        )
        .current_dir(paths::root())
        .args(["build", "--quiet", "--package", "guard-ebpf"])
        .args(["--bin", "guard-selftest", "--release", "--locked"])
        .args(["--target", toolchain::TARGET, "--target-dir"])
        .arg(&folder);
    if found.compiler.build_core {
        cargo.args(["-Z", "build-std=core"]);
    }
    let status = cargo.status().map_err(|error| format!("cargo: {error}"))?;
    if !status.success() {
        return Err(format!("the engine's object does not build: {status}"));
    }
    Ok(folder
        .join(toolchain::TARGET)
        .join("release/guard-selftest"))
}
