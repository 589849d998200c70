//! Queries: SELECT, UPDATE and DELETE, from their first list to their end.

use super::automaton::{State, Step};
use super::condition::Condition;
use super::context::Context;
use super::name::NameKind;
use super::statement::Statement;
use super::token::Tok;
use super::word;
use guard_common::class::{Class, Where};
use guard_common::facts::Access;

/// A query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Query {
    pub(crate) context: Context,
    pub(crate) kind: Kind,
    pub(crate) part: Part,
    pub(crate) limit: Limit,
    /// Rows are few whatever WHERE says: a small LIMIT, or VALUES.
    pub(crate) few: bool,
    /// Weakest limit of the queries before a UNION.
    pub(crate) weakest: Option<Limit>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Select,
    Update,
    Delete,
    /// A parenthesis in a FROM list.
    Joined,
}

/// The part of the query that is being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Part {
    /// The target of UPDATE or DELETE has been read.
    Target,
    /// The list of SELECT or SET.
    List,
    /// INTO: a table is expected.
    Into,
    /// An item of FROM is expected.
    From,
    /// `ROWS`, of `ROWS FROM (…)`.
    Rows,
    /// The name of a function in FROM has been read.
    FromCall,
    /// Behind an item of FROM.
    Item,
    /// The condition of a join.
    On,
    /// Behind LIMIT.
    Limit,
    /// Behind UNION and the like: another query is expected.
    SetOp,
    /// Anything behind WHERE.
    Tail,
}

/// What limits the rows of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Limit {
    /// It reads no table.
    NoTable,
    /// No WHERE.
    Open,
    /// A WHERE that is not proved to limit.
    Tautology,
    /// A comparison with a value.
    Value,
    /// A comparison with another column.
    Joined,
}

impl From<Query> for State {
    fn from(query: Query) -> Self {
        Self::Query(query)
    }
}

impl Query {
    pub(crate) fn new(context: Context, kind: Kind, part: Part) -> Self {
        let context = Context {
            counted: true,
            ..context
        };
        let limit = match kind {
            Kind::Select | Kind::Joined => Limit::NoTable,
            Kind::Update | Kind::Delete => Limit::Open,
        };
        Self {
            context,
            kind,
            part,
            limit,
            few: false,
            weakest: None,
        }
    }

    fn part(self, part: Part) -> Self {
        Self { part, ..self }
    }

    /// The (class, WHERE) pair of the query that ends here.
    fn where_hits(self) -> u64 {
        let condition = match self.limit {
            _ if self.context.dry => return 0,
            Limit::NoTable => return 0,
            Limit::Open => Where::None,
            Limit::Tautology => Where::Tautology,
            Limit::Value | Limit::Joined => Where::Scoped,
        };
        match self.kind {
            Kind::Select => Class::Select.where_bit(condition),
            Kind::Update => Class::Update.where_bit(condition),
            Kind::Delete => Class::Delete.where_bit(condition),
            Kind::Joined => 0,
        }
    }

    /// How far a sub-select limits what is compared with it.
    fn as_subquery(self) -> Limit {
        let own = match self.limit {
            Limit::NoTable | Limit::Open | Limit::Tautology if self.few => Limit::Value,
            limit => limit,
        };
        self.weakest.map_or(own, |weakest| weakest.min(own))
    }

    fn finish(self, token: Tok) -> Step {
        let back = match self.as_subquery() {
            // For the list around it: does it read a table?
            _ if self.kind == Kind::Joined && self.limit == Limit::NoTable => Tok::BackValue,
            _ if self.kind == Kind::Joined => Tok::BackYes,
            Limit::Value => Tok::BackSubScoped,
            Limit::Joined => Tok::BackSubJoined,
            _ => Tok::BackOpen,
        };
        self.context.finish(token, back).hits(self.where_hits())
    }

    pub(crate) fn step(self, token: Tok) -> Step {
        match self.part {
            Part::From => self.item(token),
            Part::Rows => match token {
                Tok::From => Step::to(self.part(Part::FromCall)),
                _ => Step::to(self.part(Part::Item)).again(),
            },
            Part::Into => match token {
                Tok::Temp | Tok::Table | Tok::Local => Step::to(self),
                _ if token.is_name() => Step::to(self.part(Part::List))
                    .push(Statement::name(
                        self.context.access(Access::Write),
                        NameKind::Plain,
                    ))
                    .hits(self.context.hits(Class::Create))
                    .again(),
                _ => Step::to(self.part(Part::List)).again(),
            },
            Part::SetOp => match token {
                Tok::All | Tok::Distinct => Step::to(self),
                Tok::Select => Step::to(self.part(Part::List)).verb("SELECT"),
                Tok::Values => Step::to(self.few(Part::List)),
                Tok::Table => self.table(),
                Tok::Open => Step::to(self.part(Part::Tail))
                    .push(Statement::Parenthesis(self.context.inner())),
                _ => Step::to(self.part(Part::Tail)).again(),
            },
            _ => self.clause(token),
        }
    }

