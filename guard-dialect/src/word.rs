//! Small frames inside expressions: a name that may be a call, a type behind
//! `::`, the words behind IS.

use super::automaton::{State, Step};
use super::condition::Condition;
use super::context::{Context, broken};
use super::setting::ConfigPart;
use super::statement::Statement;
use super::token::Tok;
use super::value::Value;
use guard_common::class::{Class, Opaque};
use guard_common::engine::{action, resolve};

/// What a name means as a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Callee {
    /// Not known to be safe.
    Unknown,
    Safe,
    /// Safe, and tells apart what its last argument does: it changes the case of
    /// letters, or reads a value by way of its first argument (`date_trunc`).
    Fold,
    /// Safe, but its result says nothing of the arguments.
    Pure,
    /// Safe, and turns text into a number, which may be 0.
    Cast,
    /// Reaches files or programs of the server.
    File,
    /// `unnest`: of a parameter it gives what the parameter lists.
    Unnest,
    SetConfig,
    /// `pg_catalog`: the part behind the dot decides.
    Catalog,
    /// Safe, but what it gives says little of its arguments (`length`).
    Vague,
    /// A system column that names one row; one that says nothing of a row.
    System,
    Constant,
    /// Safe, but what it gives of any row is within bounds (`extract`).
    Bounded,
    /// A list that the statement makes itself (`generate_series`).
    Series,
    /// The name that columns of texts usually have, of times (a function too), of times of
    /// a deletion, and of numbers of rows.
    Word,
    Time,
    Soft,
    Key,
    /// Safe, and gives a part of a text, perhaps an empty one.
    Piece,
    /// A part of the name is not decoded.
    Odd,
}

impl Callee {
    /// The meaning of a name's first part.
    pub(crate) fn first(token: Tok) -> Self {
        match token {
            Tok::Safe => Self::Safe,
            Tok::Fold => Self::Fold,
            Tok::Pure
            | Tok::Replace
            | Tok::IfWord
            | Tok::Block
            | Tok::CharacterSet
            | Tok::Password
            | Tok::SchemaWord
            | Tok::Account
            | Tok::TruncateWord => Self::Pure,
            Tok::CastCall => Self::Cast,
            Tok::FileCall => Self::File,
            Tok::Unnest => Self::Unnest,
            Tok::SetConfig => Self::SetConfig,
            Tok::PgCatalog => Self::Catalog,
            Tok::SystemColumn => Self::System,
            Tok::SystemConstant => Self::Constant,
            Tok::Vague => Self::Vague,
            Tok::Bounded => Self::Bounded,
            Tok::Series => Self::Series,
            Tok::Bool => Self::Safe,
            Tok::WordName => Self::Word,
            Tok::TimeName => Self::Time,
            Tok::SoftName => Self::Soft,
            Tok::KeyName => Self::Key,
            Tok::Piece => Self::Piece,
            Tok::Unicode => Self::Odd,
            _ => Self::Unknown,
        }
    }

    /// The meaning with a further part behind a dot.
    pub(crate) fn then(self, token: Tok) -> Self {
        match token {
            _ if self == Self::Odd => Self::Odd,
            Tok::Safe
            | Tok::TimeName
            | Tok::Piece
            | Tok::Fold
            | Tok::Pure
            | Tok::CastCall
            | Tok::Vague
            | Tok::Bounded
            | Tok::Series
            | Tok::Bool
            | Tok::Unnest
            | Tok::SetConfig
                if self != Self::Catalog =>
            {
                Self::Unknown
            }
            _ => Self::first(token),
        }
    }
}

/// A frame for some words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Word {
    /// Inside a WHERE, or elsewhere: names are looked at as columns only there.
    Name {
        condition: bool,
        part: Part,
    },
    /// Behind `::`.
    Type,
    TypeName,
    /// Behind IS.
    Is,
    IsDistinct,
    /// Behind a word in the midst of arguments, as in `substring(a FROM b)`.
    Behind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    First,
    Some(Callee),
    Dot(Callee),
    /// `current`, perhaps of `CURRENT OF`.
    Current,
    /// The interpreter has been asked which column it is; what it is if a new one.
    Asked(Value),
    /// The arguments of a function are being read.
    Arguments(Callee),
    /// Behind the arguments, and behind OVER, FILTER or WITHIN.
    Called(Value),
    Over(Value),
}

