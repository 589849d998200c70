//! `guardctl policy reload`, `disarm` and `arm`.

use super::status::show;
use super::text::{counted, word};
use super::{CtlError, client};
use crate::api::message::DisarmBody;
use crate::cli::ctl::{Disarm, Output};
use crate::exit::Exit;
use hyper::Method;
use jiff::SignedDuration;
use serde_json::Value;
use std::path::Path;

/// Loads the policy again.
pub(super) async fn reload(socket: &Path, output: Output) -> Result<Exit, CtlError> {
    let answer = client::ask(socket, Method::POST, "/v1/policy/reload", None::<&()>).await?;
    show(&answer, output, reloaded)
}

/// Enforces nothing for a while.
pub(super) async fn disarm(socket: &Path, args: &Disarm) -> Result<Exit, CtlError> {
    let span: Result<SignedDuration, _> = args.span.parse();
    let seconds = span
        .ok()
        .and_then(|span| u64::try_from(span.as_secs()).ok());
    let seconds = seconds.filter(|seconds| *seconds > 0);
    let body = DisarmBody {
        seconds: seconds.ok_or_else(|| CtlError::Argument {
            flag: "--for",
            message: format!(
                "{:?} is not a time of a second or more; write 90s, 10m or 1h",
                args.span
            ),
        })?,
        reason: args.reason.clone(),
    };
    let answer = client::ask(socket, Method::POST, "/v1/disarm", Some(&body)).await?;
    show(&answer, args.form.output, |answer| {
        let until = word(&answer["disarmed_until"]);
        match word(&answer["was_disarmed_until"]) {
            "" => format!("disarmed until {until}\n"),
            former => format!("disarmed until {until} (it was until {former})\n"),
        }
    })
}

/// Enforces again.
pub(super) async fn arm(socket: &Path, output: Output) -> Result<Exit, CtlError> {
    let answer = client::ask(socket, Method::POST, "/v1/arm", None::<&()>).await?;
    show(&answer, output, |answer| {
        match word(&answer["was_disarmed_until"]) {
            "" => "it was armed already; nothing has changed\n".to_owned(),
            former => format!("armed again; it was disarmed until {former}\n"),
        }
    })
}

/// What is in force now.
fn reloaded(answer: &Value) -> String {
    let rules = answer["rules"].as_array().map_or(0, Vec::len);
    let datasets = answer["datasets"]
        .as_u64()
        .and_then(|count| usize::try_from(count).ok());
    let text = if answer["changed"] == false {
        "in force as before"
    } else {
        "in force now"
    };
    let mut text = format!(
        "{text}: {}, {}; epoch {}, sha256 {}\n",
        counted(rules, "rule"),
        counted(datasets.unwrap_or(0), "dataset"),
        answer["epoch"],
        word(&answer["sha256"]),
    );
    for file in answer["files"].as_array().into_iter().flatten() {
        text += &format!("  {}\n", word(file));
    }
    for warning in answer["warnings"].as_array().into_iter().flatten() {
        text += &format!("warning: {}\n", word(warning));
    }
    text
}
