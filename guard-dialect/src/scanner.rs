//! What a dialect's lexer must be: a function of (state, byte).
//!
//! The compiler makes rows of the states that can be reached from
//! [`Scanner::START`], so there must be few of them: no counters, no text. What
//! needs memory is an event of [`guard_common::engine::event`].

use super::token::Tok;
use guard_common::engine::event;
use std::hash::Hash;

/// A lexer.
pub(crate) trait Scanner {
    /// What is known between two bytes.
    type State: Copy + Eq + Hash;

    /// Between two tokens.
    const START: Self::State;

    /// What `byte` does in `state`. NUL is the end of the text: it must come to
    /// an [`event::END`] whatever the state.
    fn step(&self, state: Self::State, byte: u8) -> Next<Self::State>;
}

/// What a byte does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next<S> {
    /// The next state.
    Go(S),
    /// An event; `other` is the state when the check of `kind` says so.
    Raise {
        token: Tok,
        kind: u8,
        consume: bool,
        next: S,
        other: S,
    },
}

/// A token that ends before this byte, which is stepped again from `next`.
pub(crate) fn before<S: Copy>(token: Tok, next: S) -> Next<S> {
    raise(token, event::TOKEN, false, next)
}

/// A token that ends with this byte.
pub(crate) fn with<S: Copy>(token: Tok, next: S) -> Next<S> {
    raise(token, event::TOKEN, true, next)
}

/// An event without a check.
pub(crate) fn raise<S: Copy>(token: Tok, kind: u8, consume: bool, next: S) -> Next<S> {
    Next::Raise {
        token,
        kind,
        consume,
        next,
        other: next,
    }
}
