//! Statements on definitions: DROP, CREATE, ALTER.

use super::automaton::Step;
use super::context::Context;
use super::name::{NameKind, list};
use super::statement::{Statement, planned};
use super::token::Tok;
use guard_common::class::{Class, Opaque};
use guard_common::engine::action;
use guard_common::facts::Access;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum TablePart {
    Name,
    Body,
}

/// The part of a DROP FUNCTION: behind the words before the name, behind a part
/// of the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum TemporaryPart {
    First,
    Schema,
    Dot,
    Name,
}

/// The part of a CREATE VIEW; `true`: its query is not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ViewPart {
    Name(bool),
    Body(bool),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum SchemaPart {
    Rest,
    /// Behind CREATE; behind CREATE TABLE.
    Element,
    Table,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum AlterPart {
    Name,
    /// The name of a type is expected; behind a part of it.
    TypeName,
    TypeNamed,
    /// An action is expected.
    Body,
    /// In one that is of no interest.
    Action,
    /// Behind DROP.
    Drop,
    /// Behind ALTER: the name of a column is expected; behind that.
    Alter,
    Column,
    Type,
    /// An object without data: a DROP in it loses nothing.
    Plain,
    /// Behind ENABLE, NO, FORCE or REPLICA.
    Change,
    /// Behind OWNER there, which may be a name; behind SECURITY.
    Owner,
    Security,
}

pub(crate) fn drop_object(context: Context, token: Tok) -> Step {
    let rest = |verb| {
        Step::to(Statement::Rest(context))
            .hit(Class::Drop)
            .verb(verb)
    };
    let several = |verb| {
        list(context, Access::Destroy, NameKind::Plain)
            .hit(Class::Drop)
            .verb(verb)
    };
    match token {
        Tok::Semi | Tok::End | Tok::Cut | Tok::Close => {
            context.finish(token, Tok::BackOpen).hit(Class::Drop)
        }
        Tok::Table => list(context, Access::Destroy, NameKind::Dropped).verb("DROP TABLE"),
        Tok::View => several("DROP VIEW"),
        Tok::Materialized => several("DROP MATERIALIZED VIEW"),
        // A table, a data wrapper: `FOREIGN` alone is no class.
        Tok::Foreign => Step::to(Statement::Drop(context)),
        Tok::Schema => rest("DROP SCHEMA"),
        Tok::Database => rest("DROP DATABASE").hit(Class::Admin),
        Tok::Index => rest("DROP INDEX"),
        Tok::Sequence => rest("DROP SEQUENCE"),
        Tok::Function => {
            Step::to(Statement::DropFunction(context, TemporaryPart::First)).verb("DROP FUNCTION")
        }
        Tok::Procedure => rest("DROP PROCEDURE"),
        Tok::Type => rest("DROP TYPE"),
        Tok::Extension => rest("DROP EXTENSION").hit(Class::Admin),
        Tok::Role | Tok::Group => rest("DROP ROLE").hit(Class::Grant),
        Tok::Owned => rest("DROP OWNED").hit(Class::Grant),
        Tok::Trigger => rest("DROP TRIGGER"),
        Tok::Policy => rest("DROP POLICY").hit(Class::Grant),
        _ => rest("DROP"),
    }
}

/// DROP FUNCTION: what is in `pg_temp` is the session's own.
pub(crate) fn drop_function(context: Context, part: TemporaryPart, token: Tok) -> Step {
    use TemporaryPart::*;
    let to = |part| Step::to(Statement::DropFunction(context, part));
    match (part, token) {
        (First, Tok::If | Tok::Exists) => to(part),
        (First, Tok::PgTemp) => to(Schema),
        (Schema, Tok::Dot) => to(Dot),
        (Dot, _) if token.is_word() => to(Name),
        (Name, Tok::Open) => to(part).push(Statement::Skip(false)),
        (Name, Tok::BackValue) => to(part),
        (Name, Tok::Comma) => to(First),
        (Name, Tok::Semi | Tok::End | Tok::Cut | Tok::Close) => {
            context.finish(token, Tok::BackOpen).hit(Class::Session)
        }
        // Another schema, or CASCADE.
        (_, Tok::Semi | Tok::End | Tok::Cut | Tok::Close) => {
            context.finish(token, Tok::BackOpen).hit(Class::Drop)
        }
        _ => Step::to(Statement::Rest(context)).hit(Class::Drop).again(),
    }
}

/// What follows CREATE. A temporary table is the session's own and gone with it:
/// it is no change of the schema.
pub(crate) fn create(context: Context, temporary: bool, token: Tok) -> Step {
    use Statement::*;
    let made = |state, verb| Step::to(state).verb(verb).hit(Class::Create);
    let rest = |verb| made(Rest(context), verb);
    match token {
        Tok::Semi | Tok::End | Tok::Cut | Tok::Close => {
            context.finish(token, Tok::BackOpen).hit(Class::Create)
        }
        Tok::Temp => Step::to(Create(context, true)),
        Tok::Table => {
            let table = Step::to(CreateTable {
                context,
                temporary,
                part: TablePart::Name,
            });
            if temporary {
                table.verb("CREATE TEMP TABLE").hit(Class::Session)
            } else {
                table.verb("CREATE TABLE").hit(Class::Create)
            }
        }
        Tok::View => made(
            CreateView {
                context,
                part: ViewPart::Name(true),
            },
            "CREATE VIEW",
        ),
        Tok::Materialized => made(
            CreateView {
                context,
                part: ViewPart::Name(false),
            },
            "CREATE MATERIALIZED VIEW",
        ),
        Tok::Index => made(CreateIndex(context), "CREATE INDEX"),
        Tok::Function => made(CreateFunction(context, false), "CREATE FUNCTION"),
        Tok::Procedure => made(CreateFunction(context, false), "CREATE PROCEDURE"),
        Tok::Schema => made(CreateSchema(context, SchemaPart::Rest), "CREATE SCHEMA"),
        Tok::Rule => made(CreateRule(context), "CREATE RULE"),
        Tok::Role | Tok::Group => rest("CREATE ROLE").hit(Class::Grant),
        Tok::Policy => rest("CREATE POLICY").hit(Class::Grant),
        Tok::Extension => rest("CREATE EXTENSION").hit(Class::Admin),
        Tok::Database => rest("CREATE DATABASE").hit(Class::Admin),
        Tok::Server | Tok::Publication => rest("CREATE").hit(Class::Admin),
        // A subscription copies from another server.
        Tok::Replication => rest("CREATE").hit(Class::Admin).hit(Class::Replication),
        Tok::Trigger => rest("CREATE TRIGGER"),
        Tok::Sequence => rest("CREATE SEQUENCE"),
        Tok::Type => rest("CREATE TYPE"),
        Tok::Or
        // REPLACE is also a function.
        | Tok::Safe
        | Tok::Modifier
        | Tok::Reserved
        | Tok::Foreign
        | Tok::Local
        | Tok::Constraint
        | Tok::Recursive
        | Tok::Default => Step::to(Create(context, temporary)),
        // CAST, OPERATOR, COLLATION, STATISTICS, TEXT SEARCH …
        _ => rest("CREATE").again(),
    }
}

/// CREATE VIEW: the query of a view is only written down, that of a materialized
/// view is run.
pub(crate) fn create_view(context: Context, part: ViewPart, token: Tok) -> Step {
    let to = |part| Step::to(Statement::CreateView { context, part });
    match (part, token) {
        (_, Tok::Semi | Tok::End | Tok::Cut | Tok::Close) => context.finish(token, Tok::BackValue),
        (ViewPart::Name(false), Tok::View) | (_, Tok::If | Tok::Not | Tok::Exists) => to(part),
        (ViewPart::Name(planned), _) if token.is_name() => to(ViewPart::Body(planned))
            .push(Statement::name(Access::Write, NameKind::Plain))
            .again(),
        (ViewPart::Body(dry), Tok::As) => {
            let context = Context {
                dry: context.dry || dry,
                ..context.counted()
            };
            Step::to(Statement::Start(context)).flag(planned(context))
        }
        (ViewPart::Body(_), Tok::Open) => to(part).push(Statement::Skip(false)),
        _ => to(part),
    }
}

/// The elements of a CREATE SCHEMA. What a view in it reads is not followed.
pub(crate) fn create_schema(context: Context, part: SchemaPart, token: Tok) -> Step {
    let to = |part| Step::to(Statement::CreateSchema(context, part));
    match (part, token) {
        (_, Tok::Semi | Tok::End | Tok::Cut | Tok::Close) => context.finish(token, Tok::BackValue),
        (_, Tok::Open) => to(part).push(Statement::Skip(false)),
        (_, Tok::Grant) => to(SchemaPart::Rest).hit(Class::Grant),
        (_, Tok::Create) => to(SchemaPart::Element),
        (SchemaPart::Element, Tok::Table) => to(SchemaPart::Table),
        (SchemaPart::Element, Tok::View) => to(SchemaPart::Table).flag(action::TRUNCATED),
        (SchemaPart::Element, Tok::Index) => to(SchemaPart::Rest).flag(action::TRUNCATED),
        (SchemaPart::Table, Tok::If | Tok::Not | Tok::Exists) => to(part),
        (SchemaPart::Table, _) if token.is_name() => to(SchemaPart::Rest)
            .push(Statement::name(Access::Write, NameKind::Plain))
            .again(),
        _ => to(part),
    }
}

pub(crate) fn create_table(context: Context, temporary: bool, part: TablePart, token: Tok) -> Step {
    let to = |part| {
        Step::to(Statement::CreateTable {
            context,
            temporary,
            part,
        })
    };
    match (part, token) {
        (_, Tok::Semi | Tok::End | Tok::Cut | Tok::Close) => context.finish(token, Tok::BackOpen),
        (TablePart::Name, Tok::If | Tok::Not | Tok::Exists) => to(part),
        (TablePart::Name, _) if token.is_name() => {
            let kind = if temporary {
                NameKind::Temporary
            } else {
                NameKind::Plain
            };
            to(TablePart::Body)
                .push(Statement::name(Access::Write, kind))
                .again()
        }
        (TablePart::Body, Tok::Open) => to(part).push(Statement::Skip(false)),
        (TablePart::Body, Tok::As) => Step::to(Statement::Start(context.counted())),
        // ON COMMIT DROP: the name may mean another table at once.
        (TablePart::Body, Tok::Commit) => to(part).flag(action::FORGET),
        _ => to(part),
    }
}

pub(crate) fn alter(context: Context, token: Tok) -> Step {
    use Statement::*;
    let rest = |class, verb| Step::to(Rest(context)).hit(class).verb(verb);
    let from = |part, verb| {
        Step::to(AlterTable(context, part))
            .hit(Class::Alter)
            .verb(verb)
    };
    let body = |verb| from(AlterPart::Plain, verb);
    match token {
        Tok::Semi | Tok::End | Tok::Cut | Tok::Close => context.finish(token, Tok::BackOpen),
        Tok::Table => from(AlterPart::Name, "ALTER TABLE"),
        Tok::Foreign => Step::to(Alter(context)),
        Tok::Role | Tok::Group => rest(Class::Grant, "ALTER ROLE"),
        Tok::System => Step::to(AlterTable(context, AlterPart::Plain))
            .hit(Class::Admin)
            .hit(Class::IntoFile)
            .verb("ALTER SYSTEM"),
        Tok::Default => rest(Class::Grant, "ALTER DEFAULT PRIVILEGES"),
        Tok::Policy => rest(Class::Grant, "ALTER POLICY"),
        Tok::Database => body("ALTER DATABASE").hit(Class::Admin),
        Tok::Extension | Tok::Server | Tok::Publication => body("ALTER").hit(Class::Admin),
        Tok::Replication => body("ALTER").hit(Class::Admin).hit(Class::Replication),
        Tok::Schema => body("ALTER SCHEMA"),
        Tok::View | Tok::Materialized => from(AlterPart::Name, "ALTER VIEW"),
        Tok::Index => body("ALTER INDEX"),
        Tok::Sequence => body("ALTER SEQUENCE"),
        Tok::Function | Tok::Procedure => body("ALTER FUNCTION"),
        Tok::Type => from(AlterPart::TypeName, "ALTER TYPE"),
        _ => body("ALTER"),
    }
}

pub(crate) fn alter_table(context: Context, part: AlterPart, token: Tok) -> Step {
    let to = |part| Step::to(Statement::AlterTable(context, part));
    match (part, token) {
        (_, Tok::Semi | Tok::End | Tok::Cut | Tok::Close) => context.finish(token, Tok::BackOpen),
        // ALTER DATABASE … SET, ALTER SYSTEM SET: how later connections are read.
        (
            AlterPart::Plain,
            Tok::EncodingName
            | Tok::StringsName
            | Tok::SettingName
            | Tok::QuotedEncodingName
            | Tok::QuotedStringsName
            | Tok::QuotedSettingName
            | Tok::Unicode,
        ) => to(part).opaque(Opaque::Setting),
        (_, Tok::Open) => to(part).push(Statement::Skip(false)),
        (AlterPart::Name, Tok::All) => to(AlterPart::Plain),
        (AlterPart::Name, Tok::View | Tok::If | Tok::Exists | Tok::Only) => to(part),
        (AlterPart::Name, _) if token.is_name() => to(AlterPart::Body)
            .push(Statement::name(Access::Write, NameKind::Plain))
            .again(),
        (AlterPart::TypeName, _) => to(AlterPart::TypeNamed),
        (AlterPart::TypeNamed, Tok::Dot) => to(AlterPart::TypeName),
        (AlterPart::TypeNamed, _) => to(AlterPart::Body).again(),
        // Who may do what: the owner, triggers, row security, whose rights a function has.
        (AlterPart::Body, Tok::Owner | Tok::Disable) => to(AlterPart::Action).hit(Class::Grant),
        // ENABLE REPLICA TRIGGER: for others it is off. NO FORCE ROW LEVEL SECURITY.
        (AlterPart::Body, Tok::Modifier) => to(AlterPart::Change),
        (AlterPart::Change, Tok::Modifier) => to(AlterPart::Action).hit(Class::Grant),
        (AlterPart::Change, _) => to(AlterPart::Action).again(),
        (AlterPart::Plain, Tok::Owner) => to(AlterPart::Owner),
        (AlterPart::Owner, Tok::To) => to(AlterPart::Plain).hit(Class::Grant),
        (AlterPart::Plain, Tok::Security) => to(AlterPart::Security),
        (AlterPart::Security, Tok::Ident) => to(AlterPart::Plain).hit(Class::Grant),
        (AlterPart::Owner, Tok::Owner) => to(part),
        (AlterPart::Owner | AlterPart::Security, _) => to(AlterPart::Plain).again(),
        (AlterPart::Body, Tok::Drop) => to(AlterPart::Drop),
        (AlterPart::Body, Tok::Alter) => to(AlterPart::Alter),
        // `ALTER TABLE t * …`, and what a name reported.
        (AlterPart::Body, Tok::Star) => to(part),
        (AlterPart::Body, _) if token.is_answer() => to(part),
        // DROP CONSTRAINT loses no data; anything else is a column or attribute.
        (AlterPart::Drop, Tok::Constraint | Tok::Not | Tok::Default) => to(AlterPart::Action),
        (AlterPart::Drop, _) => to(AlterPart::Action).hit(Class::AlterDrop),
        (AlterPart::Alter, Tok::Column) => to(part),
        (AlterPart::Alter, _) => to(AlterPart::Column),
        (AlterPart::Column, Tok::Type) => to(AlterPart::Type),
        (AlterPart::Type, Tok::Using) => to(AlterPart::Action).hit(Class::AlterDrop),
        (AlterPart::Action | AlterPart::Column | AlterPart::Type, Tok::Comma) => {
            to(AlterPart::Body)
        }
        (AlterPart::Body, _) => to(AlterPart::Action),
        _ => to(part),
    }
}
