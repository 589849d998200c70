//! Conditions: is a WHERE proved to limit the rows?
//!
//! A condition list (`a AND b OR c`) and each condition in it are frames of
//! their own. What is not proved to limit counts as a tautology.

use super::automaton::{State, Step};
use super::context::{Context, broken};
use super::level::Level;
use super::statement::Statement;
use super::token::Tok;
use super::value::Value;
use guard_common::engine::{action, resolve};

pub(crate) use super::predicate::Predicate;

/// What encloses a list of conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Enclosure {
    Where,
    Parenthesis,
    /// One whose 0 is a number's, not any text's (MySQL).
    Numbers,
    Bracket,
}

/// A list of conditions, or of values in parentheses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Condition {
    enclosure: Enclosure,
    /// Nothing has been read.
    first: bool,
    /// Weakest of the alternatives before the last OR.
    or: Option<Level>,
    /// The conditions since, all together.
    and: Level,
    not: bool,
    /// Behind a condition, not before one.
    ready: bool,
    /// The value, where it is one and no condition.
    value: Value,
    /// The values before the last comma.
    row: Value,
    /// Numbers and text are compared as numbers (MySQL).
    loose: bool,
}

impl From<Condition> for State {
    fn from(condition: Condition) -> Self {
        Self::Condition(condition)
    }
}

impl Condition {
    /// Behind the word WHERE.
    pub(crate) const WHERE: Self = Self::new(Enclosure::Where);

    /// Behind `(` in an expression of a WHERE.
    pub(crate) const PARENTHESIS: Self = Self::new(Enclosure::Parenthesis);

    /// Behind `(`, compared with what is no text (MySQL).
    pub(crate) const NUMBERS: Self = Self::new(Enclosure::Numbers);

    /// Behind `[`.
    pub(crate) const BRACKET: Self = Self::new(Enclosure::Bracket);

    /// With the rules of MySQL.
    pub(crate) fn loosely(self) -> Self {
        Self {
            loose: true,
            ..self
        }
    }

    const fn new(enclosure: Enclosure) -> Self {
        Self {
            enclosure,
            first: true,
            or: None,
            and: Level::TAUTOLOGY,
            not: false,
            ready: false,
            value: Value::None,
            row: Value::None,
            loose: false,
        }
    }

    pub(crate) fn step(self, token: Tok) -> Step {
        use Tok::*;
        let inside = self.enclosure != Enclosure::Where;
        match token {
            ColumnSame => Step::to(self.settled(Level::TAUTOLOGY)),
            ColumnOther => Step::to(self.settled(Level::EITHER)),
            // Of one column both together hold for all rows.
            _ if self.ready && !self.loose && is_behind(token) && self.is_opposite() => {
                Step::to(self).resolve(resolve::BOUNDED).again()
            }
            // What a condition in the list turned out to be.
            _ if token >= BackValue && token <= BackSubJoined => {
                Step::to(self.with(if self.loose {
                    Value::from_token_loosely(token)
                } else {
                    Value::from_token(token)
                }))
            }
            And => Step::to(self.connected()).flag(action::PREDICATE),
            Or => {
                let or = self.counts().then(|| self.level());
                // Of more than two alternatives the bounded columns are not known.
                let known = match self.or {
                    None => 0,
                    Some(_) => action::BOUNDED,
                };
                Step::to(Self {
                    or,
                    and: Level::TAUTOLOGY,
                    ..self.connected()
                })
                .flag(action::PREDICATE | action::ALTERNATIVE | known)
            }
            Not => Step::to(Self {
                not: !self.not,
                first: false,
                ..self
            }),
            Close if matches!(self.enclosure, Enclosure::Parenthesis | Enclosure::Numbers) => {
                Step::pop(self.result()).flag(match self.or {
                    None => 0,
                    // Which of their columns is bounded is not known.
                    Some(_) => action::PREDICATE | action::BOUNDED,
                })
            }
            Unbracket if self.enclosure == Enclosure::Bracket => Step::pop(self.result()),
            Comma if inside => Step::to(Self {
                first: false,
                row: self.with_element(),
                loose: self.loose,
                ..Self::new(self.enclosure)
            }),
            Semi | End | Cut | Close | Unbracket if inside => broken(token),
            Select | With | Values | Table if inside && self.first => {
                Step::to(Statement::Start(Context::SUBSELECT)).again()
            }
            // `((SELECT …) UNION …)`: what it limits is not followed.
            SetOp if inside => Step::to(Statement::Expression(Context::SUBSELECT, false)),
            JoinSide if self.ready && !inside => Step::pop(self.level().token()).again(),
            _ if !inside && (ends(token) || self.loose && ends_loose(token)) => {
                Step::pop(self.level().token()).again()
            }
            // `substring(a FROM 1 FOR 2)`, `string_agg(a ORDER BY b)`.
            _ if ends(token) => Step::to(self),
            _ if self.loose && (token == From || ends_loose(token)) => Step::to(self),
            _ => Step::to(Self {
                first: false,
                ..self
            })
            .push(Predicate::NEW)
            .again(),
        }
    }

