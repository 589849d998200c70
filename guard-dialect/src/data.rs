//! Statements on rows, but for queries: WITH, EXPLAIN's options, INSERT, MERGE, COPY.

use super::automaton::Step;
use super::condition::Condition;
use super::context::{Context, broken};
use super::level::Level;
use super::name::NameKind;
use super::select::Query;
use super::sources::Limit;
use super::sources::Sources;
use super::statement::Statement;
use super::token::Tok;
use super::word;
use guard_common::class::{Class, Where};
use guard_common::engine::action;
use guard_common::facts::Access;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
/// The part of a WITH; `true`: it is RECURSIVE.
pub(crate) enum WithPart {
    Name(bool),
    Named(bool),
    As(bool),
    Body(bool),
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
    /// A source is expected; behind it.
    Source(Sources),
    Item(Sources),
    /// Behind JOIN; behind the source there; behind its ON.
    Second(Sources),
    Pair(Sources),
    Joined(Sources),
    /// The condition has been read.
    On(Sources),
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
        (WithPart::Name(_), Tok::Recursive) => to(WithPart::Name(true)),
        (WithPart::Name(recursive), _) if token.is_name() => {
            // A recursive query may name itself.
            let flags = if recursive { action::WITH_OPEN } else { 0 };
            to(WithPart::Named(recursive)).flag(action::WITH_NAME | flags)
        }
        (WithPart::Named(recursive), Tok::As) => to(WithPart::As(recursive)),
        (WithPart::Named(_), Tok::Open) => to(part).push(Statement::Skip(false)),
        (WithPart::As(recursive), Tok::Open) => {
            to(WithPart::Body(recursive)).push(Statement::Start(context.inner()))
        }
        (WithPart::Named(recursive) | WithPart::Body(recursive), Tok::Comma) => {
            to(WithPart::Name(recursive))
        }
        (WithPart::Body(_), Tok::BackSubScoped | Tok::BackSubJoined) => {
            to(part).flag(action::WITH_FEW)
        }
        (WithPart::Body(_), Tok::BackOpen | Tok::BackSubLinked | Tok::BackValue) => {
            to(part).flag(action::WITH_OPEN)
        }
        (
            WithPart::Body(_),
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
        // `(SELECT …)`.
        (InsertPart::Columns, Tok::BackOpen | Tok::BackSubLinked) => {
            Step::to(Query::any_rows(context))
        }
        (InsertPart::Values, Tok::On | Tok::Returning) => Step::to(Statement::Tail(context)),
        (InsertPart::Columns, Tok::On | Tok::Returning) => Step::to(Statement::Tail(context)),
        _ => to(part),
    }
}

pub(crate) fn merge(context: Context, part: MergePart, on: Option<Where>, token: Tok) -> Step {
    let to = |part| Step::to(Statement::Merge(context, part, on));
    match (part, token) {
        (_, Tok::Semi | Tok::End | Tok::Cut | Tok::Close) => context.finish(token, Tok::BackOpen),
        (MergePart::Into, Tok::Into) => {
            to(MergePart::Target).push(Statement::TargetName(context.access(Access::Write)))
        }
        (MergePart::Target, Tok::Using) => to(MergePart::Source(Sources::TARGET)),
        (MergePart::Source(_), Tok::Only | Tok::Lateral) => to(part),
        (MergePart::Source(sources), Tok::Open) => {
            to(MergePart::Item(sources)).push(Statement::FromParenthesis(context.inner()))
        }
        (MergePart::Source(sources), _) => to(MergePart::Item(sources))
            .push(Statement::name(Access::Read, NameKind::Item))
            .again(),
        (
            MergePart::Item(sources),
            Tok::BackYes
            | Tok::BackMany
            | Tok::BackOpen
            | Tok::BackSubLinked
            | Tok::BackSubScoped
            | Tok::BackSubJoined
            | Tok::BackWithOpen
            | Tok::BackWithFew,
        ) => to(MergePart::Item(sources.with(token))),
        (MergePart::Item(sources), Tok::BackNo | Tok::BackSeries) => {
            to(MergePart::Item(sources.with(Tok::BackOpen)))
        }
        (MergePart::Item(sources) | MergePart::Joined(sources), Tok::JoinSide) => {
            to(MergePart::Item(sources.outer_join()))
        }
        (MergePart::Item(sources), Tok::Cross) => to(MergePart::Item(sources)),
        (MergePart::Item(sources), Tok::Join) => to(MergePart::Second(sources)),
        (MergePart::Second(sources), Tok::Open) => {
            to(MergePart::Pair(sources)).push(Statement::FromParenthesis(context.inner()))
        }
        (MergePart::Second(_), Tok::Only | Tok::Lateral) => to(part),
        (MergePart::Second(sources), _) => to(MergePart::Pair(sources))
            .push(Statement::name(Access::Read, NameKind::Item))
            .again(),
        // The first ON belongs to the join.
        (MergePart::Pair(sources), Tok::On) => to(MergePart::Joined(sources))
            .push(Condition::WHERE)
            .flag(action::PREDICATE),
        (MergePart::Pair(sources), Tok::Using) => to(MergePart::Joined(sources)),
        (MergePart::Joined(sources), Tok::Join) => to(MergePart::Second(sources)),
        (MergePart::Item(sources) | MergePart::Joined(sources), Tok::On) => {
            to(MergePart::On(sources))
                .push(Condition::WHERE)
                .flag(action::PREDICATE)
        }
        (MergePart::On(sources), _) => {
            let level = Level::from_token(token).unwrap_or(Level::TAUTOLOGY);
            let on = match sources.limit(level) {
                Limit::Value | Limit::Both => Where::Scoped,
                _ => Where::Tautology,
            };
            let next = Statement::Merge(context, MergePart::When, Some(on));
            if context.dry {
                Step::to(next)
            } else {
                Step::to(next).limited(Class::Merge, on)
            }
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
        // NOT MATCHED BY SOURCE: all rows but those of the condition.
        (MergePart::When, Tok::By) => {
            Step::to(Statement::Merge(context, part, Some(Where::Tautology)))
        }
        // `UPDATE SET (a, b) = …`.
        (MergePart::When, Tok::Set) => to(part),
        (MergePart::When, _) => word::expression(Statement::Merge(context, part, on).into(), token),
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
        // All of its rows are read.
        (CopyPart::Table, Tok::To) => to(CopyPart::To)
            .table(Access::Read)
            .limited(Class::Select, Where::None),
        (CopyPart::Query, Tok::To) => to(CopyPart::To),
        (CopyPart::From | CopyPart::To, Tok::Program) => rest().hit(Class::CopyProgram),
        (CopyPart::From, Tok::Stdio) => rest().hit(Class::CopyIn),
        (CopyPart::To, Tok::Stdio) => rest().hit(Class::CopyOut),
        // A file on the server.
        (CopyPart::From, _) => rest()
            .hit(Class::CopyIn)
            .hit(Class::Admin)
            .hit(Class::IntoFile),
        (CopyPart::To, _) => rest().hit(Class::CopyOut).hit(Class::IntoFile),
        _ => to(part),
    }
}
