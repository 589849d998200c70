//! Queries: SELECT, UPDATE and DELETE, from their first list to their end.

use super::automaton::{State, Step};
use super::condition::Condition;
use super::context::Context;
use super::level::Level;
use super::name::NameKind;
use super::sources::{Limit, Rows, Sources};
use super::statement::Statement;
use super::token::Tok;
use super::word;
use guard_common::class::{Class, UNLIMITED, Where};
use guard_common::engine::action;
use guard_common::facts::Access;

/// A query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Query {
    pub(crate) context: Context,
    pub(crate) kind: Kind,
    pub(crate) part: Part,
    pub(crate) sources: Sources,
    pub(crate) limit: Limit,
    /// A small LIMIT, or VALUES.
    pub(crate) few: bool,
    /// LIMIT bounds the rows that go to the client.
    pub(crate) bounded: bool,
    /// Weakest of the queries before a UNION; of rows that go to the client only
    /// whether they are a table's.
    pub(crate) weakest: Option<Rows>,
    /// In MySQL's form.
    pub(crate) mysql: bool,
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
    IntoTemporary,
    /// An item of FROM is expected.
    From,
    /// The name of a function in FROM has been read: its arguments follow.
    FromCall,
    /// The same, of a function that makes a list.
    FromSeries,
    /// Behind an item of FROM.
    Item,
    /// Behind AS in a list.
    Label,
    /// Behind ON, up to the end of the condition there.
    On,
    /// Behind FETCH; behind LIMIT; behind its number.
    Fetch,
    Limit,
    Limited,
    /// Behind `LIMIT 0`, unless that number goes on.
    LimitedToNone,
    /// Behind USE INDEX and the like: its list follows.
    Hint,
    /// Behind USING: columns of a join, or the tables of a DELETE.
    Using,
    /// Behind ON, behind the query of an INSERT.
    Upsert,
    /// Behind FOR, which may belong to an item.
    For,
    /// Behind `{`, of `{OJ …}`.
    Brace,
    /// Behind UNION and the like: another query is expected.
    SetOp,
    /// Anything behind WHERE.
    Tail,
}

impl From<Query> for State {
    fn from(query: Query) -> Self {
        Self::Query(query)
    }
}

impl Query {
    pub(crate) fn new(context: Context, kind: Kind, part: Part) -> Self {
        // Of a query that is only planned the WHERE is left out by the interpreter.
        let context = Context {
            counted: true,
            dry: false,
            ..context
        };
        let sources = match kind {
            Kind::Select | Kind::Joined => Sources::NONE,
            Kind::Update | Kind::Delete => Sources::TARGET,
        };
        Self {
            context,
            kind,
            part,
            sources,
            limit: Limit::Open,
            few: false,
            bounded: false,
            weakest: None,
            mysql: false,
        }
    }

    pub(crate) fn part(self, part: Part) -> Self {
        Self { part, ..self }
    }

    /// Behind an item of FROM that reported `token`.
    fn source(self, token: Tok) -> Self {
        Self {
            sources: self.sources.with(token),
            ..self.part(Part::Item)
        }
    }

    /// Notes the WHERE of the query that ends with `step`.
    pub(crate) fn ending(self, step: Step) -> Step {
        let joined = self.mysql && self.sources.joined_to_few();
        if !self.sources.tables {
            return step;
        }
        let condition = match self.limit {
            Limit::Open | Limit::Tautology if joined => Where::Scoped,
            Limit::Open => Where::None,
            // What belongs to a row outside is limited where that row is.
            Limit::Linked if self.context.parenthesis => Where::Scoped,
            Limit::Tautology | Limit::Linked => Where::Tautology,
            Limit::Value | Limit::Both => Where::Scoped,
        };
        match self.kind {
            Kind::Select => step.limited(Class::Select, condition),
            Kind::Update => step.limited(Class::Update, condition),
            Kind::Delete => step.limited(Class::Delete, condition),
            Kind::Joined => step,
        }
    }

    /// Are rows of a table among those that go to the client?
    fn reads(self) -> bool {
        self.sources.tables || !self.context.parenthesis && self.weakest.is_some()
    }

