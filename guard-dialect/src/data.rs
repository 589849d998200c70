//! Statements on rows, but for queries: WITH, EXPLAIN's options, INSERT, MERGE, COPY.

use super::automaton::Step;
use super::condition::Condition;
use super::context::{Context, broken};
use super::name::NameKind;
use super::statement::Statement;
use super::token::Tok;
use guard_common::class::{Class, Where};
use guard_common::engine::action;
use guard_common::facts::Access;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum WithPart {
    Name,
    As,
    Body,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum OptionPart {
    First,
    Quiet,
    Analyze,
    Executed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum InsertPart {
    Into,
    Columns,
    Values,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum MergePart {
    Into,
    Target,
    Source,
    Joined,
    When,
    Then,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum CopyPart {
    First,
    Table,
    Query,
    From,
    To,
}

pub(crate) fn with(context: Context, part: WithPart, token: Tok) -> Step {
    let to = |part| Step::to(Statement::With(context, part));
    match (part, token) {
        (_, Tok::Semi | Tok::End | Tok::Cut | Tok::Close) => context.finish(token, Tok::BackOpen),
        (WithPart::Name, Tok::As) => to(WithPart::As),
        (WithPart::Name, Tok::Open) => to(part).push(Statement::Skip(false)),
        (WithPart::As, Tok::Open) => to(WithPart::Body).push(Statement::Start(context.inner())),
        (WithPart::Body, Tok::Comma) => to(WithPart::Name),
        (
            WithPart::Body,
            Tok::Select
            | Tok::Insert
            | Tok::Update
            | Tok::Delete
            | Tok::Merge
            | Tok::Values
            | Tok::Table
            | Tok::Open,
        ) => Step::to(Statement::Start(context)).again(),
        _ => to(part),
    }
}

/// The options in `EXPLAIN (…)`: is the statement executed?
pub(crate) fn explain_options(part: OptionPart, token: Tok) -> Step {
    let to = |part| Step::to(Statement::ExplainOptions(part));
    match (part, token) {
        // `EXPLAIN (SELECT …)`.
        (OptionPart::First, Tok::Select | Tok::With | Tok::Values | Tok::Table | Tok::Open) => {
            let context = Context {
                dry: true,
                ..Context::TOP.inner()
            };
            Step::to(Statement::Start(context)).again()
        }
        (_, Tok::Semi | Tok::End | Tok::Cut) => broken(token),
        (OptionPart::First | OptionPart::Quiet, Tok::Close) => Step::pop(Tok::BackNo),
        (_, Tok::Close) => Step::pop(Tok::BackYes),
        (OptionPart::Executed, _) => to(part),
        // `ANALYZE off`; a value that is not plainly false counts as true.
        (OptionPart::Analyze, Tok::Off | Tok::False) => to(OptionPart::Quiet),
        (OptionPart::Analyze, _) => to(OptionPart::Executed),
        (_, Tok::Analyze) => to(OptionPart::Analyze),
        // An option's name may stand in quotes.
        (_, Tok::Quoted | Tok::Unicode) => to(OptionPart::Executed),
        _ => to(OptionPart::Quiet),
    }
}

pub(crate) fn insert(context: Context, part: InsertPart, token: Tok) -> Step {
    let to = |part| Step::to(Statement::Insert(context, part));
    match (part, token) {
        (_, Tok::Semi | Tok::End | Tok::Cut | Tok::Close) => context.finish(token, Tok::BackOpen),
        (InsertPart::Into, Tok::Into) => to(InsertPart::Columns).push(Statement::name(
            context.access(Access::Write),
            NameKind::Plain,
        )),
        (InsertPart::Columns, Tok::Values) => to(InsertPart::Values),
        (InsertPart::Columns, Tok::Select | Tok::With | Tok::Table) => {
            Step::to(Statement::Start(context.counted())).again()
        }
        (InsertPart::Columns | InsertPart::Values, Tok::Open) => {
            to(part).push(Statement::Parenthesis(context.inner()))
        }
        (InsertPart::Values, Tok::On | Tok::Returning) => Step::to(Statement::Tail(context)),
        (InsertPart::Columns, Tok::On | Tok::Returning) => Step::to(Statement::Tail(context)),
        _ => to(part),
    }
}

pub(crate) fn merge(context: Context, part: MergePart, on: Option<Where>, token: Tok) -> Step {
    let to = |part| Step::to(Statement::Merge(context, part, on));
    let table = |access| Statement::name(access, NameKind::Item);
    match (part, token) {
        (_, Tok::Semi | Tok::End | Tok::Cut | Tok::Close) => context.finish(token, Tok::BackOpen),
        (MergePart::Into, Tok::Into) => {
            to(MergePart::Target).push(Statement::TargetName(context.access(Access::Write)))
        }
        (MergePart::Target, Tok::Using) => to(MergePart::Source),
        (MergePart::Source, Tok::Only) => to(part),
        (MergePart::Source, Tok::Open) => {
            to(MergePart::Joined).push(Statement::FromParenthesis(context.inner()))
        }
        (MergePart::Source, _) => to(MergePart::Joined).push(table(Access::Read)).again(),
        (MergePart::Joined, Tok::On) => to(MergePart::When)
            .push(Condition::WHERE)
            .flag(action::PREDICATE),
        (MergePart::When, Tok::BackTautology | Tok::BackScoped | Tok::BackJoined) => {
            let on = if token == Tok::BackTautology {
                Where::Tautology
            } else {
                Where::Scoped
            };
            let next = Statement::Merge(context, MergePart::When, Some(on));
            Step::to(next).hits(if context.dry {
                0
            } else {
                Class::Merge.where_bit(on)
            })
        }
        (MergePart::When, Tok::Then) => to(MergePart::Then),
        (MergePart::Then, Tok::Delete | Tok::Update | Tok::Insert) => {
            let class = match token {
                Tok::Delete => Class::Delete,
                Tok::Update => Class::Update,
                _ => Class::Insert,
            };
            let condition = class.where_bit(on.unwrap_or(Where::None));
            to(MergePart::When)
                .hits(context.hits(class))
                .hits(if context.dry { 0 } else { condition })
        }
        (MergePart::Then, _) => to(MergePart::When).again(),
        (_, Tok::Open) => to(part).push(Statement::Parenthesis(context.inner())),
        _ => to(part),
    }
}

pub(crate) fn copy(context: Context, part: CopyPart, token: Tok) -> Step {
    let to = |part| Step::to(Statement::Copy(context, part));
    let rest = || Step::to(Statement::Rest(context));
    match (part, token) {
        (_, Tok::Semi | Tok::End | Tok::Cut | Tok::Close) => context.finish(token, Tok::BackOpen),
        (CopyPart::First, Tok::Open) => to(CopyPart::Query).push(Statement::Start(context.inner())),
        (CopyPart::First, Tok::Reserved) => to(part),
        (CopyPart::First, _) => to(CopyPart::Table)
            .push(Statement::name(Access::Read, NameKind::Later))
            .again(),
        (CopyPart::Table, Tok::Open) => to(part).push(Statement::Skip(false)),
        (CopyPart::Table, Tok::From) => to(CopyPart::From).table(Access::Write),
        (CopyPart::Table, Tok::To) => to(CopyPart::To).table(Access::Read),
        (CopyPart::Query, Tok::To) => to(CopyPart::To),
        (CopyPart::From | CopyPart::To, Tok::Program) => rest().hit(Class::CopyProgram),
        (CopyPart::From, Tok::Stdio) => rest().hit(Class::CopyIn),
        (CopyPart::To, Tok::Stdio) => rest().hit(Class::CopyOut),
        // A file on the server.
        (CopyPart::From, _) => rest().hit(Class::CopyIn).hit(Class::Admin),
        (CopyPart::To, _) => rest().hit(Class::CopyOut).hit(Class::IntoFile),
        _ => to(part),
    }
}
