//! The compiler of statement dialects: from a lexer and a grammar, written as
//! plain functions over rich types, to the tables that the engine interprets.
//!
//! | file | job |
//! | --- | --- |
//! | `lexer`, `number` | PostgreSQL's lexer: (state, byte) → next state or event |
//! | `words`, `token` | the words it knows; the tokens it gives |
//! | `statement`, `context` | statements: (state, token) → next state and effects |
//! | `select`, `limited`, `sources`, `data`, `definition`, `setting`, `name` | queries; other statements on rows; DROP, CREATE, ALTER; SET; names of tables |
//! | `condition`, `predicate`, `value`, `level` | is a WHERE proved to limit? |
//! | `word` | names, calls and casts inside expressions |
//! | `functions` | the shipped lists of functions |
//! | `automaton` | the types of states and steps |
//! | `scanner` | what a lexer must be |
//! | `postgresql` | the parts of PostgreSQL's dialect |
//! | `grammar`, `fed`, `quiet`, `rows` | the numbered automaton; which answers a state may be fed; tokens that make no difference; the lexer's rows |
//! | `build`, `minimise`, `numbering`, `layout` | number the states, merge equal ones, fill the tables, the most used first |
//! | `redis` | the commands of Redis: from the server's metadata to their table |
//! | `summary` | facts as words for people |

mod automaton;
mod build;
mod bytes;
mod compare;
mod condition;
mod context;
mod data;
mod definition;
mod dialect;
mod fed;
mod functions;
mod grammar;
mod layout;
mod level;
mod lexer;
mod limit;
mod limited;
mod minimise;
mod mysql;
mod name;
mod number;
mod numbering;
mod pattern;
mod postgresql;
mod predicate;
mod proof;
mod quiet;
pub mod redis;
mod rows;
mod scanner;
mod select;
mod setting;
mod sources;
mod statement;
mod summary;
mod target;
mod token;
mod value;
mod word;
mod words;

pub use build::{Size, TooLarge, compile, compile_loud};
pub use functions::{
    FunctionList, function_lists, is_safe_function, safe_functions, safe_mysql_functions,
};
pub use guard_common::protocol::Dialect;
pub use summary::{fingerprint, summary};
