//! `guardctl policy check`: is a policy valid? Offline.

use super::text::counted;
use crate::cli::ctl::{Form, Output};
use crate::exit::Exit;
use crate::policy::{self, Capabilities, Loaded};
use crate::yaml::{Mistakes, Problem};
use serde_json::{Value, json};
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// Checks policy files without a daemon.
///
/// All files together are one policy, as for the daemon. Exits with 3 and
/// every mistake on stderr when it is not valid.
#[derive(Debug, clap::Args)]
pub struct CheckArgs {
    /// Policy files, or folders with *.yaml files
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Form.
    #[command(flatten)]
    form: Form,
}

/// Runs `guardctl policy check`.
///
/// # Errors
///
/// The result cannot be written.
pub fn check(args: &CheckArgs) -> io::Result<ExitCode> {
    let result = policy::load(&args.files, Capabilities::default());
    let (code, text) = match &result {
        Ok(loaded) => (ExitCode::SUCCESS, ok_text(loaded)),
        Err(_) => (Exit::Invalid.into(), String::new()),
    };
    if args.form.output == Output::Json {
        writeln!(io::stdout(), "{}", as_json(&result))?;
        return Ok(code);
    }
    match result {
        Ok(loaded) => {
            for warning in loaded.warnings {
                writeln!(io::stderr(), "warning: {warning}")?;
            }
            writeln!(io::stdout(), "{text}")?;
        }
        Err(errors) => writeln!(io::stderr(), "{errors}")?,
    }
    Ok(code)
}

fn ok_text(loaded: &Loaded) -> String {
    let compiled = &loaded.compiled;
    format!(
        "valid: {}, {}, {}; sha256 {}",
        counted(compiled.rules.len(), "rule"),
        counted(compiled.datasets.len(), "dataset"),
        counted(compiled.subjects.len(), "subject"),
        loaded.sha256
    )
}

fn as_json(result: &Result<Loaded, Mistakes>) -> Value {
    match result {
        Ok(loaded) => json!({
            "v": 1,
            "valid": true,
            "sha256": loaded.sha256,
            "files": loaded.files,
            "warnings": loaded.warnings,
            "rules": loaded.compiled.rules.len(),
            "datasets": loaded.compiled.datasets.len(),
            "subjects": loaded.compiled.subjects.len(),
        }),
        Err(errors) => json!({
            "v": 1,
            "valid": false,
            "errors": errors.problems.iter().map(problem).collect::<Vec<_>>(),
            "more": errors.more,
        }),
    }
}

fn problem(problem: &Problem) -> Value {
    json!({
        "file": &*problem.place.file,
        "line": problem.place.line,
        "column": problem.place.column,
        "error": problem.cause,
        "help": problem.help,
    })
}
