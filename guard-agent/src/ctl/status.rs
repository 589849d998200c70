//! `guardctl status`, `sessions` and `policy list`.

use super::text::{table, word};
use super::{CtlError, client};
use crate::cli::ctl::Output;
use crate::exit::Exit;
use serde_json::Value;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::Path;

/// Shows how the daemon does.
pub(super) async fn status(socket: &Path, output: Output) -> Result<Exit, CtlError> {
    let answer = client::get(socket, "/v1/status").await?;
    show(&answer, output, status_text)
}

/// Shows who is guarded.
pub(super) async fn sessions(socket: &Path, output: Output) -> Result<Exit, CtlError> {
    let answer = client::get(socket, "/v1/sessions").await?;
    show(&answer, output, sessions_text)
}

/// Shows the live rules.
pub(super) async fn rules(socket: &Path, output: Output) -> Result<Exit, CtlError> {
    let answer = client::get(socket, "/v1/rules").await?;
    show(&answer, output, rules_text)
}

/// Prints an answer as JSON or as text.
pub(super) fn show(
    answer: &Value,
    output: Output,
    text: impl FnOnce(&Value) -> String,
) -> Result<Exit, CtlError> {
    let mut out = io::stdout().lock();
    match output {
        Output::Json => writeln!(out, "{answer}")?,
        Output::Text => write!(out, "{}", text(answer))?,
    }
    out.flush()?;
    Ok(Exit::Done)
}

fn status_text(status: &Value) -> String {
    if status["guarded"] == true {
        let session = &status["session"];
        return format!(
            "guarded    session {} ({} {}), {}\n",
            word(&session["id"]),
            word(&session["subject"]["kind"]),
            word(&session["subject"]["name"]),
            word(&session["state"]),
        );
    }
    let policy = &status["policy"];
    let until = word(&status["disarmed_until"]);
    let enforcing = if until.is_empty() {
        "yes".to_owned()
    } else {
        format!("NO, disarmed until {until}")
    };
    let decisions = &status["decisions"];
    let lost = &status["lost"];
    let mut text = String::new();
    let mut line = |name: &str, value: String| {
        let _infallible = writeln!(text, "{name:<11}{value}");
    };
    line("enforcing", enforcing);
    for missing in status["not_enforced"].as_array().into_iter().flatten() {
        line("  not", word(missing).to_owned());
    }
    line(
        "daemon",
        format!(
            "{} pid {}, since {}",
            word(&status["version"]),
            status["pid"],
            word(&status["since"])
        ),
    );
    line(
        "policy",
        format!(
            "epoch {}, rules {}, datasets {}, sha256 {:.12}",
            policy["epoch"],
            policy["rules"],
            policy["datasets"],
            word(&policy["sha256"])
        ),
    );
    for warning in policy["warnings"].as_array().into_iter().flatten() {
        line("  warning", word(warning).to_owned());
    }
    line(
        "scope",
        format!(
            "{}, on stop: {}",
            word(&status["scope"]),
            word(&status["on_stop"])
        ),
    );
    line(
        "sessions",
        format!(
            "{} with {} processes",
            status["sessions"], status["processes"]
        ),
    );
    line(
        "decisions",
        format!(
            "{}, refused {}, observed {}",
            decisions["total"], decisions["refused"], decisions["observed"]
        ),
    );
    line(
        "lost",
        format!(
            "ring {}, queue {}, journal {}",
            lost["ring"], lost["queue"], lost["journal"]
        ),
    );
    for (fault, count) in status["faults"].as_object().into_iter().flatten() {
        if *count != 0 {
            line("fault", format!("{fault} {count}"));
        }
    }
    let journal = &status["journal"];
    line(
        "journal",
        format!("{} record {}", word(&journal["path"]), journal["last"]),
    );
    line(
        "memory",
        format!(
            "{} KiB in the kernel",
            status["memory_bytes"].as_u64().unwrap_or(0) / 1024
        ),
    );
    text
}

