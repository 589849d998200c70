//! Statements on definitions: DROP, CREATE, ALTER.

use super::statement::{Statement, rest};
use crate::automaton::Step;
use crate::context::Context;
use crate::definition::ViewPart;
use crate::name::{NameKind, list};
use crate::statement::Statement as Shared;
use crate::token::Tok;
use guard_common::class::Class;
use guard_common::facts::Access;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum AlterPart {
    Name,
    /// Behind the name.
    Named,
    Body,
    Drop,
    Engine,
}

fn ends(token: Tok) -> bool {
    matches!(token, Tok::Semi | Tok::End | Tok::Cut | Tok::Close)
}

pub(super) fn drop_object(context: Context, temporary: bool, token: Tok) -> Step {
    let other = |verb| rest(context).hit(Class::Drop).verb(verb);
    match token {
        _ if ends(token) => context.finish(token, Tok::BackOpen).hit(Class::Drop),
        Tok::Temp => Step::to(Statement::Drop {
            context,
            temporary: true,
        }),
        Tok::Table if temporary => list(context, Access::Write, NameKind::Plain)
            .hit(Class::Session)
            .verb("DROP TABLE"),
        Tok::Table => list(context, Access::Destroy, NameKind::Plain)
            .hit(Class::Drop)
            .verb("DROP TABLE"),
        Tok::View => list(context, Access::Destroy, NameKind::Plain)
            .hit(Class::Drop)
            .verb("DROP VIEW"),
        Tok::SchemaWord => other("DROP DATABASE").hit(Class::Admin),
        Tok::Index => Step::to(Statement::DropIndex(context))
            .hit(Class::Drop)
            .verb("DROP INDEX"),
        Tok::Prepare => rest(context).hit(Class::Session).verb("DEALLOCATE"),
        Tok::Account => other("DROP ROLE").hit(Class::Grant),
        Tok::Server => other("DROP").hit(Class::Admin),
        Tok::Function => other("DROP FUNCTION"),
        Tok::Procedure => other("DROP PROCEDURE"),
        Tok::Sequence => other("DROP SEQUENCE"),
        Tok::Trigger => other("DROP TRIGGER"),
        _ => other("DROP"),
    }
}

/// What follows CREATE. A temporary table is the session's own and gone with it:
/// it is no change of the schema.
pub(super) fn create(context: Context, temporary: bool, replace: bool, token: Tok) -> Step {
    use Statement::*;
    let made = |step: Step, verb| step.hit(Class::Create).verb(verb);
    let routine = |verb| made(Step::to(Routine(context)), verb);
    // OR REPLACE drops what was there.
    let replaced = if replace { Class::Drop.bit() } else { 0 };
    match token {
        _ if ends(token) => context.finish(token, Tok::BackOpen).hit(Class::Create),
        Tok::Temp => Step::to(Create {
            context,
            temporary: true,
            replace,
        }),
        Tok::Replace => Step::to(Create {
            context,
            temporary,
            replace: true,
        }),
        Tok::Table => {
            let destroys = replace && !temporary;
            let table = Step::to(CreateTable {
                context,
                destroys,
                named: false,
            });
            match (temporary, destroys) {
                (true, _) => table.hit(Class::Session).verb("CREATE TEMP TABLE"),
                (false, true) => made(table.hit(Class::Drop), "CREATE TABLE"),
                (false, false) => made(table, "CREATE TABLE"),
            }
        }
        Tok::View => made(
            Step::to(Shared::CreateView {
                context,
                part: ViewPart::Name(true),
            }),
            "CREATE VIEW",
        ),
        Tok::Index => made(Step::to(Shared::CreateIndex(context)), "CREATE INDEX"),
        Tok::SchemaWord => made(rest(context), "CREATE DATABASE")
            .hit(Class::Admin)
            .hits(replaced),
        Tok::Function => routine("CREATE FUNCTION"),
        Tok::Procedure => routine("CREATE PROCEDURE"),
        Tok::Trigger => routine("CREATE TRIGGER"),
        Tok::Event => routine("CREATE"),
        Tok::Sequence => made(rest(context), "CREATE SEQUENCE").hits(replaced),
        Tok::Account => made(rest(context), "CREATE ROLE").hit(Class::Grant),
        Tok::Server => made(rest(context), "CREATE").hit(Class::Admin),
        // OR, UNIQUE, ALGORITHM = …, DEFINER = …
        _ => Step::to(Create {
            context,
            temporary,
            replace,
        }),
    }
}

