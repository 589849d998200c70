//! Statements: their first words, and the dispatch to the files that read on.

use super::automaton::{State, Step};
use super::condition::{Condition, Predicate};
use super::context::{Context, broken};
use super::data::{self, CopyPart, InsertPart, MergePart, OptionPart, WithPart};
use super::definition::{self, AlterPart, SchemaPart, TablePart, TemporaryPart, ViewPart};
use super::name::{self, NameKind, NamePart};
use super::select::{Kind, Part, Query};
use super::setting::{self, ConfigPart, SetPart};
use super::token::Tok;
use super::word::{self, Callee};
use guard_common::class::{Class, Opaque, Where};
use guard_common::engine::action;
use guard_common::facts::{Access, ENDS, FORGETS, NAME_LOST, operation};

/// What is read of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Statement {
    /// Its first word is expected.
    Start(Context),
    /// Nothing of interest follows.
    Rest(Context),
    /// The name that CALL (`true`) or EXECUTE runs.
    CallName(Context, bool),
    /// The name of a prepared statement, which EXECUTE or DEALLOCATE uses.
    Execute(Context),
    Deallocate(Context),
    Discard(Context),
    /// Behind COMMIT or ROLLBACK.
    Ending(Context),
    /// Only expressions follow.
    Tail(Context),
    /// The same, behind ON of an INSERT that takes any rows of a table.
    Upsert(Context),
    /// A parenthesis without interest; `true`: it may hold statements (CREATE RULE).
    Skip(bool),
    /// A parenthesis with expressions or a sub-select, at its first token or after;
    /// `true`: it names a column.
    Parenthesis(Context),
    Expression(Context, bool),
    /// A parenthesis in a FROM list.
    FromParenthesis(Context),
    /// The table that UPDATE, DELETE or MERGE writes, behind the words before it.
    TargetName(Access),
    /// A name of a table.
    Name {
        access: Access,
        kind: NameKind,
        part: NamePart,
    },
    /// The arguments of `set_config`.
    SetConfig(ConfigPart),
    /// WITH.
    With(Context, WithPart),
    Explain(Context, bool),
    ExplainOptions(OptionPart),
    Prepare(Context, bool),
    Declare(Context),
    Insert(Context, InsertPart),
    Merge(Context, MergePart, Option<Where>),
    Copy(Context, CopyPart),
    /// A list of names: TRUNCATE, LOCK, DROP TABLE.
    Names {
        context: Context,
        access: Access,
        kind: NameKind,
        /// A name is expected, not a word behind the list.
        expected: bool,
    },
    /// Behind IN of a LOCK; `true`: behind ACCESS.
    LockMode(Context, bool),
    Drop(Context),
    DropFunction(Context, TemporaryPart),
    Create(Context, bool),
    CreateTable {
        context: Context,
        temporary: bool,
        part: TablePart,
    },
    CreateView {
        context: Context,
        part: ViewPart,
    },
    CreateIndex(Context),
    CreateIndexRest(Context),
    CreateRule(Context),
    CreateFunction(Context, bool),
    /// Behind BEGIN ATOMIC: what is written down is not run.
    FunctionBody(Context),
    CreateSchema(Context, SchemaPart),
    Alter(Context),
    AlterTable(Context, AlterPart),
    Set(Context, SetPart),
}

impl From<Statement> for State {
    fn from(statement: Statement) -> Self {
        Self::Statement(statement)
    }
}

impl Statement {
    /// A name frame.
    pub(crate) fn name(access: Access, kind: NameKind) -> Self {
        Self::Name {
            access,
            kind,
            part: NamePart::First,
        }
    }

    /// A name frame behind its first word, which the step keeps.
    pub(crate) fn name_behind(access: Access, kind: NameKind) -> Self {
        Self::Name {
            access,
            kind,
            part: NamePart::Some(Callee::Unknown),
        }
    }

