//! One condition: `operand operator operand`, without AND and OR around it.

mod loose;

use super::automaton::{State, Step};
use super::compare::Operator;
use super::condition::{Condition, ends, ends_loose};
use super::context::{Context, broken};
use super::statement::Statement;
use super::token::Tok;
use super::value::{Link, Value};
use super::word::{self, Word};
use guard_common::engine::action;

/// The part of the condition that is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    /// An operand is expected.
    Operand,
    /// Behind an operand.
    Ready,
}

/// A condition, or what is inside a construct that only passes through it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Predicate {
    Comparison(Comparison),
    /// `CASE … END`: what it gives is not followed.
    Case,
    /// `OPERATOR(…)`, with the last operator in it.
    OperatorName(Tok),
}

/// A comparison of two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Comparison {
    pub(crate) left: Value,
    pub(crate) operator: Operator,
    pub(crate) right: Value,
    link: Link,
    pub(crate) not: bool,
    place: Place,
    /// Numbers and text are compared as numbers (MySQL).
    pub(crate) loose: bool,
}

impl From<Predicate> for State {
    fn from(predicate: Predicate) -> Self {
        Self::Predicate(predicate)
    }
}

impl From<Comparison> for State {
    fn from(comparison: Comparison) -> Self {
        Self::Predicate(Predicate::Comparison(comparison))
    }
}

impl Predicate {
    /// Nothing read yet.
    pub(crate) const NEW: Self = Self::Comparison(Comparison {
        left: Value::None,
        operator: Operator::None,
        right: Value::None,
        link: Link::None,
        not: false,
        place: Place::Operand,
        loose: false,
    });

    pub(crate) fn step(self, token: Tok) -> Step {
        match (self, token) {
            (Self::Comparison(comparison), _) => comparison.step(token),
            (_, Tok::Semi | Tok::End | Tok::Cut) => broken(token),
            (Self::Case, Tok::EndWord | Tok::EndBlock) => Step::pop(Tok::BackBad),
            (Self::Case, Tok::Case) => Step::to(self).push(self),
            (Self::Case, Tok::Open) => {
                Step::to(self).push(Statement::Parenthesis(Context::SUBSELECT))
            }
            (Self::Case, _) => word::expression(self.into(), token),
            (Self::OperatorName(_), Tok::Open) => Step::to(self),
            (Self::OperatorName(operator), Tok::Close) => Step::pop(operator),
            (Self::OperatorName(_), _) => Step::to(Self::OperatorName(match token {
                Tok::Eq => Tok::BackEq,
                Tok::Lt => Tok::BackLt,
                Tok::Gt => Tok::BackGt,
                Tok::Match => Tok::BackMatch,
                Tok::Plus | Tok::Minus | Tok::Star | Tok::Arith | Tok::Arrow => Tok::BackArith,
                Tok::Regexp => Tok::BackRegexp,
                Tok::Ne | Tok::NotMatch | Tok::Like => Tok::BackNe,
                _ => match self {
                    Self::OperatorName(operator) => operator,
                    _ => Tok::BackNe,
                },
            })),
        }
    }
}

impl Comparison {
    /// With the rules of MySQL.
    pub(crate) fn loosely(self) -> Self {
        Self {
            loose: true,
            ..self
        }
    }

    /// The value of an operand so far with one more part.
    fn combine(self, before: Value, value: Value) -> Value {
        if self.loose {
            before.combine_loose(self.link, value)
        } else {
            before.combine(self.link, value)
        }
    }

    fn at(self, place: Place) -> Self {
        Self { place, ..self }
    }

    /// Takes an operand into account.
    fn with(self, value: Value) -> Self {
        let place = Place::Ready;
        let link = Link::None;
        let value = match self.operator {
            Operator::None => value,
            // 0, to which any text may be equal.
            _ if self.loose && value == Value::False => Value::Bad,
            Operator::Equal | Operator::Unequal if self.left.is_exact() => value,
            _ => value.blurred(),
        };
        if self.operator == Operator::None {
            let left = self.combine(self.left, value);
            Self {
                left,
                link,
                place,
                ..self
            }
        } else {
            let right = self.combine(self.right, value);
            Self {
                right,
                link,
                place,
                ..self
            }
            .normal()
        }
    }