impl From<Word> for State {
    fn from(word: Word) -> Self {
        Self::Word(word)
    }
}

impl Word {
    /// Behind the name of a function that is safe.
    pub(crate) const SAFE_CALL: Self = Self::Name {
        condition: true,
        part: Part::Some(Callee::Safe),
    };

    /// A name, at its first word.
    pub(crate) const fn name(condition: bool) -> Self {
        Self::Name {
            condition,
            part: Part::First,
        }
    }

    pub(crate) fn step(self, token: Tok) -> Step {
        match self {
            Self::Name { condition, part } => name(condition, part, token),
            Self::Type => match token {
                // Of the name of a type only this one tells something.
                Tok::Bool => Step::pop(Tok::BackBad),
                _ if token.is_word() => Step::to(Self::TypeName),
                _ => Step::pop(Tok::BackYes).again(),
            },
            Self::TypeName => match token {
                Tok::Dot => Step::to(Self::Type),
                Tok::Open => Step::to(self).push(Statement::Skip(false)),
                Tok::BackValue => Step::pop(Tok::BackYes),
                _ => Step::pop(Tok::BackYes).again(),
            },
            Self::Is => match token {
                Tok::Not => Step::to(self),
                Tok::Distinct => Step::to(Self::IsDistinct),
                _ => Step::pop(Tok::BackYes).again(),
            },
            Self::Behind => match token {
                Tok::Operator | Tok::Escape | Tok::At => Step::pop(Tok::BackYes).again(),
                _ if token.is_name() => Step::to(self).push(Self::name(false)).again(),
                _ if token.is_answer() => Step::to(self),
                _ => Step::pop(Tok::BackYes).again(),
            },
            Self::IsDistinct => match token {
                Tok::From => Step::pop(Tok::BackYes),
                _ => Step::pop(Tok::BackYes).again(),
            },
        }
    }
}

fn name(condition: bool, part: Part, token: Tok) -> Step {
    use Tok::*;
    let to = |part| Step::to(Word::Name { condition, part });
    let named = |callee| {
        let kept = if condition { action::NAME } else { 0 };
        to(Part::Some(callee)).flag(action::SPELL | kept)
    };
    let leave = |value: Value| Step::pop(value.token()).again();
    match (part, token) {
        (Part::First, Current) if condition => to(Part::Current).flag(action::NAME),
        (Part::First, _) => named(Callee::first(token)),
        (Part::Current, Of) => Step::pop(BackScoped),
        (Part::Current, _) => named(Callee::Unknown).again(),
        (Part::Some(callee), Dot) => to(Part::Dot(callee)).flag(action::DOTTED),
        (Part::Dot(callee), _) if token.is_word() => named(callee.then(token)),
        (Part::Dot(_), Star) if !condition => Step::pop(BackColumn),
        (Part::Dot(_), Star) => Step::pop(BackBad),
        (Part::Dot(_), _) => leave(Value::Bad),
        (Part::Some(callee), Open) => arguments(condition, callee),
        (Part::Some(_), _) if !condition => leave(Value::Column),
        // `date '2020-01-01'`, `timestamp with time zone '…'`.
        (Part::Some(_), Wild | StrMeta) => Step::pop(BackWild),
        (Part::Some(_), StrOn | StrExtreme) => Step::pop(BackExtreme),
        (Part::Some(_), StrWord) => Step::pop(BackText),
        (Part::Some(_), _) if token.is_string() => Step::pop(BackConst),
        (Part::Some(_), With) => to(part).flag(action::SPELL),
        (Part::Some(Callee::System), _) => leave(Value::System),
        (Part::Some(Callee::Constant | Callee::Odd), _) => leave(Value::Bad),
        (Part::Some(callee), Escape | At | Operator | Set) => ask(callee),
        (Part::Some(_), _) if token.is_name() => to(part).flag(action::SPELL),
        (Part::Some(callee), _) => ask(callee),
        (Part::Asked(_), ColumnSame) => Step::pop(BackSame),
        (Part::Asked(_), ColumnSibling) => Step::pop(BackSibling),
        (Part::Asked(column), _) => Step::pop(column.token()),
        (Part::Arguments(callee), _) if token >= BackValue && token <= BackSubJoined => {
            let arguments = Value::from_token(token);
            let value = match arguments.called() {
                _ if callee == Callee::Fold && arguments == Value::Const => Value::Const,
                _ if callee == Callee::Fold && arguments == Value::Text => Value::Text,
                _ if callee == Callee::Fold && arguments == Value::PREFIXED => Value::Derived,
                _ if callee == Callee::Pure => Value::Bad,
                _ if callee == Callee::Fold && arguments == Value::System => Value::System,
                // `DATE('a')`: 0, to which any text may be equal.
                Value::Wild | Value::System if callee == Callee::Time => Value::Bad,
                _ if callee == Callee::Cast && arguments == Value::Keyed => arguments,
                // `LAST_INSERT_ID()`, where nothing was inserted.
                Value::Made if callee == Callee::Piece => Value::Zero,
                Value::Derived if callee == Callee::Piece => Value::System,
                Value::Wild if callee == Callee::Cast => Value::Bad,
                Value::Derived if matches!(callee, Callee::Vague | Callee::Series) => Value::Bad,
                Value::Derived if callee == Callee::Bounded => Value::System,
                _ if callee == Callee::Bounded && arguments == Value::PREFIXED => Value::System,
                // In a list: it has as many rows as it likes.
                _ if callee == Callee::Series && !condition => Value::Open,
                value => value,
            };
            to(Part::Called(value))
        }
        (Part::Called(value), Over) => to(Part::Over(value)),
        (Part::Called(value), _) => leave(value),
        (Part::Over(_), Group) => to(part),
        (Part::Over(_), Open) => {
            to(Part::Arguments(Callee::Unknown)).push(Statement::Parenthesis(Context::SUBSELECT))
        }
        (Part::Over(value), Ident) => to(Part::Called(value)),
        (Part::Over(value), _) => leave(value),
        (_, Semi | End | Cut) => broken(token),
        _ => to(part),
    }
}

