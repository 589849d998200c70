//! Builds the BPF object and the engine's tables, and puts them where `bpf.rs`
//! and `dialect.rs` include them.
//!
//! `GUARD_BPF_SKIP=1` builds none; `GUARD_BPF_OPTIONAL=1` builds none when the
//! tools are missing. The daemon then says so at its start, and the tests that
//! need the object say why they did not run.

#[path = "build/toolchain.rs"]
mod toolchain;

use guard_dialect::Dialect;
use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use toolchain::{TARGET, Toolchain};
use zerocopy::IntoBytes;

fn main() {
    if let Err(error) = run() {
        eprintln!("{error}");
        println!("cargo::error={}", error.replace('\n', "\ncargo::error="));
        std::process::exit(1);
    }
}

/// Writes `$OUT_DIR/guard.bpf.o`: the object, or nothing.
fn run() -> Result<(), String> {
    let manifest = PathBuf::from(variable("CARGO_MANIFEST_DIR")?);
    let workspace = manifest.parent().ok_or("no parent folder")?.to_owned();
    let out = PathBuf::from(variable("OUT_DIR")?);
    let object = out.join("guard.bpf.o");
    watch(&workspace);
    for dialect in Dialect::ALL {
        write_tables(dialect, &out)?;
    }

    if flag("GUARD_BPF_SKIP") {
        return write_empty(&object, "GUARD_BPF_SKIP is set");
    }
    let toolchain = match Toolchain::find() {
        Ok(toolchain) => toolchain,
        Err(missing) if flag("GUARD_BPF_OPTIONAL") => return write_empty(&object, &missing),
        Err(missing) => {
            return Err(format!(
                "{missing}\n  to build without the object: GUARD_BPF_OPTIONAL=1 (nothing can be guarded then)"
            ));
        }
    };
    println!("cargo::rerun-if-changed={}", toolchain.linker.display());
    let built = build(&toolchain, &workspace, &out)?;
    std::fs::copy(&built, &object)
        .map(|_| ())
        .map_err(|error| format!("{}: {error}", built.display()))
}

/// Runs cargo for the BPF target, apart from everything this build uses: other
/// compiler, own target folder (else cargo waits for its own lock), clean
/// environment.
fn build(toolchain: &Toolchain, workspace: &Path, out: &Path) -> Result<PathBuf, String> {
    let target_dir = out.join("bpf");
    let mut cargo = Command::new(variable("CARGO")?);
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        let kept = ["CARGO_HOME", "CARGO_NET_OFFLINE"].contains(&&*text);
        let foreign = ["CARGO", "RUSTC", "RUSTFLAGS", "RUSTUP_TOOLCHAIN", "RUSTDOC"]
            .iter()
            .any(|prefix| text.starts_with(prefix));
        if foreign && !kept {
            cargo.env_remove(&name);
        }
    }
    cargo
        .env("RUSTC", &toolchain.compiler.rustc)
        .env("RUSTC_BOOTSTRAP", "1")
        .env(
            "CARGO_ENCODED_RUSTFLAGS",
            toolchain::rustflags(toolchain, workspace),
        )
        .current_dir(workspace)
        .args(["build", "--package", "guard-ebpf", "--bin", "guard"])
        .args(["--release", "--locked", "--target", TARGET, "--target-dir"])
        .arg(&target_dir);
    if toolchain.compiler.build_core {
        cargo.args(["-Z", "build-std=core"]);
    }
    let status = cargo
        .status()
        .map_err(|error| format!("cargo for the BPF object did not start: {error}"))?;
    if !status.success() {
        return Err(format!(
            "the BPF object did not build ({status}) with {}; the compiler's words are above",
            toolchain.compiler.rustc.display()
        ));
    }
    Ok(target_dir.join(TARGET).join("release/guard"))
}

/// Compiles a dialect into `$OUT_DIR/NAME.tables`.
fn write_tables(dialect: Dialect, out: &Path) -> Result<(), String> {
    let file = out.join(format!("{}.tables", dialect.name()));
    let (tables, _) = guard_dialect::compile(dialect).map_err(|error| error.to_string())?;
    std::fs::write(&file, tables.as_bytes()).map_err(|error| format!("{}: {error}", file.display()))
}

/// An empty object: the agent tells it from a real one by its length.
fn write_empty(object: &Path, reason: &str) -> Result<(), String> {
    for line in reason.lines() {
        println!("cargo::warning={line}");
    }
    std::fs::write(object, b"").map_err(|error| format!("{}: {error}", object.display()))
}

/// Names everything the object is made of.
fn watch(workspace: &Path) {
    for part in [
        "guard-ebpf",
        "guard-common/src",
        "guard-common/Cargo.toml",
        "Cargo.toml",
        "Cargo.lock",
        "guard-agent/build.rs",
        "guard-agent/build",
    ] {
        println!("cargo::rerun-if-changed={}", workspace.join(part).display());
    }
    for name in [
        "GUARD_BPF_SKIP",
        "GUARD_BPF_OPTIONAL",
        "GUARD_BPF_RUSTC",
        "GUARD_BPF_LINKER",
        "PATH",
    ] {
        println!("cargo::rerun-if-env-changed={name}");
    }
}

/// Whether a switch is set to anything but 0 or nothing.
fn flag(name: &str) -> bool {
    env::var(name).is_ok_and(|value| !value.is_empty() && value != "0")
}

/// A variable that cargo always sets.
fn variable(name: &str) -> Result<String, String> {
    env::var(name).map_err(|error| format!("{name}: {error}"))
}
