//! How far a condition limits the rows.

use super::token::Tok;

/// How far a comparison with values limits a column; weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Bound {
    /// Not at all.
    No,
    /// To the rows that have no value there.
    Null,
    /// From above only: `a < 5`.
    Below,
    /// From below only: `a > 5`.
    Above,
    /// Of two columns one from above, or the other from below.
    Either,
    /// To some values, or on both sides.
    Value,
}

/// What a condition is proved to do; the least is nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Level {
    /// It compares a column with a value. With links, the side is not followed.
    pub(crate) bound: Bound,
    /// Equalities of columns of two tables, up to 2.
    pub(crate) links: u8,
}

impl Level {
    /// Nothing is proved.
    pub(crate) const TAUTOLOGY: Self = Self::of(Bound::No);

    /// No row fits.
    pub(crate) const NOTHING: Self = Self {
        bound: Bound::Value,
        links: 2,
    };

    /// A comparison of a column with a value.
    pub(crate) const VALUE: Self = Self::of(Bound::Value);

    /// An equality of columns of two tables.
    pub(crate) const LINK: Self = Self {
        bound: Bound::No,
        links: 1,
    };

    /// A comparison that limits so far.
    pub(crate) const fn of(bound: Bound) -> Self {
        Self { bound, links: 0 }
    }

    /// Does it compare a column with a value?
    pub(crate) fn has_value(self) -> bool {
        self.bound != Bound::No
    }

    /// Both conditions hold.
    pub(crate) fn and(self, other: Self) -> Self {
        let links = (self.links + other.links).min(2);
        let bound = match (self.bound, other.bound) {
            (Bound::No, bound) | (bound, Bound::No) => bound,
            (Bound::Null, bound) | (bound, Bound::Null) => bound,
            (one, other) if one == other => one,
            _ => Bound::Value,
        };
        let bound = match bound {
            // The other table of a join may have no row there.
            Bound::No | Bound::Null if links > 0 => Bound::No,
            _ if links > 0 => Bound::Value,
            bound => bound,
        };
        Self { bound, links }
    }

    /// A bound of one column, or one of another from the other side.
    pub(crate) const EITHER: Self = Self::of(Bound::Either);

    /// Do both bound a column, from different sides?
    pub(crate) fn is_opposite(self, other: Self) -> bool {
        matches!(
            (self.bound, other.bound),
            (Bound::Below, Bound::Above) | (Bound::Above, Bound::Below)
        )
    }

    /// One of the conditions holds, and nobody knows which. Bounds from different sides
    /// may be of one column: `a < 5 OR a >= 5` holds for all rows.
    pub(crate) fn or(self, other: Self) -> Self {
        let bound = match (self.bound, other.bound) {
            (Bound::Value, bound) | (bound, Bound::Value) => bound,
            (Bound::Null, bound) | (bound, Bound::Null) => bound,
            (one, other) if one == other && one != Bound::Either => one,
            _ => Bound::No,
        };
        let links = self.links.min(other.links);
        Self { bound, links }
    }

    /// The token that reports it to the frame outside.
    pub(crate) fn token(self) -> Tok {
        match (self.bound, self.links) {
            (Bound::No, 0) => Tok::BackTautology,
            (Bound::No, 1) => Tok::BackLinked,
            (Bound::No, _) => Tok::BackLinkedTwice,
            (Bound::Null, _) => Tok::BackNull,
            (Bound::Below, _) => Tok::BackBelow,
            (Bound::Above, _) => Tok::BackAbove,
            (Bound::Either, _) => Tok::BackEither,
            (Bound::Value, 0) => Tok::BackScoped,
            (Bound::Value, 1) => Tok::BackScopedLinked,
            (Bound::Value, _) => Tok::BackScopedTwice,
        }
    }

    /// The level that an inner frame reports.
    pub(crate) fn from_token(token: Tok) -> Option<Self> {
        let (bound, links) = match token {
            Tok::BackTautology => (Bound::No, 0),
            Tok::BackNull => (Bound::Null, 0),
            Tok::BackBelow => (Bound::Below, 0),
            Tok::BackAbove => (Bound::Above, 0),
            Tok::BackEither => (Bound::Either, 0),
            Tok::BackLinked => (Bound::No, 1),
            Tok::BackLinkedTwice => (Bound::No, 2),
            Tok::BackScoped => (Bound::Value, 0),
            Tok::BackScopedLinked => (Bound::Value, 1),
            Tok::BackScopedTwice => (Bound::Value, 2),
            _ => return None,
        };
        Some(Self { bound, links })
    }
}
