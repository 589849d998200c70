//! Statements: their first words, and the dispatch to the files that read on.

use super::definition::{self, AlterPart};
use super::rows::{self, InsertPart, LoadPart};
use super::setting::{self, SetPart};
use crate::automaton::{State, Step};
use crate::context::Context;
use crate::name::{self, NameKind};
use crate::select::{Kind, Part, Query};
use crate::sources::Sources;
use crate::statement::{Statement as Shared, planned};
use crate::token::Tok;
use crate::word;
use guard_common::class::{Class, Opaque, Where};
use guard_common::engine::action;
use guard_common::facts::{Access, IN_MYSQL};

/// What is read of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Statement {
    /// Its first word is expected.
    Start(Context),
    /// Behind a word that begins no statement; a label, perhaps.
    Unknown(Context),
    /// Behind BEGIN.
    Begin(Context),
    /// Behind COMMIT, ROLLBACK.
    Finish(Context),
    /// Behind IF, WHILE, LOOP …: a statement follows at some word.
    Block(Context),
    /// Behind START, SHOW, LOCK.
    StartWord(Context),
    Show(Context),
    Lock(Context),
    Explain(Context),
    /// Behind ANALYZE: a table, or a statement that is executed.
    Analyze(Context),
    Rename(Context),
    /// Behind the table of a HANDLER.
    Handler(Context),
    /// Behind USE.
    Use(Context),
    Insert {
        context: Context,
        part: InsertPart,
        replace: bool,
    },
    Load(Context, LoadPart),
    Set(Context, SetPart),
    /// Arguments of a function on SQL modes.
    Modes,
    Drop {
        context: Context,
        temporary: bool,
    },
    DropIndex(Context),
    Create {
        context: Context,
        temporary: bool,
        replace: bool,
    },
    CreateTable {
        context: Context,
        destroys: bool,
        named: bool,
    },
    /// A parenthesis of CREATE TABLE: columns, or a query.
    Columns(Context),
    /// CREATE FUNCTION, PROCEDURE, TRIGGER, EVENT.
    Routine(Context),
    Alter(Context),
    AlterTable(Context, AlterPart),
}

impl From<Statement> for State {
    fn from(statement: Statement) -> Self {
        Self::MySql(statement)
    }
}

