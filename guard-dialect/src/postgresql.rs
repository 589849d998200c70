//! PostgreSQL's dialect: its lexer, its grammar, and where texts get long.

use super::automaton::State;
use super::build::{Size, TooLarge, tables};
use super::condition::Condition;
use super::context::Context;
use super::data::InsertPart;
use super::lexer::Lexer;
use super::quiet::Place;
use super::select::{Kind, Part, Query};
use super::statement::Statement;
use super::token::Tok;
use guard_common::engine::Tables;
use guard_common::protocol::Dialect;

/// Makes the tables; `places` are those of [`places`], or none.
pub(crate) fn compile(places: &[Place]) -> Result<(Box<Tables>, Size), TooLarge> {
    let first = Statement::Start(Context::TOP).into();
    tables(Dialect::Postgresql, &Lexer::new(), first, places)
}

/// Where texts get long.
pub(crate) fn places() -> Vec<Place> {
    let context = Context::TOP.inner();
    vec![
        // The rows of VALUES.
        Place {
            state: Statement::Insert(Context::TOP, InsertPart::Values).into(),
            behind: &[],
            detours: &[Tok::Open, Tok::Num],
            holds: false,
        },
        // A list of expressions, most of them columns.
        Place {
            state: Query::new(context, Kind::Select, Part::List).into(),
            behind: &[],
            detours: &[Tok::Ident, Tok::Safe, Tok::Dot],
            holds: true,
        },
        // `IN (1, 2, …`.
        Place {
            state: Condition::PARENTHESIS.into(),
            behind: &[Tok::Num, Tok::Comma],
            detours: &[Tok::Num, Tok::Zero, Tok::Param],
            holds: false,
        },
        // What is not looked at.
        Place {
            state: Statement::Rest(Context::TOP).into(),
            behind: &[],
            detours: &[],
            holds: false,
        },
        Place {
            state: Statement::Skip(false).into(),
            behind: &[],
            detours: &[],
            holds: false,
        },
        Place {
            state: State::Dead,
            behind: &[],
            detours: &[],
            holds: false,
        },
    ]
}
