//! Where a statement stands, and how one ends.

use super::automaton::{State, Step};
use super::statement::Statement;
use super::token::Tok;
use guard_common::class::Class;
use guard_common::engine::action;
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

    /// A sub-select in an expression.
    pub(crate) const SUBSELECT: Self = Self {
        parenthesis: true,
        dry: false,
        counted: true,
    };

    /// A statement in a parenthesis of this one.
    pub(crate) fn inner(self) -> Self {
        Self {
            parenthesis: true,
            counted: true,
            ..self
        }
    }

    /// Counted as part of the statement around it.
    pub(crate) fn counted(self) -> Self {
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
