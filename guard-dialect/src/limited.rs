//! What the conditions of a query come to.

use super::level::Level;
use super::select::{Part, Query};
use super::sources::{Limit, Rows};
use super::token::Tok;

impl Query {
    /// Behind WHERE.
    pub(crate) fn limited(self, token: Tok) -> Self {
        let level = Level::from_token(token).unwrap_or(Level::TAUTOLOGY);
        Self {
            limit: self.sources.limit(level),
            ..self
        }
        .settled()
    }

    /// Behind FROM and WHERE: of the sources it matters only what they come to.
    pub(crate) fn settled(self) -> Self {
        let limit = match (self.limit, self.sources.rows()) {
            (Limit::Open | Limit::Tautology, _) if self.mysql && self.sources.joined_to_few() => {
                Limit::Value
            }
            (Limit::Open | Limit::Tautology, Rows::Linked) => Limit::Linked,
            (limit, _) => limit,
        };
        let few = self.few || self.sources.rows() == Rows::Few;
        Self {
            limit,
            few: few && matches!(limit, Limit::Open | Limit::Tautology),
            sources: self.sources.settled(),
            ..self
        }
    }

    /// Behind the condition of a join.
    pub(crate) fn joined(self, level: Level) -> Self {
        let sources = if level.links > 0 {
            self.sources.linked()
        } else {
            self.sources
        };
        // Of PostgreSQL's only a WHERE counts.
        let sources = if self.mysql && level.links > 0 && level.has_value() {
            sources.with_few()
        } else {
            sources
        };
        Self {
            sources,
            ..self.part(Part::Item)
        }
    }
}
