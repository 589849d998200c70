//! Where the rows of a query go: into a table that it makes, or that an INSERT fills.

use super::automaton::Step;
use super::context::Context;
use super::name::NameKind;
use super::select::{Kind, Part, Query};
use super::sources::{Limit, Rows};
use super::statement::Statement;
use guard_common::class::Class;
use guard_common::facts::Access;

impl Part {
    /// Behind the name of a function in FROM?
    pub(crate) fn is_call(self) -> bool {
        matches!(self, Self::FromCall | Self::FromSeries)
    }
}

impl Query {
    /// Behind a query in parentheses, whose rows an INSERT takes.
    pub(crate) fn any_rows(context: Context) -> Self {
        let query = Self::new(context, Kind::Select, Part::Tail);
        Self {
            sources: query.sources.with_column(true),
            ..query
        }
    }

    /// The name of the table that SELECT … INTO makes.
    pub(crate) fn into_table(self, class: Class) -> Step {
        let access = self.context.access(Access::Write);
        Step::to(self.part(Part::List))
            .push(Statement::name(access, NameKind::Plain))
            .hits(self.context.hits(class))
            .again()
    }

    /// Behind ON of the INSERT around the query.
    pub(crate) fn conflict(self) -> Step {
        let limited = match self.sources.tables {
            true => matches!(self.settled().limit, Limit::Value | Limit::Both),
            // A list that the statement makes itself may be as long as it likes.
            false => matches!(self.rows(), Rows::Few | Rows::Correlated),
        };
        let next = if !limited {
            Statement::Upsert(self.context)
        } else {
            Statement::Tail(self.context)
        };
        self.ending(Step::to(next))
    }
}
