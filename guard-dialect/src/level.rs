//! How far a condition limits the rows.

use super::token::Tok;

/// What a condition is proved to do; the least is nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Level {
    /// It compares a column with a value.
    pub(crate) value: bool,
    /// Equalities of columns of two tables, up to 2.
    pub(crate) links: u8,
}

impl Level {
    /// Nothing is proved.
    pub(crate) const TAUTOLOGY: Self = Self {
        value: false,
        links: 0,
    };

    /// No row fits.
    pub(crate) const NOTHING: Self = Self {
        value: true,
        links: 2,
    };

    /// A comparison of a column with a value.
    pub(crate) const VALUE: Self = Self {
        value: true,
        links: 0,
    };

    /// An equality of columns of two tables.
    pub(crate) const LINK: Self = Self {
        value: false,
        links: 1,
    };

    /// Both conditions hold.
    pub(crate) fn and(self, other: Self) -> Self {
        Self {
            value: self.value | other.value,
            links: (self.links + other.links).min(2),
        }
    }

    /// One of the conditions holds, and nobody knows which.
    pub(crate) fn or(self, other: Self) -> Self {
        Self {
            value: self.value & other.value,
            links: self.links.min(other.links),
        }
    }

    /// The token that reports it to the frame outside.
    pub(crate) fn token(self) -> Tok {
        match (self.value, self.links) {
            (false, 0) => Tok::BackTautology,
            (false, 1) => Tok::BackLinked,
            (false, _) => Tok::BackLinkedTwice,
            (true, 0) => Tok::BackScoped,
            (true, 1) => Tok::BackScopedLinked,
            (true, _) => Tok::BackScopedTwice,
        }
    }

    /// The level that an inner frame reports.
    pub(crate) fn from_token(token: Tok) -> Option<Self> {
        let (value, links) = match token {
            Tok::BackTautology => (false, 0),
            Tok::BackLinked => (false, 1),
            Tok::BackLinkedTwice => (false, 2),
            Tok::BackScoped => (true, 0),
            Tok::BackScopedLinked => (true, 1),
            Tok::BackScopedTwice => (true, 2),
            _ => return None,
        };
        Some(Self { value, links })
    }
}