    /// `TABLE name`.
    pub(crate) fn table(self) -> Step {
        let query = Self {
            limit: Limit::Open,
            ..self.part(Part::Tail)
        };
        Step::to(query)
            .push(Statement::TargetName(Access::Read))
            .verb("TABLE")
    }

    /// An item of FROM is expected.
    fn item(self, token: Tok) -> Step {
        match token {
            Tok::Lateral | Tok::Only | Tok::JoinSide | Tok::Join => Step::to(self),
            Tok::Rows => Step::to(self.part(Part::Rows)),
            Tok::Open => Step::to(self.part(Part::Item))
                .push(Statement::FromParenthesis(self.context.inner())),
            _ if token.is_name() => Step::to(self.part(Part::Item))
                .push(Statement::name(Access::Read, NameKind::Item))
                .again(),
            _ => Step::to(self.part(Part::Item)).again(),
        }
    }

    /// Any part in which the words of the next clause have their meaning.
    fn clause(self, token: Tok) -> Step {
        use Tok::*;
        match token {
            Semi | End | Cut => self.finish(token),
            Close => self.finish(token),
            From if self.part != Part::Limit => Step::to(self.part(Part::From)),
            Into if matches!(self.part, Part::List) && self.kind == Kind::Select => {
                Step::to(self.part(Part::Into))
            }
            Where => Step::to(self.part(Part::Tail))
                .push(Condition::WHERE)
                .flag(guard_common::engine::action::PREDICATE),
            BackTautology | BackScoped | BackJoined if self.part == Part::Tail => {
                Step::to(self.limited(token))
            }
            BackYes if self.part == Part::Item => Step::to(Self {
                limit: self.limit.max(self::Limit::Open),
                few: false,
                ..self
            }),
            // `SELECT unnest($1)`, `FROM unnest($1)`.
            BackParam if self.limit == self::Limit::NoTable && self.kind == Kind::Select => {
                Step::to(self.few(self.part))
            }
            BackNo if self.part == Part::Item => Step::to(self.part(Part::FromCall)),
            BackYes | BackNo => Step::to(self),
            SetOp => {
                let weakest = Some(self.as_subquery().max(self::Limit::Tautology))
                    .filter(|_| self.context.parenthesis);
                let next = Self {
                    weakest,
                    ..Self::new(self.context, Kind::Select, Part::SetOp)
                };
                Step::to(next).hits(self.where_hits())
            }
            Limit | Fetch if self.part != Part::Limit => Step::to(self.part(Part::Limit)),
            Group | Having | Order | Window | Offset | For | Returning => {
                Step::to(self.part(Part::Tail))
            }
            Set if self.kind == Kind::Update && self.part == Part::Target => {
                Step::to(self.part(Part::List))
            }
            Using if self.kind == Kind::Delete && self.part == Part::Target => {
                Step::to(self.part(Part::From))
            }
            Comma if matches!(self.part, Part::Item | Part::On | Part::FromCall) => {
                Step::to(self.part(Part::From))
            }
            Join if matches!(self.part, Part::Item | Part::On | Part::FromCall) => {
                Step::to(self.part(Part::From))
            }
            On if self.part == Part::Item => Step::to(self.part(Part::On)),
            Conflict if self.part == Part::On => Step::to(self.part(Part::Tail)),
            Zero | Num | Param if self.part == Part::Limit => Step::to(self.few(Part::Tail)),
            _ => self.inside(token),
        }
    }

    /// Notes that the rows are few, for what is compared with them.
    pub(crate) fn few(self, part: Part) -> Self {
        Self {
            few: self.context.parenthesis,
            ..self.part(part)
        }
    }

    fn limited(self, token: Tok) -> Self {
        let limit = match token {
            Tok::BackScoped => Limit::Value,
            Tok::BackJoined => Limit::Joined,
            _ => Limit::Tautology,
        };
        // A second WHERE (of ON CONFLICT) limits nothing that counts.
        if self.limit <= Limit::Open {
            Self { limit, ..self }
        } else {
            self
        }
    }

    /// An expression, or an alias.
    fn inside(self, token: Tok) -> Step {
        let parenthesis = Statement::Parenthesis(self.context.inner());
        match (self.part, token) {
            (Part::FromCall, Tok::Open) => {
                Step::to(self.part(Part::Item)).push(Condition::PARENTHESIS)
            }
            (Part::Item | Part::Target, Tok::Open) => Step::to(self).push(parenthesis),
            (Part::Item | Part::Target | Part::FromCall, _) => Step::to(self),
            _ => word::expression(self.into(), token),
        }
    }
}
