//! The dialect of MySQL and MariaDB: what differs from PostgreSQL's.
//!
//! Queries, conditions and names are shared; [`crate::dialect`] says how.

mod definition;
mod lexer;
mod query;
mod rows;
mod setting;
mod statement;
mod words;

use crate::build::{Size, TooLarge, tables};
use crate::context::Context;
use crate::statement::Statement as Shared;
use guard_common::engine::Tables;
use guard_common::protocol::Dialect;
use lexer::Lexer;

pub(crate) use setting::{spoil_saved, takes_saved};
pub(crate) use statement::Statement;
pub(crate) use words::safe_functions;

/// Makes the tables. Every token is reported: a mode of reading in which some are
/// not would take as many rows again as this lexer has, and they are many.
pub(crate) fn compile() -> Result<(Box<Tables>, Size), TooLarge> {
    let first = Shared::Start(Context::TOP).into();
    tables(Dialect::Mysql, &Lexer::new(), first, &[])
}
