//! What MySQL's queries do otherwise than PostgreSQL's.

use crate::select::{Kind, Part, Query};
use crate::sources::{Limit, Sources};
use guard_common::class::{Class, Where};
use guard_common::facts::Access;

impl Query {
    /// How an item is touched. Which tables of several MySQL's UPDATE and DELETE
    /// write is said by aliases and columns: it may be each.
    pub(crate) fn item_access(self) -> Access {
        match self.kind {
            Kind::Update | Kind::Delete if self.mysql => self.context.access(Access::Write),
            _ => Access::Read,
        }
    }

    /// Behind the target of INTO: FROM may follow where nothing has been read.
    pub(crate) fn into_target(self) -> Self {
        let part = if self.sources.count == 0 {
            Part::List
        } else {
            Part::Tail
        };
        self.part(part)
    }

    /// Behind the tables that MySQL's DELETE writes, which are named once more among
    /// those that it reads.
    pub(crate) fn again_from(self) -> Self {
        Self {
            sources: Sources::NONE,
            ..self.part(Part::From)
        }
    }

    /// What ON DUPLICATE KEY UPDATE behind it does, as bits.
    pub(crate) fn upsert(self) -> u64 {
        let condition = match self.limit {
            Limit::Value | Limit::Both => Where::Scoped,
            _ if !self.sources.tables => Where::Scoped,
            _ => Where::Tautology,
        };
        Class::Update.bit() | Class::Update.where_bit(condition)
    }
}
