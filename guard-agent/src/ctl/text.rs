//! Records and tables for people.

use crate::yaml::diagnostic::one_line;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;
use std::fmt::Write as _;
use std::io::IsTerminal;

/// Colours of a verdict and of what is beside the point.
const RED: &str = "\x1b[31m";
const YELLOW: &str = "\x1b[33m";
const DIM: &str = "\x1b[2m";
const PLAIN: &str = "\x1b[0m";

/// Tells whether to use colour: on a terminal, and not against `NO_COLOR`.
pub(super) fn colour() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    !refused && std::io::stdout().is_terminal()
}

/// One record in one line (two, where there is a reason).
pub(super) fn record(record: &Value, colour: bool) -> String {
    let record = &harmless(record);
    if let Some(gap) = record.get("gap") {
        let line = format!(
            "{} lost     {} records are missing here ({})",
            time(record),
            gap["lost"],
            word(&gap["stage"])
        );
        return paint(&line, YELLOW, colour);
    }
    if let Some(event) = record.get("guard") {
        return paint(
            &format!("{} guard    {}", time(record), lifecycle(event)),
            DIM,
            colour,
        );
    }
    decision(record, colour)
}

/// A record without anything that steers a terminal: names of files and of tables
/// are chosen by those who are guarded.
fn harmless(value: &Value) -> Value {
    match value {
        Value::String(text) => one_line(text).into(),
        Value::Array(list) => list.iter().map(harmless).collect(),
        Value::Object(map) => map
            .iter()
            .map(|(key, value)| (key.clone(), harmless(value)))
            .collect(),
        other => other.clone(),
    }
}

fn decision(record: &Value, colour: bool) -> String {
    let subject = &record["session"]["subject"];
    let verdict = word(&record["verdict"]);
    let observed = record["mode"] == "observe";
    let hue = match (observed, verdict) {
        (true, "allow") | (false, "audit") => "",
        (true, _) => YELLOW,
        (false, "block" | "kill" | "hold" | "rewrite") => RED,
        _ => "",
    };
    let shown = if observed {
        format!("({verdict})")
    } else {
        verdict.to_owned()
    };
    let mut line = format!(
        "{} {} {:<12} {}",
        paint(&time(record), DIM, colour),
        paint(&format!("{shown:<8}"), hue, colour),
        word(&subject["name"]),
        what(record),
    );
    let effect = word(&record["effect"]);
    if effect != "none" && !effect.is_empty() {
        let _infallible = write!(line, "  -> {effect}");
    }
    let rule = word(&record["rule"]);
    let reason = word(&record["reason"]);
    let why = match (rule, reason) {
        ("", "") => return line,
        ("", reason) => reason.to_owned(),
        (rule, "") => format!("rule {rule}"),
        (rule, reason) => format!("rule {rule}: {reason}"),
    };
    let mut who = String::new();
    let purpose = word(&record["session"]["purpose"]);
    if !purpose.is_empty() {
        let _infallible = write!(who, "  (purpose: {purpose})");
    }
    if observed {
        who.push_str("  (observed only)");
    }
    let _infallible = write!(line, "\n             {}", paint(&(why + &who), DIM, colour));
    line
}

/// What was done, by which process.
fn what(record: &Value) -> String {
    let facts = &record["facts"];
    let process = format!(
        "{}[{}]",
        file(word(&record["process"]["exe"])),
        record["process"]["pid"]
    );
    match word(&record["action"]) {
        "exec" => {
            let args = record["process"]["args"].as_array();
            let args = args.into_iter().flatten().map(word);
            format!("{process} starts {}", args.collect::<Vec<_>>().join(" "))
        }
        "connect" => {
            let dataset = word(&facts["dataset"]);
            let name = if dataset.is_empty() {
                String::new()
            } else {
                format!(" ({dataset})")
            };
            format!("{process} connects to {}{name}", word(&facts["endpoint"]))
        }
        _ => {
            let opaque = word(&facts["opaque"]);
            let summary = match (word(&facts["summary"]), opaque) {
                ("", "") => word(&facts["class"]).to_owned(),
                ("", opaque) => format!("opaque: {opaque}"),
                (summary, "") => summary.to_owned(),
                (summary, opaque) => format!("{summary} (opaque: {opaque})"),
            };
            let database = word(&facts["database"]);
            format!(
                "{process} {}/{database}: {summary}",
                word(&facts["dataset"])
            )
        }
    }
}

