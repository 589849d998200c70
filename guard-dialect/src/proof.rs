//! What a comparison proves, when it has been read.

use super::automaton::Step;
use super::compare::{Lower, Operator, equal, joins_piece, limits_above, limits_below, ordered};
use super::level::{Bound, Level};
use super::predicate::Comparison;
use super::token::Tok;
use super::value::Value;
use guard_common::engine::action;

impl Comparison {
    pub(crate) fn lower(self) -> Lower {
        match self.right {
            _ if self.not => Lower::Unknown,
            right if limits_above(self.left, right) => Lower::Limits,
            Value::Zero | Value::Wild if self.left.is_column() => Lower::Weak,
            _ => Lower::Unknown,
        }
    }

    /// The condition ends before the current token.
    pub(crate) fn end(self) -> Step {
        let back = match self.operator {
            Operator::None => match self.left {
                Value::None => Tok::BackBad,
                left => left.token(),
            },
            _ => self.level().token(),
        };
        let bounded = match back {
            Tok::BackBelow | Tok::BackAbove => match [self.left, self.right] {
                [Value::Column, _] | [_, Value::Column] => action::BOUNDED,
                // What is in the parenthesis has told.
                [Value::Level(_), _] => 0,
                // Of an expression it is not known which column.
                _ => action::BOUNDED | action::PREDICATE,
            },
            _ => 0,
        };
        Step::pop(back).again().flag(bounded)
    }

    pub(crate) fn is_regexp(self) -> bool {
        self.operator == Operator::Regexp
    }

    /// May a pattern limit it? In MySQL [`Value::System`] is a part of a text.
    fn is_text(self, value: Value) -> bool {
        value.is_column() || self.loose && value == Value::System
    }

    fn level(self) -> Level {
        let (left, right) = (self.left, self.right);
        // NOT DISTINCT is equality.
        if self.operator == Operator::IsDistinct && self.not {
            // A function of a column and one of a constant may both be NULL (MySQL).
            return match [left, right].contains(&Value::Derived) && self.loose {
                true => Level::TAUTOLOGY,
                false => equal(left, right),
            };
        }
        if self.not {
            return Level::TAUTOLOGY;
        }
        let limits = match self.operator {
            // `a.name = concat('x', substring(b.name, 5))`.
            Operator::Equal if self.loose && joins_piece(left, right) => return Level::LINK,
            Operator::Equal => return equal(left, right),
            // `1 <> 1`.
            Operator::Unequal if left.is_exact() && left == right => return Level::NOTHING,
            Operator::Less => return ordered(left, right),
            Operator::Greater => return ordered(right, left),
            Operator::BetweenAnd(lower) => {
                return match (lower, limits_below(left, right)) {
                    (Lower::Limits, true) => Level::VALUE,
                    (Lower::Limits, false) if right.is_fixed() => Level::of(Bound::Above),
                    (Lower::Weak | Lower::Unknown, true) => Level::of(Bound::Below),
                    _ => Level::TAUTOLOGY,
                };
            }
            Operator::Like => {
                self.is_text(left)
                    && matches!(
                        right,
                        Value::Const
                            | Value::Extreme
                            | Value::Param
                            | Value::Small
                            | Value::Num
                            | Value::Text
                    )
            }
            Operator::Match | Operator::Regexp => {
                // `~ concat('a', '*')`.
                let matched = |column: Value, value: Value| {
                    let vague = value == Value::Wild || value == Value::Made && self.is_regexp();
                    self.is_text(column) && value.is_fixed() && !vague
                };
                matched(left, right) || matched(right, left)
            }
            Operator::Is if left == Value::Null => return Level::of(Bound::Null),
            Operator::Exists => right == Value::Correlated,
            _ => false,
        };
        if limits {
            Level::VALUE
        } else {
            Level::TAUTOLOGY
        }
    }
}
