//! The compiler of statement dialects: from a lexer and a grammar, written as
//! plain functions over rich types, to the tables that the engine interprets.
//!
//! | file | job |
//! | --- | --- |
//! | [`lexer`](self) | PostgreSQL's lexer: (state, byte) → next state or event |
//! | `words`, `token` | the words it knows; the tokens it gives |
//! | `statement`, `select` | statements: (state, token) → next state and effects |
//! | `condition`, `predicate` | is a WHERE proved to limit? |
//! | `word` | names, calls and casts inside expressions |
//! | `automaton` | the types of states and steps |
//! | `build`, `minimise` | number the states, merge equal ones, fill the tables |
//! | `summary` | facts as words for people |

mod automaton;
mod build;
mod condition;
mod lexer;
mod minimise;
mod numbering;
mod predicate;
mod select;
mod statement;
mod summary;
mod token;
mod word;
mod words;

pub use build::{Size, TooLarge, postgresql};
pub use summary::{fingerprint, summary};
