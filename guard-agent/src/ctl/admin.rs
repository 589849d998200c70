//! `guardctl policy reload`, `disarm` and `arm`.

use super::status::{rules_text, show};
use super::text::word;
use super::{CtlError, client};
use crate::api::message::DisarmBody;
use crate::cli::ctl::{Disarm, Output};
use crate::exit::Exit;
use hyper::Method;
use jiff::SignedDuration;
use std::path::Path;

/// Loads the policy again.
pub(super) async fn reload(socket: &Path, output: Output) -> Result<Exit, CtlError> {
    let answer = client::ask(socket, Method::POST, "/v1/policy/reload", None::<&()>).await?;
    show(&answer, output, rules_text)
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
        format!("disarmed until {}\n", word(&answer["disarmed_until"]))
    })
}

/// Enforces again.
pub(super) async fn arm(socket: &Path, output: Output) -> Result<Exit, CtlError> {
    let answer = client::ask(socket, Method::POST, "/v1/arm", None::<&()>).await?;
    show(&answer, output, |_| "armed\n".to_owned())
}
