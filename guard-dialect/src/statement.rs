//! Statements: their first words, and everything that is not a query.

use super::automaton::{State, Step};
use super::condition::Condition;
use super::select::{Kind, Part, Query};
use super::token::Tok;
use super::word::{self, Callee};
use guard_common::class::{Class, Opaque, Where};
use guard_common::engine::{action, resolve};
use guard_common::facts::Access;

/// Where a statement stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Context {
    /// Inside a parenthesis, which ends it.
    pub(crate) parenthesis: bool,
    /// Planned, but not executed (EXPLAIN).
    pub(crate) dry: bool,
    /// Counted as a statement already (behind EXPLAIN, PREPARE, AS …).
    pub(crate) counted: bool,
}

impl Context {
    /// A statement of the text itself.
    pub(crate) const TOP: Self = Self {
        parenthesis: false,
        dry: false,
        counted: false,
    };

    /// A statement in a parenthesis of this one.
    pub(crate) fn inner(self) -> Self {
        Self {
            parenthesis: true,
            counted: true,
            ..self
        }
    }

    fn counted(self) -> Self {
        Self {
            counted: true,
            ..self
        }
    }

    /// The bits of `class`, which a statement that is not executed does not have.
    pub(crate) fn hits(self, class: Class) -> u64 {
        if self.dry {
            Class::Select.bit()
        } else {
            class.bit()
        }
    }

    /// The access of a statement that may not be executed.
    pub(crate) fn access(self, access: Access) -> Access {
        if self.dry { Access::Read } else { access }
    }

    /// The statement ends with `token`.
    pub(crate) fn finish(self, token: Tok, back: Tok) -> Step {
        match token {
            Tok::Semi if !self.parenthesis => Step::to(Statement::Start(Self::TOP)),
            Tok::End if !self.parenthesis => Step::to(State::Dead),
            Tok::Close if self.parenthesis => Step::pop(back),
            _ => broken(token),
        }
    }
}

/// The text ends here, or a parenthesis was not closed: no server accepts it.
pub(crate) fn broken(token: Tok) -> Step {
    let next = match token {
        Tok::Semi => Statement::Start(Context::TOP).into(),
        Tok::End | Tok::Cut => State::Dead,
        _ => Statement::Rest(Context::TOP).into(),
    };
    Step::to(next).flag(action::RESET).hit(Class::Unreadable)
}

