//! The daemon under test: its own socket, journal, pins and scope.

use crate::process::{Finished, Server, run};
use crate::{paths, scratch::Scratch, wait};
use rustix::mount::{UnmountFlags, unmount};
use rustix::process::Signal;
use serde_json::Value;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// What the daemon leaves in the kernel when it stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnStop {
    /// Everything: enforcement goes on.
    Keep,
    /// Nothing.
    Detach,
}

/// How long loading and attaching may take: the verifier is slow on a busy machine.
const START: Duration = Duration::from_secs(60);

/// A running daemon.
#[derive(Debug)]
pub struct Daemon {
    server: Server,
    files: Files,
}

/// The paths that belong to one daemon; a second daemon may take them over.
#[derive(Clone, Debug)]
pub struct Files {
    folder: PathBuf,
    pins: PathBuf,
    /// Size of the ring buffer.
    pub ring_kib: u32,
    /// What the daemon logs: `info`, `trace`.
    pub log_level: &'static str,
}

impl Files {
    /// Paths inside `scratch`; the daemon mounts a BPF file system for its pins.
    #[must_use]
    pub fn new(scratch: &Scratch) -> Self {
        Self {
            folder: scratch.path().to_owned(),
            pins: scratch.join("pins"),
            ring_kib: 16_384,
            log_level: "info",
        }
    }

    /// The API socket.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.folder.join("guard.sock")
    }

    /// The journal; SQLite keeps two more files beside it.
    #[must_use]
    pub fn journal(&self) -> PathBuf {
        self.folder.join("journal.db")
    }

    /// The policy file.
    #[must_use]
    pub fn policy(&self) -> PathBuf {
        self.folder.join("policy.yaml")
    }

    /// What the daemon wrote to stdout and stderr.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.folder.join("daemon.log")
    }

    /// The folder of its pins on the BPF file system.
    #[must_use]
    pub fn pins(&self) -> &Path {
        &self.pins
    }

    fn write_config(&self, scope: &Path, on_stop: OnStop) -> PathBuf {
        let on_stop = if on_stop == OnStop::Keep {
            "keep"
        } else {
            "detach"
        };
        let text = format!(
            "version: 1\nsocket: {}\njournal: {}\npin_dir: {}\npolicy: [{}]\nscope: {}\nring_kib: {}\non_stop: {on_stop}\n",
            self.socket().display(),
            self.journal().display(),
            self.pins.display(),
            self.policy().display(),
            scope.display(),
            self.ring_kib,
        );
        let path = self.folder.join("guard.yaml");
        std::fs::write(&path, text).expect("a scratch file can be written");
        path
    }

    /// A guardctl command that talks to this daemon.
    #[must_use]
    pub fn guardctl(&self) -> Command {
        let mut command = Command::new(paths::program("guardctl"));
        command
            .env("GUARD_SOCKET", self.socket())
            .env("NO_COLOR", "1");
        command
    }

    /// What is pinned there.
    #[must_use]
    pub fn pinned(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        find(&self.pins, &mut found);
        found
    }

    /// Removes what a killed daemon with `on_stop: keep` left in the kernel.
    pub fn unpin(&self) {
        for pin in self.pinned() {
            std::fs::remove_file(&pin).ok();
        }
        // Not mounted after an orderly end.
        unmount(&self.pins, UnmountFlags::DETACH).ok();
    }
}

fn find(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in folder.read_dir().into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            find(&entry.path(), found);
        } else if entry.path().extension().is_none_or(|name| name != "debug") {
            // `maps.debug` and `progs.debug` are the file system's own.
            found.push(entry.path());
        }
    }
}

impl Daemon {
    /// Starts a daemon and waits until it answers.
    ///
    /// # Panics
    /// If it does not; the message holds its log.
    #[must_use]
    #[track_caller]
    pub fn start(files: &Files, policy: &str, scope: &Path, on_stop: OnStop) -> Self {
        std::fs::write(files.policy(), policy).expect("a scratch file can be written");
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(files.log())
            .expect("a log can be made");
        let config = files.write_config(scope, on_stop);
        let mut command = Command::new(paths::program("guard-agent"));
        command
            .arg("run")
            .arg("--config")
            .arg(config)
            .env("GUARD_LOG", files.log_level)
            .env("NO_COLOR", "1");
        command
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file can be shared"))
            .stderr(log);
        let server = Server::start(command, Signal::TERM);
        let mut daemon = Self {
            server,
            files: files.clone(),
        };
        let answer = wait::try_until(START, || {
            let answers = UnixStream::connect(files.socket()).is_ok() && daemon.answers();
            (answers || daemon.server.ended().is_some()).then_some(answers)
        });
        assert_eq!(
            answer,
            Some(true),
            "the daemon does not start:\n{}",
            daemon.log()
        );
        daemon
    }

    fn answers(&self) -> bool {
        let mut status = self.files.guardctl();
        run(status.arg("status"), wait::PATIENCE).status.success()
    }

    /// Its paths.
    #[must_use]
    pub const fn files(&self) -> &Files {
        &self.files
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.server.pid()
    }

    /// What it wrote to stdout and stderr.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.files.log()).unwrap_or_default()
    }

    /// Runs `guardctl` with these words.
    #[track_caller]
    pub fn ctl(&self, words: &[&str]) -> Finished {
        run(self.files.guardctl().args(words), wait::PATIENCE)
    }

    /// All decisions on record, oldest first.
    ///
    /// # Panics
    /// If `guardctl tail` fails or prints a line that is not JSON.
    #[track_caller]
    pub fn decisions(&self) -> Vec<Value> {
        let records = self.ctl(&["tail", "-n", "1000000", "-o", "json"]).success();
        let parse =
            |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        records.stdout.lines().map(parse).collect()
    }

    /// Waits until a decision is on record that `wanted` accepts.
    ///
    /// # Panics
    /// If none comes; the message shows those that did.
    #[track_caller]
    pub fn decision(&self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let mut seen = Vec::new();
        let found = wait::try_until(wait::PATIENCE, || {
            seen = self.decisions();
            seen.iter().find(|decision| wanted(decision)).cloned()
        });
        found.unwrap_or_else(|| {
            panic!(
                "no decision `{what}` among {} on record:\n{}",
                seen.len(),
                listing(&seen)
            )
        })
    }

    /// Sends a signal to the daemon.
    pub fn signal(&mut self, signal: Signal) {
        self.server.signal(signal);
    }

    /// Tells the daemon to stop; gives the time it took.
    #[track_caller]
    pub fn stop(&mut self) -> Duration {
        let (status, took) = self.server.stop(Duration::from_secs(15));
        assert!(
            status.success(),
            "the daemon ended with {status}:\n{}",
            self.log()
        );
        took
    }

    /// Ends the daemon without a word: SIGKILL.
    #[track_caller]
    pub fn kill(&mut self) {
        self.server.signal(Signal::KILL);
        wait::until("the end of a killed daemon", wait::PATIENCE, || {
            self.server.ended()
        });
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- the daemon's log\n{}", self.log());
        }
    }
}

/// Decisions as one short line each, for the messages of failed tests.
#[must_use]
pub fn listing(decisions: &[Value]) -> String {
    let line = |d: &Value| {
        format!(
            "{} {} {} {} rule={} effect={} {}",
            d["seq"],
            d["session"]["subject"]["name"],
            d["action"],
            d["verdict"],
            d["rule"],
            d["effect"],
            d["facts"]["summary"]
        )
    };
    decisions.iter().map(line).collect::<Vec<_>>().join("\n")
}
