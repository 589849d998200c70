//! `SET`: settings that decide how statements are read.

use super::statement::{Statement, rest};
use crate::automaton::{State, Step};
use crate::context::{Context, broken};
use crate::statement::Statement as Shared;
use crate::token::Tok;
use crate::word;
use guard_common::class::{Class, Opaque};
use guard_common::engine::{AFTER_MODED, AFTER_NOT_UTF8};

/// What is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Setting {
    /// `sql_mode`.
    Mode,
    /// `character_set_client`, NAMES.
    Encoding,
    /// `autocommit`.
    Autocommit,
    /// A variable of the user's in which dumps keep an encoding or a mode: see
    /// [`takes_saved`].
    Saved,
    /// A variable that changes nothing in how statements are read.
    Harmless,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum SetPart {
    /// A name is expected, behind what says whose it is.
    Name,
    /// CHARACTER SET: a value follows the word SET.
    CharacterSet,
    /// The name has been read.
    To(Setting),
    Value(Setting),
    /// Behind `@@` in the value of [`Setting::Saved`].
    Saving,
    /// A safe value has been read.
    After(Setting),
    /// In an expression on SQL modes.
    Modes,
    /// In the value of a variable without interest.
    Expression,
    /// SET STATEMENT … FOR.
    ForStatement,
}

impl Setting {
    /// Marks what reading this setting wrongly would lead to, for what follows in
    /// this text and for what comes later.
    fn mark(self, step: Step) -> Step {
        let reason = match self {
            Self::Mode | Self::Saved => Opaque::Setting,
            Self::Encoding => Opaque::Encoding,
            Self::Autocommit | Self::Harmless => return step,
        };
        step.opaque(reason).opaque_after(reason)
    }
}

pub(super) fn set(context: Context, part: SetPart, token: Tok) -> Step {
    use SetPart::*;
    let to = |part| Step::to(Statement::Set(context, part));
    let expression = || to(Expression);
    match (part, token) {
        (Value(setting), Tok::Semi | Tok::End | Tok::Cut | Tok::Close) => {
            setting.mark(context.finish(token, Tok::BackOpen))
        }
        (_, Tok::Semi | Tok::End | Tok::Cut | Tok::Close) => context.finish(token, Tok::BackOpen),
        (Name, _) => name(context, token),
        (CharacterSet, Tok::Set) => to(Value(Setting::Encoding)),
        (CharacterSet, _) => to(Value(Setting::Encoding)).again(),
        (To(_), Tok::Dot) => to(Name),
        (To(setting), Tok::Eq | Tok::Assign) => to(Value(setting)),
        (To(_), _) => to(Expression).again(),
        (Value(Setting::Harmless), _) => to(Expression).again(),
        (Value(Setting::Autocommit), Tok::Zero | Tok::On | Tok::True) => {
            to(Expression).verb("SET autocommit = 1")
        }
        (Value(Setting::Autocommit), _) => to(Expression).again().verb("SET autocommit"),
        (Value(Setting::Mode), Tok::StrModes | Tok::Wild | Tok::Default | Tok::SavedVariable) => {
            to(After(Setting::Mode))
        }
        (Value(Setting::Mode), Tok::StrOtherModes) => to(After(Setting::Mode)).after(AFTER_MODED),
        (
            Value(Setting::Mode),
            Tok::SystemVar | Tok::Safe | Tok::Fold | Tok::Pure | Tok::Replace,
        ) => to(Modes),
        (Value(Setting::Encoding), Tok::StrSafeValue | Tok::SafeValue) => {
            to(After(Setting::Encoding))
        }
        // What was saved was safe then, so the encoding is none that is not.
        (Value(Setting::Encoding), Tok::SavedVariable) => to(After(Setting::Encoding)),
        // `Pure` is ASCII, or a name that the server does not know; `Reserved` is BINARY.
        (
            Value(Setting::Encoding),
            Tok::StrCharset | Tok::Charset | Tok::Default | Tok::Pure | Tok::Reserved,
        ) => to(After(Setting::Encoding)).after(AFTER_NOT_UTF8),
        (Value(Setting::Saved), Tok::SystemVar) => to(Saving),
        (Saving, Tok::Session | Tok::Local | Tok::Dot) => to(part),
        (Saving, Tok::SqlMode | Tok::EncodingName) => to(After(Setting::Saved)),
        (Saving, _) => Setting::Saved.mark(expression()).again(),
        (Value(setting), _) => setting.mark(to(Expression)).again(),
        (After(_) | Modes | Expression, Tok::Comma) => to(Name),
        // SET NAMES utf8mb4 COLLATE …
        (After(Setting::Encoding), Tok::Reserved) => expression(),
        (After(setting), _) => setting.mark(expression()).again(),
        (Modes, Tok::Open) => to(part).push(Statement::Modes),
        (Modes, Tok::BackYes) => to(part),
        (Modes, Tok::StrOtherModes) => to(part).after(AFTER_MODED),
        (Modes, _) if is_mode(token) => to(part),
        (Modes, _) => Setting::Mode.mark(expression()).again(),
        (ForStatement, Tok::For) => Step::to(Statement::Start(context.counted())),
        (ForStatement, Tok::SqlMode) => Setting::Mode.mark(to(part)),
        (ForStatement, Tok::EncodingName) => Setting::Encoding.mark(to(part)),
        (ForStatement | Expression, Tok::Open) => {
            to(part).push(Shared::Parenthesis(context.inner()))
        }
        (ForStatement | Expression, _) => {
            word::expression(Statement::Set(context, part).into(), token)
        }
    }
}

