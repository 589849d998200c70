//! Statements that write rows: INSERT, REPLACE, LOAD DATA.

use super::statement::Statement;
use crate::automaton::Step;
use crate::context::Context;
use crate::name::NameKind;
use crate::statement::Statement as Shared;
use crate::token::Tok;
use crate::word;
use guard_common::class::{Class, Where};
use guard_common::facts::Access;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum InsertPart {
    /// The table is expected.
    Into,
    /// Its columns, or the rows.
    Columns,
    /// The rows have been named: VALUES, SET.
    Values,
    /// A query in parentheses has been read that takes any rows.
    Queried,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum LoadPart {
    First,
    /// LOCAL has been read: the client's own file.
    Local,
    /// The file has been named.
    File,
    Table,
}

/// Behind INSERT or REPLACE.
pub(super) fn inserting(context: Context, replace: bool) -> Step {
    let step = Step::to(Statement::Insert {
        context,
        part: InsertPart::Into,
        replace,
    })
    .hits(context.hits(Class::Insert));
    if replace {
        // The rows with the same keys go away.
        step.hits(context.hits(Class::Delete))
    } else {
        step
    }
}

/// What a REPLACE deletes.
fn replaces(context: Context, replace: bool, condition: Where) -> u64 {
    if replace && !context.dry {
        Class::Delete.where_bit(condition)
    } else {
        0
    }
}

pub(super) fn insert(context: Context, part: InsertPart, replace: bool, token: Tok) -> Step {
    use InsertPart::*;
    let to = |part| {
        Step::to(Statement::Insert {
            context,
            part,
            replace,
        })
    };
    match (part, token) {
        (_, Tok::Semi | Tok::End | Tok::Cut | Tok::Close) => context.finish(token, Tok::BackOpen),
        (Into, Tok::Into | Tok::Hint) => to(Into),
        (Into, _) => to(Columns)
            .push(Shared::name(context.access(Access::Write), NameKind::Plain))
            .again(),
        (Columns, Tok::Values | Tok::Set) => {
            to(Values).hits(replaces(context, replace, Where::Scoped))
        }
        (Columns, Tok::Select | Tok::With | Tok::Table) => {
            Step::to(Statement::Start(context.counted()))
                .hits(replaces(context, replace, Where::Tautology))
                .again()
        }
        // A query in parentheses.
        (Columns, Tok::BackOpen | Tok::BackSubLinked) => {
            to(Queried).hits(replaces(context, replace, Where::Tautology))
        }
        (Columns, Tok::BackSubScoped | Tok::BackSubJoined) => {
            to(part).hits(replaces(context, replace, Where::Tautology))
        }
        (_, Tok::Open) => to(part).push(Shared::Parenthesis(context.inner())),
        // What a query in parentheses reads has no more to do with the table written.
        (Queried, Tok::Duplicate) if !context.dry => Step::to(Shared::Tail(context))
            .hit(Class::Update)
            .limited(Class::Update, Where::Tautology),
        (_, Tok::Duplicate) => Step::to(Shared::Tail(context)).hits(if context.dry {
            0
        } else {
            // The rows that are named, by their keys.
            Class::Update.bit() | Class::Update.where_bit(Where::Scoped)
        }),
        (_, Tok::Returning) => Step::to(Shared::Tail(context)),
        (Values, _) => word::expression(
            Statement::Insert {
                context,
                part,
                replace,
            }
            .into(),
            token,
        ),
        _ => to(part),
    }
}

pub(super) fn load(context: Context, part: LoadPart, token: Tok) -> Step {
    use LoadPart::*;
    let to = |part| Step::to(Statement::Load(context, part));
    match (part, token) {
        (_, Tok::Semi | Tok::End | Tok::Cut | Tok::Close) => context.finish(token, Tok::BackOpen),
        (First, Tok::Index) => Step::to(Shared::Rest(context)).hit(Class::Admin),
        (First, Tok::Local) => to(Local),
        (First, Tok::Infile) => to(File)
            .hit(Class::CopyIn)
            .hit(Class::IntoFile)
            .hit(Class::Admin)
            .verb("LOAD DATA"),
        (Local, Tok::Infile) => to(File).hit(Class::CopyIn).verb("LOAD DATA"),
        (File, Tok::Replace) => to(part)
            .hit(Class::Delete)
            .hits(Class::Delete.where_bit(Where::Tautology)),
        (File, Tok::Table) => to(Table).push(Shared::name(Access::Write, NameKind::Plain)),
        (Table, Tok::Open) => to(part).push(Shared::Parenthesis(context.inner())),
        (Table, _) => word::expression(Statement::Load(context, part).into(), token),
        _ => to(part),
    }
}