/// What is read of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Statement {
    /// Its first word is expected.
    Start(Context),
    /// Nothing of interest follows.
    Rest(Context),
    /// The name that CALL or EXECUTE runs.
    CallName(Context),
    /// Only expressions follow.
    Tail(Context),
    /// A parenthesis without interest; `true`: it may hold statements (CREATE RULE).
    Skip(bool),
    /// A parenthesis with expressions or a sub-select, at its first token or after.
    Parenthesis(Context),
    Expression(Context),
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
    Drop(Context),
    Create(Context, bool),
    CreateTable {
        context: Context,
        temporary: bool,
        part: TablePart,
    },
    CreateView {
        context: Context,
        dry: bool,
    },
    CreateIndex(Context),
    CreateIndexRest(Context),
    CreateRule(Context),
    CreateFunction(Context, bool),
    CreateSchema(Context),
    Alter(Context),
    AlterTable(Context, AlterPart),
    Set(Context, SetPart),
}

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
    /// A table being dropped.
    Dropped,
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
    /// The interpreter has been asked whether it is temporary.
    Asked,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum ConfigPart {
    Name,
    /// The name has been read: what values are harmless.
    Comma(Setting),
    Value(Setting),
    After(Setting),
    Rest,
}

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

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum TablePart {
    Name,
    Body,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum AlterPart {
    Name,
    Body,
    Drop,
    Type,
}

/// A setting that decides how statements are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Setting {
    Encoding,
    Strings,
    /// Triggers, row security.
    Other,
    /// No such setting.
    Harmless,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum SetPart {
    Name,
    /// The name has been read.
    To(Setting),
    Value(Setting),
    SearchPath,
}

impl From<Statement> for State {
    fn from(statement: Statement) -> Self {
        Self::Statement(statement)
    }
}

impl Setting {
    /// Is the value `token` harmless?
    fn allows(self, token: Tok) -> bool {
        match self {
            Self::Harmless => true,
            _ if token == Tok::Default => true,
            Self::Encoding => matches!(token, Tok::StrSafeValue | Tok::SafeValue),
            Self::Strings | Self::Other => matches!(
                token,
                Tok::StrOn | Tok::On | Tok::True | Tok::Local | Tok::SafeValue
            ),
        }
    }

    /// Marks what reading this setting wrongly would lead to.
    fn mark(self, step: Step) -> Step {
        match self {
            Self::Encoding => step.opaque_after(Opaque::Encoding),
            Self::Strings => step.opaque_after(Opaque::Strings),
            Self::Other => step.opaque(Opaque::Setting).opaque_after(Opaque::Setting),
            Self::Harmless => step,
        }
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
                _ => word::expression(self.into(), token),
            },
            CallName(context) => match token {
                Tok::Open => Step::to(Tail(context)).push(Parenthesis(context.inner())),
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
                Tok::Open => Step::to(Expression(context)).push(self),
                _ => Step::to(Expression(context)).again(),
            },
            Expression(context) => match token {
                Tok::Semi | Tok::End | Tok::Cut => broken(token),
                Tok::Close => Step::pop(Tok::BackValue),
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
                _ => Step::to(Self::name(access, NameKind::Plain)).again(),
            },
            Name { access, kind, part } => name(access, kind, part, token),
            SetConfig(part) => set_config(part, token),
            With(context, part) => with(context, part, token),
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
                _ => Step::to(Start(context)).again(),
            },
            ExplainOptions(part) => explain_options(part, token),
            Prepare(context, first) => match token {
                Tok::Transaction if first => Step::to(Rest(context))
                    .hit(Class::Transaction)
                    .verb("PREPARE TRANSACTION"),
                Tok::As => Step::to(Start(context.counted())),
                Tok::Semi | Tok::End | Tok::Cut => context.finish(token, Tok::BackValue),
                Tok::Open => Step::to(Prepare(context, false)).push(Skip(false)),
                _ => Step::to(Prepare(context, false)).hit(Class::Session),
            },
            Declare(context) => match token {
                Tok::For => Step::to(Start(context.counted())),
                Tok::Semi | Tok::End | Tok::Cut => context.finish(token, Tok::BackValue),
                _ => Step::to(self),
            },
            Insert(context, part) => insert(context, part, token),
            Merge(context, part, on) => merge(context, part, on, token),
            Copy(context, part) => copy(context, part, token),
            Names {
                context,
                access,
                kind,
                expected,
            } => names(context, access, kind, expected, token),
            Drop(context) => drop_object(context, token),
            Create(context, temporary) => create(context, temporary, token),
            CreateTable {
                context,
                temporary,
                part,
            } => create_table(context, temporary, part, token),
            CreateView { context, dry } => match token {
                Tok::As => Step::to(Start(Context {
                    dry: context.dry || dry,
                    ..context.counted()
                })),
                Tok::Open => Step::to(self).push(Skip(false)),
                Tok::Semi | Tok::End | Tok::Cut => context.finish(token, Tok::BackValue),
                _ => Step::to(self),
            },
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
                // The body's statements are read as if they were executed.
                Tok::Atomic if begin => Step::to(Start(Context::TOP.counted())),
                Tok::Open => Step::to(self).push(Skip(false)),
                Tok::Semi | Tok::End | Tok::Cut => context.finish(token, Tok::BackValue),
                _ => Step::to(CreateFunction(context, false)),
            },
            CreateSchema(context) => match token {
                Tok::Grant => Step::to(self).hit(Class::Grant),
                Tok::Open => Step::to(self).push(Skip(false)),
                Tok::Semi | Tok::End | Tok::Cut => context.finish(token, Tok::BackValue),
                _ => Step::to(self),
            },
            CreateRule(context) => match token {
                Tok::Open => Step::to(self).push(Skip(true)),
                Tok::Semi | Tok::End | Tok::Cut => context.finish(token, Tok::BackValue),
                _ => Step::to(self),
            },
            Alter(context) => alter(context, token),
            AlterTable(context, part) => alter_table(context, part, token),
            Set(context, part) => set(context, part, token),
        }
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
        T::Open => {
            Step::to(Query::new(context, Kind::Select, Part::Tail)).push(Start(context.inner()))
        }
        T::Select => Step::to(Query::new(context, Kind::Select, Part::List))
            .hit(Class::Select)
            .verb("SELECT"),
        T::Values => Step::to(Query::new(context, Kind::Select, Part::List).few(Part::List))
            .hit(Class::Select)
            .verb("VALUES"),
        T::Table => Query::new(context, Kind::Select, Part::Tail)
            .table()
            .hit(Class::Select),
        T::With => Step::to(With(context.counted(), WithPart::Name)),
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
        T::Truncate => list(context, Access::Destroy, NameKind::Plain)
            .hit(Class::Truncate)
            .verb("TRUNCATE"),
        T::Lock => list(context, Access::Read, NameKind::Plain)
            .hit(Class::Transaction)
            .verb("LOCK"),
        T::Drop => Step::to(Drop(context)),
        T::Create => Step::to(Create(context, false)),
        T::Alter => Step::to(Alter(context)),
        T::Grant => rest(Class::Grant, "GRANT"),
        T::Revoke => rest(Class::Grant, "REVOKE"),
        T::Reassign => rest(Class::Grant, "REASSIGN OWNED"),
        T::Call => Step::to(CallName(context))
            .hit(Class::Call)
            .opaque(Opaque::Call)
            .verb("CALL"),
        T::Do => rest(Class::Dynamic, "DO").opaque(Opaque::Dynamic),
        T::Execute => Step::to(CallName(context))
            .hit(Class::Dynamic)
            .opaque(Opaque::Dynamic)
            .verb("EXECUTE"),
        T::Deallocate => rest(Class::Session, "DEALLOCATE"),
        T::Set => Step::to(Set(context, SetPart::Name))
            .hit(Class::Set)
            .verb("SET"),
        T::Reset => rest(Class::Set, "RESET"),
        T::Show => rest(Class::Session, "SHOW"),
        T::Discard => rest(Class::Session, "DISCARD"),
        T::Begin | T::Start => rest(Class::Transaction, "BEGIN"),
        T::Commit | T::EndWord => rest(Class::Transaction, "COMMIT"),
        T::Rollback | T::Abort => rest(Class::Transaction, "ROLLBACK"),
        T::Savepoint => rest(Class::Transaction, "SAVEPOINT"),
        T::Release => rest(Class::Transaction, "RELEASE"),
        T::Listen => rest(Class::Session, "LISTEN"),
        T::Notify => rest(Class::Session, "NOTIFY"),
        T::Unlisten => rest(Class::Session, "UNLISTEN"),
        T::Fetch | T::Move => rest(Class::Session, "FETCH"),
        T::CloseWord => rest(Class::Session, "CLOSE"),
        T::Comment => rest(Class::Alter, "COMMENT"),
        T::Security => rest(Class::Admin, "SECURITY LABEL"),
        T::Analyze => rest(Class::Admin, "ANALYZE"),
        T::Vacuum => rest(Class::Admin, "VACUUM"),
        T::Cluster => rest(Class::Admin, "CLUSTER"),
        T::Reindex => rest(Class::Admin, "REINDEX"),
        T::Refresh => rest(Class::Admin, "REFRESH MATERIALIZED VIEW"),
        T::Load => rest(Class::Admin, "LOAD"),
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
        | T::Copy
        | T::Show => step,
        _ => step.flag(action::FORGET),
    }
}

