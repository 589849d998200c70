//! One condition: `operand operator operand`, without AND and OR around it.

use super::automaton::{State, Step};
use super::condition::{Condition, Level, ends};
use super::context::{Context, broken};
use super::statement::Statement;
use super::token::Tok;
use super::word::Word;

/// What is known of an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Value {
    None,
    /// A constant, or a function of constants (`now()`).
    Const,
    /// 0, 1 or a negative number.
    Zero,
    /// The greatest number of a type, or one like it.
    Big,
    /// A string that any value matches, or the empty one.
    Wild,
    Param,
    /// An expression with a column.
    Column,
    /// A column that all rows have alike, or whose order says nothing (`ctid`).
    System,
    /// The same column again.
    Same,
    /// An expression that may have any value whatever the row.
    Bad,
    /// A sub-select without a limit of its own; one with; a correlated one.
    Open,
    Few,
    Correlated,
    /// A condition in parentheses.
    Level(Level),
}

impl Value {
    /// The value that an inner frame reports.
    pub(crate) fn from_token(token: Tok) -> Self {
        match token {
            Tok::BackConst | Tok::BackValue => Self::Const,
            Tok::BackZero => Self::Zero,
            Tok::BackBig => Self::Big,
            Tok::BackWild => Self::Wild,
            Tok::BackParam => Self::Param,
            Tok::BackColumn => Self::Column,
            Tok::BackSame => Self::Same,
            Tok::BackOpen => Self::Open,
            Tok::BackSubScoped => Self::Few,
            Tok::BackSubJoined => Self::Correlated,
            Tok::BackTautology => Self::Level(Level::Tautology),
            Tok::BackScoped => Self::Level(Level::Scoped),
            Tok::BackJoined => Self::Level(Level::Joined),
            _ => Self::Bad,
        }
    }

    /// The token that reports this value to the frame outside.
    pub(crate) fn token(self) -> Tok {
        match self {
            Self::None | Self::Const => Tok::BackConst,
            Self::Zero => Tok::BackZero,
            Self::Big => Tok::BackBig,
            Self::Wild => Tok::BackWild,
            Self::Param => Tok::BackParam,
            Self::Column => Tok::BackColumn,
            Self::Same => Tok::BackSame,
            Self::System | Self::Bad => Tok::BackBad,
            Self::Open => Tok::BackOpen,
            Self::Few => Tok::BackSubScoped,
            Self::Correlated => Tok::BackSubJoined,
            Self::Level(level) => level.token(),
        }
    }

    /// Is it the same for every row?
    fn is_fixed(self) -> bool {
        matches!(
            self,
            Self::Const | Self::Zero | Self::Big | Self::Wild | Self::Param
        )
    }

    /// A list of two values, as in `(a, b)` and in arguments.
    pub(crate) fn beside(self, other: Self) -> Self {
        match (self, other) {
            (Self::None, value) | (value, Self::None) => value,
            (Self::Bad, _) | (_, Self::Bad) => Self::Bad,
            (Self::Level(_), _) | (_, Self::Level(_)) => Self::Bad,
            (Self::Open, _) | (_, Self::Open) => Self::Bad,
            (Self::Same, _) | (_, Self::Same) => Self::Same,
            (Self::Column | Self::System, _) | (_, Self::Column | Self::System) => Self::Column,
            (Self::Param, _) | (_, Self::Param) => Self::Param,
            _ => Self::Const,
        }
    }

    /// The value of `self operator other`.
    fn combine(self, link: Link, other: Self) -> Self {
        match (self, link, other) {
            (Self::None, Link::Negative, Self::Const | Self::Zero | Self::Big) => Self::Zero,
            (Self::None, _, value) => value,
            // A factor of 0, a remainder by 1: any column gives the same.
            (Self::Column | Self::System, Link::Factor, Self::Zero | Self::Big) => Self::Bad,
            (Self::Zero, Link::Factor, Self::Column | Self::System | Self::Same) => Self::Bad,
            (Self::Column, _, Self::Same) | (Self::Same, _, Self::Column) => Self::Bad,
            (Self::Same, _, Self::Same) => Self::Bad,
            _ => self.beside(other),
        }
    }
}

/// An operator inside an operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Link {
    None,
    Negative,
    Sum,
    Factor,
}

