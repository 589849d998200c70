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
        Value::Column | Value::Sibling => {
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
        (Value::Column | Value::Derived, Value::Column | Value::Derived) => Level::LINK,
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

/// `column < value`: numbers from 100 on may be above all values.
pub(crate) fn limits_below(column: Value, value: Value) -> bool {
    match value {
        Value::Made | Value::Param => column.is_column() || column == Value::System,
        Value::Const | Value::Zero | Value::Small | Value::Text => column.is_column(),
        _ => false,
    }
}

/// `column > value`: 0, 1 and negative numbers may be below all values.
pub(crate) fn limits_above(column: Value, value: Value) -> bool {
    match value {
        Value::Made | Value::Param | Value::Small | Value::Num => {
            column.is_column() || column == Value::System
        }
        Value::Const | Value::Big => column.is_column(),
        _ => false,
    }
}