/// A lifecycle record: its name and its plain values.
fn lifecycle(event: &Value) -> String {
    let mut line = word(&event["event"]).to_owned();
    for (key, value) in event.as_object().into_iter().flatten() {
        let shown = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(truth) => truth.to_string(),
            Value::Array(list) if !list.is_empty() => Value::Array(list.clone()).to_string(),
            Value::Object(map) => map
                .get("id")
                .map_or_else(String::new, |id| word(id).to_owned()),
            _ => continue,
        };
        if key != "event" && !shown.is_empty() {
            let _infallible = write!(line, " {key}={shown}");
        }
    }
    line
}

/// Time of day here, with milliseconds; the date too when it is not today.
fn time(record: &Value) -> String {
    let Ok(moment) = word(&record["time"]).parse::<Timestamp>() else {
        return word(&record["time"]).to_owned();
    };
    let here = moment.to_zoned(TimeZone::system());
    if here.date() == jiff::Zoned::now().date() {
        return here.strftime("%H:%M:%S%.3f").to_string();
    }
    here.strftime("%Y-%m-%d %H:%M:%S%.3f").to_string()
}

/// A JSON string, empty where it is null.
pub(super) fn word(value: &Value) -> &str {
    value.as_str().unwrap_or("")
}

/// "1 rule", "2 rules".
pub(super) fn counted(count: usize, word: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {word}{plural}")
}

fn file(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn paint(text: &str, hue: &str, colour: bool) -> String {
    if colour && !hue.is_empty() {
        return format!("{hue}{text}{PLAIN}");
    }
    text.to_owned()
}

/// Columns, aligned, with two spaces between.
pub(super) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut widths: Vec<usize> = head.iter().map(|cell| cell.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let line = |cells: Vec<&str>| {
        let cells = cells.iter().zip(&widths);
        let padded = cells.map(|(cell, width)| format!("{cell:<width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned() + "\n"
    };
    let mut text = line(head.to_vec());
    for row in rows {
        text += &line(row.iter().map(String::as_str).collect());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_decision_says_who_what_and_why() {
        let line = record(
            &json!({
                "time": "2020-01-01T00:00:00.123456789Z", "action": "statement",
                "session": {"subject": {"name": "claude"}, "purpose": "fix invoices"},
                "process": {"exe": "/usr/bin/psql", "pid": 42},
                "facts": {"dataset": "customers", "database": "shop", "summary": "DROP TABLE x"},
                "verdict": "block", "mode": "enforce", "effect": "error-frame",
                "rule": "no-drops", "reason": "No drops."
            }),
            false,
        );
        for part in [
            "block",
            "claude",
            "psql[42]",
            "customers/shop: DROP TABLE x",
            "error-frame",
            "rule no-drops: No drops.",
            "fix invoices",
        ] {
            assert!(line.contains(part), "{line}");
        }
        assert!(!line.contains('\x1b'));
    }

    #[test]
    fn names_cannot_steer_the_terminal() {
        let line = record(
            &json!({
                "time": "x", "action": "exec", "session": {"subject": {"name": "a"}},
                "process": {"exe": "/tmp/\x1b[2J", "pid": 1, "args": ["\r\u{9b}31m", "\u{202e}txt"]},
                "verdict": "allow", "mode": "enforce",
            }),
            false,
        );
        assert!(
            !line.contains(['\x1b', '\r', '\u{9b}', '\u{202e}']),
            "{line:?}"
        );
    }

    #[test]
    fn gaps_and_lifecycle_records_are_lines_too() {
        let gap = record(
            &json!({"time": "x", "gap": {"lost": 3, "stage": "ring"}}),
            false,
        );
        assert!(gap.contains("3 records are missing here (ring)"), "{gap}");
        let event = json!({"time": "x", "guard": {"event": "policy-load", "epoch": 2}});
        assert!(record(&event, false).contains("policy-load epoch=2"));
        assert!(record(&event, true).contains(DIM));
    }
}