/// The operator between the operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Operator {
    None,
    Equal,
    Unequal,
    Less,
    Greater,
    Match,
    Is,
    IsDistinct,
    Exists,
    Between,
    /// Behind BETWEEN … AND; whether the lower bound limits.
    BetweenAnd(bool),
}

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
    left: Value,
    operator: Operator,
    right: Value,
    link: Link,
    not: bool,
    place: Place,
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
    });

    pub(crate) fn step(self, token: Tok) -> Step {
        match (self, token) {
            (Self::Comparison(comparison), _) => comparison.step(token),
            (_, Tok::Semi | Tok::End | Tok::Cut) => broken(token),
            (Self::Case, Tok::EndWord) => Step::pop(Tok::BackBad),
            (Self::Case, Tok::Case) => Step::to(self).push(self),
            (Self::Case, Tok::Open) => {
                Step::to(self).push(Statement::Parenthesis(Context::TOP.inner()))
            }
            (Self::Case, _) => Step::to(self),
            (Self::OperatorName(_), Tok::Open) => Step::to(self),
            (Self::OperatorName(operator), Tok::Close) => Step::pop(operator),
            (Self::OperatorName(_), _) => Step::to(Self::OperatorName(match token {
                Tok::Eq => Tok::BackEq,
                Tok::Lt => Tok::BackLt,
                Tok::Gt => Tok::BackGt,
                Tok::Match => Tok::BackMatch,
                Tok::Plus | Tok::Minus | Tok::Star | Tok::Arith | Tok::Arrow => Tok::BackArith,
                Tok::Ne | Tok::NotMatch => Tok::BackNe,
                _ => match self {
                    Self::OperatorName(operator) => operator,
                    _ => Tok::BackNe,
                },
            })),
        }
    }
}

impl Comparison {
    fn at(self, place: Place) -> Self {
        Self { place, ..self }
    }

