//! Bodies of requests and answers.

use super::Refusal;
use crate::decision::Subject;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Version of the API's answers: `v`.
pub const VERSION: u32 = 1;

/// Bytes of a name or a label.
const WORD_BYTES: usize = 128;
/// Bytes of a purpose.
const TEXT_BYTES: usize = 1024;
/// Labels of one session.
const LABELS: usize = 32;

/// `POST /v1/sessions`: who the peer is, and why it runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionBody {
    /// `agent`, `human` or `service`.
    pub kind: String,
    /// Name of the subject.
    pub name: String,
    /// What for.
    #[serde(default)]
    pub purpose: Option<String>,
    /// Which ticket.
    #[serde(default)]
    pub ticket: Option<String>,
    /// Further labels.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
}

impl SessionBody {
    /// Checks lengths and letters, so that records stay readable and small.
    ///
    /// # Errors
    /// A field is empty, too long, or has control characters.
    pub fn check(&self) -> Result<(), Refusal> {
        if !["agent", "human", "service"].contains(&self.kind.as_str()) {
            let message = format!("kind {:?} is not known", self.kind);
            return Err(Refusal::bad(message).help("use agent, human or service"));
        }
        text("name", &self.name, WORD_BYTES)?;
        for (field, value) in [("purpose", &self.purpose), ("ticket", &self.ticket)] {
            if let Some(value) = value {
                text(field, value, TEXT_BYTES)?;
            }
        }
        if self.labels.len() > LABELS {
            let message = format!("more than {LABELS} labels");
            return Err(Refusal::bad(message).help("put what belongs together into one label"));
        }
        for (key, value) in &self.labels {
            text("label", key, WORD_BYTES)?;
            text("label", value, WORD_BYTES)?;
        }
        Ok(())
    }

    /// The subject.
    #[must_use]
    pub fn subject(&self) -> Subject {
        Subject {
            kind: self.kind.clone(),
            name: self.name.clone(),
        }
    }
}

fn text(field: &str, value: &str, most: usize) -> Result<(), Refusal> {
    let wrong = if value.is_empty() {
        "is empty".to_owned()
    } else if value.len() > most {
        format!("is longer than {most} bytes")
    } else if value.chars().any(char::is_control) {
        "has control characters".to_owned()
    } else {
        return Ok(());
    };
    let help = format!("write 1 to {most} bytes of text without control characters");
    Err(Refusal::bad(format!("{field} {wrong}")).help(help))
}

/// `POST /v1/disarm`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DisarmBody {
    /// For how long.
    pub seconds: u64,
    /// Why; recorded.
    pub reason: String,
}

/// Longest time for which Guard can be disarmed at once: a day.
pub const MAX_DISARM_SECONDS: u64 = 86_400;

impl DisarmBody {
    /// Checks the time and the reason.
    ///
    /// # Errors
    /// No reason, or a time that is zero or longer than a day.
    pub fn check(&self) -> Result<(), Refusal> {
        text("reason", &self.reason, TEXT_BYTES)?;
        if (1..=MAX_DISARM_SECONDS).contains(&self.seconds) {
            return Ok(());
        }
        let message = format!(
            "{} seconds are not from 1 to {MAX_DISARM_SECONDS}",
            self.seconds
        );
        Err(Refusal::bad(message)
            .help("a day is the longest; disarm again where that is not enough"))
    }
}

/// Body of every answer that is an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// [`VERSION`].
    pub v: u32,
    /// What is wrong.
    pub error: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// What `guardctl` ends with.
    pub exit: u8,
}

impl From<Refusal> for ErrorBody {
    fn from(refusal: Refusal) -> Self {
        Self {
            v: VERSION,
            error: refusal.message,
            help: refusal.help,
            exit: refusal.exit as u8,
        }
    }
}

/// Answer to `POST /v1/sessions`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// [`VERSION`].
    pub v: u32,
    /// Id of the session.
    pub session: String,
}
