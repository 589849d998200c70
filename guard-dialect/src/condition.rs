//! Conditions: is a WHERE proved to limit the rows?
//!
//! A condition list (`a AND b OR c`) and each condition in it are frames of
//! their own. What is not proved to limit counts as a tautology.

use super::automaton::{State, Step};
use super::context::{Context, broken};
use super::predicate::Value;
use super::statement::Statement;
use super::token::Tok;
use guard_common::engine::action;

pub(crate) use super::predicate::Predicate;

/// How far a condition limits the rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Level {
    /// Not provably.
    Tautology,
    /// By a value.
    Scoped,
    /// By another column.
    Joined,
}

impl Level {
    /// The token that reports it to the frame outside.
    pub(crate) fn token(self) -> Tok {
        match self {
            Self::Tautology => Tok::BackTautology,
            Self::Scoped => Tok::BackScoped,
            Self::Joined => Tok::BackJoined,
        }
    }
}

/// What encloses a list of conditions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Enclosure {
    Where,
    Parenthesis,
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
    /// Strongest of the conditions since.
    and: Level,
    not: bool,
    /// The value, where it is one and no condition.
    value: Value,
    /// The values before the last comma.
    row: Value,
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

    /// Behind `[`.
    pub(crate) const BRACKET: Self = Self::new(Enclosure::Bracket);

    const fn new(enclosure: Enclosure) -> Self {
        Self {
            enclosure,
            first: true,
            or: None,
            and: Level::Tautology,
            not: false,
            value: Value::None,
            row: Value::None,
        }
    }

    pub(crate) fn step(self, token: Tok) -> Step {
        use Tok::*;
        let inside = self.enclosure != Enclosure::Where;
        match token {
            // What a condition in the list turned out to be.
            _ if token >= BackValue && token <= BackSubJoined => {
                Step::to(self.with(Value::from_token(token)))
            }
            And => Step::to(self.connected()).flag(action::PREDICATE),
            Or => {
                let or = Some(self.or.map_or(self.and, |or| or.min(self.and)));
                Step::to(Self {
                    or,
                    and: Level::Tautology,
                    ..self.connected()
                })
                .flag(action::PREDICATE)
            }
            Not => Step::to(Self {
                not: !self.not,
                first: false,
                ..self
            }),
            Close if self.enclosure == Enclosure::Parenthesis => Step::pop(self.result()),
            Unbracket if self.enclosure == Enclosure::Bracket => Step::pop(self.result()),
            Comma if inside => Step::to(Self {
                first: false,
                row: self.row.beside(self.element()),
                ..Self::new(self.enclosure)
            }),
            Semi | End | Cut | Close | Unbracket if inside => broken(token),
            Select | With | Values | Table if inside && self.first => {
                let context = Context {
                    parenthesis: true,
                    dry: false,
                    counted: true,
                };
                Step::to(Statement::Start(context)).again()
            }
            // `((SELECT …) UNION …)`: what it limits is not followed.
            SetOp if inside => Step::to(Statement::Expression(Context::TOP.inner())),
            _ if !inside && ends(token) => Step::pop(self.level().token()).again(),
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
            _ => Level::Tautology,
        };
        let alone = self.enclosure != Enclosure::Where && self.or.is_none() && !self.not;
        let value = match value {
            Value::Level(_) => Value::None,
            value if alone && self.and == Level::Tautology => value,
            _ => Value::None,
        };
        if self.row == Value::None {
            let and = self.and.max(level);
            Self { and, value, ..self }
        } else {
            // Elements of a list: what they are as conditions does not matter.
            Self { value, ..self }
        }
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
            value: Value::None,
            first: false,
            row,
            ..self
        }
    }

    fn level(self) -> Level {
        self.or.map_or(self.and, |or| or.min(self.and))
    }

    /// The value of a list's element: one that is a condition counts as bad.
    fn element(self) -> Value {
        match self.value {
            Value::None => Value::Bad,
            value => value.beside(Value::Const),
        }
    }

    fn result(self) -> Tok {
        if self.row != Value::None {
            self.row.beside(self.element()).token()
        } else if self.first {
            // `f()`.
            Tok::BackConst
        } else if self.value != Value::None {
            self.value.token()
        } else {
            self.level().token()
        }
    }
}

/// Does `token` end a WHERE?
pub(crate) fn ends(token: Tok) -> bool {
    use Tok::*;
    matches!(
        token,
        Returning
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