/// The name of what is set, or a word before it.
fn name(context: Context, token: Tok) -> Step {
    use SetPart::*;
    let to = |part| Step::to(Statement::Set(context, part));
    match token {
        Tok::Global => to(Name).hit(Class::Admin),
        Tok::Session | Tok::Local | Tok::SystemVar | Tok::Dot => to(Name),
        Tok::Transaction => rest(context).hit(Class::Transaction),
        Tok::Password | Tok::Account | Tok::Default => rest(context).hit(Class::Grant),
        Tok::Names => to(Value(Setting::Encoding)),
        Tok::CharacterSet => to(CharacterSet),
        Tok::SqlMode => to(To(Setting::Mode)),
        Tok::EncodingName => to(To(Setting::Encoding)),
        Tok::SavedVariable => to(To(Setting::Saved)),
        // What is written then is hidden from replicas, or looks like theirs.
        Tok::LogBin => to(To(Setting::Harmless)).hit(Class::Admin),
        Tok::Autocommit => to(To(Setting::Autocommit)),
        Tok::StatementWord => to(ForStatement),
        _ => to(To(Setting::Harmless)),
    }
}

/// The arguments of a function on SQL modes.
pub(super) fn modes(token: Tok) -> Step {
    let here = Step::to(Statement::Modes);
    match token {
        Tok::Semi | Tok::End | Tok::Cut => broken(token),
        Tok::Close => Step::pop(Tok::BackYes),
        Tok::Open => here.push(Statement::Modes),
        Tok::Comma | Tok::BackYes => here,
        Tok::StrOtherModes => here.after(AFTER_MODED),
        _ if is_mode(token) => here,
        _ => Setting::Mode.mark(here),
    }
}

/// Is it a part of `CONCAT(@@SESSION.sql_mode, ',STRICT_ALL_TABLES')` and the
/// like, made of harmless modes only?
fn is_mode(token: Tok) -> bool {
    use Tok::*;
    matches!(
        token,
        SystemVar
            | SavedVariable
            | SqlMode
            | Session
            | Global
            | Local
            | Dot
            | Safe
            | Pure
            | Fold
            | Replace
            | StrModes
            | Wild
    )
}

/// May a variable in which dumps save an encoding or a mode stand here? A dump sets it
/// to what the session has, which is safe, and later sets the session to it. While it is
/// written nowhere else, nothing else can be in it.
pub(crate) fn takes_saved(state: State) -> bool {
    let State::MySql(statement) = state else {
        return false;
    };
    match statement {
        Statement::Modes => true,
        Statement::Set(_, part) => matches!(
            part,
            SetPart::Name
                | SetPart::Modes
                | SetPart::Value(Setting::Mode | Setting::Encoding | Setting::Saved)
        ),
        _ => false,
    }
}

/// Such a variable, elsewhere: it may be set to anything here.
pub(crate) fn spoil_saved(step: Step) -> Step {
    Setting::Saved.mark(step)
}
