//! The file: schema, lock, and what a restarted daemon takes from it.

use super::{JournalError, Past};
use crate::sessions::Identity;
use rusqlite::{Connection, OptionalExtension};
use std::fs::{File, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Version of the schema: `PRAGMA user_version`.
pub(super) const VERSION: u32 = 1;

/// Room for five decisions or so: with 4 KiB it is two, and each page costs two
/// writes and a read until it is in its place.
const PAGE_BYTES: u32 = 8192;

/// Rows are read in their order, so no other index would be used.
const SCHEMA: &str = "
CREATE TABLE records (
    seq INTEGER PRIMARY KEY,
    time TEXT,
    kind TEXT NOT NULL,
    session TEXT,
    action TEXT,
    verdict TEXT,
    rule TEXT,
    dataset TEXT,
    json TEXT NOT NULL
) STRICT;
CREATE TABLE cursors (cpu INTEGER PRIMARY KEY, number INTEGER NOT NULL) STRICT;
CREATE TABLE sessions (id INTEGER PRIMARY KEY, identity TEXT NOT NULL) STRICT;
CREATE TABLE policies (epoch INTEGER PRIMARY KEY, sha256 TEXT NOT NULL) STRICT;
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
";

/// The open file and the lock that keeps other daemons out.
pub(super) struct Store {
    pub(super) connection: Connection,
    path: PathBuf,
    /// Held until the daemon ends, however it ends.
    _lock: File,
}

impl Store {
    pub(super) fn open(path: &Path) -> Result<Self, JournalError> {
        let lock = lock(path)?;
        let in_file = |source| JournalError::Sqlite {
            path: path.to_owned(),
            source,
        };
        let connection = Connection::open(path).map_err(in_file)?;
        let store = Self {
            connection,
            path: path.to_owned(),
            _lock: lock,
        };
        store.prepare()?;
        Ok(store)
    }

    fn prepare(&self) -> Result<(), JournalError> {
        let sql = |source| self.error(source);
        // The writer tries again by itself, and counts.
        self.connection.busy_timeout(Duration::ZERO).map_err(sql)?;
        self.connection
            .execute_batch(&format!(
                "PRAGMA page_size = {PAGE_BYTES}; \
                 PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
            ))
            .map_err(sql)?;
        let found: u32 = self
            .connection
            .query_row("PRAGMA user_version", [], |row| row.get(0))
            .map_err(sql)?;
        match found {
            VERSION => Ok(()),
            0 => {
                let id = uuid::Uuid::new_v4();
                let text = format!(
                    "BEGIN; {SCHEMA} INSERT INTO meta VALUES ('id', '{id}'); \
                     PRAGMA user_version = {VERSION}; COMMIT;"
                );
                self.connection.execute_batch(&text).map_err(sql)
            }
            found => Err(JournalError::Version {
                path: self.path.clone(),
                found,
            }),
        }
    }

    pub(super) fn id(&self) -> Result<String, JournalError> {
        let query = "SELECT value FROM meta WHERE key = 'id'";
        let id = self.connection.query_row(query, [], |row| row.get(0));
        id.map_err(|source| self.error(source))
    }

    pub(super) fn last(&self) -> Result<u64, JournalError> {
        let query = "SELECT seq FROM records ORDER BY seq DESC LIMIT 1";
        let last = self
            .connection
            .query_row(query, [], |row| row.get::<_, i64>(0));
        let last = last.optional().map_err(|source| self.error(source))?;
        Ok(last.unwrap_or(0).cast_unsigned())
    }

    /// What an earlier daemon left. A row that cannot be read is passed over:
    /// it costs a name, not the start.
    pub(super) fn past(&self) -> Result<Past, JournalError> {
        let read = || {
            let mut cursors = self.connection.prepare("SELECT cpu, number FROM cursors")?;
            let cursors = cursors.query_map([], |row| {
                Ok((row.get::<_, u32>(0)?, row.get::<_, i64>(1)?.cast_unsigned()))
            })?;
            let cursors: Vec<_> = cursors.collect::<Result<_, _>>()?;
            let mut rows = self
                .connection
                .prepare("SELECT id, identity FROM sessions")?;
            let rows = rows.query_map([], |row| {
                Ok((
                    row.get::<_, i64>(0)?.cast_unsigned(),
                    row.get::<_, String>(1)?,
                ))
            })?;
            let rows: Vec<(u64, String)> = rows.collect::<Result<_, _>>()?;
            let mut policies = self
                .connection
                .prepare("SELECT epoch, sha256 FROM policies ORDER BY epoch")?;
            let policies = policies.query_map([], |row| {
                Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get(1)?))
            })?;
            let policies: Vec<(u64, String)> = policies.collect::<Result<_, _>>()?;
            Ok((cursors, rows, policies))
        };
        let (cursors, rows, policies) = read().map_err(|source| self.error(source))?;
        let identities = rows.into_iter().filter_map(|(id, json)| {
            let identity: Identity = serde_json::from_str(&json).ok()?;
            Some((id, identity))
        });
        Ok(Past {
            cursors,
            identities: identities.collect(),
            policies,
        })
    }

    fn error(&self, source: rusqlite::Error) -> JournalError {
        JournalError::Sqlite {
            path: self.path.clone(),
            source,
        }
    }
}

/// Makes the folder (0700) and the files (0600) and takes the lock.
fn lock(path: &Path) -> Result<File, JournalError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| JournalError::File { path, source }
    };
    if let Some(folder) = path.parent() {
        let mut maker = std::fs::DirBuilder::new();
        maker.recursive(true).mode(0o700);
        maker.create(folder).map_err(failed(folder))?;
    }
    let mut options = OpenOptions::new();
    options.create(true).append(true).mode(0o600);
    options.open(path).map_err(failed(path))?;
    let lock_path = path.with_extension("lock");
    let lock = options.open(&lock_path).map_err(failed(&lock_path))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(std::fs::TryLockError::WouldBlock) => Err(JournalError::Locked(path.to_owned())),
        Err(std::fs::TryLockError::Error(source)) => Err(failed(&lock_path)(source)),
    }
}
