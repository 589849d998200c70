//! Finds what builds the BPF object: a rustc that has `core` for
//! `bpfel-unknown-none`, and `bpf-linker`.
//!
//! Shared, as source, by `guard-agent/build.rs` and `xtask`: one answer to
//! "can this machine build the object, and if not, what is missing?".

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The target of the BPF object.
pub(crate) const TARGET: &str = "bpfel-unknown-none";

/// How to get what is missing, as commands to copy.
pub(crate) const INSTALL: &str = "\
  `cargo xtask setup` does all of this where it can. By hand:
  compiler, Debian:   apt-get install -y --no-install-recommends rustc-web libstd-rust-web-dev-bpf
  compiler, rustup:   rustup component add rust-src
  linker:             cargo install bpf-linker --version 0.13.0 --locked
  other places:       set GUARD_BPF_RUSTC and GUARD_BPF_LINKER";

/// A compiler that can build for [`TARGET`].
#[derive(Clone, Debug)]
pub(crate) struct Compiler {
    /// The executable.
    pub(crate) rustc: PathBuf,
    /// Whether `core` is built from source (`-Zbuild-std`), for want of a ready
    /// one.
    pub(crate) build_core: bool,
}

/// What builds the object.
#[derive(Clone, Debug)]
pub(crate) struct Toolchain {
    /// The compiler.
    pub(crate) compiler: Compiler,
    /// The `bpf-linker` executable.
    pub(crate) linker: PathBuf,
}

impl Toolchain {
    /// Looks for compiler and linker.
    ///
    /// # Errors
    ///
    /// One text that names everything that is missing and how to install it.
    pub(crate) fn find() -> Result<Self, String> {
        let mut missing = Vec::new();
        let compiler = find_compiler();
        if let Err(tried) = &compiler {
            missing.push(format!("no rustc with `core` for {TARGET} (tried {tried})"));
        }
        let linker = find_linker();
        if linker.is_none() {
            missing.push("no bpf-linker in PATH or in cargo's bin folder".to_owned());
        }
        match (compiler, linker) {
            (Ok(compiler), Some(linker)) => Ok(Self { compiler, linker }),
            _ => Err(format!(
                "the BPF object cannot be built: {}\n{INSTALL}",
                missing.join("; ")
            )),
        }
    }
}

/// The first compiler that will do, a ready `core` before one from source.
fn find_compiler() -> Result<Compiler, String> {
    let candidates = candidates();
    let found: Vec<Compiler> = candidates
        .iter()
        .filter_map(|rustc| accept(rustc))
        .collect();
    found
        .iter()
        .find(|compiler| !compiler.build_core)
        .or_else(|| found.first())
        .cloned()
        .ok_or_else(|| {
            let names: Vec<_> = candidates
                .iter()
                .map(|rustc| rustc.display().to_string())
                .collect();
            names.join(", ")
        })
}

/// Compilers to look at. `GUARD_BPF_RUSTC` alone, where it is set.
fn candidates() -> Vec<PathBuf> {
    if let Some(rustc) = env::var_os("GUARD_BPF_RUSTC") {
        return vec![rustc.into()];
    }
    let mut list: Vec<PathBuf> = Vec::new();
    list.extend(env::var_os("RUSTC").map(PathBuf::from));
    list.push("/usr/bin/rustc".into());
    for channel in ["nightly", "stable"] {
        let which = Command::new("rustup")
            .args(["which", "--toolchain", channel, "rustc"])
            .output();
        if let Ok(output) = which
            && output.status.success()
        {
            list.push(String::from_utf8_lossy(&output.stdout).trim().into());
        }
    }
    list
}

/// A compiler with a ready `core` for the target, or with the source of its
/// own; `core` of another version would not fit.
fn accept(rustc: &Path) -> Option<Compiler> {
    let output = Command::new(rustc)
        .args(["--print", "sysroot"])
        .env_remove("RUSTUP_TOOLCHAIN")
        .output()
        .ok()?;
    let sysroot = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    let library = sysroot.join("lib/rustlib");
    let ready = std::fs::read_dir(library.join(TARGET).join("lib"))
        .into_iter()
        .flatten()
        .flatten()
        .any(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.starts_with("libcore-") && name.ends_with(".rlib")
        });
    let source = library.join("src/rust/library/core").is_dir();
    (output.status.success() && (ready || source)).then(|| Compiler {
        rustc: rustc.to_owned(),
        build_core: !ready,
    })
}

/// `GUARD_BPF_LINKER`, or `bpf-linker` in PATH, or in cargo's bin folder.
fn find_linker() -> Option<PathBuf> {
    if let Some(linker) = env::var_os("GUARD_BPF_LINKER") {
        return Some(linker.into());
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let cargo_bin = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo")))
        .map(|home| home.join("bin"));
    env::split_paths(&path)
        .chain(cargo_bin)
        .map(|folder| folder.join("bpf-linker"))
        .find(|file| file.is_file())
}

/// Compiler flags of the BPF object, as `CARGO_ENCODED_RUSTFLAGS` wants them.
///
/// `target-cpu=v3`: v4 instructions are refused by kernel 6.1. Misaligned loads
/// are what the kernel's machines do at once, and LLVM takes apart into bytes
/// unless it is told so; on the stack the verifier refuses them, so what lies
/// there is made of whole words. Paths are remapped so that the object has the
/// same bytes wherever it is built.
#[must_use]
pub(crate) fn rustflags(toolchain: &Toolchain, workspace: &Path) -> OsString {
    let home = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| env::var_os("HOME").map(|home| PathBuf::from(home).join(".cargo")));
    let mut flags: Vec<OsString> = vec!["-C".into(), {
        let mut linker = OsString::from("linker=");
        linker.push(&toolchain.linker);
        linker
    }];
    for flag in [
        "link-arg=--btf",
        "link-arg=--cpu-features=+allows-misaligned-mem-access",
        "link-arg=--disable-expand-memcpy-in-order",
        "debuginfo=2",
        "target-cpu=v3",
        "panic=abort",
        "codegen-units=1",
    ] {
        flags.extend(["-C".into(), flag.into()]);
    }
    let remap = |from: &Path, to: &str| {
        let mut flag = OsString::from("--remap-path-prefix=");
        flag.push(from);
        flag.push("=");
        flag.push(to);
        flag
    };
    flags.push(remap(workspace, "guard"));
    flags.extend(home.map(|home| remap(&home, "cargo")));
    flags.join(&OsString::from("\u{1f}"))
}
