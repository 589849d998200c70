//! Reads the journal, beside the writer.

use super::JournalError;
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags};
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Which records are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Filter {
    /// Of this session.
    pub session: Option<String>,
    /// With one of these verdicts; empty: any.
    pub verdict: Vec<String>,
    /// Of this rule.
    pub rule: Option<String>,
    /// About this dataset.
    pub dataset: Option<String>,
    /// Not before this moment (UTC, as records write it).
    pub since: Option<String>,
    /// Lifecycle records too.
    pub lifecycle: bool,
}

/// Some rows, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// Number and JSON of each.
    pub rows: Vec<(u64, String)>,
    /// Everything up to this number has been looked at.
    pub through: u64,
}

/// Rows read at once.
const PAGE: usize = 512;

/// A connection for reading.
pub struct Reader {
    connection: Connection,
    path: PathBuf,
}

impl Reader {
    /// Opens the file for reading.
    ///
    /// # Errors
    /// The file cannot be opened.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags);
        let connection = connection.map_err(|source| JournalError::Sqlite {
            path: path.to_owned(),
            source,
        })?;
        Ok(Self {
            connection,
            path: path.to_owned(),
        })
    }

    /// The first page of rows after `after` and up to `head`.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn after(&self, filter: &Filter, after: u64, head: u64) -> Result<Page, JournalError> {
        let (condition, mut values) = conditions(filter);
        let sql = format!(
            "SELECT seq, json FROM records WHERE seq > ? AND seq <= ? {condition} \
             ORDER BY seq LIMIT {PAGE}"
        );
        let range = [after, head].map(|seq| Value::Integer(seq.cast_signed()));
        values.splice(0..0, range);
        let rows = self.rows(&sql, values)?;
        let through = match rows.last() {
            Some((seq, _)) if rows.len() == PAGE => *seq,
            _ => head.max(after),
        };
        Ok(Page { rows, through })
    }

    /// The number after which the newest `count` rows stand.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn newest(&self, filter: &Filter, count: u32, head: u64) -> Result<u64, JournalError> {
        if count == 0 {
            return Ok(head);
        }
        let (condition, mut values) = conditions(filter);
        let sql = format!(
            "SELECT seq, '' FROM records WHERE seq <= ? {condition} \
             ORDER BY seq DESC LIMIT 1 OFFSET {}",
            count - 1
        );
        values.insert(0, Value::Integer(head.cast_signed()));
        let rows = self.rows(&sql, values)?;
        Ok(rows.first().map_or(0, |(seq, _)| seq.saturating_sub(1)))
    }

    fn rows(&self, sql: &str, values: Vec<Value>) -> Result<Vec<(u64, String)>, JournalError> {
        let read = || {
            let mut statement = self.connection.prepare_cached(sql)?;
            let rows = statement.query_map(rusqlite::params_from_iter(values), |row| {
                Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get(1)?))
            })?;
            rows.collect::<Result<Vec<_>, _>>()
        };
        read().map_err(|source| JournalError::Sqlite {
            path: self.path.clone(),
            source,
        })
    }
}

/// A filter as SQL. A gap belongs to every decision that could be in it, so it
/// passes every filter but the one on time.
fn conditions(filter: &Filter) -> (String, Vec<Value>) {
    let mut sql = String::new();
    let mut values = Vec::new();
    let mut own = String::new();
    let equal = [
        ("session", &filter.session),
        ("rule", &filter.rule),
        ("dataset", &filter.dataset),
    ];
    for (column, value) in equal {
        if let Some(value) = value {
            let _infallible = write!(own, " AND {column} = ?");
            values.push(Value::Text(value.clone()));
        }
    }
    if !filter.verdict.is_empty() {
        let marks = vec!["?"; filter.verdict.len()].join(", ");
        let _infallible = write!(own, " AND verdict IN ({marks})");
        values.extend(filter.verdict.iter().cloned().map(Value::Text));
    }
    let lifecycle = if filter.lifecycle {
        " OR kind = 'guard'"
    } else {
        ""
    };
    let _infallible = write!(
        sql,
        "AND ((kind = 'decision'{own}) OR kind = 'gap'{lifecycle})"
    );
    if let Some(since) = &filter.since {
        sql.push_str(" AND time >= ?");
        values.push(Value::Text(since.clone()));
    }
    (sql, values)
}
