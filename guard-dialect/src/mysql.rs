//! The dialect of MySQL and MariaDB: what differs from PostgreSQL's.
//!
//! Queries, conditions and names are shared; [`crate::dialect`] says how.

mod definition;
mod lexer;
mod rows;
mod setting;
mod statement;
mod words;

pub(crate) use lexer::Lexer;
pub(crate) use statement::Statement;
