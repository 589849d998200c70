//! From the two specifications to [`Tables`].

use super::automaton::{State, Step};
use super::context::Context;
use super::lexer::{Lex, Lexer, Next};
use super::minimise::{Cell, minimise};
use super::numbering::Numbering;
use super::statement::Statement;
use super::token::Tok;
use guard_common::engine::{Action, Event, STATE_BITS, Tables};
use guard_common::limits::{ACTIONS, CELLS, EVENTS, STEPS};
use guard_common::protocol::Dialect;
use zerocopy::FromZeros;

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

/// Compiles a dialect.
///
/// # Errors
///
/// When it is larger than the tables.
pub fn compile(dialect: Dialect) -> Result<(Box<Tables>, Size), TooLarge> {
    match dialect {
        Dialect::Postgresql => postgresql(),
    }
}

/// Compiles PostgreSQL's dialect.
fn postgresql() -> Result<(Box<Tables>, Size), TooLarge> {
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

/// A table without rows and columns that say the same as others.
struct Reduced {
    /// Class of each row.
    classes: Vec<u32>,
    /// One row of each class.
    representatives: Vec<usize>,
    /// Column of each symbol, from 0.
    columns: Vec<usize>,
    /// Number of columns.
    width: usize,
}

impl Reduced {
    fn new(table: &[Vec<Cell>], symbols: usize) -> Self {
        let classes = minimise(table);
        let count = classes.iter().max().map_or(0, |class| *class as usize + 1);
        let mut representatives = vec![0; count];
        for (row, class) in classes.iter().enumerate() {
            representatives[*class as usize] = row;
        }
        let mut distinct = Numbering::new();
        let columns = (0..symbols)
            .map(|symbol| {
                let column: Vec<Cell> = representatives
                    .iter()
                    .map(|row| {
                        let (effect, next, other) = table[*row][symbol];
                        (effect, classes[next as usize], classes[other as usize])
                    })
                    .collect();
                distinct.number(column)
            })
            .collect();
        Self {
            classes,
            representatives,
            columns,
            width: distinct.items.len(),
        }
    }
}

/// Compiles the statement automaton; answers with the column of each token.
fn automaton(tables: &mut Tables, size: &mut Size) -> Result<Vec<u8>, TooLarge> {
    let mut states = Numbering::new();
    let mut effects = Numbering::new();
    let first = states.number(State::from(Statement::Start(Context::TOP)));
    let dead = states.number(State::Dead);
    let mut table: Vec<Vec<Cell>> = Vec::new();
    while let Some(&state) = states.items.get(table.len()) {
        let row = Tok::all().map(|token| {
            let step = state.step(token);
            let inner = step.inner.map_or(dead, |inner| states.number(inner));
            let next = states.number(step.next);
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
    // Column 0 of the tables stands for "no token".
    let stride = reduced.width + 1;
    let column = |token: usize| reduced.columns[token] + 1;
    let offset = |state: u32| reduced.classes[state as usize] as usize * stride;
    fits("columns of tokens", stride, 256)?;
    fits("steps", stride * reduced.representatives.len(), STEPS)?;

    let mut actions: Numbering<Action> = Numbering::new();
    let nothing = Action::new_zeroed();
    actions.number(nothing);
    for (class, &row) in reduced.representatives.iter().enumerate() {
        for (token, &(effect, next, inner)) in table[row].iter().enumerate() {
            let step = effects.items[effect as usize];
            let action = actions.number(Action {
                hits: step.hits,
                opaque: step.opaque,
                opaque_after: step.opaque_after,
                inner: offset(inner) as u32,
                flags: step.flags,
                back: step.back.map_or(0, |back| column(back as usize) as u8),
                resolve: step.resolve,
                verb: step.verb,
                access: step.access,
                operation: step.operation,
                session: step.session,
                ..nothing
            });
            tables.steps[class * stride + column(token)] =
                offset(next) as u32 | (action << STATE_BITS) as u32;
        }
    }
    fits("actions", actions.items.len(), ACTIONS)?;
    tables.actions[..actions.items.len()].copy_from_slice(&actions.items);
    tables.first_state = offset(first as u32) as u32;
    tables.dead_state = offset(dead as u32) as u32;
    let answers = [
        Tok::ColumnNew,
        Tok::ColumnSame,
        Tok::ColumnOther,
        Tok::ColumnSibling,
        Tok::TempYes,
        Tok::TempNo,
        Tok::WithOpen,
        Tok::WithFew,
    ];
    for (slot, answer) in tables.answers.iter_mut().zip(answers) {
        *slot = column(answer as usize) as u8;
    }
    size.states = reduced.representatives.len();
    size.state_columns = stride;
    size.actions = actions.items.len();
    Ok((0..Tok::COUNT)
        .map(|token| if token == 0 { 0 } else { column(token) as u8 })
        .collect())
}

/// Compiles the lexer.
fn lexer(tables: &mut Tables, size: &mut Size, token_columns: &[u8]) -> Result<(), TooLarge> {
    let spec = Lexer::new();
    let mut rows = Numbering::new();
    let mut effects = Numbering::new();
    let start = rows.number(Lex::Start);
    effects.number(None);
    let mut table: Vec<Vec<Cell>> = Vec::new();
    while let Some(&row) = rows.items.get(table.len()) {
        let cells = (0..=255).map(|byte| match spec.step(row, byte) {
            Next::Go(next) => (0, rows.number(next) as u32, start as u32),
            Next::Raise {
                token,
                kind,
                consume,
                next,
                other,
            } => (
                effects.number(Some((token, kind, consume))) as u32,
                rows.number(next) as u32,
                rows.number(other) as u32,
            ),
        });
        table.push(cells.collect());
    }
    let reduced = Reduced::new(&table, 256);
    let stride = reduced.width;
    let offset = |row: u32| (reduced.classes[row as usize] as usize * stride) as u32;
    fits("cells", stride * reduced.representatives.len(), CELLS)?;

    let mut events: Numbering<Event> = Numbering::new();
    for (class, &row) in reduced.representatives.iter().enumerate() {
        for (byte, &(effect, next, other)) in table[row].iter().enumerate() {
            let cell = match effects.items[effect as usize] {
                None => offset(next),
                Some((token, kind, consume)) => {
                    let event = events.number(Event {
                        next: offset(next),
                        alternative: offset(other),
                        token: token_columns[token as usize],
                        kind,
                        consume: u8::from(consume),
                        reserved: 0,
                    });
                    (CELLS + event) as u32
                }
            };
            tables.cells[class * stride + reduced.columns[byte]] = cell;
        }
    }
    fits("events", events.items.len(), EVENTS)?;
    tables.events[..events.items.len()].copy_from_slice(&events.items);
    for (slot, column) in tables.columns.iter_mut().zip(&reduced.columns) {
        *slot = *column as u8;
    }
    tables.first_row = offset(start as u32);
    size.rows = reduced.representatives.len();
    size.row_columns = stride;
    size.events = events.items.len();
    Ok(())
}