    /// Takes an operand into account.
    fn with(self, value: Value) -> Self {
        let place = Place::Ready;
        let link = Link::None;
        if self.operator == Operator::None {
            let left = self.left.combine(self.link, value);
            Self {
                left,
                link,
                place,
                ..self
            }
        } else {
            let right = self.right.combine(self.link, value);
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
                right: Value::Bad,
                ..self.at(Place::Operand)
            };
        }
        // What constant stands on the left matters for an order only.
        let left = match (operator, self.left) {
            (Operator::Less | Operator::Greater, left) => left,
            (_, left) if left.is_fixed() => Value::Const,
            (_, left) => left,
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
            O::Unequal => true,
            O::Is | O::IsDistinct | O::None | O::Exists | O::Between => false,
            _ => self.not || matches!(self.left, Value::Bad | Value::Open | Value::Level(_)),
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
            (O::Equal, right) if right.is_fixed() => Value::Const,
            (O::Is, right) if right != Value::None => Value::Bad,
            (O::Match, Value::Zero | Value::Big) => Value::Const,
            (O::Exists, right) if right != Value::Correlated && right != Value::None => Value::Bad,
            (_, Value::Open | Value::Level(_)) if self.operator != O::IsDistinct => Value::Bad,
            (_, right) => right,
        };
        Self { right, ..self }
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
                Step::to(self.with(Value::from_token(token)))
            }
            Zero => Step::to(self.with(Value::Zero)),
            Big => Step::to(self.with(Value::Big)),
            Wild => Step::to(self.with(Value::Wild)),
            Param => Step::to(self.with(Value::Param)),
            _ if token.is_literal() => Step::to(self.with(Value::Const)),
            Null | True | False | Default | ConstWord | Star => Step::to(self.with(Value::Const)),
            Minus if self.link == Link::None => Step::to(self.link(Link::Negative)),
            Open => Step::to(self).push(Condition::PARENTHESIS),
            Bracket => Step::to(self).push(Condition::BRACKET),
            Case => Step::to(self).push(Predicate::Case),
            Exists => Step::to(self.operator(self::Operator::Exists)),
            // `= ALL ('{}')` holds for every row.
            All => Step::to(Self { not: true, ..self }),
            Not => Step::to(Self {
                not: !self.not,
                ..self
            }),
            Distinct if self.operator == self::Operator::Is => Step::to(Self {
                operator: self::Operator::IsDistinct,
                ..self
            }),
            Unicode => Step::to(self.with(Value::Bad)),
            _ if token.is_name() => Step::to(self).push(Word::name(true)).again(),
            _ if self.ended_by(token) => self.end(),
            And | Or => self.end(),
            _ => Step::to(self),
        }
    }

    fn ended_by(self, token: Tok) -> bool {
        ends(token) || matches!(token, Tok::Unbracket | Tok::Else | Tok::EndWord)
    }

    /// Behind an operand.
    fn ready(self, token: Tok) -> Step {
        use self::Operator as O;
        use Tok::*;
        match token {
            Eq | BackEq => Step::to(self.operator(O::Equal)),
            Ne | NotMatch | BackNe => Step::to(self.operator(O::Unequal)),
            Lt | BackLt => Step::to(self.operator(O::Less)),
            Gt | BackGt => Step::to(self.operator(O::Greater)),
            Match | BackMatch | Like => Step::to(self.operator(O::Match)),
            In => Step::to(self.operator(O::Equal)),
            Between => Step::to(self.operator(O::Between)),
            Is => Step::to(self.operator(O::Is)),
            Not => Step::to(Self {
                not: !self.not,
                ..self
            }),
            And if self.operator == O::Between => {
                let low = limits_above(self.left, self.right) != Level::Tautology;
                Step::to(Self {
                    operator: O::BetweenAnd(low),
                    right: Value::None,
                    ..self.at(Place::Operand)
                })
            }
            Plus | Minus | Arrow => Step::to(self.link(Link::Sum)),
            Star | Arith | BackArith => Step::to(self.link(Link::Factor)),
            Cast => Step::to(self).push(Word::Type),
            Operator => Step::to(self).push(Predicate::OperatorName(BackNe)),
            Open => Step::to(self).push(Statement::Parenthesis(Context::TOP.inner())),
            Bracket => Step::to(self).push(Condition::BRACKET),
            And | Or => self.end(),
            _ if self.ended_by(token) => self.end(),
            _ => Step::to(self),
        }
    }

    /// The condition ends before the current token.
    fn end(self) -> Step {
        let back = match self.operator {
            Operator::None => match self.left {
                Value::None => Tok::BackBad,
                left => left.token(),
            },
            _ => self.level().token(),
        };
        Step::pop(back).again()
    }

    fn level(self) -> Level {
        let (left, right) = (self.left, self.right);
        let level = match self.operator {
            Operator::IsDistinct => {
                // NOT DISTINCT is equality.
                return if self.not {
                    equal(left, right)
                } else {
                    Level::Tautology
                };
            }
            Operator::Equal => equal(left, right),
            Operator::Less => limits_below(left, right).max(limits_above(right, left)),
            Operator::Greater => limits_above(left, right).max(limits_below(right, left)),
            Operator::Match => match (left, right) {
                (Value::Column, Value::Const | Value::Param | Value::Zero | Value::Big) => {
                    Level::Scoped
                }
                (Value::Const | Value::Param, Value::Column) => Level::Scoped,
                (Value::Column, Value::Column) => Level::Joined,
                _ => Level::Tautology,
            },
            Operator::Exists if right == Value::Correlated => Level::Joined,
            Operator::BetweenAnd(low) => {
                let high = limits_below(left, right);
                if low && high == Level::Tautology && left == Value::Column && right != Value::Same
                {
                    Level::Scoped
                } else {
                    high
                }
            }
            _ => Level::Tautology,
        };
        if self.not { Level::Tautology } else { level }
    }
}

/// `left = right`.
fn equal(left: Value, right: Value) -> Level {
    let column = |value| matches!(value, Value::Column | Value::System);
    match (left, right) {
        (Value::Column, Value::Column) => Level::Joined,
        _ if column(left) && right.is_fixed() => Level::Scoped,
        _ if left.is_fixed() && column(right) => Level::Scoped,
        _ if column(left) && matches!(right, Value::Few | Value::Correlated) => Level::Scoped,
        _ if matches!(left, Value::Few | Value::Correlated) && column(right) => Level::Scoped,
        _ => Level::Tautology,
    }
}

/// `column < value`.
fn limits_below(column: Value, value: Value) -> Level {
    match (column, value) {
        (Value::Column, Value::Column) => Level::Joined,
        (Value::Column, Value::Const | Value::Param | Value::Zero) => Level::Scoped,
        (Value::Column, Value::Few | Value::Correlated) => Level::Scoped,
        _ => Level::Tautology,
    }
}

/// `column > value`.
fn limits_above(column: Value, value: Value) -> Level {
    match (column, value) {
        (Value::Column, Value::Column) => Level::Joined,
        (Value::Column, Value::Const | Value::Param | Value::Big) => Level::Scoped,
        (Value::Column, Value::Few | Value::Correlated) => Level::Scoped,
        _ => Level::Tautology,
    }
}
