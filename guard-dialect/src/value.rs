//! What is known of an operand in a condition.

use super::compare::Operator;
use super::level::Level;
use super::token::Tok;

/// What is known of an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Value {
    None,
    /// A constant that is no number.
    Const,
    True,
    False,
    /// A function of constants (`now()`).
    Made,
    Naught,
    One,
    /// 0, 1 or a negative number.
    Zero,
    /// A number up to 99.
    Small,
    /// A larger number.
    Num,
    /// The greatest number of a type, or one like it.
    Big,
    /// A string that may be below or above all values: `'0'`, `'9999-12-31'`.
    Extreme,
    /// A string that any value matches, the empty one, or a constant whose
    /// value is not followed: no order and no pattern limits by it.
    Wild,
    Param,
    /// A text that is 0 as a number (MySQL).
    Text,
    /// A column.
    Column,
    /// A column beside the first one of the condition, perhaps of the same table.
    Sibling,
    /// A column that by its name holds texts; times; times of a deletion; numbers of
    /// rows (MySQL).
    Worded,
    Timed,
    Soft,
    Keyed,
    /// A column without a value: behind `IS NULL`.
    Null,
    /// An expression with a column.
    Derived,
    /// A column, or an expression with one, whose order says nothing: `ctid`, `a % 10`.
    System,
    /// The first column of the condition again.
    Same,
    /// An expression that may have any value whatever the row.
    Bad,
    /// A sub-select without a limit of its own; one whose rows hang on the row
    /// outside; one with a limit; one with both.
    Open,
    Linked,
    Few,
    Correlated,
    /// A condition in parentheses.
    Level(Level),
}

/// An operator inside an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Link {
    None,
    Negative,
    /// An operator in front of its only operand.
    Prefix,
    Sum,
    Factor,
    /// One whose result has bounds of its own, whatever the row: `%`, `&` (PostgreSQL).
    Bits,
    /// One that may give 0, which any text is equal to (MySQL).
    Loose,
    /// `INTERVAL`: a date stays one (MySQL).
    Interval,
    /// `->`: a part of a document (MySQL).
    Arrow,
}

impl Value {
    /// A list of a constant and, behind it, columns. No list is a condition, so that
    /// this one stands for it.
    pub(crate) const PREFIXED: Self = Self::Level(Level::LINK);

    /// A condition by itself.
    const SIMILAR: Self = Self::Level(Level::VALUE);

    /// The value that an inner frame reports.
    pub(crate) fn from_token(token: Tok) -> Self {
        match token {
            Tok::BackConst | Tok::BackValue => Self::Const,
            Tok::BackTrue => Self::True,
            Tok::BackFalse => Self::False,
            Tok::BackMade => Self::Made,
            Tok::BackNaught => Self::Naught,
            Tok::BackOne => Self::One,
            Tok::BackZero => Self::Zero,
            Tok::BackSmall => Self::Small,
            Tok::BackNum => Self::Num,
            Tok::BackBig => Self::Big,
            Tok::BackExtreme => Self::Extreme,
            Tok::BackWild => Self::Wild,
            Tok::BackParam => Self::Param,
            Tok::BackText => Self::Text,
            Tok::BackColumn => Self::Column,
            Tok::BackSibling => Self::Sibling,
            Tok::BackWorded => Self::Worded,
            Tok::BackTimed => Self::Timed,
            Tok::BackSoft => Self::Soft,
            Tok::BackKeyed => Self::Keyed,
            Tok::BackDerived => Self::Derived,
            Tok::BackSame => Self::Same,
            Tok::BackSystem => Self::System,
            Tok::BackOpen => Self::Open,
            Tok::BackSubLinked => Self::Linked,
            Tok::BackSubScoped => Self::Few,
            Tok::BackSubJoined => Self::Correlated,
            _ => Level::from_token(token).map_or(Self::Bad, Self::Level),
        }
    }

    /// The same, without what only PostgreSQL's comparisons of constants need.
    pub(crate) fn from_token_loosely(token: Tok) -> Self {
        match Self::from_token(token) {
            Self::False => Self::False,
            value => value.blurred(),
        }
    }