/// The start of a list of tables.
fn list(context: Context, access: Access, kind: NameKind) -> Step {
    Step::to(Statement::Names {
        context,
        access,
        kind,
        expected: true,
    })
}

/// A list of tables.
fn names(context: Context, access: Access, kind: NameKind, expected: bool, token: Tok) -> Step {
    let to = |expected| {
        Step::to(Statement::Names {
            context,
            access,
            kind,
            expected,
        })
    };
    match token {
        Tok::Semi | Tok::End | Tok::Cut | Tok::Close => context.finish(token, Tok::BackValue),
        Tok::Comma => to(true),
        Tok::Table | Tok::Only | Tok::If | Tok::Not | Tok::Exists if expected => to(true),
        // DROP … CASCADE may take more than the table that is named.
        Tok::Cascade if kind == NameKind::Dropped => {
            Step::to(Statement::Rest(context)).hit(Class::Drop)
        }
        Tok::In | Tok::Cascade => Step::to(Statement::Rest(context)),
        _ if expected && token.is_name() => to(false).push(Statement::name(access, kind)).again(),
        _ => to(expected),
    }
}

/// A (dotted) name.
fn name(access: Access, kind: NameKind, part: NamePart, token: Tok) -> Step {
    let frame = |part| Statement::Name { access, kind, part };
    let read = |callee| {
        let step = Step::to(frame(NamePart::Some(callee))).flag(action::NAME | action::KEEP);
        match token {
            Tok::Unicode => Step::to(frame(NamePart::Odd))
                .opaque(Opaque::Name)
                .flag(action::TRUNCATED)
                .hits(if kind == NameKind::Dropped {
                    Class::Drop.bit()
                } else {
                    0
                }),
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
        (NamePart::Some(before), Tok::Dot) => Step::to(frame(NamePart::Dot(before))),
        (NamePart::Odd, Tok::Dot) => Step::to(frame(NamePart::Odd)),
        (NamePart::Odd, _) if token.is_word() => Step::to(frame(NamePart::Odd)),
        (NamePart::Some(before), Tok::Open) if kind == NameKind::Item => {
            let step = Step::pop(Tok::BackNo).again();
            match before {
                Callee::Safe | Callee::Unnest => step,
                Callee::SetConfig => step
                    .unsafe_call()
                    .hit(Class::Set)
                    .opaque(Opaque::Setting)
                    .opaque_after(Opaque::Setting),
                _ => step.unsafe_call(),
            }
        }
        (NamePart::Some(_), _) if kind == NameKind::Dropped => Step::to(frame(NamePart::Asked))
            .resolve(resolve::TEMPORARY)
            .again(),
        (NamePart::Asked, Tok::TempYes) => {
            Step::pop(Tok::BackYes).table(access).flag(action::FORGET)
        }
        (NamePart::Asked, _) => Step::pop(Tok::BackYes).table(access).hit(Class::Drop),
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

/// The arguments of `set_config(name, value, is_local)`.
fn set_config(part: ConfigPart, token: Tok) -> Step {
    let to = |part| Step::to(Statement::SetConfig(part));
    let all = |step: Step| {
        step.opaque_after(Opaque::Setting)
            .opaque_after(Opaque::Strings)
            .opaque_after(Opaque::Encoding)
    };
    match (part, token) {
        (ConfigPart::Rest, Tok::Open) => to(part).push(Statement::Skip(false)),
        (ConfigPart::Rest | ConfigPart::Comma(Setting::Harmless), Tok::Close) => {
            Step::pop(Tok::BackBad)
        }
        (_, Tok::Semi | Tok::End | Tok::Cut) => broken(token),
        (ConfigPart::Rest, _) => to(part),
        (ConfigPart::Name, Tok::StrEncodingName) => to(ConfigPart::Comma(Setting::Encoding)),
        (ConfigPart::Name, Tok::StrStringsName) => to(ConfigPart::Comma(Setting::Strings)),
        (ConfigPart::Name, Tok::StrSettingName) => to(ConfigPart::Comma(Setting::Other)),
        (ConfigPart::Name, Tok::StrOdd) => all(to(ConfigPart::Rest)),
        (ConfigPart::Name, _) if token.is_string() => to(ConfigPart::Comma(Setting::Harmless)),
        (ConfigPart::Name, Tok::Open) => all(to(ConfigPart::Rest).push(Statement::Skip(false))),
        (ConfigPart::Name, Tok::Close) => all(Step::pop(Tok::BackBad)),
        (ConfigPart::Name, _) => all(to(ConfigPart::Rest)),
        (ConfigPart::Comma(Setting::Harmless), Tok::Comma) => to(ConfigPart::Rest),
        (ConfigPart::Comma(setting), Tok::Comma) => to(ConfigPart::Value(setting)),
        // The name is an expression that begins with a literal, or has a type.
        (ConfigPart::Comma(_), Tok::Open) => all(to(ConfigPart::Rest).push(Statement::Skip(false))),
        (ConfigPart::Comma(_), _) => all(to(ConfigPart::Rest)),
        (ConfigPart::Value(setting), _) if setting.allows(token) => to(ConfigPart::After(setting)),
        (ConfigPart::Value(setting), Tok::Open) => {
            setting.mark(to(ConfigPart::Rest).push(Statement::Skip(false)))
        }
        (ConfigPart::Value(setting), _) => setting.mark(to(ConfigPart::Rest)),
        (ConfigPart::After(_), Tok::Comma) => to(ConfigPart::Rest),
        (ConfigPart::After(setting), _) => setting.mark(to(ConfigPart::Rest)).again(),
    }
}

fn with(context: Context, part: WithPart, token: Tok) -> Step {
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
fn explain_options(part: OptionPart, token: Tok) -> Step {
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

fn insert(context: Context, part: InsertPart, token: Tok) -> Step {
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

fn merge(context: Context, part: MergePart, on: Option<Where>, token: Tok) -> Step {
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

fn copy(context: Context, part: CopyPart, token: Tok) -> Step {
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

fn drop_object(context: Context, token: Tok) -> Step {
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
        Tok::Schema => rest("DROP SCHEMA"),
        Tok::Database => rest("DROP DATABASE").hit(Class::Admin),
        Tok::Index => rest("DROP INDEX"),
        Tok::Sequence => rest("DROP SEQUENCE"),
        Tok::Function => rest("DROP FUNCTION"),
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

/// What follows CREATE. A temporary table is the session's own and gone with it:
/// it is no change of the schema.
fn create(context: Context, temporary: bool, token: Tok) -> Step {
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
        Tok::View => made(CreateView { context, dry: true }, "CREATE VIEW"),
        Tok::Materialized => made(
            CreateView {
                context,
                dry: false,
            },
            "CREATE MATERIALIZED VIEW",
        ),
        Tok::Index => made(CreateIndex(context), "CREATE INDEX"),
        Tok::Function => made(CreateFunction(context, false), "CREATE FUNCTION"),
        Tok::Procedure => made(CreateFunction(context, false), "CREATE PROCEDURE"),
        Tok::Schema => made(CreateSchema(context), "CREATE SCHEMA"),
        Tok::Rule => made(CreateRule(context), "CREATE RULE"),
        Tok::Role | Tok::Group => rest("CREATE ROLE").hit(Class::Grant),
        Tok::Policy => rest("CREATE POLICY").hit(Class::Grant),
        Tok::Extension => rest("CREATE EXTENSION").hit(Class::Admin),
        Tok::Database => rest("CREATE DATABASE").hit(Class::Admin),
        Tok::Server | Tok::Publication => rest("CREATE").hit(Class::Admin),
        Tok::Trigger => rest("CREATE TRIGGER"),
        Tok::Sequence => rest("CREATE SEQUENCE"),
        Tok::Type => rest("CREATE TYPE"),
        // OR REPLACE, UNIQUE, UNLOGGED, TRUSTED, GLOBAL, FOREIGN …
        _ => Step::to(Create(context, temporary)),
    }
}

fn create_table(context: Context, temporary: bool, part: TablePart, token: Tok) -> Step {
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

fn alter(context: Context, token: Tok) -> Step {
    use Statement::*;
    let rest = |class, verb| Step::to(Rest(context)).hit(class).verb(verb);
    let body = |verb| {
        Step::to(AlterTable(context, AlterPart::Body))
            .hit(Class::Alter)
            .verb(verb)
    };
    match token {
        Tok::Semi | Tok::End | Tok::Cut | Tok::Close => context.finish(token, Tok::BackOpen),
        Tok::Table => Step::to(AlterTable(context, AlterPart::Name))
            .hit(Class::Alter)
            .verb("ALTER TABLE"),
        Tok::Role | Tok::Group => rest(Class::Grant, "ALTER ROLE"),
        Tok::System => rest(Class::Admin, "ALTER SYSTEM"),
        Tok::Default => rest(Class::Grant, "ALTER DEFAULT PRIVILEGES"),
        Tok::Policy => rest(Class::Grant, "ALTER POLICY"),
        Tok::Database => rest(Class::Admin, "ALTER DATABASE").hit(Class::Alter),
        Tok::Extension | Tok::Server | Tok::Publication => body("ALTER").hit(Class::Admin),
        Tok::Schema => body("ALTER SCHEMA"),
        Tok::View | Tok::Materialized => body("ALTER VIEW"),
        Tok::Index => body("ALTER INDEX"),
        Tok::Sequence => body("ALTER SEQUENCE"),
        Tok::Function | Tok::Procedure => body("ALTER FUNCTION"),
        Tok::Type => body("ALTER TYPE"),
        _ => body("ALTER"),
    }
}

fn alter_table(context: Context, part: AlterPart, token: Tok) -> Step {
    let to = |part| Step::to(Statement::AlterTable(context, part));
    match (part, token) {
        (AlterPart::Drop, Tok::Not | Tok::Default) => to(AlterPart::Body),
        (AlterPart::Drop, _) => to(AlterPart::Body).hit(Class::AlterDrop).again(),
        (_, Tok::Semi | Tok::End | Tok::Cut | Tok::Close) => context.finish(token, Tok::BackOpen),
        (AlterPart::Name, Tok::If | Tok::Exists | Tok::Only | Tok::All) => to(part),
        (AlterPart::Name, _) if token.is_name() => to(AlterPart::Body)
            .push(Statement::name(Access::Write, NameKind::Plain))
            .again(),
        (_, Tok::Open) => to(part).push(Statement::Skip(false)),
        (_, Tok::Drop) => to(AlterPart::Drop),
        (AlterPart::Body, Tok::Type) => to(AlterPart::Type),
        (AlterPart::Type, Tok::Using) => to(AlterPart::Body).hit(Class::AlterDrop),
        (AlterPart::Type, Tok::Comma) => to(AlterPart::Body),
        (_, Tok::Owner | Tok::Disable) => to(part).hit(Class::Grant),
        _ => to(part),
    }
}

fn set(context: Context, part: SetPart, token: Tok) -> Step {
    let to = |part| Step::to(Statement::Set(context, part));
    let rest = || Step::to(Statement::Rest(context));
    match (part, token) {
        (_, Tok::Semi | Tok::End | Tok::Cut | Tok::Close) => context.finish(token, Tok::BackOpen),
        (SetPart::Name, Tok::Local | Tok::Session) => to(part),
        (SetPart::Name, Tok::Authorization) => rest().hit(Class::Grant),
        (SetPart::Name, Tok::Transaction | Tok::Characteristics) => rest().hit(Class::Transaction),
        (SetPart::Name, Tok::EncodingName | Tok::QuotedEncodingName) => {
            to(SetPart::To(Setting::Encoding))
        }
        (SetPart::Name, Tok::Names) => to(SetPart::Value(Setting::Encoding)),
        (SetPart::Name, Tok::StringsName | Tok::QuotedStringsName) => {
            to(SetPart::To(Setting::Strings))
        }
        (SetPart::Name, Tok::SettingName | Tok::QuotedSettingName) => {
            to(SetPart::To(Setting::Other))
        }
        (SetPart::Name, Tok::SearchPath) => to(SetPart::SearchPath),
        (SetPart::Name, Tok::Unicode) => rest()
            .opaque(Opaque::Name)
            .opaque_after(Opaque::Setting)
            .opaque_after(Opaque::Strings)
            .opaque_after(Opaque::Encoding),
        (SetPart::Name, _) => rest(),
        (SetPart::To(_), Tok::Dot) => rest(),
        (SetPart::To(setting), _) => to(SetPart::Value(setting)),
        (SetPart::Value(setting), _) if setting.allows(token) => rest(),
        (SetPart::Value(setting), _) => setting.mark(rest()),
        // A path in which temporary tables come last hides what DROP means.
        (SetPart::SearchPath, Tok::PgTemp | Tok::StrPgTemp | Tok::StrOdd | Tok::Unicode) => {
            rest().opaque_after(Opaque::Setting)
        }
        (SetPart::SearchPath, _) => to(part),
    }
}