    /// Takes the operator between the operands into account.
    fn operator(self, operator: Operator) -> Self {
        if self.operator != Operator::None {
            // `a = b = c`.
            return Self {
                left: Value::Bad,
                right: Value::Bad,
                ..self.at(Place::Operand)
            }
            .normal();
        }
        let left = match operator {
            Operator::Less | Operator::Greater | Operator::Between => self.left,
            _ => self.left.in_equality(),
        };
        let left = match operator {
            Operator::Equal | Operator::Unequal if left.is_exact() && !self.not => left,
            _ if self.loose && self.left == Value::False => Value::Bad,
            Operator::Less | Operator::Greater | Operator::Between => left.blurred(),
            _ => left.blurred().in_equality(),
        };
        Self {
            left,
            operator,
            ..self.at(Place::Operand)
        }
        .normal()
    }

    /// Forgets what can make no difference.
    fn normal(self) -> Self {
        use self::Operator as O;
        let hopeless = match self.operator {
            O::Unequal => {
                self.not
                    || !self.left.is_exact()
                    || self.right != Value::None && self.right != self.left
            }
            O::Is | O::IsDistinct | O::None | O::Exists | O::Between => false,
            // Digits are in every number and time.
            O::Regexp if matches!(self.left, Value::Timed | Value::Keyed) => true,
            // The order of texts says nothing, nor does that of parts of them.
            O::Less | O::Greater if self.loose && self.left == Value::System => true,
            _ => {
                self.not
                    || matches!(
                        self.left,
                        Value::Bad | Value::Same | Value::Open | Value::Linked | Value::Level(_)
                    )
            }
        };
        if hopeless {
            return Self {
                left: Value::Bad,
                operator: O::Unequal,
                right: Value::Bad,
                not: false,
                ..self
            };
        }
        let right = match (self.operator, self.right) {
            (O::Is, right) if right != Value::None => Value::Bad,
            (O::Exists, right) if right != Value::Correlated && right != Value::None => Value::Bad,
            (_, Value::Open | Value::Linked | Value::Level(_)) => Value::Bad,
            // 0 is equal to nearly any text, and may be what a function gives.
            (O::Equal | O::IsDistinct, Value::Zero | Value::Made) if self.left == Value::Worded => {
                Value::Bad
            }
            (O::Equal | O::IsDistinct, right) => right.in_equality(),
            (_, right) => right,
        };
        Self {
            left: self.left.named_for(self.operator),
            right: right.named_for(self.operator),
            ..self
        }
    }

    fn link(self, link: Link) -> Self {
        Self {
            link,
            ..self.at(Place::Operand)
        }
    }

    fn step(self, token: Tok) -> Step {
        match self.place {
            Place::Operand => self.operand(token),
            Place::Ready => self.ready(token),
        }
    }

