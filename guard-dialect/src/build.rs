//! From the two specifications to [`Tables`].

use super::automaton::{State, Step};
use super::lexer::{Lex, Lexer, Next};
use super::minimise::minimise;
use super::statement::{Context, Statement};
use super::token::Tok;
use guard_common::engine::{Action, Event, STATE_BITS, Tables};
use guard_common::limits::{ACTIONS, CELLS, EVENTS, STEPS};
use std::collections::HashMap;
use std::hash::Hash;
use zerocopy::FromZeros;

/// Numbers things in the order in which they are first met.
#[derive(Debug)]
struct Numbering<T> {
    numbers: HashMap<T, usize>,
    items: Vec<T>,
}

impl<T: Copy + Eq + Hash> Numbering<T> {
    fn new() -> Self {
        Self {
            numbers: HashMap::new(),
            items: Vec::new(),
        }
    }

    fn number(&mut self, item: T) -> usize {
        *self.numbers.entry(item).or_insert_with(|| {
            self.items.push(item);
            self.items.len() - 1
        })
    }
}

/// Why a dialect cannot be compiled: a bound of the tables.
#[derive(Debug, thiserror::Error)]
#[error(
    "the dialect needs {needed} {what}, but the tables have room for {room}; raise guard_common::limits"
)]
pub struct TooLarge {
    what: &'static str,
    needed: usize,
    room: usize,
}

fn fits(what: &'static str, needed: usize, room: usize) -> Result<(), TooLarge> {
    if needed <= room {
        Ok(())
    } else {
        Err(TooLarge { what, needed, room })
    }
}

/// Sizes of a compiled dialect, for people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Rows of the lexer.
    pub rows: usize,
    /// Columns of the lexer.
    pub row_columns: usize,
    /// States of the statement automaton.
    pub states: usize,
    /// Columns of the statement automaton.
    pub state_columns: usize,
    /// Distinct events.
    pub events: usize,
    /// Distinct actions.
    pub actions: usize,
}

/// Compiles PostgreSQL's dialect.
///
/// # Errors
///
/// When it is larger than the tables.
pub fn postgresql() -> Result<(Box<Tables>, Size), TooLarge> {
    // On the heap from the start: the tables are larger than a stack.
    let mut tables = Tables::new_box_zeroed().map_err(|_error| TooLarge {
        what: "bytes of memory",
        needed: size_of::<Tables>(),
        room: 0,
    })?;
    let mut size = Size::default();
    let columns = automaton(&mut tables, &mut size)?;
    lexer(&mut tables, &mut size, &columns)?;
    Ok((tables, size))
}

/// Compiles the statement automaton; answers with the column of each token.
fn automaton(tables: &mut Tables, size: &mut Size) -> Result<Vec<u8>, TooLarge> {
    let mut states = Numbering::new();
    let first = states.number(State::from(Statement::Start(Context::TOP)));
    let dead = states.number(State::Dead);
    // (what happens, next state) of each state and token.
    let mut steps: Vec<Vec<(Step, usize)>> = Vec::new();
    while let Some(&state) = states.items.get(steps.len()) {
        let row = Tok::all().map(|token| {
            let step = state.step(token);
            if let Some(inner) = step.inner {
                states.number(inner);
            }
            let next = states.number(step.next);
            (step, next)
        });
        steps.push(row.collect());
    }
    // Classes of states that no token tells apart. What a step pushes is part of
    // what it does, so it is compared by class too.
    let inner: Vec<Vec<Option<usize>>> = steps
        .iter()
        .map(|row| {
            row.iter()
                .map(|(step, _)| step.inner.map(|s| states.numbers[&s]))
                .collect()
        })
        .collect();
    let mut effects = Numbering::new();
    let labelled: Vec<Vec<(usize, usize, usize)>> = steps
        .iter()
        .zip(&inner)
        .map(|(row, inner)| {
            row.iter()
                .zip(inner)
                .map(|(&(step, next), inner)| {
                    let bare = Step {
                        next: State::Dead,
                        inner: None,
                        ..step
                    };
                    (effects.number(bare), next, inner.unwrap_or(dead))
                })
                .collect()
        })
        .collect();
    let classes = minimise(&labelled);
    let count = classes.iter().copied().max().unwrap_or(0) + 1;
    let mut representative = vec![0; count];
    for (state, &class) in classes.iter().enumerate() {
        representative[class] = state;
    }
    // Columns: tokens that no class tells apart share one. Column 0 stays free.
    let mut seen: HashMap<Vec<(usize, usize, usize)>, usize> = HashMap::new();
    let mut column_of = Vec::new();
    for token in 0..Tok::COUNT {
        let key: Vec<_> = representative
            .iter()
            .map(|&state| {
                let (effect, next, inner) = labelled[state][token];
                (effect, classes[next], classes[inner])
            })
            .collect();
        let fresh = seen.len() + 1;
        column_of.push(if token == 0 {
            0
        } else {
            *seen.entry(key).or_insert(fresh)
        });
    }
    let stride = seen.len() + 1;
    let mut actions: Numbering<Action> = Numbering::new();
    let nothing = Action::new_zeroed();
    actions.number(nothing);
    fits("columns of tokens", stride, 256)?;
    fits("steps", stride * count, STEPS)?;
    for (class, &state) in representative.iter().enumerate() {
        for token in 1..Tok::COUNT {
            let (step, next) = steps[state][token];
            let inner = inner[state][token].map_or(0, |inner| classes[inner] * stride);
            let action = actions.number(Action {
                hits: step.hits,
                opaque: step.opaque,
                opaque_after: step.opaque_after,
                inner: inner as u32,
                flags: step.flags,
                back: step.back.map_or(0, |back| column_of[back as usize] as u8),
                resolve: step.resolve,
                verb: step.verb,
                access: step.access,
                ..nothing
            });
            tables.steps[class * stride + column_of[token]] =
                (classes[next] * stride) as u32 | (action << STATE_BITS) as u32;
        }
    }
    fits("actions", actions.items.len(), ACTIONS)?;
    tables.actions[..actions.items.len()].copy_from_slice(&actions.items);
    tables.first_state = (classes[first] * stride) as u32;
    tables.dead_state = (classes[dead] * stride) as u32;
    let answers = [
        Tok::ColumnNew,
        Tok::ColumnSame,
        Tok::ColumnOther,
        Tok::ColumnOther,
        Tok::TempYes,
        Tok::TempNo,
    ];
    for (slot, answer) in tables.answers.iter_mut().zip(answers) {
        *slot = column_of[answer as usize] as u8;
    }
    size.states = count;
    size.state_columns = stride;
    size.actions = actions.items.len();
    Ok(column_of.into_iter().map(|column| column as u8).collect())
}

