//! The statement dialects, as tables for the engine and as words for people.
//!
//! `guard_dialect` compiles the tables; this crate's build script runs it, so
//! that neither the daemon nor `guardctl explain` spends seconds on it.

use guard_common::engine::Tables;
use guard_common::protocol::Dialect;
use guard_common::redis::Commands;
use std::io;
use zerocopy::{FromZeros, IntoBytes};

pub use guard_dialect::{fingerprint, function_lists, is_safe_function, summary};

/// The tables of each dialect by its number, as the build script wrote them.
static FILES: [&[u8]; Dialect::ALL.len()] = [
    include_bytes!(concat!(env!("OUT_DIR"), "/postgresql.tables")),
    include_bytes!(concat!(env!("OUT_DIR"), "/mysql.tables")),
];

/// What the engine knows: the tables of all dialects, by number, and the
/// commands of Redis.
pub struct Dialects {
    tables: [Box<Tables>; Dialect::ALL.len()],
    commands: Box<Commands>,
}

impl Dialects {
    /// Brings the tables into memory.
    ///
    /// # Errors
    ///
    /// When there is no memory for them (17 MiB each).
    pub fn load() -> io::Result<Self> {
        let [postgresql, mysql] = FILES;
        Ok(Self {
            tables: [read(postgresql)?, read(mysql)?],
            commands: guard_dialect::redis::commands().map_err(io::Error::other)?,
        })
    }

    /// The commands of Redis.
    #[must_use]
    pub fn commands(&self) -> &Commands {
        &self.commands
    }

    /// The tables of a dialect.
    #[must_use]
    pub fn of(&self, dialect: Dialect) -> &Tables {
        let [postgresql, mysql] = &self.tables;
        match dialect {
            Dialect::Postgresql => postgresql,
            Dialect::Mysql => mysql,
        }
    }
}

fn read(file: &[u8]) -> io::Result<Box<Tables>> {
    // On the heap from the start: the tables are larger than a stack.
    let mut tables =
        Tables::new_box_zeroed().map_err(|_none| io::Error::from(io::ErrorKind::OutOfMemory))?;
    tables.as_mut_bytes().copy_from_slice(file);
    Ok(tables)
}

const _: () = {
    let [postgresql, mysql] = FILES;
    assert!(postgresql.len() == size_of::<Tables>());
    assert!(mysql.len() == size_of::<Tables>());
};
