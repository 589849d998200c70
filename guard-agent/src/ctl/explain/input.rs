//! Questions as JSON lines.

use crate::policy::explain::Connection;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use guard_common::protocol::Protocol;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// One line. Keys that are not known are passed over, so that a corpus may
/// carry notes of its own.
#[derive(Debug, Deserialize)]
pub(super) struct Line {
    /// Given back with the answer.
    #[serde(default)]
    pub(super) id: Value,
    sql: Option<String>,
    wire: Option<Wire>,
    #[serde(default)]
    startup: Option<BTreeMap<String, Value>>,
    database: Option<String>,
}

/// The client's bytes after the handshake, in base64: one write or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Wire {
    One(String),
    Several(Vec<String>),
}

/// Why a line is not a question.
#[derive(Debug, thiserror::Error)]
pub(super) enum LineError {
    /// Not JSON, or a value of the wrong type.
    #[error("not a question: {0}")]
    Json(#[from] serde_json::Error),
    /// Neither or both.
    #[error("a question holds either `sql` or `wire`")]
    Either,
    /// Not base64.
    #[error("`wire` is not base64: {0}")]
    Base64(#[from] base64::DecodeError),
    /// A setting that is a list or a map.
    #[error("the startup setting `{0}` is neither text nor a number nor true or false")]
    Setting(String),
}

impl Line {
    /// Reads one line.
    pub(super) fn parse(text: &str) -> Result<Self, LineError> {
        Ok(serde_json::from_str(text)?)
    }

    /// The connection that the line describes; `database` is used where the
    /// line names none.
    pub(super) fn connection(
        &self,
        protocol: Protocol,
        database: Option<&str>,
    ) -> Result<Connection, LineError> {
        let mut connection = match (&self.sql, &self.wire) {
            (Some(sql), None) => Connection::statement(protocol, sql),
            (None, Some(wire)) => Connection {
                protocol,
                writes: wire.decode()?,
                ..Connection::default()
            },
            _ => return Err(LineError::Either),
        };
        connection.database = self
            .database
            .clone()
            .or_else(|| database.map(str::to_owned));
        for (key, value) in self.startup.iter().flatten() {
            connection.startup.insert(key.clone(), setting(key, value)?);
        }
        Ok(connection)
    }
}

fn setting(key: &str, value: &Value) -> Result<String, LineError> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(flag) => Ok(if *flag { "on" } else { "off" }.to_owned()),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(LineError::Setting(key.to_owned())),
    }
}

impl Wire {
    fn decode(&self) -> Result<Vec<Vec<u8>>, LineError> {
        let writes = match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Several(texts) => texts,
        };
        let decoded = writes.iter().map(|text| STANDARD.decode(text.trim()));
        Ok(decoded.collect::<Result<_, _>>()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn connection(text: &str) -> Connection {
        let line = Line::parse(text).expect(text);
        line.connection(Protocol::Postgres, Some("shop"))
            .expect(text)
    }

    #[test]
    fn a_line_holds_a_statement_or_bytes() {
        let sql = connection(r#"{"id":1,"sql":"SELECT 1","startup":{"a":"b","c":1,"d":false}}"#);
        assert_eq!(sql.writes, [b"Q\0\0\0\x0dSELECT 1\0"]);
        assert_eq!(sql.startup["d"], "off");
        assert_eq!(sql.database.as_deref(), Some("shop"));
        let one = connection(r#"{"wire":"UQ==","database":"x","other":{}}"#);
        assert_eq!(one.writes, [b"Q"]);
        assert_eq!(one.database.as_deref(), Some("x"));
        assert_eq!(
            connection(r#"{"wire":["UQ==","UA=="]}"#).writes,
            [b"Q", b"P"]
        );
    }

    #[test]
    fn a_wrong_line_says_what_is_wrong() {
        for (text, expected) in [
            ("nonsense", "not a question"),
            ("{}", "either `sql` or `wire`"),
            (r#"{"sql":"x","wire":"UQ=="}"#, "either `sql` or `wire`"),
            (r#"{"wire":"%"}"#, "not base64"),
            (r#"{"sql":1}"#, "not a question"),
            (r#"{"sql":"x","startup":{"a":[]}}"#, "startup setting `a`"),
        ] {
            let error = Line::parse(text)
                .and_then(|line| line.connection(Protocol::Postgres, None))
                .map(|_| ());
            let error = error.expect_err(text).to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
