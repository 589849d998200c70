//! `guardctl` and `guard-agent` without a daemon: exit codes and messages.

use std::io::ErrorKind;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

fn guardctl(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_guardctl"))
        .args(args)
        .env("GUARD_SOCKET", "/nonexistent/guard.sock")
        .output()
        .expect("guardctl starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[track_caller]
fn ends_with(code: i32, args: &[&str]) -> Output {
    let output = guardctl(args);
    assert_eq!(
        output.status.code(),
        Some(code),
        "{args:?}: {}",
        text(&output.stderr)
    );
    output
}

#[test]
fn without_a_daemon_every_question_ends_with_4_and_a_remedy() {
    for args in [
        &["status"][..],
        &["sessions"],
        &["tail"],
        &["tail", "-f"],
        &["policy", "list"],
        &["policy", "reload"],
        &["disarm", "--for", "10m", "--reason", "x"],
        &["arm"],
    ] {
        let output = ends_with(4, args);
        let errors = text(&output.stderr);
        assert!(
            errors.contains("/nonexistent/guard.sock") && errors.contains("help:"),
            "{errors}"
        );
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn run_starts_nothing_that_it_cannot_guard() {
    let output = ends_with(4, &["run", "--agent", "x", "--", "echo", "started"]);
    assert!(output.stdout.is_empty());
}

#[test]
fn run_says_when_the_command_is_not_there() {
    let output = ends_with(127, &["run", "--agent", "x", "--", "no-such-command-here"]);
    let errors = text(&output.stderr);
    assert!(
        errors.contains("no-such-command-here: command not found\n  help: "),
        "{errors}"
    );
    let file = tempfile::NamedTempFile::new().expect("a file that is no program");
    let path = file.path().to_string_lossy();
    ends_with(126, &["run", "--agent", "x", "--", &path]);
    ends_with(126, &["run", "--agent", "x", "--", "/"]);
    ends_with(127, &["run", "--agent", "x", "--", ""]);
}

#[test]
fn wrong_usage_ends_with_2() {
    for args in [
        &["nonsense"][..],
        &["run", "--agent", "x"],
        &["run", "--", "true"],
        &["run", "--agent", "x", "--label", "novalue", "--", "true"],
        &[
            "run", "--agent", "x", "--label", "a=1", "--label", "a=2", "--", "true",
        ],
        &["tail", "--verdict", "maybe"],
        &["tail", "--since", "soon"],
        &["disarm", "--for", "10m"],
        &["disarm", "--for", "later", "--reason", "x"],
    ] {
        ends_with(2, args);
    }
}

#[test]
fn a_policy_that_is_not_valid_ends_with_3() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let path = folder.path().join("bad.yaml");
    std::fs::write(&path, "version: 1\nrulez: []\n").expect("written");
    let path = path.to_string_lossy();
    let output = ends_with(3, &["policy", "check", &path]);
    assert!(
        text(&output.stderr).contains("bad.yaml:2"),
        "{}",
        text(&output.stderr)
    );
    let output = Command::new(env!("CARGO_BIN_EXE_guard-agent"))
        .args(["check", "--scope", "/", "--policy", &path])
        .output()
        .expect("guard-agent starts");
    assert_eq!(output.status.code(), Some(3));
    assert!(text(&output.stderr).contains("bad.yaml:2"));
}

#[test]
fn a_configuration_that_is_not_valid_ends_with_3() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let path = folder.path().join("guard.yaml");
    std::fs::write(&path, "version: 1\nsokcet: /x\n").expect("written");
    let output = Command::new(env!("CARGO_BIN_EXE_guard-agent"))
        .arg("check")
        .arg("--config")
        .arg(&path)
        .output()
        .expect("guard-agent starts");
    assert_eq!(output.status.code(), Some(3));
    let errors = text(&output.stderr);
    assert!(
        errors.contains("guard.yaml:2:1: ") && errors.contains("did you mean `socket`"),
        "{errors}"
    );
}

/// Whatever cannot be used is said with its place and what to do about it.
#[test]
fn what_is_not_there_is_named_with_a_remedy() {
    for args in [
        &["check", "--config", "/nonexistent"][..],
        &["check", "--config", "/"],
        &["check", "--scope", "/nonexistent"],
        &["check", "--scope", "/proc"],
        &["run", "--config", "/nonexistent"],
        &["check", "--ring-kib", "3"],
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_guard-agent"))
            .args(args)
            .args(["--policy", "/nonexistent.yaml"])
            .output()
            .expect("guard-agent starts");
        assert_eq!(output.status.code(), Some(3), "{args:?}");
        let errors = text(&output.stderr);
        let place = args.last().expect("an argument");
        assert!(
            errors.contains(place) || errors.contains("ring_kib"),
            "{errors}"
        );
        let told = errors.matches("error: ").count();
        assert_eq!(errors.matches("  help: ").count(), told, "{errors}");
    }
}

/// Not to be root is no fault of the kernel.
#[test]
fn probe_without_root_ends_with_1_and_a_remedy() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let copy = folder.path().join("guardctl");
    std::fs::copy(env!("CARGO_BIN_EXE_guardctl"), &copy).expect("copied");
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(folder.path(), open).expect("a folder of ours");
    let mut command = Command::new(&copy);
    command.arg("probe");
    if std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0) {
        command.uid(65_534);
    }
    // A process that another test is just starting may hold the copy open to write.
    let output = loop {
        match command.output() {
            Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => {
                std::thread::sleep(Duration::from_millis(10));
            }
            output => break output.expect("guardctl starts"),
        }
    };
    let errors = text(&output.stderr);
    if text(&output.stdout).contains("this build has no BPF object") {
        assert_eq!(output.status.code(), Some(5));
        return;
    }
    assert_eq!(output.status.code(), Some(1), "{errors}");
    assert!(
        errors.contains("needs root") && errors.contains("help: sudo"),
        "{errors}"
    );
    assert!(output.stdout.is_empty());
}

#[test]
fn help_completions_and_the_manual_come_from_the_same_types() {
    let help = text(&ends_with(0, &["--help"]).stdout);
    for verb in [
        "run", "tail", "status", "sessions", "policy", "explain", "disarm", "arm",
    ] {
        assert!(help.contains(verb), "{help}");
    }
    assert!(help.contains("Exit codes"));
    assert!(text(&ends_with(0, &["completions", "bash"]).stdout).contains("guardctl"));
    assert!(text(&ends_with(0, &["man"]).stdout).contains(".TH"));
}

#[test]
fn a_closed_pipe_is_success() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_guardctl"))
        .arg("man")
        .stdout(Stdio::piped())
        .spawn()
        .expect("guardctl starts");
    drop(child.stdout.take());
    assert_eq!(child.wait().expect("ends").code(), Some(0));
}
