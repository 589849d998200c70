//! What LIMIT says of the rows of a query.

use super::select::{Part, Query};
use super::sources::Sources;

impl Query {
    /// Notes that LIMIT bounds the rows that go to the client.
    pub(crate) fn bounded(self) -> Self {
        Self {
            bounded: !self.context.parenthesis,
            ..self
        }
    }

    /// Notes that no row of its tables is read.
    pub(crate) fn none(self) -> Self {
        Self {
            sources: Sources::NONE,
            ..self
        }
    }

    /// Notes that the rows are few, for what is compared with them.
    pub(crate) fn few(self, part: Part) -> Self {
        Self {
            few: self.context.parenthesis,
            ..self.part(part)
        }
    }
}
