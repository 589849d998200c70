//! Where the rows of a query go: into a table that it makes, or that an INSERT fills.

use super::automaton::Step;
use super::name::NameKind;
use super::select::{Part, Query};
use super::sources::Limit;
use super::statement::Statement;
use guard_common::class::Class;
use guard_common::facts::Access;

impl Query {
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
        let rows = self.settled();
        let limited = matches!(rows.limit, Limit::Value | Limit::Both);
        let next = if rows.sources.tables && !limited {
            Statement::Upsert(self.context)
        } else {
            Statement::Tail(self.context)
        };
        self.ending(Step::to(next))
    }
}