pub(super) fn create_table(context: Context, destroys: bool, named: bool, token: Tok) -> Step {
    let to = |named| {
        Step::to(Statement::CreateTable {
            context,
            destroys,
            named,
        })
    };
    match token {
        _ if ends(token) => context.finish(token, Tok::BackOpen),
        Tok::IfWord | Tok::Not | Tok::Exists if !named => to(false),
        _ if !named && token.is_name() => {
            let access = if destroys {
                Access::Destroy
            } else {
                Access::Write
            };
            to(true).push(Shared::name(access, NameKind::Plain)).again()
        }
        Tok::Open => to(named).push(Statement::Columns(context.inner())),
        Tok::Select | Tok::With | Tok::Values => {
            Step::to(Statement::Start(context.counted())).again()
        }
        _ => to(named),
    }
}

/// A parenthesis of CREATE TABLE, at its first token.
pub(super) fn columns(context: Context, token: Tok) -> Step {
    match token {
        Tok::Select | Tok::With | Tok::Values | Tok::Table => {
            Step::to(Statement::Start(context)).again()
        }
        Tok::Open => Step::to(Shared::Expression(context, false)).push(Statement::Columns(context)),
        _ => Step::to(Shared::Skip(false)).again(),
    }
}

pub(super) fn alter(context: Context, token: Tok) -> Step {
    let altered = |verb| rest(context).hit(Class::Alter).verb(verb);
    match token {
        _ if ends(token) => context.finish(token, Tok::BackOpen),
        Tok::Table => Step::to(Statement::AlterTable(context, AlterPart::Name))
            .hit(Class::Alter)
            .verb("ALTER TABLE"),
        Tok::View => Step::to(Shared::CreateView {
            context,
            part: ViewPart::Name(true),
        })
        .hit(Class::Alter)
        .verb("ALTER VIEW"),
        Tok::SchemaWord => altered("ALTER DATABASE").hit(Class::Admin),
        Tok::Account => rest(context).hit(Class::Grant).verb("ALTER ROLE"),
        Tok::Server => rest(context).hit(Class::Admin).verb("ALTER"),
        Tok::Function | Tok::Procedure => altered("ALTER FUNCTION"),
        Tok::Sequence => altered("ALTER SEQUENCE"),
        Tok::Event => altered("ALTER"),
        // ONLINE, IGNORE, DEFINER = …
        _ => Step::to(Statement::Alter(context)),
    }
}

pub(super) fn alter_table(context: Context, part: AlterPart, token: Tok) -> Step {
    use AlterPart::*;
    let to = |part| Step::to(Statement::AlterTable(context, part));
    match (part, token) {
        // An index, a key, a check, a default: no data is lost.
        (Drop, Tok::Default | Tok::Index | Tok::Foreign | Tok::Check) => to(Body),
        (Drop, _) => to(Body).hit(Class::AlterDrop).again(),
        (Name | Engine | Body, _) if ends(token) => context.finish(token, Tok::BackOpen),
        (Name, Tok::IfWord | Tok::Exists) => to(Name),
        (Name, _) if token.is_name() => to(Named)
            .push(Shared::name(Access::Write, NameKind::Later))
            .again(),
        // Rows go away, not the definition.
        (Named, Tok::TruncateWord) => to(Body).hit(Class::Truncate).table(Access::Destroy),
        (Named, Tok::BackYes) => to(Named),
        (Named, _) => to(Body).table(Access::Write).again(),
        (_, Tok::Open) => to(part).push(Shared::Skip(false)),
        (_, Tok::Drop) => to(Drop),
        (_, Tok::TruncateWord) => to(Body).hit(Class::Truncate),
        // DISCARD and IMPORT TABLESPACE, EXCHANGE PARTITION.
        (_, Tok::Discard) => to(Body).hit(Class::AlterDrop),
        (_, Tok::Engine) => to(Engine),
        (Engine, Tok::Eq) => to(Engine),
        // It keeps no rows.
        (Engine, Tok::Blackhole) => to(Body).hit(Class::AlterDrop),
        (Engine, _) => to(Body).again(),
        _ => to(part),
    }
}