    /// An operand is expected.
    fn operand(self, token: Tok) -> Step {
        use Tok::*;
        match token {
            // What a parenthesis turned out to be.
            _ if token >= BackValue && token <= BackSubJoined => {
                Step::to(self.with(if self.loose {
                    Value::from_token_loosely(token)
                } else {
                    Value::from_token(token)
                }))
            }
            Naught if !self.loose => Step::to(self.with(Value::Naught)),
            Naught => Step::to(self.with(self.naught())),
            False if self.loose => Step::to(self.with(self.naught())),
            Variable | SystemVar => Step::to(self.with(Value::Bad)),
            Zero | Small | Num | Long | Big if self.loose && self.is_regexp() => {
                Step::to(self.with(Value::Bad))
            }
            StrMeta | StrOdd if self.is_regexp() => Step::to(self.with(Value::Bad)),
            StrWord | StrMeta | StrModes | StrOtherModes | StrCharset | StrSafeValue
                if self.loose =>
            {
                Step::to(self.with(Value::Text))
            }
            Null if self.loose && self.operator == self::Operator::Is => Step::to(self.null()),
            Null | Default if self.loose => Step::to(self.with(Value::Bad)),
            // Nearly any text is less than 1, and most numbers are greater.
            Zero if self.loose && !self.left.may_be_number() && self.left != Value::None => {
                Step::to(self.with(Value::Wild))
            }
            Bang => Step::to(self.link(Link::Loose)),
            Interval => Step::to(self.link(Link::Interval)),
            Zero => Step::to(self.with(Value::One)),
            // `1 = 2`: any other number than the left one.
            Small if self.left.is_exact() && self.link == Link::None => {
                Step::to(self.with(match self.left {
                    Value::One => Value::Naught,
                    _ => Value::One,
                }))
            }
            Small => Step::to(self.with(Value::Small)),
            Num | Long => Step::to(self.with(Value::Num)),
            Big => Step::to(self.with(Value::Big)),
            StrOn | StrExtreme => Step::to(self.with(Value::Extreme)),
            Wild | StrOdd => Step::to(self.with(Value::Wild)),
            Param => Step::to(self.with(Value::Param)),
            _ if token.is_literal() => Step::to(self.with(Value::Const)),
            True if self.loose => Step::to(self.with(Value::Wild)),
            // `CONVERT(a, SIGNED)`: 0 for nearly any text.
            NumberType if self.loose => Step::to(self.with(Value::Bad)),
            True => Step::to(self.with(Value::True)),
            False => Step::to(self.with(Value::False)),
            Default | ConstWord | Star => Step::to(self.with(Value::Const)),
            Minus if self.link == Link::None => Step::to(self.link(Link::Negative)),
            Minus | Arith | Match | NotMatch => Step::to(self.link(Link::Prefix)),
            Regexp => Step::to(self.link(Link::Prefix)),
            Open if self.loose
                && self.operator == self::Operator::Equal
                && self.left.may_be_number() =>
            {
                Step::to(self).push(Condition::NUMBERS)
            }
            Open => Step::to(self).push(Condition::PARENTHESIS),
            Bracket => Step::to(self).push(Condition::BRACKET),
            Case => Step::to(self).push(Predicate::Case),
            Exists => Step::to(self.operator(self::Operator::Exists)),
            // `= ALL ('{}')` holds for every row.
            All => Step::to(Self { not: true, ..self }.normal()),
            // `> ANY ('{0}')`, `LIKE ANY ('{a,%}')`: the least of a list is not followed.
            Any if !matches!(
                self.operator,
                self::Operator::None | self::Operator::Equal | self::Operator::IsDistinct
            ) =>
            {
                Step::to(Self { not: true, ..self }.normal())
            }
            // `5 = ANY(array_append(a, 5))`: a column alone, or nothing.
            Any if self.operator == self::Operator::Equal && self.left.is_fixed() => {
                Step::to(Self {
                    left: Value::Wild,
                    ..self
                })
            }
            // The order of the bounds is not known.
            Symmetric => Step::to(Self { not: true, ..self }.normal()),
            Not => Step::to(Self {
                not: !self.not,
                ..self
            }),
            Distinct if self.operator == self::Operator::Is => Step::to(Self {
                operator: self::Operator::IsDistinct,
                ..self
            }),
            // `= NULL` may mean IS NULL (`transform_null_equals`).
            Unicode | Null => Step::to(self.with(Value::Bad)),
            // `left(a, 1)`.
            JoinSide => Step::to(self).push(Word::SAFE_CALL).flag(action::SPELL),
            _ if token.is_name() => Step::to(self).push(Word::name(true)).again(),
            _ if self.ended_by(token) => self.end(),
            And | Or => self.end(),
            _ => Step::to(self),
        }
    }

    fn ended_by(self, token: Tok) -> bool {
        ends(token)
            || self.loose && ends_loose(token)
            || matches!(token, Tok::Unbracket | Tok::Else | Tok::EndWord)
    }