    pub(crate) fn step(self, token: Tok) -> Step {
        use Statement::*;
        match self {
            Start(context) => start(context, token),
            Rest(context) => match token {
                Tok::Semi | Tok::End | Tok::Cut => context.finish(token, Tok::BackValue),
                Tok::Close if context.parenthesis => context.finish(token, Tok::BackValue),
                Tok::Close => broken(token),
                Tok::Open => Step::to(self).push(Skip(false)),
                _ => Step::to(self),
            },
            Tail(context) => match token {
                Tok::Semi | Tok::End | Tok::Cut | Tok::Close => {
                    context.finish(token, Tok::BackValue)
                }
                Tok::Where => Step::to(self)
                    .push(Condition::WHERE)
                    .flag(action::PREDICATE),
                // `SET (a, b) = …`.
                Tok::Set => Step::to(self),
                _ => word::expression(self.into(), token),
            },
            Upsert(context) => match token {
                // DO UPDATE, of any rows: an `insert` that counts as an update
                // without a real WHERE.
                Tok::Update => Step::to(Tail(context)).limited(Class::Update, Where::Tautology),
                Tok::Open => Step::to(self).push(Parenthesis(context.inner())),
                Tok::Semi | Tok::End | Tok::Cut | Tok::Close => Step::to(Tail(context)).again(),
                _ => Step::to(self),
            },
            CallName(context, procedure) => match token {
                Tok::Unicode if procedure => Step::to(self).opaque(Opaque::Name),
                Tok::Dot => Step::to(self).flag(action::DOTTED),
                _ if token.is_word() => Step::to(self).flag(action::SPELL),
                Tok::Open => Step::to(Tail(context))
                    .push(Parenthesis(context.inner()))
                    .flag(if procedure { action::CALL } else { 0 }),
                Tok::Semi | Tok::End | Tok::Cut | Tok::Close => {
                    context.finish(token, Tok::BackValue)
                }
                _ => Step::to(self),
            },
            Skip(rule) => match token {
                Tok::Open => Step::to(self).push(self),
                Tok::Close => Step::pop(Tok::BackValue),
                Tok::Semi if rule => Step::to(self),
                Tok::Semi | Tok::End | Tok::Cut => broken(token),
                _ => Step::to(self),
            },
            Parenthesis(context) => match token {
                Tok::Select | Tok::With | Tok::Values | Tok::Table => {
                    Step::to(Start(context)).again()
                }
                Tok::Open => Step::to(Expression(context, false)).push(self),
                _ => Step::to(Expression(context, false)).again(),
            },
            Expression(context, columns) => match token {
                Tok::Semi | Tok::End | Tok::Cut => broken(token),
                Tok::Close if columns => Step::pop(Tok::BackColumn),
                Tok::Close => Step::pop(Tok::BackValue),
                Tok::BackColumn | Tok::BackDerived | Tok::BackOpen => {
                    Step::to(Expression(context, true))
                }
                // A query in parentheses goes on behind them: `((SELECT …) UNION …)`.
                Tok::SetOp => Step::to(Query::new(context, Kind::Select, Part::SetOp)),
                _ => word::expression(self.into(), token),
            },
            FromParenthesis(context) => match token {
                Tok::Select | Tok::With | Tok::Values | Tok::Table => {
                    Step::to(Start(context)).again()
                }
                _ => Step::to(Query::new(context, Kind::Joined, Part::From)).again(),
            },
            TargetName(access) => match token {
                Tok::From | Tok::Only => Step::to(self),
                // `ONLY (a)`.
                Tok::Open if access == Access::Read => {
                    Step::to(FromParenthesis(Context::SUBSELECT))
                }
                Tok::Open => Step::to(Skip(false)).push(Self::name(access, NameKind::Plain)),
                _ if access == Access::Read => Step::to(Self::name(access, NameKind::Item)).again(),
                _ => Step::to(Self::name(access, NameKind::Rows)).again(),
            },
            Name { access, kind, part } => name::name(access, kind, part, token),
            SetConfig(part) => setting::set_config(part, token),
            With(context, part) => data::with(context, part, token),
            Explain(context, first) => match token {
                Tok::Open if first => {
                    Step::to(Explain(context, false)).push(ExplainOptions(OptionPart::First))
                }
                Tok::BackYes => Step::to(Explain(
                    Context {
                        dry: false,
                        ..context
                    },
                    false,
                )),
                Tok::BackNo => Step::to(self),
                Tok::Analyze => Step::to(Explain(
                    Context {
                        dry: false,
                        ..context
                    },
                    false,
                )),
                Tok::Ident | Tok::Freeze => Step::to(Explain(context, false)),
                _ => Step::to(Start(context)).flag(planned(context)).again(),
            },
            ExplainOptions(part) => data::explain_options(part, token),
            Prepare(context, first) => match token {
                Tok::Transaction if first => Step::to(Rest(context))
                    .hit(Class::Transaction)
                    .verb("PREPARE TRANSACTION"),
                Tok::As => Step::to(Start(context.counted())),
                Tok::Semi | Tok::End | Tok::Cut => context.finish(token, Tok::BackValue),
                Tok::Open => Step::to(Prepare(context, false)).push(Skip(false)),
                _ if first => {
                    prepared(Prepare(context, false), token, operation::PREPARE).hit(Class::Session)
                }
                _ => Step::to(Prepare(context, false)),
            },
            Execute(context) => match token {
                Tok::Semi | Tok::End | Tok::Cut | Tok::Close => {
                    context.finish(token, Tok::BackValue)
                }
                // EXPLAIN plans it, and runs nothing.
                _ if context.dry => Step::to(CallName(context, false)),
                _ => prepared(CallName(context, false), token, operation::EXECUTE),
            },
            Deallocate(context) => match token {
                Tok::Semi | Tok::End | Tok::Cut => context.finish(token, Tok::BackValue),
                Tok::Prepare => Step::to(self),
                Tok::All => Step::to(Rest(context)).session(FORGETS),
                // A name that is not decoded stays known.
                Tok::Unicode => Step::to(Rest(context)),
                _ => prepared(Rest(context), token, operation::DEALLOCATE),
            },
            Discard(context) => match token {
                Tok::Semi | Tok::End | Tok::Cut => context.finish(token, Tok::BackValue),
                Tok::All => Step::to(Rest(context)).session(FORGETS),
                _ => Step::to(Rest(context)),
            },
            Ending(context) => match token {
                Tok::Semi | Tok::End => context.finish(token, Tok::BackValue).session(ENDS),
                Tok::Transaction => Step::to(self),
                // AND CHAIN, TO SAVEPOINT, PREPARED.
                _ => Step::to(Rest(context)).again(),
            },
            Declare(context) => match token {
                Tok::For => Step::to(Start(context.counted())),
                Tok::Semi | Tok::End | Tok::Cut => context.finish(token, Tok::BackValue),
                _ => Step::to(self),
            },
            Insert(context, part) => data::insert(context, part, token),
            Merge(context, part, on) => data::merge(context, part, on, token),
            Copy(context, part) => data::copy(context, part, token),
            Names {
                context,
                access,
                kind,
                expected,
            } => name::names(context, access, kind, expected, token),
            LockMode(context, access) => match token {
                // ACCESS EXCLUSIVE: nobody else reads.
                Tok::Modifier if access => Step::to(Rest(context)).hit(Class::Admin),
                Tok::Modifier => Step::to(LockMode(context, true)),
                _ => Step::to(Rest(context)).again(),
            },
            Drop(context) => definition::drop_object(context, token),
            DropFunction(context, part) => definition::drop_function(context, part, token),
            Create(context, temporary) => definition::create(context, temporary, token),
            CreateTable {
                context,
                temporary,
                part,
            } => definition::create_table(context, temporary, part, token),
            CreateView { context, part } => definition::create_view(context, part, token),
            CreateIndex(context) => match token {
                Tok::On => Step::to(CreateIndexRest(context)),
                Tok::Semi | Tok::End | Tok::Cut => context.finish(token, Tok::BackValue),
                _ => Step::to(self),
            },
            CreateIndexRest(context) => match token {
                Tok::Only => Step::to(self),
                _ if token.is_name() => Step::to(Rest(context))
                    .push(Self::name(Access::Write, NameKind::Plain))
                    .again(),
                _ => Step::to(Rest(context)).again(),
            },
            CreateFunction(context, begin) => match token {
                Tok::Begin => Step::to(CreateFunction(context, true)),
                Tok::Atomic if begin => Step::to(FunctionBody(context)),
                Tok::Open => Step::to(self).push(Skip(false)),
                Tok::Semi | Tok::End | Tok::Cut => context.finish(token, Tok::BackValue),
                _ => Step::to(CreateFunction(context, false)),
            },
            FunctionBody(context) => match token {
                Tok::EndWord => Step::to(Rest(context)),
                Tok::Case => Step::to(self).push(Predicate::Case),
                Tok::Open => Step::to(self).push(Skip(true)),
                Tok::End | Tok::Cut => context.finish(token, Tok::BackValue),
                _ => Step::to(self),
            },
            CreateSchema(context, part) => definition::create_schema(context, part, token),
            CreateRule(context) => match token {
                Tok::Open => Step::to(self).push(Skip(true)),
                Tok::Semi | Tok::End | Tok::Cut => context.finish(token, Tok::BackValue),
                _ => Step::to(self),
            },
            Alter(context) => definition::alter(context, token),
            AlterTable(context, part) => definition::alter_table(context, part, token),
            Set(context, part) => setting::set(context, part, token),
        }
    }
}