/// Compiles the lexer.
fn lexer(tables: &mut Tables, size: &mut Size, token_columns: &[u8]) -> Result<(), TooLarge> {
    let spec = Lexer::new();
    let mut rows = Numbering::new();
    let start = rows.number(Lex::Start);
    let mut table: Vec<Vec<Next>> = Vec::new();
    while let Some(&row) = rows.items.get(table.len()) {
        let cells = (0..=255).map(|byte| {
            let next = spec.step(row, byte);
            match next {
                Next::Go(to) => {
                    rows.number(to);
                }
                Next::Raise { next, other, .. } => {
                    rows.number(next);
                    rows.number(other);
                }
            }
            next
        });
        table.push(cells.collect());
    }
    let mut effects = Numbering::new();
    let labelled: Vec<Vec<(usize, usize, usize)>> = table
        .iter()
        .map(|cells| {
            cells
                .iter()
                .map(|next| match *next {
                    Next::Go(to) => (0, rows.numbers[&to], start),
                    Next::Raise {
                        token,
                        kind,
                        consume,
                        next,
                        other,
                    } => (
                        effects.number((token, kind, consume)) + 1,
                        rows.numbers[&next],
                        rows.numbers[&other],
                    ),
                })
                .collect()
        })
        .collect();
    let classes = minimise(&labelled);
    let count = classes.iter().copied().max().unwrap_or(0) + 1;
    let mut representative = vec![0; count];
    for (row, &class) in classes.iter().enumerate() {
        representative[class] = row;
    }
    let mut seen: HashMap<Vec<(usize, usize, usize)>, usize> = HashMap::new();
    let mut column_of = Vec::new();
    for byte in 0..256 {
        let key: Vec<_> = representative
            .iter()
            .map(|&row| {
                let (effect, next, other) = labelled[row][byte];
                (effect, classes[next], classes[other])
            })
            .collect();
        let fresh = seen.len();
        column_of.push(*seen.entry(key).or_insert(fresh));
    }
    let stride = seen.len();
    fits("cells", stride * count, CELLS)?;
    let mut events: Numbering<Event> = Numbering::new();
    for (class, &row) in representative.iter().enumerate() {
        for byte in 0..256 {
            let cell = match table[row][byte] {
                Next::Go(to) => (classes[rows.numbers[&to]] * stride) as u32,
                Next::Raise {
                    token,
                    kind,
                    consume,
                    next,
                    other,
                } => {
                    let event = events.number(Event {
                        next: (classes[rows.numbers[&next]] * stride) as u32,
                        alternative: (classes[rows.numbers[&other]] * stride) as u32,
                        token: token_columns[token as usize],
                        kind,
                        consume: u8::from(consume),
                        reserved: 0,
                    });
                    (CELLS + event) as u32
                }
            };
            tables.cells[class * stride + column_of[byte]] = cell;
        }
    }
    fits("events", events.items.len(), EVENTS)?;
    tables.events[..events.items.len()].copy_from_slice(&events.items);
    for (slot, column) in tables.columns.iter_mut().zip(&column_of) {
        *slot = *column as u8;
    }
    tables.first_row = (classes[start] * stride) as u32;
    size.rows = count;
    size.row_columns = stride;
    size.events = events.items.len();
    Ok(())
}
