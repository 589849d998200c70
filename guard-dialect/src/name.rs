//! Names of tables, and lists of them.

use super::automaton::Step;
use super::context::Context;
use super::statement::Statement;
use super::token::Tok;
use super::word::Callee;
use guard_common::class::{Class, Opaque};
use guard_common::engine::{action, resolve};
use guard_common::facts::Access;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum NameKind {
    /// A table.
    Plain,
    /// A table, or a function when a parenthesis follows.
    Item,
    /// A table whose access is known later.
    Later,
    /// A temporary table being made.
    Temporary,
    /// A table that LOCK names.
    Locked,
    /// A table being dropped.
    Dropped,
    /// A table being emptied.
    Emptied,
    /// A table whose rows are written; a temporary one that the text made is none.
    Rows,
}

impl NameKind {
    /// The class of what is done to it, unless it is a temporary one that the text made.
    fn class(self) -> u64 {
        match self {
            Self::Dropped => Class::Drop.bit(),
            Self::Emptied => Class::Truncate.bit(),
            _ => 0,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum NamePart {
    First,
    /// Behind a part of it.
    Some(Callee),
    /// Behind a dot.
    Dot(Callee),
    /// It holds a part that is not decoded.
    Odd,
    /// The interpreter has been asked whether it is temporary, or a WITH query.
    Asked,
}

/// The start of a list of tables.
pub(crate) fn list(context: Context, access: Access, kind: NameKind) -> Step {
    Step::to(Statement::Names {
        context,
        access,
        kind,
        expected: true,
    })
}

/// A list of tables.
pub(crate) fn names(
    context: Context,
    access: Access,
    kind: NameKind,
    expected: bool,
    token: Tok,
) -> Step {
    let to = |expected| {
        Step::to(Statement::Names {
            context,
            access,
            kind,
            expected,
        })
    };
    match token {
        // `DROP TABLE if`: the last word was a name after all.
        Tok::Semi | Tok::End | Tok::Cut if expected && kind.class() != 0 => context
            .finish(token, Tok::BackValue)
            .hits(kind.class())
            .flag(action::TRUNCATED),
        // LOCK without a mode is as ACCESS EXCLUSIVE: nobody else reads.
        Tok::Semi | Tok::End | Tok::Cut | Tok::Close if kind == NameKind::Locked => {
            context.finish(token, Tok::BackValue).hit(Class::Admin)
        }
        Tok::Semi | Tok::End | Tok::Cut | Tok::Close => context.finish(token, Tok::BackValue),
        Tok::Comma => to(true),
        Tok::Table | Tok::View | Tok::Only | Tok::If | Tok::IfWord | Tok::Not | Tok::Exists
            if expected =>
        {
            to(true)
        }
        // DROP … CASCADE may take more than the table that is named.
        Tok::Cascade if !expected => Step::to(Statement::Rest(context)).hits(kind.class()),
        Tok::In if kind == NameKind::Locked => Step::to(Statement::LockMode(context, false)),
        Tok::In => Step::to(Statement::Rest(context)),
        _ if expected && token.is_name() => to(false).push(Statement::name(access, kind)).again(),
        _ => to(expected),
    }
}

/// A (dotted) name.
pub(crate) fn name(access: Access, kind: NameKind, part: NamePart, token: Tok) -> Step {
    let frame = |part| Statement::Name { access, kind, part };
    let read = |callee| {
        let step = Step::to(frame(NamePart::Some(callee))).flag(action::NAME | action::KEEP);
        match token {
            Tok::Unicode => Step::to(frame(NamePart::Odd))
                .opaque(Opaque::Name)
                .hits(kind.class()),
            // The view `pg_settings` sets what is written to it.
            Tok::PgSettings if access != Access::Read => {
                step.opaque(Opaque::Setting).opaque_after(Opaque::Setting)
            }
            _ => step,
        }
    };
    match (part, token) {
        (NamePart::First, _) if token.is_name() => read(Callee::first(token)),
        (NamePart::Dot(before), _) if token.is_word() => read(before.then(token)),
        // `DELETE t.* FROM t`.
        (NamePart::Dot(_), Tok::Star) => Step::pop(Tok::BackYes),
        (NamePart::Some(before), Tok::Dot) => {
            Step::to(frame(NamePart::Dot(before))).flag(action::DOTTED)
        }
        (NamePart::Odd, Tok::Dot) => Step::to(frame(NamePart::Odd)),
        (NamePart::Odd, _) if token.is_word() => Step::to(frame(NamePart::Odd)),
        (NamePart::Some(before), Tok::Open) if kind == NameKind::Item => {
            let step = Step::pop(match before {
                Callee::Series => Tok::BackSeries,
                _ => Tok::BackNo,
            })
            .again();
            match before {
                Callee::Safe
                | Callee::Time
                | Callee::Piece
                | Callee::Fold
                | Callee::Pure
                | Callee::Vague
                | Callee::Bounded
                | Callee::Series
                | Callee::Unnest => step.safe_call(),
                Callee::SetConfig => step
                    .unsafe_call()
                    .hit(Class::Set)
                    .opaque(Opaque::Setting)
                    .opaque_after(Opaque::Setting),
                _ => step.unsafe_call(),
            }
        }
        // `ROWS FROM (…)`; no table is followed by FROM here.
        (NamePart::Some(_), Tok::From) if kind == NameKind::Item && access == Access::Read => {
            Step::pop(Tok::BackNo)
        }
        // Only what is read can be a WITH query.
        (NamePart::Some(_), _) if kind == NameKind::Item && access == Access::Read => {
            Step::to(frame(NamePart::Asked))
                .resolve(resolve::WITH)
                .again()
        }
        (NamePart::Asked, Tok::WithOpen) => Step::pop(Tok::BackWithOpen),
        (NamePart::Asked, Tok::WithFew) => Step::pop(Tok::BackWithFew),
        (NamePart::Asked, _) if kind == NameKind::Item => Step::pop(Tok::BackYes).table(access),
        (NamePart::Some(_), _) if kind.class() != 0 || kind == NameKind::Rows => {
            Step::to(frame(NamePart::Asked))
                .resolve(resolve::TEMPORARY)
                .again()
        }
        // It is there as before.
        (NamePart::Asked, Tok::TempYes) if kind == NameKind::Rows => Step::pop(Tok::BackNo),
        (NamePart::Asked, Tok::TempYes) if kind == NameKind::Emptied => Step::pop(Tok::BackYes),
        (NamePart::Asked, Tok::TempYes) => {
            Step::pop(Tok::BackYes).table(access).flag(action::FORGET)
        }
        (NamePart::Asked, _) => Step::pop(Tok::BackYes).table(access).hits(kind.class()),
        (NamePart::Some(_), _) if kind == NameKind::Temporary => Step::pop(Tok::BackYes)
            .table(access)
            .flag(action::TEMPORARY)
            .again(),
        (NamePart::Some(_), _) if kind == NameKind::Later => Step::pop(Tok::BackYes).again(),
        (NamePart::Some(_), _) => Step::pop(Tok::BackYes).table(access).again(),
        (NamePart::Odd, _) => Step::pop(Tok::BackYes).again(),
        _ => Step::pop(Tok::BackNo).again(),
    }
}