    /// Takes a condition or value into account.
    fn with(self, value: Value) -> Self {
        let level = match value {
            Value::Level(level) if !self.not => level,
            Value::False if !self.not => Level::NOTHING,
            Value::True if self.not => Level::NOTHING,
            _ => Level::TAUTOLOGY,
        };
        let alone = self.enclosure != Enclosure::Where && self.or.is_none() && !self.not;
        let value = match value {
            Value::Level(_) => Value::None,
            value if alone && self.and == Level::TAUTOLOGY && self.ready => {
                self.value.beside(value)
            }
            // `(a AND true)` is no `true`.
            value if alone && self.and == Level::TAUTOLOGY && self.value == Value::None => value,
            _ => Value::None,
        };
        let and = if self.counts() {
            self.and.and(level)
        } else {
            self.and
        };
        Self {
            and,
            value,
            ready: true,
            ..self
        }
    }

    /// Do the alternatives bound columns from different sides?
    fn is_opposite(self) -> bool {
        self.or.is_some_and(|or| or.is_opposite(self.and))
    }

    /// The alternatives together are `level`.
    fn settled(self, level: Level) -> Self {
        Self {
            or: None,
            and: level,
            value: Value::None,
            ..self
        }
    }

    /// Does it matter what they are as conditions? Not of the elements of a list.
    fn counts(self) -> bool {
        self.row == Value::None && self.enclosure != Enclosure::Bracket
    }

    /// Behind AND or OR.
    fn connected(self) -> Self {
        let row = if self.row == Value::None {
            Value::None
        } else {
            Value::Bad
        };
        Self {
            not: false,
            // More than one value: see `with`.
            value: Value::Bad,
            first: false,
            ready: false,
            row,
            ..self
        }
    }

    fn level(self) -> Level {
        self.or.map_or(self.and, |or| or.or(self.and))
    }

    /// The value of a list's element: one that is a condition counts as bad.
    fn element(self) -> Value {
        match self.value {
            Value::None => Value::Bad,
            Value::False if self.enclosure == Enclosure::Numbers => Value::Zero,
            // 0, to which any text may be equal.
            Value::False if self.loose => Value::Bad,
            value => value,
        }
    }

    /// The values of the list with the one at hand.
    fn with_element(self) -> Value {
        if self.enclosure != Enclosure::Bracket {
            self.row.beside(self.element())
        } else {
            self.row.beside_alone(self.element())
        }
    }

    fn result(self) -> Tok {
        if self.row != Value::None {
            self.with_element().token()
        } else if self.first {
            // `f()`.
            Tok::BackMade
        } else if self.value == Value::False && self.enclosure == Enclosure::Numbers {
            Tok::BackZero
        } else if self.value != Value::None {
            self.value.token()
        } else {
            self.level().token()
        }
    }
}

/// Is the alternative before `token` complete?
fn is_behind(token: Tok) -> bool {
    !token.is_answer() && token != Tok::And
}

/// Does `token` end a WHERE of MySQL's?
pub(crate) fn ends_loose(token: Tok) -> bool {
    use Tok::*;
    matches!(token, Into | LockWord | Procedure | Set)
}

/// Does `token` end a WHERE?
pub(crate) fn ends(token: Tok) -> bool {
    use Tok::*;
    matches!(
        token,
        Returning
            | Where
            | Join
            | Inner
            | Cross
            | Natural
            | Group
            | Order
            | Having
            | Limit
            | Offset
            | Window
            | SetOp
            | For
            | Fetch
            | On
            | When
            | Then
            | Do
            | Close
            | Semi
            | End
            | Cut
            | Comma
    )
}