impl Statement {
    pub(crate) fn step(self, token: Tok) -> Step {
        use Statement::*;
        match self {
            Start(context) => start(context, token),
            Insert {
                context,
                part,
                replace,
            } => rows::insert(context, part, replace, token),
            Load(context, part) => rows::load(context, part, token),
            Set(context, part) => setting::set(context, part, token),
            Modes => setting::modes(token),
            Drop { context, temporary } => definition::drop_object(context, temporary, token),
            Create {
                context,
                temporary,
                replace,
            } => definition::create(context, temporary, replace, token),
            CreateTable {
                context,
                destroys,
                named,
            } => definition::create_table(context, destroys, named, token),
            Columns(context) => definition::columns(context, token),
            Alter(context) => definition::alter(context, token),
            AlterTable(context, part) => definition::alter_table(context, part, token),
            Unknown(context) | Begin(context) | Finish(context) | Block(context)
            | StartWord(context) | Show(context) | Lock(context) | Explain(context)
            | Analyze(context) | Rename(context) | Use(context) | DropIndex(context)
            | Routine(context)
                if matches!(token, Tok::Semi | Tok::End | Tok::Cut | Tok::Close) =>
            {
                context.finish(token, Tok::BackOpen)
            }
            Unknown(context) => match token {
                Tok::Colon => dynamic(Start(context.counted())),
                _ => rest(context).again(),
            },
            Begin(context) => match token {
                Tok::Not => dynamic(self),
                Tok::Atomic => Step::to(Start(context.counted())),
                Tok::Ident => rest(context),
                _ => Step::to(Start(context.counted())).again(),
            },
            Finish(context) => match token {
                // AND CHAIN begins another transaction, TO SAVEPOINT ends none.
                Tok::And => rest(context).verb("BEGIN"),
                Tok::To => rest(context).verb("SAVEPOINT"),
                _ => Step::to(self),
            },
            Block(context) => match token {
                Tok::Then | Tok::Else | Tok::Do | Tok::Block | Tok::Begin => {
                    Step::to(Start(context.counted()))
                }
                Tok::Select | Tok::Update | Tok::Delete | Tok::Set | Tok::Call | Tok::Drop => {
                    Step::to(Start(context.counted())).again()
                }
                Tok::Insert | Tok::TruncateWord | Tok::Create | Tok::Alter | Tok::Execute => {
                    Step::to(Start(context.counted())).again()
                }
                _ => word::expression(self.into(), token),
            },
            StartWord(context) => match token {
                Tok::Transaction => rest(context).hit(Class::Transaction).verb("BEGIN"),
                // START SLAVE, START ALL SLAVES …
                _ => rest(context).hit(Class::Admin).hit(Class::Replication),
            },
            Show(context) => match token {
                Tok::Binlog | Tok::Binlogs => tail(context).hit(Class::Replication),
                _ => tail(context).again(),
            },
            Lock(context) => match token {
                Tok::Server => rest(context).hit(Class::Admin),
                _ => name::list(context, Access::Read, NameKind::Plain).again(),
            },
            Explain(context) => match token {
                // EXPLAIN ANALYZE executes.
                Tok::Analyze => Step::to(Explain(Context {
                    dry: false,
                    ..context
                })),
                _ if begins_rows(token) => Step::to(Start(context)).flag(planned(context)).again(),
                Tok::Open => Step::to(Start(context)).flag(planned(context)).again(),
                _ => Step::to(self),
            },
            Analyze(context) => match token {
                Tok::Table => rest(context).hit(Class::Admin).verb("ANALYZE"),
                _ if begins_rows(token) => Step::to(Start(context.counted()))
                    .again()
                    .verb("EXPLAIN ANALYZE"),
                _ => Step::to(self),
            },
            Handler(context) => rest(context).limited(Class::Select, Where::None),
            Use(context) => match token {
                // A table without schema is then one of accounts and privileges.
                Tok::SystemSchema => rest(context).hit(Class::Admin).session(IN_MYSQL),
                _ => rest(context),
            },
            Rename(context) => match token {
                Tok::Account => rest(context).hit(Class::Grant),
                _ => name::list(context, Access::Write, NameKind::Plain)
                    .hit(Class::Alter)
                    .verb("RENAME TABLE"),
            },
            DropIndex(context) | Routine(context) => match (self, token) {
                (DropIndex(_), Tok::On) => {
                    rest(context).push(Shared::name(Access::Write, NameKind::Plain))
                }
                (Routine(_), Tok::Soname) => Step::to(self).hit(Class::Admin).hit(Class::IntoFile),
                (_, Tok::Open) => Step::to(self).push(Shared::Skip(false)),
                _ => Step::to(self),
            },
        }
    }
}

/// Nothing of interest follows.
pub(super) fn rest(context: Context) -> Step {
    Step::to(Shared::Rest(context))
}

/// Expressions follow.
fn tail(context: Context) -> Step {
    Step::to(Shared::Tail(context))
}

/// Statements follow of which it is not said which are executed.
fn dynamic(next: Statement) -> Step {
    Step::to(next).hit(Class::Dynamic).opaque(Opaque::Dynamic)
}

/// Does `token` begin a statement on rows?
fn begins_rows(token: Tok) -> bool {
    use Tok::*;
    matches!(
        token,
        Select | With | Values | Insert | Replace | Update | Delete
    )
}

/// An UPDATE or DELETE, before its tables.
fn rows_of(context: Context, kind: Kind) -> Query {
    Query {
        sources: Sources::NONE,
        ..Query::new(context, kind, Part::From)
    }
}

/// The first word of a statement.
fn start(context: Context, token: Tok) -> Step {
    use Statement::*;
    use Tok as T;
    let step = match token {
        T::Semi if !context.parenthesis => return Step::to(Start(Context::TOP)),
        T::Semi | T::End | T::Cut | T::Close => return context.finish(token, T::BackOpen),
        T::Select | T::Values | T::With | T::Open => return Shared::Start(context).step(token),
        T::Table => return Shared::Start(context).step(token),
        _ => first(context, token),
    };
    if context.counted {
        step
    } else {
        step.flag(action::STATEMENT)
    }
}