/// Asks which column the name is.
fn ask(callee: Callee) -> Step {
    let column = match callee {
        Callee::Word => Value::Worded,
        Callee::Time => Value::Timed,
        Callee::Soft => Value::Soft,
        Callee::Key => Value::Keyed,
        _ => Value::Column,
    };
    Step::to(Word::Name {
        condition: true,
        part: Part::Asked(column),
    })
    .resolve(resolve::COLUMN)
    .again()
}

/// A call.
fn arguments(condition: bool, callee: Callee) -> Step {
    let next = Step::to(Word::Name {
        condition,
        part: Part::Arguments(match callee {
            Callee::Pure
            | Callee::Cast
            | Callee::Vague
            | Callee::Fold
            | Callee::Bounded
            | Callee::Series
            | Callee::Piece
            | Callee::Time => callee,
            _ => Callee::Unknown,
        }),
    });
    let step = match (callee, condition) {
        // What it does hangs on its first argument.
        (Callee::SetConfig, _) => {
            return next
                .push(Statement::SetConfig(ConfigPart::Name))
                .hit(Class::Set)
                .safe_call()
                .flag(action::FORGET);
        }
        (Callee::Unnest, _) | (_, true) => next.push(Condition::PARENTHESIS),
        (_, false) => next.push(Statement::Parenthesis(Context::SUBSELECT)),
    };
    match callee {
        Callee::Safe
        | Callee::Time
        | Callee::Piece
        | Callee::Fold
        | Callee::Pure
        | Callee::Cast
        | Callee::Vague
        | Callee::Bounded
        | Callee::Series
        | Callee::Unnest => step.safe_call(),
        Callee::File => step.unsafe_call().hit(Class::Admin),
        Callee::Odd => step.unsafe_call().opaque(Opaque::Name),
        _ => step.unsafe_call(),
    }
}

/// What `token` does in an expression outside WHERE, where it is not for the
/// construct around it; `here` is the state of that.
pub(crate) fn expression(here: State, token: Tok) -> Step {
    use Tok::*;
    match token {
        Open => Step::to(here).push(Statement::Parenthesis(Context::SUBSELECT)),
        Cast => Step::to(here).push(Word::Type),
        Is => Step::to(here).push(Word::Is),
        // `VALUES (`, `BY (`, `CONFLICT (` begin lists.
        Values | By | Conflict => Step::to(here),
        _ if token.is_name() => Step::to(here).push(Word::name(false)).again(),
        _ => Step::to(here),
    }
}
