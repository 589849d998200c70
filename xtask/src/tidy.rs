//! `cargo xtask tidy`: rules of the project that no other tool checks.

use crate::{cmd, paths};
use anyhow::{Context, Result, bail};
use std::process::Command;

/// Above this a source file, tests excepted, has more than one job.
const MAX_LINES: usize = 500;

/// Reads every file that git knows and prints what breaks a rule.
pub(crate) fn run() -> Result<()> {
    let root = paths::root();
    let listed = cmd::output(Command::new("git").arg("-C").arg(root).args([
        "ls-files",
        "-co",
        "--exclude-standard",
    ]))
    .context("git cannot list the files of the project")?;
    let mut problems = Vec::new();
    for path in listed.lines() {
        // Files that are not text, or are deleted but not yet committed.
        let Ok(text) = std::fs::read_to_string(root.join(path)) else {
            continue;
        };
        check(path, &text, &mut problems);
    }
    for problem in &problems {
        eprintln!("tidy: {problem}");
    }
    if !problems.is_empty() {
        bail!("{} broken rules", problems.len());
    }
    Ok(())
}

/// Checks one file.
fn check(path: &str, text: &str, problems: &mut Vec<String>) {
    let rust = path.ends_with(".rs");
    let lines = text.lines().count();
    let is_test = path.contains("/tests/") || path.ends_with("tests.rs");
    if rust && lines > MAX_LINES && !is_test {
        problems.push(format!(
            "{path}: {lines} lines; split it, {MAX_LINES} is the limit"
        ));
    }
    if path == "Cargo.lock" || path.ends_with("package-lock.json") {
        return;
    }
    for (at, line) in text.lines().enumerate() {
        let place = || format!("{path}:{}", at + 1);
        if rust && is_issue_reference(line) {
            problems.push(format!(
                "{}: names an issue; say what is true instead",
                place()
            ));
        }
        if rust && line.contains(concat!("TO", "DO")) {
            problems.push(format!("{}: unfinished", place()));
        }
        if rust && line.contains(concat!("#[", "allow(")) {
            problems.push(format!("{}: use #[expect(…, reason = …)]", place()));
        }
    }
    if !text.is_empty() && !text.ends_with('\n') && !path.ends_with(".svg") {
        problems.push(format!("{path}: no newline at the end"));
    }
}

/// A number of an issue: a reader of the code cannot look these up.
fn is_issue_reference(line: &str) -> bool {
    let Some((_, comment)) = line.split_once("//") else {
        return false;
    };
    ["issue ", "issue #", "fixes #", "see #"]
        .iter()
        .any(|lead| {
            comment
                .to_lowercase()
                .split(lead)
                .skip(1)
                .any(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        let mut problems = Vec::new();
        check("a.rs", text, &mut problems);
        problems
    }

    #[test]
    fn issues_are_not_named() {
        assert_eq!(problems(concat!("// see iss", "ue 4 for this\n")).len(), 1);
        assert!(problems("// the issue is known\n").is_empty());
    }

    #[test]
    fn a_long_file_is_named() {
        assert_eq!(problems(&"a();\n".repeat(501)).len(), 1);
    }
}
