//! `cargo xtask fuzz`: looks for input that breaks a property of `guard-fuzz`,
//! guided by coverage (libFuzzer).
//!
//! The stable compiler does: the flags are those of the coverage pass that
//! libFuzzer reads, without a sanitizer, as what is fuzzed has no `unsafe` code.

use crate::setup::{self, Part};
use crate::{cmd, paths};
use anyhow::{Context, Result, bail};
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What is fuzzed; each is a module of `guard-fuzz`.
#[derive(Clone, Copy, ValueEnum)]
enum Target {
    /// Statements: any cut gives the same facts
    Statement,
    /// Client streams: any cut gives the same messages and verdicts
    Stream,
    /// Policy files: valid, or refused with a place
    Policy,
    /// Records of the ring buffer: read, or doubted
    Record,
}

/// Options of `fuzz`.
#[derive(Args)]
pub(crate) struct Options {
    /// Which property
    #[arg(value_enum)]
    target: Target,
    /// How long to look, in seconds
    #[arg(long, default_value_t = 60)]
    seconds: u32,
}

/// Coverage as libFuzzer wants it.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1 -Cdebug-assertions \
    -Coverflow-checks --cfg fuzzing";

/// Fuzzes one target; what breaks it stays in `fuzz/regressions`.
pub(crate) fn run(options: &Options) -> Result<()> {
    setup::ensure(&[Part::Build])?;
    let name = options.target.name();
    let program = build(&name)?;
    let corpus = paths::target().join("fuzz/corpus").join(&name);
    let found = paths::root().join("fuzz/regressions").join(&name);
    for folder in [&corpus, &found] {
        std::fs::create_dir_all(folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
    }
    options.target.seed(&corpus)?;
    let result = cmd::run(
        Command::new(program)
            .arg(format!("-max_total_time={}", options.seconds))
            .arg(format!("-artifact_prefix={}/", found.display()))
            .args([
                "-max_len=8192",
                "-timeout=10",
                "-rss_limit_mb=2048",
                "-print_final_stats=1",
            ])
            .args([&corpus, &found]),
    );
    result.with_context(|| {
        format!(
            "{} holds what broke it: make it shorter, fix it, commit both",
            found.display()
        )
    })
}

impl Target {
    fn name(self) -> String {
        let value = self.to_possible_value();
        value.map_or_else(String::new, |value| value.get_name().to_owned())
    }

    /// Fills the corpus with what tests and examples already know.
    fn seed(self, corpus: &Path) -> Result<()> {
        let folder = match self {
            Self::Statement | Self::Stream => "tests/cases",
            Self::Policy => "examples/policies",
            Self::Record => return Ok(()),
        };
        for entry in paths::root().join(folder).read_dir()?.flatten() {
            let text = std::fs::read_to_string(entry.path())?;
            if !matches!(self, Self::Policy) {
                for (number, line) in text.lines().enumerate() {
                    let name = format!("{}-{number}", entry.file_name().to_string_lossy());
                    std::fs::write(corpus.join(name), self.input(line))?;
                }
            } else {
                std::fs::write(corpus.join(entry.file_name()), text)?;
            }
        }
        Ok(())
    }

    /// A case as input: a byte for the cuts, then text or message.
    fn input(self, line: &str) -> Vec<u8> {
        let row: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
        let sql = row["sql"].as_str().unwrap_or(line);
        let mut data = vec![b'3'];
        if matches!(self, Self::Stream) {
            data.push(b'Q');
            let length = u32::try_from(sql.len() + 5).unwrap_or(u32::MAX);
            data.extend(length.to_be_bytes());
        }
        data.extend_from_slice(sql.as_bytes());
        data.push(0);
        data
    }
}

/// Builds the fuzzer of one target.
fn build(name: &str) -> Result<PathBuf> {
    // Named, so that the flags reach neither build scripts nor macros.
    let triple = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let folder = paths::target().join("fuzz/build");
    cmd::run(
        cmd::cargo()
            .args([
                "build",
                "--release",
                "--package",
                "guard-fuzz",
                "--features",
                "libfuzzer",
            ])
            .args(["--bin", name, "--target", &triple, "--target-dir"])
            .arg(&folder)
            .env("RUSTFLAGS", FLAGS),
    )?;
    let program = folder.join(triple).join("release").join(name);
    if !program.is_file() {
        bail!("{} was not built", program.display());
    }
    Ok(program)
}
