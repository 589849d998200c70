//! The statement automaton with numbers for its states, tokens and effects, and
//! what a token does to a few frames of it.

use super::automaton::{State, Step};
use super::dialect::form;
use super::fed;
use super::minimise::{Cell, Reduced};
use super::numbering::Numbering;
use super::token::Tok;
use guard_common::class::Opaque;
use guard_common::engine::{action, resolve};
use guard_common::protocol::Dialect;
use std::collections::HashMap;

/// What a token does in a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
        let (first, dead) = (class(first as u32), class(dead as u32));
        let by_token: Vec<Vec<Move>> = reduced
            .representatives
            .iter()
            .map(|&row| {
                let cells = table[row].iter();
                let moves = cells.map(|&(effect, next, inner)| Move {
                    effect: effect as usize,
                    next: class(next),
                    inner: class(inner),
                });
                moves.collect()
            })
            .collect();
        let fed = fed::fed(&by_token, &effects.items, first, dead);
        let (columns, width) = fed::columns(&by_token, &fed);
        // What never comes is not passed over, should it come.
        let astray = Step::to(State::Dead).opaque(Opaque::Limit);
        let nothing = Move {
            effect: effects.number(astray),
            next: dead,
            inner: dead,
        };
        let moves = by_token.iter().zip(&fed).map(|(by_token, fed)| {
            let mut moves = vec![nothing; width];
            for token in Tok::all().filter(|token| fed::comes(*fed, *token)) {
                moves[columns[token as usize]] = by_token[token as usize];
            }
            moves
        });
        Self {
            moves: moves.collect(),
            effects: effects.items,
            columns: columns.iter().map(|column| *column as u8).collect(),
            width,
            first,
            dead,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::Context;
    use crate::statement::Statement;

    /// A number below `bound`, the next of a fixed sequence.
    fn draw(seed: &mut u64, bound: usize) -> usize {
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (*seed >> 33) as usize % bound
    }

    /// From every state the numbered automaton does what the types say, also where
    /// answers share a column.
    #[test]
    fn numbers_say_what_the_types_say() {
        let dialect = Dialect::Postgresql;
        let spoken: Vec<Tok> = Tok::all()
            .filter(|token| *token != Tok::Nothing && !token.is_answer())
            .take(180)
            .collect();
        let first = State::from(Statement::Start(Context::TOP));
        let grammar = Grammar::new(dialect, first, &spoken);
        let mut answers = 0;
        let mut seed = 1;
        let states: Vec<State> = grammar.numbers.keys().copied().collect();
        for start in states.iter().cycle().take(8 * states.len()) {
            let mut frames = vec![*start];
            let mut queue = Vec::new();
            for _ in 0..24 {
                let token = queue
                    .pop()
                    .unwrap_or_else(|| spoken[draw(&mut seed, spoken.len())]);
                answers += usize::from(token.is_answer());
                let Some(state) = frames.pop() else {
                    break;
                };
                let step = state.step(token);
                let moved =
                    grammar.moves[grammar.numbers[&state]][usize::from(grammar.column(token))];
                let known = grammar.effects[moved.effect];
                let bare = Step {
                    next: State::Dead,
                    inner: None,
                    ..step
                };
                assert_eq!(known, bare, "{token:?} in {state:?}");
                if step.flags & action::AGAIN != 0 {
                    queue.push(token);
                }
                let asked: &[Tok] = match step.resolve {
                    resolve::NONE => &[],
                    resolve::COLUMN => &[Tok::ColumnNew, Tok::ColumnSame, Tok::ColumnOther],
                    resolve::BOUNDED => &[Tok::ColumnSame, Tok::ColumnOther],
                    resolve::TEMPORARY => &[Tok::TempYes, Tok::TempNo],
                    _ => &[Tok::TempNo, Tok::WithOpen, Tok::WithFew],
                };
                if !asked.is_empty() {
                    queue.push(asked[draw(&mut seed, asked.len())]);
                }
                if let Some(back) = step.back {
                    queue.push(back);
                    continue;
                }
                let next = form(dialect, step.next);
                assert_eq!(moved.next, grammar.numbers[&next], "{token:?} in {state:?}");
                frames.push(next);
                if let Some(inner) = step.inner {
                    let inner = form(dialect, inner);
                    assert_eq!(
                        moved.inner, grammar.numbers[&inner],
                        "{token:?} in {state:?}"
                    );
                    frames.push(inner);
                }
            }
        }
        assert!(answers > 10_000, "{answers} answers were fed");
    }
}
