//! What the BPF object is built with: a rustc that has `core` for the BPF
//! target, and bpf-linker on the same LLVM. docs/building.md tells why.

use crate::{cmd, paths};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

const VERSION: &str = "0.13.0";
const LLVM_MAJOR: &str = "22";

/// The compiler is Debian's; a compiler named by hand needs no package.
pub(super) fn packages() -> Vec<&'static str> {
    if std::env::var_os("GUARD_BPF_RUSTC").is_some() {
        return Vec::new();
    }
    vec!["rustc-web", "libstd-rust-web-dev-bpf"]
}

/// Builds bpf-linker against Debian's libLLVM, unless it is there.
pub(super) fn install() -> Result<()> {
    if cmd::succeeds(Command::new("bpf-linker").arg("--version")) {
        return Ok(());
    }
    let prefix = paths::target().join("llvm");
    std::fs::create_dir_all(prefix.join("lib"))?;
    let link = prefix.join("lib/libLLVM.so");
    let library = llvm_library()?;
    match std::fs::remove_file(&link) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    std::os::unix::fs::symlink(&library, &link)
        .with_context(|| format!("cannot link {}", link.display()))?;
    let feature = format!("llvm-{LLVM_MAJOR}");
    cmd::run(
        cmd::cargo()
            .args([
                "install",
                "--quiet",
                "bpf-linker",
                "--version",
                VERSION,
                "--locked",
                "--no-default-features",
            ])
            .args(["--features", &feature])
            .env("LLVM_PREFIX", &prefix)
            // Its speed does not matter, the time to build it does.
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
            .env("CARGO_PROFILE_RELEASE_DEBUG", "0"),
    )
}

fn llvm_library() -> Result<PathBuf> {
    let start = format!("libLLVM.so.{LLVM_MAJOR}");
    let folder = format!("/usr/lib/{}-linux-gnu", std::env::consts::ARCH);
    for folder in [
        Path::new(&folder),
        Path::new("/usr/lib64"),
        Path::new("/usr/lib"),
    ] {
        for entry in folder.read_dir().into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(&start) {
                return Ok(entry.path());
            }
        }
    }
    bail!(
        "found no {start}.*: bpf-linker needs the shared library of LLVM {LLVM_MAJOR} \
         (Debian: package libllvm{LLVM_MAJOR}, it comes with rustc-web)"
    )
}