/// Tells the interpreter of a statement that is not executed.
pub(crate) fn planned(context: Context) -> u32 {
    if context.dry { action::PLANNED } else { 0 }
}

/// Something is done with the prepared statement whose name is `token`.
fn prepared(next: Statement, token: Tok, operation: u8) -> Step {
    match token {
        Tok::Unicode => Step::to(next).session(NAME_LOST),
        _ if token.is_name() => Step::to(next).operate(operation),
        _ => Step::to(next),
    }
}

/// The first word of a statement.
fn start(context: Context, token: Tok) -> Step {
    use Statement::*;
    use Tok as T;
    let rest = |class, verb| Step::to(Rest(context)).hit(class).verb(verb);
    let step = match token {
        T::Semi if !context.parenthesis => return Step::to(Start(Context::TOP)),
        T::Semi | T::End | T::Cut | T::Close => return context.finish(token, T::BackOpen),
        T::Open => Step::to(Query::enclosed(context)).push(Start(context.inner())),
        T::Select => Step::to(Query::new(context, Kind::Select, Part::List))
            .hit(Class::Select)
            .verb("SELECT"),
        T::Values => Step::to(Query::new(context, Kind::Select, Part::List).few(Part::List))
            .hit(Class::Select)
            .verb("VALUES"),
        T::Table => Query::new(context, Kind::Select, Part::Tail)
            .table()
            .hit(Class::Select),
        T::With => Step::to(With(context.counted(), WithPart::Name(false))),
        T::Insert => Step::to(Insert(context, InsertPart::Into))
            .hits(context.hits(Class::Insert))
            .verb("INSERT"),
        T::Update => Step::to(Query::new(context, Kind::Update, Part::Target))
            .push(TargetName(context.access(Access::Write)))
            .hits(context.hits(Class::Update))
            .verb("UPDATE"),
        T::Delete => Step::to(Query::new(context, Kind::Delete, Part::Target))
            .push(TargetName(context.access(Access::Write)))
            .hits(context.hits(Class::Delete))
            .verb("DELETE"),
        T::Merge => Step::to(Merge(context, MergePart::Into, None))
            .hits(context.hits(Class::Merge))
            .verb("MERGE"),
        T::Explain => Step::to(Explain(
            Context {
                dry: true,
                ..context.counted()
            },
            true,
        ))
        .hit(Class::Select)
        .verb("EXPLAIN"),
        T::Prepare => Step::to(Prepare(context, true)).verb("PREPARE"),
        T::Declare => Step::to(Declare(context))
            .hit(Class::Session)
            .verb("DECLARE"),
        T::Copy => Step::to(Copy(context, CopyPart::First)).verb("COPY"),
        T::Truncate => name::list(context, Access::Destroy, NameKind::Emptied).verb("TRUNCATE"),
        T::Lock => name::list(context, Access::Read, NameKind::Locked)
            .hit(Class::Transaction)
            .verb("LOCK"),
        T::Drop => Step::to(Drop(context)),
        T::Create => Step::to(Create(context, false)),
        T::Alter => Step::to(Alter(context)),
        T::Grant => rest(Class::Grant, "GRANT"),
        T::Revoke => rest(Class::Grant, "REVOKE"),
        T::Reassign => rest(Class::Grant, "REASSIGN OWNED"),
        T::Call => Step::to(CallName(context, true))
            .hit(Class::Call)
            .opaque(Opaque::Call)
            .verb("CALL")
            .flag(action::FRESH),
        T::Do => rest(Class::Dynamic, "DO").opaque(Opaque::Dynamic),
        T::Execute => Step::to(Execute(context))
            .hit(Class::Session)
            .verb("EXECUTE"),
        T::Deallocate => Step::to(Deallocate(context))
            .hit(Class::Session)
            .verb("DEALLOCATE"),
        T::Set => Step::to(Set(context, SetPart::Name))
            .hit(Class::Set)
            .verb("SET"),
        T::Reset => rest(Class::Set, "RESET"),
        T::Show => rest(Class::Session, "SHOW"),
        T::Discard => Step::to(Discard(context))
            .hit(Class::Session)
            .verb("DISCARD"),
        T::Begin | T::Start => rest(Class::Transaction, "BEGIN"),
        T::Commit | T::EndWord => Step::to(Ending(context))
            .hit(Class::Transaction)
            .verb("COMMIT"),
        T::Rollback | T::Abort => Step::to(Ending(context))
            .hit(Class::Transaction)
            .verb("ROLLBACK"),
        T::Savepoint => rest(Class::Transaction, "SAVEPOINT"),
        T::Release => rest(Class::Transaction, "RELEASE"),
        T::Listen => rest(Class::Session, "LISTEN"),
        T::Notify => rest(Class::Session, "NOTIFY"),
        T::Unlisten => rest(Class::Session, "UNLISTEN"),
        T::Fetch | T::Move => rest(Class::Session, "FETCH"),
        T::CloseWord => rest(Class::Session, "CLOSE"),
        T::Comment => rest(Class::Alter, "COMMENT"),
        T::Security => rest(Class::Grant, "SECURITY LABEL").hit(Class::Admin),
        T::Analyze => rest(Class::Admin, "ANALYZE"),
        T::Vacuum => rest(Class::Admin, "VACUUM"),
        T::Cluster => rest(Class::Admin, "CLUSTER"),
        T::Reindex => rest(Class::Admin, "REINDEX"),
        T::Refresh => rest(Class::Admin, "REFRESH MATERIALIZED VIEW"),
        T::Load => rest(Class::Admin, "LOAD").hit(Class::IntoFile),
        T::Checkpoint => rest(Class::Admin, "CHECKPOINT"),
        T::Import => rest(Class::Admin, "IMPORT FOREIGN SCHEMA"),
        T::Replication => rest(Class::Replication, ""),
        T::Junk => Step::to(Rest(context)).hit(Class::Unreadable),
        _ => Step::to(Rest(context)).hit(Class::Other),
    };
    let step = if context.counted {
        step
    } else {
        step.flag(action::STATEMENT)
    };
    match token {
        T::Select
        | T::Values
        | T::Table
        | T::With
        | T::Insert
        | T::Update
        | T::Delete
        | T::Open
        | T::Create
        | T::Drop
        | T::Truncate
        | T::Copy
        | T::Show => step,
        _ => step.flag(action::FORGET),
    }
}
