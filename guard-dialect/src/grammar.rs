//! The statement automaton with numbers for its states, tokens and effects, and
//! what a token does to a few frames of it.

use super::automaton::{State, Step};
use super::dialect::form;
use super::minimise::{Cell, Reduced};
use super::numbering::Numbering;
use super::token::Tok;
use guard_common::engine::{action, resolve};
use guard_common::protocol::Dialect;
use std::collections::HashMap;

/// What a token does in a state.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Move {
    pub(crate) effect: usize,
    pub(crate) next: usize,
    /// The state entered, where the effect pushes.
    pub(crate) inner: usize,
}

/// The automaton: states that no token tells apart are one, and so are tokens
/// that no state tells apart.
#[derive(Debug)]
pub(crate) struct Grammar {
    /// Of each state, by column.
    pub(crate) moves: Vec<Vec<Move>>,
    /// Everything that happens besides the change of state.
    pub(crate) effects: Vec<Step>,
    /// Column of each token; 0 stands for "no token".
    columns: Vec<u8>,
    /// Number of columns, column 0 included.
    pub(crate) width: usize,
    pub(crate) first: usize,
    pub(crate) dead: usize,
    /// Number of each state that can be reached.
    numbers: HashMap<State, usize>,
}

/// What a token does to some frames, up to the point where the frames below
/// them or the interpreter decide.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// What happens besides, in order: indexes of effects.
    pub(crate) effects: Vec<usize>,
    /// The frames afterwards, outermost first; empty: all were left.
    pub(crate) frames: Vec<usize>,
    /// Columns that are still to be fed, the next one last.
    pub(crate) pending: Vec<u8>,
    /// A name is taken, or it cannot be told.
    pub(crate) names: bool,
    /// A name that was read before is used.
    pub(crate) calls: bool,
    /// The name so far goes on.
    pub(crate) dotted: bool,
}

/// Steps for one token, far more than a grammar takes.
const MAX_STEPS: usize = 64;

impl Grammar {
    /// Numbers what can be reached from `first` in a dialect by the tokens that its
    /// lexer gives.
    pub(crate) fn new(dialect: Dialect, first: State, spoken: &[Tok]) -> Self {
        let mut states = Numbering::new();
        let mut effects = Numbering::new();
        let first = states.number(form(dialect, first));
        let dead = states.number(State::Dead);
        // Any other token would only make the automaton larger.
        let unspoken = (
            effects.number(Step::to(State::Dead)) as u32,
            dead as u32,
            dead as u32,
        );
        let mut table: Vec<Vec<Cell>> = Vec::new();
        while let Some(&state) = states.items.get(table.len()) {
            let row = Tok::all().map(|token| {
                if !token.is_answer() && !spoken.contains(&token) {
                    return unspoken;
                }
                let step = state.step(token);
                let inner = step.inner.map_or(State::Dead, |inner| form(dialect, inner));
                let inner = states.number(inner);
                let next = states.number(form(dialect, step.next));
                let effect = effects.number(Step {
                    next: State::Dead,
                    inner: None,
                    ..step
                });
                (effect as u32, next as u32, inner as u32)
            });
            table.push(row.collect());
        }
        let reduced = Reduced::new(&table, Tok::COUNT);
        let class = |state: u32| reduced.classes[state as usize] as usize;
        let width = reduced.width + 1;
        let nothing = Move {
            effect: 0,
            next: class(dead as u32),
            inner: class(dead as u32),
        };
        let moves = reduced.representatives.iter().map(|&row| {
            let mut moves = vec![nothing; width];
            for (token, &(effect, next, inner)) in table[row].iter().enumerate() {
                moves[reduced.columns[token] + 1] = Move {
                    effect: effect as usize,
                    next: class(next),
                    inner: class(inner),
                };
            }
            moves
        });
        Self {
            moves: moves.collect(),
            effects: effects.items,
            columns: reduced.columns.iter().map(|c| (c + 1) as u8).collect(),
            width,
            first: class(first as u32),
            dead: class(dead as u32),
            numbers: (0..)
                .zip(states.items)
                .map(|(number, state)| (state, class(number)))
                .collect(),
        }
    }

    /// The number of `state`; none when it cannot be reached.
    pub(crate) fn state(&self, state: State) -> Option<usize> {
        self.numbers.get(&state).copied()
    }

    /// The column of `token`; 0: none.
    pub(crate) fn column(&self, token: Tok) -> u8 {
        match token {
            Tok::Nothing => 0,
            _ => self.columns[token as usize],
        }
    }

    /// What the token of `column` does to `frames`, which are not empty. `held`:
    /// that a word is taken is no effect, because it can be read again.
    pub(crate) fn run(&self, frames: &[usize], column: u8, held: bool) -> Outcome {
        let mut outcome = Outcome {
            frames: frames.to_vec(),
            pending: vec![column],
            ..Outcome::default()
        };
        for _ in 0..MAX_STEPS {
            let Some(&state) = outcome.frames.last() else {
                break;
            };
            let Some(column) = outcome.pending.pop() else {
                break;
            };
            let step = self.moves[state][usize::from(column)];
            let effect = &self.effects[step.effect];
            if !effect.is_quiet(held) {
                outcome.effects.push(step.effect);
            }
            outcome.calls |= effect.flags & (action::CALL | action::SAFE_CALL) != 0;
            outcome.dotted |= effect.flags & action::DOTTED != 0;
            outcome.names |= effect.flags & action::TAKES != 0;
            if effect.flags & action::AGAIN != 0 {
                outcome.pending.push(column);
            }
            outcome.frames.pop();
            if effect.flags & action::POP == 0 {
                outcome.frames.push(step.next);
            }
            if effect.flags & action::PUSH != 0 {
                outcome.frames.push(step.inner);
            }
            if let Some(back) = effect.back {
                outcome.pending.push(self.column(back));
            }
            if effect.resolve != resolve::NONE || effect.flags & action::RESET != 0 {
                break;
            }
        }
        outcome.names |= !outcome.pending.is_empty();
        outcome
    }
}

impl Step {
    /// Does nothing happen but a change of frames (and words that are `held`)?
    pub(crate) fn is_quiet(&self, held: bool) -> bool {
        const FRAMES: u32 = action::PUSH | action::POP | action::AGAIN;
        const SPELLING: u32 = action::SPELL | action::DOTTED;
        let allowed = if held { FRAMES | SPELLING } else { FRAMES };
        self.hits == 0
            && self.opaque == 0
            && self.opaque_after == 0
            && self.flags & !allowed == 0
            && self.resolve == resolve::NONE
            && self.verb == 0
            && self.operation == 0
            && self.session == 0
    }
}
