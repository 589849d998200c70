//! States and steps of the statement automaton, as rich types; `build` numbers
//! those that can be reached.

use super::condition::{Condition, Predicate};
use super::mysql;
use super::select::Query;
use super::statement::Statement;
use super::token::Tok;
use super::word::Word;
use guard_common::class::{Class, Opaque, Where};
use guard_common::engine::{VERB_NAMES, action, resolve};
use guard_common::facts::Access;

/// A state: what the innermost open construct is, and how far it has been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum State {
    /// A statement, or the part of it that is not a query.
    Statement(Statement),
    /// A statement of MySQL's, or such a part of it.
    MySql(mysql::Statement),
    /// A query with a FROM list and WHERE: SELECT, UPDATE, DELETE.
    Query(Query),
    /// A list of conditions: WHERE, or a parenthesis in one.
    Condition(Condition),
    /// One condition without AND and OR.
    Predicate(Predicate),
    /// A name or a few words inside an expression.
    Word(Word),
    /// Behind a bound: nothing is read any more.
    Dead,
}

impl State {
    /// What `token` does.
    pub(crate) fn step(self, token: Tok) -> Step {
        if token == Tok::SavedVariable && !mysql::takes_saved(self) {
            return mysql::spoil_saved(self.step(Tok::Variable));
        }
        match self {
            Self::Statement(statement) => statement.step(token),
            Self::MySql(statement) => statement.step(token),
            Self::Query(query) => query.step(token),
            Self::Condition(condition) => condition.step(token),
            Self::Predicate(predicate) => predicate.step(token),
            Self::Word(word) => word.step(token),
            Self::Dead => Step::to(Self::Dead),
        }
    }
}

/// The next state and everything that happens on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Step {
    pub(crate) next: State,
    pub(crate) inner: Option<State>,
    pub(crate) back: Option<Tok>,
    pub(crate) hits: u64,
    pub(crate) opaque: u32,
    pub(crate) opaque_after: u32,
    pub(crate) flags: u32,
    pub(crate) resolve: u8,
    pub(crate) verb: u8,
    pub(crate) access: u8,
    pub(crate) operation: u8,
    pub(crate) session: u8,
}

impl Step {
    /// Goes to `next`.
    pub(crate) fn to(next: impl Into<State>) -> Self {
        Self {
            next: next.into(),
            inner: None,
            back: None,
            hits: 0,
            opaque: 0,
            opaque_after: 0,
            flags: 0,
            resolve: resolve::NONE,
            verb: 0,
            access: 0,
            operation: 0,
            session: 0,
        }
    }

    /// Leaves this frame; the suspended state is fed `back`.
    pub(crate) fn pop(back: Tok) -> Self {
        Self {
            back: Some(back),
            flags: action::POP,
            ..Self::to(State::Dead)
        }
    }

    /// Suspends `next` and enters `inner`.
    pub(crate) fn push(mut self, inner: impl Into<State>) -> Self {
        self.inner = Some(inner.into());
        self.flag(action::PUSH)
    }

    /// The token is fed again where this step leads to.
    pub(crate) fn again(self) -> Self {
        self.flag(action::AGAIN)
    }

    /// Adds a class.
    pub(crate) fn hit(self, class: Class) -> Self {
        self.hits(class.bit())
    }

    /// Adds classes, as bits.
    pub(crate) fn hits(mut self, hits: u64) -> Self {
        self.hits |= hits;
        self
    }

    /// A call of a function that is not known to be safe. It may do anything,
    /// so nothing is known of temporary tables any more.
    pub(crate) fn unsafe_call(self) -> Self {
        self.hit(Class::Function)
            .flag(action::FORGET | action::CALL)
    }

    /// A call of a function that is known to be safe.
    pub(crate) fn safe_call(self) -> Self {
        self.flag(action::SAFE_CALL)
    }

    /// A query of `class` ends, whose tables are limited by `condition`.
    pub(crate) fn limited(mut self, class: Class, condition: Where) -> Self {
        self.access = condition as u8;
        self.hits(class.where_bit(condition)).flag(action::LIMITED)
    }

    /// Adds a reason for which the message is opaque.
    pub(crate) fn opaque(mut self, reason: Opaque) -> Self {
        self.opaque |= reason.bit();
        self
    }

    /// Adds a reason for which the rest of the connection is opaque.
    pub(crate) fn opaque_after(mut self, reason: Opaque) -> Self {
        self.opaque_after |= reason.bit();
        self
    }

    /// Adds a bit above those of [`Opaque`] to what holds for the rest of the
    /// connection: `AFTER_…` of [`guard_common::engine`].
    pub(crate) fn after(mut self, bit: u32) -> Self {
        self.opaque_after |= bit;
        self
    }

    /// Adds bits of [`action`].
    pub(crate) fn flag(mut self, flags: u32) -> Self {
        self.flags |= flags;
        self
    }

    /// Notes a verb of [`VERB_NAMES`].
    pub(crate) fn verb(mut self, name: &str) -> Self {
        let found = VERB_NAMES.iter().position(|verb| *verb == name);
        debug_assert!(found.is_some(), "no such verb: {name}");
        self.verb = found.and_then(|verb| u8::try_from(verb).ok()).unwrap_or(0);
        self
    }

    /// The kept name is a table's.
    pub(crate) fn table(mut self, access: Access) -> Self {
        self.access = access as u8;
        self.flag(action::TABLE)
    }

    /// Does something with the prepared statement of the name just read: one of
    /// [`guard_common::facts::operation`].
    pub(crate) fn operate(mut self, operation: u8) -> Self {
        self.operation = operation;
        self.flag(action::SPELL)
    }

    /// Adds bits of [`guard_common::facts::Facts::session`].
    pub(crate) fn session(mut self, bits: u8) -> Self {
        self.session |= bits;
        self
    }

    /// Asks the interpreter, see [`resolve`].
    pub(crate) fn resolve(mut self, question: u8) -> Self {
        self.resolve = question;
        self
    }
}