    /// Behind an operand.
    fn ready(self, token: Tok) -> Step {
        use self::Operator as O;
        use Tok::*;
        match token {
            Eq | BackEq => Step::to(self.operator(O::Equal)),
            Ne | NotMatch | BackNe => Step::to(self.operator(O::Unequal)),
            Lt | BackLt => Step::to(self.operator(O::Less)),
            // `MATCH (a) AGAINST ('b') > 0`.
            Gt if self.loose && self.operator == O::Match => Step::to(Self {
                right: Value::None,
                ..self.at(Place::Operand)
            }),
            Gt | Ge | BackGt => Step::to(self.operator(O::Greater)),
            Match | BackMatch => Step::to(self.operator(O::Match)),
            Like => Step::to(self.operator(O::Like)),
            NullSafe => Step::to(
                Self {
                    not: !self.not,
                    ..self
                }
                .operator(O::IsDistinct),
            ),
            Regexp | BackRegexp => Step::to(self.operator(O::Regexp)),
            // `MATCH (a) AGAINST ('b')`: what is compared with its result is not followed.
            Against => Step::to(
                Self {
                    right: Value::Text,
                    ..self.operator(O::Match)
                }
                .at(Place::Ready),
            ),
            // `5 IN (a, b)`, and not `5 IN (id, 5)`.
            In if self.left.is_fixed() => Step::to(
                Self {
                    left: Value::Wild,
                    ..self
                }
                .operator(O::Equal),
            ),
            In => Step::to(self.operator(O::Equal)),
            Between => Step::to(self.operator(O::Between)),
            Is => Step::to(self.operator(O::Is)),
            Not => Step::to(Self {
                not: !self.not,
                ..self
            }),
            And if self.operator == O::Between => Step::to(Self {
                operator: O::BetweenAnd(self.lower()),
                right: Value::None,
                ..self.at(Place::Operand)
            }),
            Minus | Arith if self.loose => Step::to(self.link(Link::Loose)),
            Arrow if self.loose => Step::to(self.link(Link::Arrow)),
            Interval => Step::to(self.link(Link::Interval)),
            Plus | Minus | Arrow => Step::to(self.link(Link::Sum)),
            Star => Step::to(self.link(Link::Factor)),
            Arith | BackArith => Step::to(self.link(Link::Bits)),
            // `1::bool = 2::bool`.
            Cast => Step::to(self.blurred()).push(Word::Type),
            // Any number is one of two truth values.
            BackBad | Bool => Step::to(self.spoilt()),
            // `(c).id`.
            Dot if !self.loose => Step::to(self.with_part()),
            Operator => Step::to(self.blurred()).push(Predicate::OperatorName(BackNe)),
            Open => Step::to(self).push(Statement::Parenthesis(Context::SUBSELECT)),
            Bracket => Step::to(self).push(Condition::BRACKET),
            And | Or | JoinSide => self.end(),
            _ if self.ended_by(token) => self.end(),
            From | At | Escape | Default | Reserved => Step::to(self.blurred()).push(Word::Behind),
            // Texts side by side are one: `REGEXP 'ab' '*|'`.
            _ if self.operator == O::Regexp && token.is_string() => Step::to(self.with(Value::Bad)),
            // A word of such a construct; what a frame reported.
            _ if token.is_answer() || token.is_literal() => Step::to(self),
            // `CAST(a AS SIGNED)`.
            NumberType if self.left == Value::Keyed => Step::to(self),
            NumberType if self.loose && !self.left.is_fixed() => Step::to(Self {
                left: Value::Bad,
                ..self
            }),
            // `0x1` is a 0 and a name up to PostgreSQL 15.
            _ => Step::to(self.blurred()),
        }
    }

    /// Without what is known of constants: more follows that is not.
    fn blurred(self) -> Self {
        let left = match self.left {
            // 0, to which any text may be equal.
            Value::False if self.loose => Value::Bad,
            left => left.blurred(),
        };
        Self {
            left,
            right: self.right.blurred(),
            ..self
        }
        .normal()
    }

    /// Without what is known of the last operand.
    fn spoilt(self) -> Self {
        let (left, right) = match self.operator {
            Operator::None => (Value::Bad, self.right),
            _ => (self.left, Value::Bad),
        };
        Self {
            left,
            right,
            ..self
        }
        .normal()
    }

    /// The last operand is a part of a column.
    fn with_part(self) -> Self {
        let part = |value| match value {
            Value::Column => Value::Derived,
            value => value,
        };
        let (left, right) = match self.operator {
            Operator::None => (part(self.left), self.right),
            _ => (self.left, part(self.right)),
        };
        Self {
            left,
            right,
            ..self.blurred()
        }
    }
}
