//! What a comparison of two operands limits.

use super::level::{Bound, Level};
use super::value::Value;

/// The operator between the operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Operator {
    None,
    Equal,
    Unequal,
    Less,
    Greater,
    /// LIKE: the right operand is a pattern.
    Like,
    /// `~`, `@>` and the like.
    Match,
    /// REGEXP.
    Regexp,
    Is,
    IsDistinct,
    Exists,
    Between,
    /// Behind BETWEEN … AND; what the lower bound is.
    BetweenAnd(Lower),
}

impl Operator {
    /// Is it one of an order?
    pub(crate) fn is_ordered(self) -> bool {
        matches!(
            self,
            Self::Less | Self::Greater | Self::Between | Self::BetweenAnd(_)
        )
    }
}

/// The lower bound of a BETWEEN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Lower {
    Limits,
    /// A number that all values may exceed.
    Weak,
    /// Not followed.
    Unknown,
}

/// `left = right`.
pub(crate) fn equal(left: Value, right: Value) -> Level {
    let limits = |column: Value, value: Value| match column {
        // 0 is equal to nearly any text, and 1 to what begins with it.
        Value::Worded if value == Value::Zero => false,
        _ if column == Value::Sibling || column.is_named() => {
            value.is_fixed() || matches!(value, Value::Few | Value::Correlated)
        }
        // `left(a, 0) = ''`, `a / 1000 = 0`, `a % 1 = 0`.
        Value::Derived | Value::System => match value {
            Value::Few | Value::Correlated => true,
            value => !matches!(value.blurred(), Value::Zero | Value::Wild) && value.is_fixed(),
        },
        _ => false,
    };
    match (left, right) {
        (left, right) if is_linked(left) && is_linked(right) => Level::LINK,
        _ if left.is_exact() && right.is_exact() && left != right => Level::NOTHING,
        _ if limits(left, right) || limits(right, left) => Level::VALUE,
        _ => Level::TAUTOLOGY,
    }
}

/// `smaller < greater`.
pub(crate) fn ordered(smaller: Value, greater: Value) -> Level {
    if limits_below(smaller, greater) {
        Level::of(Bound::Below)
    } else if limits_above(greater, smaller) {
        Level::of(Bound::Above)
    } else {
        Level::TAUTOLOGY
    }
}

/// May it be a column of another table than the one it is compared with?
fn is_linked(value: Value) -> bool {
    value == Value::Derived || value.is_named()
}

/// Is a column compared with a part of another text? (MySQL, of which [`Value::System`] is
/// nothing else.)
pub(crate) fn joins_piece(left: Value, right: Value) -> bool {
    let piece = Value::System;
    left == piece && is_linked(right) || is_linked(left) && right == piece
}

/// `column < value`: numbers from 100 on may be above all values.
pub(crate) fn limits_below(column: Value, value: Value) -> bool {
    use Value as V;
    let number = matches!(value, V::Zero | V::Small);
    let other = matches!(value, V::Const | V::Made | V::Text);
    match column {
        V::System => matches!(value, V::Made | V::Param),
        _ if !column.is_column() => false,
        _ if value == V::Param => true,
        // As a number nearly any text is 0, and before 'z'.
        V::Worded => false,
        // A number as it is common for a time is the one of a second.
        V::Timed => number || other || value == V::Num,
        // As a number a time is greater than all of these.
        V::Keyed => number,
        _ => number || other,
    }
}

/// `column > value`: 0, 1 and negative numbers may be below all values.
pub(crate) fn limits_above(column: Value, value: Value) -> bool {
    use Value as V;
    let number = matches!(value, V::Small | V::Num | V::Big);
    let other = matches!(value, V::Const | V::Made);
    match column {
        V::System => matches!(value, V::Made | V::Param | V::Small | V::Num),
        _ if !column.is_column() => false,
        _ if value == V::Param => true,
        V::Worded => false,
        // As a number a date is greater than most.
        V::Timed => other,
        // A text is 0.
        V::Keyed => number,
        _ => number || other,
    }
}
