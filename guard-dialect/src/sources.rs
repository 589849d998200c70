//! What a query reads from, and whether its condition limits all of it.
//!
//! A condition on one table says nothing of another that is beside it without a
//! link: `DELETE FROM a USING b WHERE b.id = 5` empties `a`. So the comparisons
//! with values and the links must be as many as the sources.

use super::level::{Bound, Level};
use super::token::Tok;

/// What limits the rows of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Limit {
    /// No WHERE.
    Open,
    /// A WHERE that is not proved to limit.
    Tautology,
    /// An equality with a column of the query outside.
    Linked,
    /// A comparison with a value.
    Value,
    /// Both.
    Both,
}

/// How many rows a sub-select has, for what is compared with it; weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Rows {
    /// Any number.
    Open,
    /// As many as belong to the row outside.
    Linked,
    /// Few.
    Few,
    /// Few, and they belong to the row outside.
    Correlated,
}

impl Rows {
    pub(crate) fn token(self) -> Tok {
        match self {
            Self::Open => Tok::BackOpen,
            Self::Linked => Tok::BackSubLinked,
            Self::Few => Tok::BackSubScoped,
            Self::Correlated => Tok::BackSubJoined,
        }
    }
}

/// The most sources that are counted: one more than a condition can link.
const MANY: u8 = 4;

/// What a query reads from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Sources {
    /// One of them is a table.
    pub(crate) tables: bool,
    /// Sources without a link to another, up to [`MANY`].
    pub(crate) count: u8,
    /// There has been only one.
    alone: bool,
    /// One of them has few rows, and no outer join adds others.
    few: Few,
    /// The list names a column.
    pub(crate) columns: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Few {
    No,
    Yes,
    /// An outer join makes it meaningless.
    Never,
}

impl Sources {
    /// None yet.
    pub(crate) const NONE: Self = Self {
        tables: false,
        count: 0,
        alone: true,
        few: Few::No,
        columns: false,
    };

    /// The table that UPDATE or DELETE writes.
    pub(crate) const TARGET: Self = Self {
        tables: true,
        count: 1,
        ..Self::NONE
    };

    /// The same, of a temporary table that the text has made.
    pub(crate) const OWN: Self = Self {
        count: 1,
        ..Self::NONE
    };

    /// With one more, that reported `token`.
    pub(crate) fn with(self, token: Tok) -> Self {
        let more = match token {
            // It belongs to the rows of the others.
            Tok::BackSubLinked | Tok::BackSubJoined | Tok::BackDerived => 0,
            Tok::BackMany => MANY,
            _ => 1,
        };
        let few = match (self.few, token) {
            (Few::No, Tok::BackWithFew | Tok::BackSubScoped | Tok::BackParam) => Few::Yes,
            (few, _) => few,
        };
        Self {
            tables: self.tables || matches!(token, Tok::BackYes | Tok::BackMany),
            count: (self.count + more).min(MANY),
            alone: self.alone && self.count == 0,
            few,
            columns: self.columns || token == Tok::BackDerived,
        }
        .normal()
    }

    /// The list names a column; in a sub-select (`inner`) perhaps one of the row outside.
    pub(crate) fn with_column(self, inner: bool) -> Self {
        Self {
            columns: self.columns || inner,
            ..self
        }
        .normal()
    }

    /// The source that was read last is linked to another.
    pub(crate) fn linked(self) -> Self {
        Self {
            // Beyond the bound they are no longer counted.
            count: if self.count < MANY {
                self.count.max(2) - 1
            } else {
                MANY
            },
            ..self
        }
    }

    /// The source that follows is linked by the columns that it has in common.
    pub(crate) fn before_natural_join(self) -> Self {
        Self {
            count: if self.count < MANY {
                self.count.max(1) - 1
            } else {
                MANY
            },
            alone: false,
            ..self
        }
    }

    /// A condition of an inner join limits one of them.
    pub(crate) fn with_few(self) -> Self {
        Self {
            few: if self.few == Few::No {
                Few::Yes
            } else {
                self.few
            },
            ..self
        }
    }

    /// All are linked to one with few rows.
    pub(crate) fn joined_to_few(self) -> bool {
        self.few == Few::Yes && self.count == 1 && !self.alone
    }

    /// An outer join: a source with few rows limits the others no more.
    pub(crate) fn outer_join(self) -> Self {
        Self {
            few: Few::Never,
            ..self
        }
    }

    /// What a WHERE of that level limits.
    pub(crate) fn limit(self, level: Level) -> Limit {
        let linked = self.alone && level.links > 0;
        // An outer join makes rows without a value.
        let has_value = match level.bound {
            Bound::Null => self.few != Few::Never,
            bound => bound != Bound::No,
        };
        let value = has_value || self.few == Few::Yes && level.links > 0;
        match (value && level.links + 1 >= self.count, linked) {
            (true, true) if has_value => Limit::Both,
            (true, _) if has_value || !self.alone => Limit::Value,
            (_, true) => Limit::Linked,
            _ => Limit::Tautology,
        }
    }

    /// How many rows they have together.
    pub(crate) fn rows(self) -> Rows {
        match self.count {
            // Without FROM a column is one of the row outside.
            0 if self.columns => Rows::Linked,
            0 => Rows::Few,
            _ if self.alone && self.few == Few::Yes => Rows::Few,
            _ => Rows::Open,
        }
    }

    /// What still matters behind WHERE.
    pub(crate) fn settled(self) -> Self {
        Self {
            tables: self.tables,
            count: 1,
            ..Self::NONE
        }
    }

    /// Without what makes no difference any more.
    fn normal(self) -> Self {
        Self {
            columns: self.columns && self.count == 0,
            few: if self.count == MANY {
                Few::Never
            } else {
                self.few
            },
            alone: self.alone && self.count < 2,
            ..self
        }
    }

    /// What a parenthesis in a FROM list reports of its sources.
    pub(crate) fn token(self) -> Tok {
        match self.tables {
            true if self.count > 1 => Tok::BackMany,
            true => Tok::BackYes,
            false => Tok::BackOpen,
        }
    }
}
