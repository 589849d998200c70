//! What tells the dialects apart where they share states.

use super::automaton::State;
use super::condition::Predicate;
use super::mysql;
use super::select::Query;
use super::statement::Statement;
use guard_common::protocol::Dialect;

/// The dialect's form of a state: a statement begins with the dialect's own words,
/// queries and conditions note which rules they follow.
pub(crate) fn form(dialect: Dialect, state: State) -> State {
    match (dialect, state) {
        (Dialect::Postgresql, _) => state,
        (_, State::Statement(Statement::Start(context))) => mysql::Statement::Start(context).into(),
        (_, State::Query(query)) => Query {
            mysql: true,
            ..query
        }
        .into(),
        (_, State::Condition(condition)) => condition.loosely().into(),
        (_, State::Predicate(Predicate::Comparison(comparison))) => comparison.loosely().into(),
        _ => state,
    }
}