    /// The token that reports this value to the frame outside.
    pub(crate) fn token(self) -> Tok {
        match self {
            Self::None | Self::Const => Tok::BackConst,
            Self::Null => Tok::BackBad,
            Self::True => Tok::BackTrue,
            Self::False => Tok::BackFalse,
            Self::Made => Tok::BackMade,
            Self::Naught => Tok::BackNaught,
            Self::One => Tok::BackOne,
            Self::Zero => Tok::BackZero,
            Self::Small => Tok::BackSmall,
            Self::Num => Tok::BackNum,
            Self::Big => Tok::BackBig,
            Self::Extreme => Tok::BackExtreme,
            Self::Wild => Tok::BackWild,
            Self::Param => Tok::BackParam,
            Self::Text => Tok::BackText,
            Self::Column => Tok::BackColumn,
            Self::Sibling => Tok::BackSibling,
            Self::Worded => Tok::BackWorded,
            Self::Timed => Tok::BackTimed,
            Self::Soft => Tok::BackSoft,
            Self::Keyed => Tok::BackKeyed,
            Self::Derived => Tok::BackDerived,
            Self::Same => Tok::BackSame,
            Self::System => Tok::BackSystem,
            Self::Bad => Tok::BackBad,
            Self::Open => Tok::BackOpen,
            Self::Linked => Tok::BackSubLinked,
            Self::Few => Tok::BackSubScoped,
            Self::Correlated => Tok::BackSubJoined,
            Self::Level(level) => level.token(),
        }
    }

    /// Is it a number?
    fn is_number(self) -> bool {
        matches!(
            self,
            Self::Naught | Self::One | Self::Zero | Self::Small | Self::Num | Self::Big
        )
    }

    /// Is it the same for every row?
    pub(crate) fn is_fixed(self) -> bool {
        self.is_number()
            || matches!(
                self,
                Self::Const
                    | Self::True
                    | Self::False
                    | Self::Made
                    | Self::Extreme
                    | Self::Wild
                    | Self::Param
                    | Self::Text
            )
    }

    /// Is it a number of which the value is known?
    pub(crate) fn is_exact(self) -> bool {
        matches!(self, Self::Naught | Self::One)
    }

    /// Without the value, which only a comparison of two constants asks for.
    pub(crate) fn blurred(self) -> Self {
        match self {
            Self::Naught | Self::One => Self::Zero,
            Self::True | Self::False => Self::Const,
            value => value,
        }
    }

    /// Does it hold a column whose value says something about the row?
    pub(crate) fn is_column(self) -> bool {
        matches!(self, Self::Sibling | Self::Derived) || self.is_named()
    }

    /// Is it the first column of its condition?
    pub(crate) fn is_named(self) -> bool {
        self == Self::Column || self == Self::Worded || self.is_numeric_by_name()
    }

    /// Is it a column that a comparison with 0 tells apart, as far as its name says?
    pub(crate) fn may_be_number(self) -> bool {
        self == Self::Column || self.is_numeric_by_name()
    }

    fn is_numeric_by_name(self) -> bool {
        matches!(self, Self::Timed | Self::Soft | Self::Keyed)
    }

    /// Forgets what the name of a column says where `operator` does not ask for it.
    pub(crate) fn named_for(self, operator: Operator) -> Self {
        use Operator as O;
        let asks = match self {
            Self::Worded => matches!(operator, O::Equal | O::IsDistinct) || operator.is_ordered(),
            Self::Timed | Self::Keyed => operator.is_ordered() || operator == O::Regexp,
            Self::Soft => operator == O::Is,
            _ => return self,
        };
        match self {
            _ if asks || operator == O::None => self,
            Self::Soft if operator.is_ordered() || operator == O::Regexp => Self::Timed,
            _ => Self::Column,
        }
    }

    /// A list of two values, as in `(a, b)` and in arguments.
    pub(crate) fn beside(self, other: Self) -> Self {
        use Value::*;
        match (self, other) {
            (None, value) | (value, None) => value,
            _ if self != self.blurred() || other != other.blurred() => {
                self.blurred().beside(other.blurred())
            }
            // `coalesce(5, id)`: the first may be all that counts. A call that reads the
            // others by it knows better.
            (first, other) if first.is_fixed() && other.is_column() => Self::PREFIXED,
            (Self::PREFIXED, other) if other.is_fixed() || other.is_column() => Self::PREFIXED,
            // `5 IN (id, 5)`.
            (Column | Worded | Timed | Soft | Keyed, value) if value.is_fixed() => Derived,
            (Few, value) | (value, Few) if value.is_column() => Bad,
            (Bad | Open | Linked | Correlated | Level(_), _) => Bad,
            (_, Bad | Open | Linked | Correlated | Level(_)) => Bad,
            (Same, _) | (_, Same) => Same,
            (System, _) | (_, System) => System,
            (Worded, _) | (_, Worded) => Worded,
            (Column | Timed | Soft | Keyed, _) | (_, Column | Timed | Soft | Keyed) => Column,
            (Derived, _) | (_, Derived) => Derived,
            (Sibling, _) | (_, Sibling) => Sibling,
            (Param, _) | (_, Param) => Param,
            // `CONCAT('a', '%')`: no pattern that all fit.
            (Text, Wild) | (Wild, Text) => Text,
            (Made, Made) => Made,
            (Wild, _) | (_, Wild) => Wild,
            // The order of a list is first of all the order of its first value.
            (Extreme, _) => Extreme,
            // `IN (2, 1, 0)`.
            (first, Zero) if first.is_number() => Wild,
            (first, second) if first.is_number() && second.is_number() => first,
            _ => Const,
        }
    }

