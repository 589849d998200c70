//! `guardctl explain exec`.

use super::asker::Asker;
use super::words::ActionAnswer;
use super::{Failure, write_line};
use crate::cli::ctl::Output;
use crate::exit::Exit;
use crate::policy::explain::{Start, start};
use serde_json::json;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Interpreters in a row that Linux follows.
const SCRIPT_DEPTH: usize = 4;

/// Longest `#!` line that Linux reads.
const SCRIPT_LINE: u64 = 255;

/// Tell what policy says about a program start.
///
/// The program is looked for in PATH as a shell does. Where it is on this
/// machine, symbolic links and `#!` lines are followed as the kernel does; else
/// it is judged by its name alone.
#[derive(Debug, clap::Args)]
pub(super) struct ExecArgs {
    #[command(flatten)]
    asker: Asker,
    /// The command with its arguments
    #[arg(value_name = "ARGV", required = true, last = true)]
    argv: Vec<OsString>,
}

/// Answers; returns the exit code.
pub(super) fn run(args: &ExecArgs) -> Result<Exit, Failure> {
    let compiled = args.asker.require()?;
    let who = args.asker.who();
    let asked = program(&args.argv);
    let decision = start(&compiled, compiled.selectors(&who), &asked);
    let resolved = (!asked.resolved.is_empty()).then(|| String::from_utf8_lossy(&asked.resolved));
    let facts = json!({
        "path": String::from_utf8_lossy(&asked.named),
        "resolved": resolved,
        "argv": asked.argv.iter().map(|word| String::from_utf8_lossy(word)).collect::<Vec<_>>(),
    });
    let answer = ActionAnswer::new(&compiled, facts, &decision);
    let mut output = io::stdout().lock();
    match args.asker.form.output {
        Output::Json => write_line(&mut output, &answer)?,
        Output::Text => {
            let words: Vec<_> = args
                .argv
                .iter()
                .map(|word| word.to_string_lossy())
                .collect();
            answer.write_text(&mut output, &compiled, &words.join(" "), &who)?;
        }
    }
    Ok(if decision.denies() {
        Exit::No
    } else {
        Exit::Done
    })
}

/// What the kernel would see of a command.
fn program(argv: &[OsString]) -> Start {
    let mut words: Vec<Vec<u8>> = argv.iter().map(|word| word.as_bytes().to_vec()).collect();
    let asked = argv.first().map(PathBuf::from).unwrap_or_default();
    let Some(found) = find(&asked) else {
        return Start {
            named: asked.into_os_string().into_vec(),
            resolved: Vec::new(),
            argv: words,
        };
    };
    let mut runs = found.clone();
    for _ in 0..SCRIPT_DEPTH {
        let Some((interpreter, argument)) = script(&runs) else {
            break;
        };
        let mut front = vec![interpreter.as_os_str().as_bytes().to_vec()];
        front.extend(argument);
        front.push(runs.into_os_string().into_vec());
        words.splice(0..1, front);
        runs = interpreter;
    }
    Start {
        named: found.into_os_string().into_vec(),
        resolved: runs
            .canonicalize()
            .map(|path| path.into_os_string().into_vec())
            .unwrap_or_default(),
        argv: words,
    }
}

fn find(asked: &Path) -> Option<PathBuf> {
    let executable = |path: &PathBuf| {
        path.metadata()
            .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    };
    if asked.as_os_str().as_bytes().contains(&b'/') {
        return Some(asked.to_owned()).filter(executable);
    }
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders)
        .map(|folder| folder.join(asked))
        .find(executable)
}

/// The interpreter of a script, and its one argument.
fn script(path: &Path) -> Option<(PathBuf, Option<Vec<u8>>)> {
    let mut line = Vec::new();
    BufReader::new(File::open(path).ok()?.take(SCRIPT_LINE))
        .read_until(b'\n', &mut line)
        .ok()?;
    let line = line.strip_prefix(b"#!")?.trim_ascii();
    let mut parts = line.splitn(2, |byte| matches!(byte, b' ' | b'\t'));
    let interpreter = parts.next().filter(|name| !name.is_empty())?.to_vec();
    let argument = parts.next().map(|rest| rest.trim_ascii().to_vec());
    Some((OsString::from_vec(interpreter).into(), argument))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_script_is_seen_as_the_kernel_starts_it() {
        let folder = tempfile::tempdir().expect("temporary folder");
        let path = folder.path().join("prisma");
        fs::write(&path, "#!/usr/bin/env -S node \nx\n").expect("write");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("mode");
        let start = program(&[path.clone().into(), "migrate".into()]);
        assert_eq!(start.named, path.as_os_str().as_bytes());
        let words: Vec<_> = start
            .argv
            .iter()
            .map(|word| String::from_utf8_lossy(word))
            .collect();
        let path = path.to_string_lossy();
        assert_eq!(words, ["/usr/bin/env", "-S node", &*path, "migrate"]);
    }

    #[test]
    fn what_is_not_here_is_judged_by_its_name() {
        let start = program(&["surely-not-installed".into(), "x".into()]);
        assert_eq!(start.named, b"surely-not-installed");
        assert!(start.resolved.is_empty() && start.argv.len() == 2);
    }
}