fn first(context: Context, token: Tok) -> Step {
    use Statement::*;
    use Tok as T;
    let class = |class, verb| rest(context).hit(class).verb(verb);
    match token {
        T::Insert => rows::inserting(context, false).verb("INSERT"),
        T::Replace => rows::inserting(context, true).verb("REPLACE"),
        T::Update => Step::to(rows_of(context, Kind::Update))
            .hits(context.hits(Class::Update))
            .verb("UPDATE"),
        T::Delete => Step::to(rows_of(context, Kind::Delete))
            .hits(context.hits(Class::Delete))
            .verb("DELETE"),
        T::Load => Step::to(Load(context, LoadPart::First)),
        T::Handler => Step::to(Handler(context))
            .push(Shared::name(Access::Read, NameKind::Plain))
            .hit(Class::Select)
            .verb("HANDLER"),
        T::Do => tail(context).hit(Class::Select).verb("DO"),
        T::Call => Step::to(Shared::CallName(context, true))
            .hit(Class::Call)
            .opaque(Opaque::Call)
            .verb("CALL"),
        T::Execute | T::Prepare => tail(context)
            .hit(Class::Dynamic)
            .opaque(Opaque::Dynamic)
            .verb(if token == T::Execute {
                "EXECUTE"
            } else {
                "PREPARE"
            }),
        T::Deallocate => class(Class::Session, "DEALLOCATE"),
        T::Begin => Step::to(Begin(context))
            .hit(Class::Transaction)
            .verb("BEGIN"),
        T::Start => Step::to(StartWord(context)),
        T::Commit => Step::to(Finish(context))
            .hit(Class::Transaction)
            .verb("COMMIT"),
        T::Rollback => Step::to(Finish(context))
            .hit(Class::Transaction)
            .verb("ROLLBACK"),
        T::Savepoint => class(Class::Transaction, "SAVEPOINT"),
        T::Release => class(Class::Transaction, "RELEASE"),
        T::Xa => class(Class::Transaction, "XA"),
        T::LockWord => Step::to(Lock(context)).hit(Class::Transaction).verb("LOCK"),
        T::Truncate | T::TruncateWord => name::list(context, Access::Destroy, NameKind::Plain)
            .hit(Class::Truncate)
            .verb("TRUNCATE"),
        T::Drop => Step::to(Drop {
            context,
            temporary: false,
        }),
        T::Create => Step::to(Create {
            context,
            temporary: false,
            replace: false,
        }),
        T::Alter => Step::to(Alter(context)),
        T::Rename => Step::to(Rename(context)),
        T::Grant => class(Class::Grant, "GRANT"),
        T::Revoke => class(Class::Grant, "REVOKE"),
        T::Set => Step::to(Set(context, SetPart::Name))
            .hit(Class::Set)
            .verb("SET"),
        T::Show => Step::to(Show(context)).hit(Class::Session).verb("SHOW"),
        T::Use => Step::to(Use(context)).hit(Class::Session).verb("USE"),
        T::Explain => Step::to(Explain(Context {
            dry: true,
            ..context.counted()
        }))
        .hit(Class::Select)
        .verb("EXPLAIN"),
        T::Analyze => Step::to(Analyze(context)),
        T::Diagnose | T::Declare | T::Fetch | T::CloseWord => rest(context).hit(Class::Session),
        // INSTALL PLUGIN and the like load a program into the server.
        T::Install => rest(context).hit(Class::Admin).hit(Class::IntoFile),
        T::Administer | T::Check | T::Discard => rest(context).hit(Class::Admin),
        // BINLOG '…' executes the events in it.
        T::Binlog => rest(context)
            .hit(Class::Admin)
            .hit(Class::Dynamic)
            .opaque(Opaque::Dynamic),
        T::IfWord | T::Block | T::Case | T::For => dynamic(Block(context)),
        // The end of a block, or a further branch of it.
        T::EndBlock => rest(context),
        T::Else | T::When | T::Then => Step::to(Start(context.counted())),
        T::Junk => rest(context).hit(Class::Unreadable),
        _ => Step::to(Unknown(context)).hit(Class::Other),
    }
}