    /// The same for a list of which each part counts alone: `(ARRAY[id, 5])[2]`.
    pub(crate) fn beside_alone(self, other: Self) -> Self {
        if self.is_fixed() && other.is_column() || self.is_column() && other.is_fixed() {
            Self::Bad
        } else {
            self.beside(other)
        }
    }

    /// The value of `self operator other`.
    pub(crate) fn combine(self, link: Link, other: Self) -> Self {
        use Value::*;
        match (self, link, other) {
            (None, Link::Negative, value) if value.is_number() => Zero,
            (None, Link::Negative | Link::Prefix, Const | Made | Extreme | Wild) => Wild,
            (None, Link::Prefix, value) if value.is_number() => Wild,
            (None, Link::Negative | Link::Prefix, Column | Derived) => System,
            (None, Link::Negative | Link::Prefix, Param) => Param,
            (None, Link::Negative | Link::Prefix, _) => Bad,
            (None, _, value) => value,
            _ if self != self.blurred() || other != other.blurred() => {
                self.blurred().combine(link, other.blurred())
            }
            // `name % 'smith'`: similar texts.
            (Column, Link::Bits, Const) => Self::SIMILAR,
            // `mod(id, 1) + 5`.
            (System, Link::Sum, value) if value.is_number() => Bad,
            // A factor of 0, a remainder by 1: any column gives the same.
            (Column | Derived | System, Link::Factor | Link::Bits, Zero | Big | Made | Wild) => Bad,
            (Column | Derived, Link::Prefix, Zero | Big) => Bad,
            (Zero, Link::Factor | Link::Bits, Column | Derived | Same) => Bad,
            // `5 + 0 * id` is read as `(5 + 0) * id`.
            (Wild, Link::Factor | Link::Bits, Column | Derived) => Bad,
            (Column | Derived, Link::Bits, value) if value.is_fixed() => System,
            (value, Link::Bits, Column | Derived) if value.is_fixed() => System,
            (System, _, value) if value.is_fixed() => System,
            (Same, _, value) if value.is_fixed() => Same,
            (Column | Derived, _, value) if value.is_fixed() || value.is_column() => Derived,
            (value, _, Column | Derived) if value.is_fixed() => Derived,
            (Param, _, value) | (value, _, Param) if value.is_fixed() => Param,
            (Const | Made, _, Const | Made) => Made,
            (Const | Made, _, value) | (value, _, Const | Made) if value.is_number() => Made,
            (Const | Made, Link::Sum, Wild) | (Wild, Link::Sum, Const | Made) => Made,
            (first, _, second) if first.is_fixed() && second.is_fixed() => Wild,
            _ => Bad,
        }
    }

    /// The value of `self operator other` in MySQL: of a column only what is at
    /// another date, or in a document, still tells the rows apart.
    pub(crate) fn combine_loose(self, link: Link, other: Self) -> Self {
        use Value::*;
        let positive = |value| matches!(value, Const | Small | Num | Big);
        match (self, link, other) {
            (None, Link::Loose, _) => Bad,
            (None, Link::Negative | Link::Prefix, value) if !value.is_number() => Bad,
            (None, _, _) => self.combine(link, other),
            (_, Link::Interval, other) if other.is_fixed() => self,
            (left, Link::Arrow, _) if left == Derived || left.is_named() => Derived,
            // Neither sum nor product of positive numbers is 0.
            (left, Link::Sum | Link::Factor, right) if positive(left) && positive(right) => Made,
            _ => Bad,
        }
    }

    /// What a function gives of arguments that are this value.
    pub(crate) fn called(self) -> Self {
        match self.blurred() {
            // Perhaps 0, to which any text may be equal (MySQL).
            _ if self == Self::False => Self::Bad,
            Self::Const | Self::Made => Self::Made,
            // The order of texts says nothing, nor does that of parts of them.
            Self::Worded => Self::System,
            value if value == Self::Derived || value.is_named() => Self::Derived,
            value @ (Self::Param | Self::Same | Self::Few) => value,
            value if value.is_fixed() => Self::Wild,
            _ => Self::Bad,
        }
    }

    /// Forgets what makes no difference to an equality.
    pub(crate) fn in_equality(self) -> Self {
        match self {
            Self::Naught | Self::One => self,
            Self::Zero | Self::Wild => Self::Wild,
            value if value.is_fixed() => Self::Const,
            Self::Correlated => Self::Few,
            value => value,
        }
    }
}
