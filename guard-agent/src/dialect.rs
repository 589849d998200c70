//! The statement dialects, as tables for the engine and as words for people.
//!
//! `guard_dialect` compiles the tables; this crate's build script runs it, so
//! that neither the daemon nor `guardctl explain` spends seconds on it.

use guard_common::engine::Tables;
use std::io;
use zerocopy::{FromZeros, IntoBytes};

pub use guard_dialect::{fingerprint, summary};

/// The tables of PostgreSQL, as the build script wrote them.
static POSTGRESQL: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/postgresql.tables"));

/// The tables of PostgreSQL.
///
/// # Errors
///
/// When there is no memory for them (3 MiB).
pub fn postgresql() -> io::Result<Box<Tables>> {
    // On the heap from the start: the tables are larger than a stack.
    let mut tables =
        Tables::new_box_zeroed().map_err(|_none| io::Error::from(io::ErrorKind::OutOfMemory))?;
    tables.as_mut_bytes().copy_from_slice(POSTGRESQL);
    Ok(tables)
}

const _: () = assert!(
    include_bytes!(concat!(env!("OUT_DIR"), "/postgresql.tables")).len() == size_of::<Tables>()
);
