//! Test targets: which there are, and one of them as a process.

use super::count::Count;
use crate::cmd;
use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process_group};
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// One test executable.
pub(crate) struct Target {
    /// `package::target`, as printed.
    pub(crate) name: String,
    pub(crate) executable: PathBuf,
    /// The folder of its package: where cargo would run it.
    pub(crate) folder: PathBuf,
}

/// Builds all test targets of the host crates.
pub(crate) fn build() -> Result<Vec<Target>> {
    let mut command = cmd::cargo();
    command.args([
        "test",
        "--no-run",
        "--message-format=json-render-diagnostics",
    ]);
    eprintln!("$ {}", cmd::line(&command));
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    if !output.status.success() {
        bail!("`{}` failed", cmd::line(&command));
    }
    let mut targets: Vec<Target> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(Target::of_message)
        .collect();
    // Quick ones first: unit tests before those with a kernel and a server.
    targets.sort_by_key(|target| {
        (
            target.name.starts_with("guard-tests::"),
            target.name.clone(),
        )
    });
    Ok(targets)
}

/// Runs the examples in the documentation.
pub(crate) fn doc_tests(limit: Duration) -> Result<Count> {
    let mut command = cmd::cargo();
    command.args(["test", "--doc", "--quiet"]);
    println!("\n=== examples in the documentation");
    supervise(&mut command, limit)
}

impl Target {
    fn of_message(line: &str) -> Option<Self> {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        let is_test =
            message["reason"] == "compiler-artifact" && message["profile"]["test"] == true;
        let executable = PathBuf::from(message["executable"].as_str()?);
        let folder = Path::new(message["manifest_path"].as_str()?)
            .parent()?
            .to_owned();
        let package = folder.file_name()?.to_string_lossy().into_owned();
        let package = if package == "tests" {
            "guard-tests".to_owned()
        } else {
            package
        };
        let name = format!("{package}::{}", message["target"]["name"].as_str()?);
        is_test.then_some(Self {
            name,
            executable,
            folder,
        })
    }

    /// Runs the target; prints what it prints.
    pub(crate) fn run(&self, filter: Option<&str>, skips: &Path, limit: Duration) -> Result<Count> {
        println!("\n=== {}", self.name);
        let mut command = Command::new(&self.executable);
        command
            .args(filter)
            .current_dir(&self.folder)
            .env("CARGO_MANIFEST_DIR", &self.folder)
            .env("GUARD_REQUIRE_ALL", "1")
            .env("GUARD_SKIPS", skips);
        supervise(&mut command, limit).with_context(|| format!("cannot run {}", self.name))
    }
}

/// Runs a test command in a process group of its own and kills the group when
/// the time is over.
fn supervise(command: &mut Command, limit: Duration) -> Result<Count> {
    let start = Instant::now();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()?;
    let group = Pid::from_child(&child);
    let (lines, count) = (read_lines(&mut child)?, &mut Count::default());
    let in_time = loop {
        match lines.recv_timeout(limit.saturating_sub(start.elapsed())) {
            Ok(line) => {
                println!("{line}");
                *count += Count::of_line(&line).unwrap_or_default();
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => break true,
            Err(mpsc::RecvTimeoutError::Timeout) => break false,
        }
    };
    if !in_time {
        println!("timed out after {} s: killed", limit.as_secs());
        kill_process_group(group, Signal::KILL)?;
    }
    let status = child.wait()?;
    println!("    took {:.1} s", start.elapsed().as_secs_f64());
    if !status.success() && count.failed == 0 {
        println!("ended with {status}");
        *count += Count::FAILURE;
    }
    Ok(*count)
}

fn read_lines(child: &mut Child) -> Result<mpsc::Receiver<String>> {
    let stdout = child.stdout.take().context("stdout is piped")?;
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                return;
            }
        }
    });
    Ok(receive)
}
