//! What MySQL's conditions do otherwise: 0 is a truth value, and equal to nearly any text.

use super::Comparison;
use crate::compare::Operator;
use crate::value::Value;

impl Comparison {
    /// What 0 is in a condition of MySQL's.
    pub(super) fn naught(self) -> Value {
        match self.operator {
            Operator::None => Value::False,
            Operator::Match => Value::Text,
            Operator::Regexp => Value::Bad,
            Operator::Equal | Operator::Unequal if self.left.is_exact() => Value::Naught,
            _ if self.left.may_be_number() => Value::Zero,
            _ => Value::Bad,
        }
    }

    /// Behind `IS NULL`.
    pub(super) fn null(self) -> Self {
        let here = match self.left {
            // Those that are not deleted: most.
            Value::Soft => self,
            left if left.is_named() && !self.not => Self {
                left: Value::Null,
                ..self
            },
            _ => self,
        };
        here.with(Value::Bad)
    }
}
