//! `guardctl explain statement`.

use super::asker::{Asker, pair};
use super::input::{Line, LineError};
use super::words::Answer;
use super::{Failure, write_line, wrong};
use crate::cli::ctl::Output;
use crate::dialect::Dialects;
use crate::exit::Exit;
use crate::policy::Compiled;
use crate::policy::explain::{Connection, Judge};
use guard_common::protocol::Protocol;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

/// Tell what a database statement does, and what policy says about it.
///
/// Without a policy it tells the facts only.
#[derive(Debug, clap::Args)]
#[command(group(clap::ArgGroup::new("question").required(true)))]
pub(super) struct StatementArgs {
    /// Protocol of the database: postgres, mysql or redis
    #[arg(long, value_name = "P", value_parser = protocol)]
    protocol: Protocol,
    /// Database that the client connects to
    #[arg(long, value_name = "D")]
    database: Option<String>,
    /// Dataset that the statement is sent to [default: the strictest answer of all]
    #[arg(long, value_name = "NAME")]
    dataset: Option<String>,
    /// Setting of the startup packet, such as client_encoding=SJIS, or of MySQL's server,
    /// such as server_version=8.0.36; may be repeated
    #[arg(long, value_name = "K=V", value_parser = pair)]
    startup: Vec<(String, String)>,
    /// Read questions from a file (`-`: stdin), one JSON object a line
    #[arg(long, value_name = "FILE", group = "question")]
    jsonl: Option<PathBuf>,
    /// The statement
    #[arg(value_name = "SQL", group = "question")]
    sql: Option<String>,
    #[command(flatten)]
    asker: Asker,
}

/// Answers; returns the exit code.
pub(super) fn run(args: &StatementArgs) -> Result<Exit, Failure> {
    let compiled = args.asker.load()?;
    let dataset = dataset(args, compiled.as_ref())?;
    let dialects = Dialects::load().map_err(|error| {
        let help = "this is a mistake of Guard itself; please report it";
        wrong(Exit::Failed, &error.to_string(), help)
    })?;
    let judge = Judge {
        compiled: compiled.as_ref(),
        dialects: &dialects,
        selectors: compiled
            .as_ref()
            .map_or(1, |compiled| compiled.selectors(&args.asker.who())),
        dataset,
    };
    if compiled.is_none() {
        eprintln!("note: no policy is named (--policy FILE); these are the facts only");
    }
    if compiled.is_some() && judge.datasets(args.protocol).next().is_none() {
        let name = args.protocol.name();
        eprintln!("note: the policy has no dataset with `protocol: {name}`: no rule is asked");
    }
    let mut output = BufWriter::new(io::stdout().lock());
    let exit = match (&args.sql, &args.jsonl) {
        (Some(sql), _) => one(args, &judge, sql, &mut output)?,
        (None, Some(path)) => all(args, &judge, path, &mut output)?,
        (None, None) => Exit::Usage,
    };
    output.flush()?;
    Ok(exit)
}

/// A protocol by name.
fn protocol(text: &str) -> Result<Protocol, String> {
    let found = Protocol::ALL.into_iter().find(|known| known.name() == text);
    found.ok_or_else(|| format!("one of: {}", Protocol::ALL.map(Protocol::name).join(", ")))
}

fn dataset(args: &StatementArgs, compiled: Option<&Compiled>) -> Result<Option<usize>, Failure> {
    let (Some(name), Some(compiled)) = (&args.dataset, compiled) else {
        return Ok(None);
    };
    let named = compiled.dataset_named(name);
    let found = named.and_then(|index| Some((index, compiled.datasets.get(index)?)));
    match found {
        Some((_, info)) if info.protocol != args.protocol => {
            let spoken = info.protocol.name();
            let cause = format!("the dataset `{name}` speaks {spoken}");
            let help = format!("ask with --protocol {spoken}");
            Err(wrong(Exit::Usage, &cause, &help))
        }
        Some((index, _)) => Ok(Some(index)),
        None => {
            let known: Vec<&str> = compiled
                .datasets
                .iter()
                .map(|info| info.name.as_str())
                .collect();
            let help = format!("the policy's datasets: {}", known.join(", "));
            Err(wrong(
                Exit::Usage,
                &format!("no dataset is named `{name}`"),
                &help,
            ))
        }
    }
}

fn one(
    args: &StatementArgs,
    judge: &Judge<'_>,
    sql: &str,
    output: &mut impl Write,
) -> Result<Exit, Failure> {
    let mut connection = Connection::statement(args.protocol, sql);
    connection.database.clone_from(&args.database);
    connection.startup.extend(args.startup.iter().cloned());
    let answer = Answer::new(judge, Value::Null, &connection);
    match args.asker.form.output {
        Output::Json => write_line(output, &answer)?,
        Output::Text => answer.write_text(output, judge, &args.asker.who())?,
    }
    Ok(if answer.refused { Exit::No } else { Exit::Done })
}

/// Answers every line as it comes, so that a program may ask and wait.
fn all(
    args: &StatementArgs,
    judge: &Judge<'_>,
    path: &Path,
    output: &mut impl Write,
) -> Result<Exit, Failure> {
    let mut input: Box<dyn BufRead> = if path == Path::new("-") {
        Box::new(BufReader::new(io::stdin()))
    } else {
        Box::new(BufReader::new(File::open(path).map_err(|error| {
            let cause = format!("{} cannot be read: {error}", path.display());
            wrong(
                Exit::Usage,
                &cause,
                "name a file with one JSON object a line, or -",
            )
        })?))
    };
    let (mut refused, mut wrong_lines) = (false, false);
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        let read = input.read_until(b'\n', &mut line).map_err(|error| {
            let cause = format!("{}:{number} cannot be read: {error}", path.display());
            wrong(Exit::Failed, &cause, "check the file")
        })?;
        if read == 0 {
            break;
        }
        let text = String::from_utf8_lossy(&line);
        if text.trim().is_empty() {
            continue;
        }
        match question(args, &text) {
            Ok((id, connection)) => {
                let answer = Answer::new(judge, id, &connection);
                refused |= answer.refused;
                write_line(output, &answer)?;
            }
            Err((id, error)) => {
                wrong_lines = true;
                eprintln!("error: {}:{number}: {error}", path.display());
                let answer =
                    json!({ "v": 1, "id": id, "line": number, "error": error.to_string() });
                write_line(output, &answer)?;
            }
        }
        output.flush()?;
    }
    Ok(match (wrong_lines, refused) {
        (true, _) => Exit::Usage,
        (false, true) => Exit::No,
        (false, false) => Exit::Done,
    })
}

fn question(args: &StatementArgs, text: &str) -> Result<(Value, Connection), (Value, LineError)> {
    let line = Line::parse(text).map_err(|error| (Value::Null, error))?;
    match line.connection(args.protocol, args.database.as_deref()) {
        Ok(mut connection) => {
            for (key, value) in &args.startup {
                let entry = connection.startup.entry(key.clone());
                entry.or_insert_with(|| value.clone());
            }
            Ok((line.id, connection))
        }
        Err(error) => Err((line.id, error)),
    }
}
