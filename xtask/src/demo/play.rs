//! Headings, real commands, their real output, and what must be true of it.

use guard_tests::process::run;
use guard_tests::stand::{NO_HANG, Stand};
use std::process::Command;

/// The agent and the purpose of the demo.
pub(super) const AGENT: &str = "demo";
const PURPOSE: &str = "tidy up";

/// What a command printed, both streams in the order of writing.
pub(super) struct Seen {
    pub(super) text: String,
    pub(super) success: bool,
}

/// The demo as it is played.
pub(super) struct Play<'a> {
    pub(super) stand: &'a Stand,
    steps: usize,
    held: usize,
    broken: usize,
}

impl<'a> Play<'a> {
    pub(super) fn new(stand: &'a Stand) -> Self {
        Self {
            stand,
            steps: 0,
            held: 0,
            broken: 0,
        }
    }

    /// Statements that held, and those that did not.
    pub(super) const fn count(&self) -> (usize, usize) {
        (self.held, self.broken)
    }

    /// Begins a step.
    pub(super) fn step(&mut self, title: &str) {
        self.steps += 1;
        println!("\n{}. {title}\n", self.steps);
    }

    /// Says whether something that the step promises is true.
    pub(super) fn check(&mut self, what: &str, holds: bool) {
        let mark = if holds { "ok" } else { "BROKEN" };
        println!("   {mark}: {what}");
        *(if holds {
            &mut self.held
        } else {
            &mut self.broken
        }) += 1;
    }

    /// Runs a command in a guarded session.
    pub(super) fn guarded(&self, words: &[&str]) -> Seen {
        let shown = format!(
            "guardctl run --agent {AGENT} --purpose '{PURPOSE}' -- {}",
            line(words)
        );
        let command = self.stand.guarded_for(AGENT, PURPOSE, words[0]);
        show(&shown, &command, &words[1..])
    }

    /// Runs a command outside of every session, in the same cgroup.
    pub(super) fn unguarded(&self, words: &[&str]) -> Seen {
        show(
            &line(words),
            &self.stand.inside_scope(words[0]),
            &words[1..],
        )
    }

    /// Runs guardctl.
    pub(super) fn guardctl(&self, words: &[&str]) -> Seen {
        show(
            &format!("guardctl {}", line(words)),
            &self.stand.files().guardctl(),
            words,
        )
    }
}

/// Prints a command, runs it, prints what it printed.
fn show(shown: &str, command: &Command, words: &[&str]) -> Seen {
    println!("   $ {shown}");
    // One stream for both, so that errors stand where they happened.
    let mut merged = Command::new("/bin/sh");
    merged
        .args(["-c", "exec \"$@\" 2>&1", "sh"])
        .arg(command.get_program())
        .args(command.get_args())
        .args(words);
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            merged.env(name, value);
        }
    }
    let finished = run(&mut merged, NO_HANG);
    for line in finished.stdout.lines() {
        println!("   | {line}");
    }
    if !finished.status.success() {
        println!("   ({})", finished.status);
    }
    Seen {
        text: finished.stdout,
        success: finished.status.success(),
    }
}

/// Words as one would type them.
fn line(words: &[&str]) -> String {
    let quoted = |word: &&str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@,".contains(c);
        let name = word.rsplit('/').next().unwrap_or(word);
        if word.starts_with('/') {
            name.to_owned()
        } else if word.chars().all(plain) {
            (*word).to_owned()
        } else {
            format!("\"{word}\"")
        }
    };
    words.iter().map(quoted).collect::<Vec<_>>().join(" ")
}