    /// The bit of a SELECT whose rows nothing bounds.
    fn unlimited(self) -> u64 {
        let returns = self.kind == Kind::Select && !self.context.parenthesis && !self.context.dry;
        if self.reads() && returns && !self.bounded {
            UNLIMITED
        } else {
            0
        }
    }

    /// How far a sub-select limits what is compared with it.
    pub(crate) fn rows(self) -> Rows {
        let own = match self.limit {
            Limit::Both => Rows::Correlated,
            Limit::Value => Rows::Few,
            Limit::Linked => Rows::Linked,
            Limit::Open | Limit::Tautology => match self.sources.rows() {
                Rows::Open if self.few => Rows::Few,
                // A value of its own: perhaps 0, which any text is equal to.
                Rows::Few if self.mysql && self.sources.count == 0 => Rows::Open,
                rows => rows,
            },
        };
        self.weakest.map_or(own, |weakest| weakest.min(own))
    }

    fn finish(self, token: Tok) -> Step {
        let back = match self.kind {
            // For the list around it: what has it read?
            Kind::Joined => self.sources.token(),
            _ => self.rows().token(),
        };
        self.ending(self.context.finish(token, back))
            .hits(self.unlimited())
    }

    pub(crate) fn step(self, token: Tok) -> Step {
        match self.part {
            Part::From => self.item(token),
            Part::Label => match token {
                Tok::Semi | Tok::End | Tok::Cut | Tok::Close => self.clause(token),
                _ => Step::to(self.part(Part::List)),
            },
            // FIRST or NEXT.
            Part::Fetch if token.is_name() => Step::to(self.part(Part::Limit)),
            Part::Fetch => Step::to(self.part(Part::Limit)).again(),
            // `LIMIT 5 + 1000`, `FETCH FIRST 1 ROW WITH TIES`.
            Part::LimitedToNone => match token {
                Tok::Semi | Tok::End | Tok::Close | Tok::Offset => {
                    Step::to(self.none().part(Part::Tail)).again()
                }
                _ => Step::to(self.part(Part::Limited)).again(),
            },
            Part::Limited => match token {
                Tok::Plus
                | Tok::Minus
                | Tok::Star
                | Tok::Arith
                | Tok::Operator
                | Tok::With
                | Tok::Match => Step::to(Self {
                    few: false,
                    bounded: false,
                    ..self.part(Part::Tail)
                }),
                _ => self.clause(token),
            },
            Part::Into if self.mysql => match token {
                Tok::Outfile => {
                    Step::to(self.into_target()).hits(self.context.hits(Class::IntoFile))
                }
                _ => Step::to(self.into_target()),
            },
            Part::Hint => match token {
                Tok::From if self.kind == Kind::Delete => Step::to(self.again_from()),
                Tok::Open => Step::to(self.part(Part::Item))
                    .push(Statement::Parenthesis(self.context.inner())),
                Tok::Semi | Tok::End | Tok::Cut | Tok::Close => self.finish(token),
                _ => Step::to(self),
            },
            Part::Using => match token {
                Tok::Open => Step::to(self.joined(Level::LINK))
                    .push(Statement::Parenthesis(self.context.inner())),
                _ => Step::to(self.again_from()).again(),
            },
            Part::For => match token {
                Tok::Update => Step::to(self.settled().part(Part::Tail)),
                _ => Step::to(self.part(Part::Item)).again(),
            },
            Part::Upsert if token != Tok::Duplicate => Step::to(self.part(Part::Tail)).again(),
            Part::Brace => Step::to(self.part(Part::From)),
            Part::Into => match token {
                Tok::Temp => Step::to(self.part(Part::IntoTemporary)),
                Tok::Table | Tok::Local => Step::to(self),
                _ if token.is_name() => self.into_table(Class::Create),
                _ => Step::to(self.part(Part::List)).again(),
            },
            Part::IntoTemporary => match token {
                Tok::Table => Step::to(self),
                _ if token.is_name() => self.into_table(Class::Session),
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

    /// Behind the parenthesis that a query begins with. What is in it may be
    /// any rows.
    pub(crate) fn enclosed(context: Context) -> Self {
        let query = Self::new(context, Kind::Select, Part::Tail);
        Self {
            weakest: (!query.context.parenthesis).then_some(Rows::Open),
            ..query
        }
    }

    /// `TABLE name`.
    pub(crate) fn table(self) -> Step {
        Step::to(self.part(Part::Item))
            .push(Statement::TargetName(Access::Read))
            .verb("TABLE")
    }

    /// An item of FROM is expected.
    fn item(self, token: Tok) -> Step {
        match token {
            Tok::Lateral | Tok::Only | Tok::JoinSide | Tok::Join => Step::to(self),
            Tok::From | Tok::Hint if self.mysql => Step::to(self),
            Tok::Brace => Step::to(self.part(Part::Brace)),
            Tok::Dual => Step::to(self.part(Part::Item)),
            // `ROWS FROM (…)`, or a table of that name: the frame tells.
            Tok::Rows => Step::to(self.part(Part::Item))
                .push(Statement::name_behind(Access::Read, NameKind::Item))
                .flag(action::NAME | action::KEEP),
            Tok::Open => Step::to(self.part(Part::Item))
                .push(Statement::FromParenthesis(self.context.inner())),
            _ if token.is_name() => Step::to(self.part(Part::Item))
                .push(Statement::name(self.item_access(), NameKind::Item))
                .again(),
            _ => Step::to(self.part(Part::Item)).again(),
        }
    }

    /// Any part in which the words of the next clause have their meaning.
    fn clause(self, token: Tok) -> Step {
        use Tok::*;
        match token {
            On if self.part == Part::Item => Step::to(self.part(Part::On)),
            // ON DUPLICATE KEY UPDATE, of the INSERT around it.
            On if self.mysql && self.part == Part::Tail => Step::to(self.part(Part::Upsert)),
            Duplicate => self.conflict().hits(self.upsert()),
            // `SELECT a INTO @b FROM c`, or at the end.
            Into if self.mysql && self.kind == Kind::Select && self.part == Part::List => {
                Step::to(self.part(Part::Into))
            }
            Into if self.mysql && self.kind == Kind::Select => {
                Step::to(self.settled().part(Part::Into))
            }
            For if self.mysql && self.part == Part::Item => Step::to(self.part(Part::For)),
            Use | Hint if self.part == Part::Item => Step::to(self.part(Part::Hint)),
            From if self.mysql && self.kind == Kind::Delete && self.part == Part::Item => {
                Step::to(self.again_from())
            }
            Using if self.mysql && self.kind == Kind::Delete && self.part == Part::Item => {
                Step::to(self.part(Part::Using))
            }
            // `INSERT … SELECT … ON CONFLICT`: what follows is not the query's.
            Conflict if self.part == Part::On => self.conflict(),
            On if self.part == Part::Tail => self.conflict(),
            // The same without FROM.
            Do if self.part == Part::List => self.conflict().again(),
            _ if self.part == Part::On => match Level::from_token(token) {
                Some(level) => Step::to(self.joined(level)),
                None => Step::to(self)
                    .push(Condition::WHERE)
                    .flag(action::PREDICATE)
                    .again(),
            },
            Semi | End | Cut | Close => self.finish(token),
            From if self.part == Part::List => Step::to(self.part(Part::From)),
            Into if matches!(self.part, Part::List) && self.kind == Kind::Select => {
                Step::to(self.part(Part::Into))
            }
            Where => Step::to(self.part(Part::Tail))
                .push(Condition::WHERE)
                .flag(action::PREDICATE),
            _ if self.part.is_call() && token.is_answer() => match token {
                BackParam => Step::to(self.source(token)),
                BackColumn | BackSibling | BackDerived | BackSystem | BackSame | BackBad => {
                    Step::to(self.source(BackDerived))
                }
                // A list that is written out.
                BackConst if self.part == Part::FromCall => Step::to(self.source(BackParam)),
                _ => Step::to(self.source(BackOpen)),
            },
            _ if token >= BackTautology && token <= BackScopedTwice => match self.part {
                Part::Tail => Step::to(self.limited(token)),
                _ => Step::to(self),
            },
            BackYes | BackMany | BackWithOpen | BackWithFew | BackOpen | BackSubLinked
            | BackSubScoped | BackSubJoined
                if self.part == Part::Item =>
            {
                Step::to(self.source(token))
            }
            // `SELECT unnest($1)`.
            BackParam if self.sources.count == 0 && self.kind == Kind::Select => {
                Step::to(self.few(self.part))
            }
            BackColumn | BackDerived if self.part == Part::List && self.kind == Kind::Select => {
                Step::to(Self {
                    sources: self.sources.with_column(self.context.parenthesis),
                    ..self
                })
            }
            As if self.part == Part::List => Step::to(self.part(Part::Label)),
            BackNo if self.part == Part::Item => Step::to(self.part(Part::FromCall)),
            BackSeries if self.part == Part::Item => Step::to(self.part(Part::FromSeries)),
            BackOpen if self.part == Part::List => Step::to(Self {
                sources: self.sources.with_column(true),
                ..self
            }),
            // A temporary table of the text's own.
            BackNo if self.part == Part::Target => Step::to(Self {
                sources: Sources::OWN,
                ..self
            }),
            BackYes | BackNo => Step::to(self),
            SetOp => {
                let rows = match self.rows() {
                    self::Rows::Few | self::Rows::Correlated => self::Rows::Few,
                    _ => self::Rows::Open,
                };
                let weakest = if self.context.parenthesis {
                    Some(rows)
                } else {
                    self.reads().then_some(self::Rows::Open)
                };
                let next = Self {
                    weakest,
                    ..Self::new(self.context, Kind::Select, Part::SetOp)
                };
                self.ending(Step::to(next))
            }
            Limit if self.part != Part::Limit => Step::to(self.settled().part(Part::Limit)),
            Fetch if self.part != Part::Limit => Step::to(self.settled().part(Part::Fetch)),
            Group | Having | Order | Window | Offset | For | Returning => {
                Step::to(self.settled().part(Part::Tail))
            }
            Set if self.kind == Kind::Update && matches!(self.part, Part::Target | Part::Item) => {
                Step::to(self.part(Part::List))
            }
            Using if self.kind == Kind::Delete && self.part == Part::Target => {
                Step::to(self.part(Part::From))
            }
            Comma if self.part == Part::Item || self.part.is_call() => {
                Step::to(self.part(Part::From))
            }
            Join if self.part == Part::Item || self.part.is_call() => {
                Step::to(self.part(Part::From))
            }
            Natural if self.part == Part::Item => Step::to(Self {
                sources: self.sources.before_natural_join(),
                ..self
            }),
            JoinSide if self.part == Part::Item => Step::to(Self {
                sources: self.sources.outer_join(),
                ..self.part(Part::Item)
            }),
            Using if self.part == Part::Item => Step::to(self.joined(Level::LINK)),
            Naught if self.part == Part::Limit => Step::to(self.bounded().few(Part::LimitedToNone)),
            Zero | Small | Param if self.part == Part::Limit => {
                Step::to(self.bounded().few(Part::Limited))
            }
            Num | Only if self.part == Part::Limit => Step::to(self.bounded().part(Part::Limited)),
            // ALL, NULL, a great number, an expression: no bound that is known.
            Long | Big | All | Null | Open if self.part == Part::Limit => {
                Step::to(self.part(Part::Tail)).again()
            }
            _ => self.inside(token),
        }
    }

    /// An expression, or an alias.
    fn inside(self, token: Tok) -> Step {
        let parenthesis = Statement::Parenthesis(self.context.inner());
        match (self.part, token) {
            (Part::FromCall | Part::FromSeries, Tok::Open) => {
                Step::to(self).push(Condition::PARENTHESIS)
            }
            (Part::Item | Part::Target, Tok::Open) => Step::to(self).push(parenthesis),
            (Part::Item | Part::Target | Part::FromCall | Part::FromSeries, _) => Step::to(self),
            _ => word::expression(self.into(), token),
        }
    }
}