fn sessions_text(answer: &Value) -> String {
    let list = answer["sessions"].as_array();
    let rows = list.into_iter().flatten().map(|session| {
        vec![
            word(&session["id"]).to_owned(),
            word(&session["state"]).to_owned(),
            word(&session["subject"]["kind"]).to_owned(),
            word(&session["subject"]["name"]).to_owned(),
            word(&session["user"]).to_owned(),
            session["processes"].to_string(),
            session["counters"]["decisions"].to_string(),
            session["counters"]["refused"].to_string(),
            word(&session["purpose"]).to_owned(),
        ]
    });
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return "nobody is guarded\n".to_owned();
    }
    let head = [
        "SESSION",
        "STATE",
        "KIND",
        "NAME",
        "USER",
        "PROCESSES",
        "DECISIONS",
        "REFUSED",
        "PURPOSE",
    ];
    table(&head, &rows)
}

/// A time span as policies write it.
fn span(milliseconds: u64) -> String {
    let units = [(3_600_000, "h"), (60_000, "m"), (1000, "s")];
    let whole = units
        .into_iter()
        .find(|(unit, _)| milliseconds.is_multiple_of(*unit));
    match whole {
        Some((unit, name)) => format!("{}{name}", milliseconds / unit),
        None => format!("{milliseconds} ms"),
    }
}

/// The live rules as a table.
fn rules_text(answer: &Value) -> String {
    let list = answer["rules"].as_array();
    let rows = list.into_iter().flatten().map(|rule| {
        let context = &rule["context"];
        let condition = if context.is_null() {
            String::new()
        } else {
            format!(
                "more than {} within {}, {} matched",
                context["more_than"],
                span(context["within_ms"].as_u64().unwrap_or(0)),
                rule["matches"],
            )
        };
        vec![
            word(&rule["name"]).to_owned(),
            word(&rule["on"]).to_owned(),
            word(&rule["action"]).to_owned(),
            word(&rule["mode"]).to_owned(),
            rule["enforced"].to_string(),
            rule["observed"].to_string(),
            rule["errors"].to_string(),
            condition,
        ]
    });
    let rows: Vec<_> = rows.collect();
    let head = [
        "RULE",
        "ON",
        "ACTION",
        "MODE",
        "ENFORCED",
        "OBSERVED",
        "ERRORS",
        "CONDITION",
    ];
    let mut text = table(&head, &rows);
    let memory = answer["memory_bytes"].as_u64().unwrap_or(0) / 1024;
    let _infallible = writeln!(
        text,
        "\nepoch {}, sha256 {:.12}, {memory} KiB of kernel memory",
        answer["epoch"],
        word(&answer["sha256"])
    );
    for warning in answer["warnings"].as_array().into_iter().flatten() {
        let _infallible = writeln!(text, "warning: {}", word(warning));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn rules_show_their_counters_and_spans_as_people_write_them() {
        let text = rules_text(&json!({
            "epoch": 3, "sha256": "00", "memory_bytes": 2048, "warnings": ["look"],
            "rules": [{
                "name": "few", "on": "statement", "action": "kill", "mode": "enforce",
                "matches": 7, "enforced": 1, "observed": 0, "errors": 2,
                "context": {"more_than": 3, "within_ms": 60_000},
            }],
        }));
        let row: Vec<&str> = text
            .lines()
            .nth(1)
            .unwrap_or("")
            .split_whitespace()
            .collect();
        let wanted = "few statement kill enforce 1 0 2 more than 3 within 1m, 7 matched";
        assert_eq!(row.join(" "), wanted);
        assert!(text.ends_with("\nepoch 3, sha256 00, 2 KiB of kernel memory\nwarning: look\n"));
        assert_eq!(
            [90_000, 7_200_000, 1500].map(span),
            ["90s", "2h", "1500 ms"]
        );
    }
}
