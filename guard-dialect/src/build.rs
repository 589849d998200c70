//! From the specifications of a dialect to [`Tables`].

use super::automaton::State;
use super::grammar::Grammar;
use super::layout::Layout;
use super::mysql;
use super::numbering::Numbering;
use super::postgresql;
use super::quiet::{Mode, Place};
use super::rows::{Lexer, Rows};
use super::scanner::Scanner;
use super::token::Tok;
use guard_common::engine::{
    Action, Event, Hold, PENDING, STATE_BITS, Skip, Tables, action, cell, event,
};
use guard_common::limits::{ACTIONS, CELL_BYTES, EVENTS, SKIPS, STEPS};
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
    /// Ways in which a text is read; see the module `quiet`.
    pub modes: usize,
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
        Dialect::Postgresql => postgresql::compile(&postgresql::places()),
        Dialect::Mysql => mysql::compile(),
    }
}

/// Compiles a dialect so that every token is reported: it says the same of every
/// text, more slowly. Tests compare the two.
///
/// # Errors
///
/// When it is larger than the tables.
pub fn compile_loud(dialect: Dialect) -> Result<(Box<Tables>, Size), TooLarge> {
    match dialect {
        Dialect::Postgresql => postgresql::compile(&[]),
        Dialect::Mysql => mysql::compile(),
    }
}

/// Makes the tables of a dialect: its lexer, the state in which statements begin, and the
/// places in which long texts are read, the most important first: there, and
/// where the same is right, tokens that make no difference are not reported.
///
/// # Errors
///
/// When it is larger than the tables.
pub(crate) fn tables<S: Scanner>(
    dialect: Dialect,
    scanner: &S,
    first: State,
    quiet: &[Place],
) -> Result<(Box<Tables>, Size), TooLarge> {
    // On the heap from the start: the tables are larger than a stack.
    let mut tables = Tables::new_box_zeroed().map_err(|_error| TooLarge {
        what: "bytes of memory",
        needed: size_of::<Tables>(),
        room: 0,
    })?;
    let lexer = Lexer::new(scanner);
    let spoken = lexer.tokens();
    let grammar = Grammar::new(dialect, first, &spoken);
    let mut tokens = Numbering::new();
    for token in spoken {
        tokens.number((grammar.column(token), token.is_word()));
    }
    let tokens = tokens.items;

    let mut modes = Numbering::new();
    for place in quiet {
        let mode = Mode::new(&grammar, place, &tokens);
        debug_assert!(mode.is_some(), "the grammar does not come to {place:?}");
        mode.map(|mode| modes.number(mode));
    }
    modes.number(Mode::loud(&grammar, false));
    modes.number(Mode::loud(&grammar, true));
    let modes = modes.items;
    let of_state: Vec<usize> = (0..grammar.moves.len())
        .map(|state| {
            let fitting = modes
                .iter()
                .position(|mode| mode.fits(&grammar, state, &tokens));
            fitting.unwrap_or(modes.len() - 1)
        })
        .collect();
    let rows = Rows::new(&lexer, &modes, |token| grammar.column(token));

    let stride = lexer.columns.iter().max().map_or(1, |column| column + 2);
    let mut size = Size {
        modes: modes.len(),
        row_columns: stride,
        states: grammar.moves.len(),
        state_columns: grammar.width,
        ..Size::default()
    };
    // Twice: the first tables tell what ordinary statements come to.
    let mut layout = Layout::plain(
        rows.cells.len(),
        grammar.moves.len(),
        stride - 1,
        grammar.width,
    );
    for last in [false, true] {
        let (order, starts) = fill_rows(&mut tables, &mut size, &lexer, &rows, &layout)?;
        fill_states(&mut tables, &mut size, &grammar, &layout, |state| {
            starts[of_state[state]]
        })?;
        tables.first_row = starts[of_state[grammar.first]];
        if !last {
            layout = layout.by_use(&tables, &order, &lexer, &rows);
        }
    }
    Ok((tables, size))
}

/// Writes the lexer; answers with its rows in their order, and the row in which
/// each mode begins.
fn fill_rows(
    tables: &mut Tables,
    size: &mut Size,
    lexer: &Lexer,
    rows: &Rows,
    layout: &Layout,
) -> Result<(Vec<usize>, Vec<u32>), TooLarge> {
    let stride = size.row_columns * CELL;
    // For each mode a block of the rows in which it resumes, so that an event
    // can name one of them whatever the mode; then what is not among them.
    let mut order: Vec<usize> = rows.starts.iter().flatten().copied().collect();
    let mut offsets = vec![None; rows.cells.len()];
    for (place, &row) in order.iter().enumerate() {
        offsets[row].get_or_insert(place * stride);
    }
    let others = layout.rows.iter().filter(|row| offsets[**row].is_none());
    order.extend(others.collect::<Vec<_>>());
    for (place, &row) in order.iter().enumerate() {
        offsets[row].get_or_insert(place * stride);
    }
    fits("bytes of rows", order.len() * stride, CELL_BYTES)?;

    let offset = |row: u32| offsets[row as usize].unwrap_or(0) as u32;
    let token = |column: &u8| layout.tokens[usize::from(*column)] as u32;
    let mut events: Numbering<Event> = Numbering::new();
    let mut holds: Numbering<Hold> = Numbering::new();
    let mut skips: Numbering<Skip> = Numbering::new();
    skips.number(Skip { stops: [0; 3] });
    for (place, &row) in order.iter().enumerate() {
        for (column, &(report, next, other)) in rows.cells[row].iter().enumerate() {
            let (next, other) = (offset(next), offset(other));
            let cell = match &rows.reports[report as usize] {
                None => next,
                Some(report) => match (report.kind, report.tokens.as_slice()) {
                    (event::MARK, []) if report.consume => cell::WORD << ROW_BITS | next,
                    (event::MARK_EXACT, []) if report.consume => cell::QUOTED << ROW_BITS | next,
                    (event::MARK_TICKS, []) if report.consume => cell::TICKS << ROW_BITS | next,
                    (event::COUNT, []) if report.consume => cell::COUNT << ROW_BITS | next,
                    (event::HOLD | event::HOLD_EXACT, []) => {
                        let kind = match report.kind {
                            event::HOLD => cell::WORD,
                            _ => cell::QUOTED,
                        };
                        let hold = holds.number(Hold { row: other, kind });
                        (cell::HOLD + hold as u32) << ROW_BITS | next
                    }
                    (event::TOKEN, [only]) if report.resume * stride < 1 << cell::NEXT_BITS => {
                        let consumed = if report.consume { cell::CONSUMED } else { 0 };
                        let next = ((report.resume * stride) as u32) << cell::COLUMN_BITS;
                        cell::TOKEN | consumed | next | token(only)
                    }
                    (_, tokens) => {
                        let behind = (report.resume * stride) as u32;
                        let silent = tokens.is_empty();
                        let tokens = tokens.iter().rev();
                        let event = events.number(Event {
                            next: if silent { next } else { behind },
                            alternative: if silent { other } else { 0 },
                            tokens: tokens.fold(0, |tokens, next| tokens << 8 | token(next)),
                            kind: report.kind,
                            consume: u8::from(report.consume),
                            reserved: [0; 2],
                        });
                        cell::EVENT << ROW_BITS | event as u32
                    }
                },
            };
            write(tables, place * stride + layout.bytes[column] * CELL, cell);
        }
        let stops: Vec<u8> = (0..=255u8)
            .filter(|byte| {
                let (report, next, _) = rows.cells[row][lexer.columns[usize::from(*byte)]];
                report != 0 || next as usize != row
            })
            .collect();
        let mut skip = 0;
        if let [first, .., last] | [first @ last] = *stops
            && stops.len() <= 3
        {
            let middle = stops[stops.len() / 2];
            let stops = [first, middle, last].map(|byte| u64::from_ne_bytes([byte; 8]));
            skip = skips.number(Skip { stops }) as u32;
        }
        let pending = if rows.pending[row] { PENDING } else { 0 };
        write(tables, place * stride, skip | pending);
    }
    fits("events", events.items.len(), EVENTS)?;
    fits("sets of stops", skips.items.len(), SKIPS)?;
    fits("ways of holding a word", holds.items.len(), cell::HOLDS)?;
    tables.holds[..holds.items.len()].copy_from_slice(&holds.items);
    tables.events[..events.items.len()].copy_from_slice(&events.items);
    tables.skips[..skips.items.len()].copy_from_slice(&skips.items);
    for (slot, column) in tables.columns.iter_mut().zip(&lexer.columns) {
        *slot = layout.bytes[*column] as u8;
    }
    size.rows = order.len();
    size.events = events.items.len();
    let resumes = lexer.resumes.len();
    let starts = (0..rows.starts.len()).map(|mode| (mode * resumes * stride) as u32);
    let starts = starts.collect();
    Ok((order, starts))
}

/// Bytes of a cell.
const CELL: usize = 4;

/// Bits of a row in a cell.
const ROW_BITS: u32 = CELL_BYTES.ilog2();

fn write(tables: &mut Tables, at: usize, cell: u32) {
    tables.cells[at..at + CELL].copy_from_slice(&cell.to_le_bytes());
}

/// Writes the statement automaton; `row` is where the text of a state is read.
fn fill_states(
    tables: &mut Tables,
    size: &mut Size,
    grammar: &Grammar,
    layout: &Layout,
    row: impl Fn(usize) -> u32,
) -> Result<(), TooLarge> {
    let stride = grammar.width;
    fits("columns of tokens", stride, 256)?;
    fits("steps", stride * grammar.moves.len(), STEPS)?;
    let mut actions: Numbering<Action> = Numbering::new();
    let nothing = Action::new_zeroed();
    actions.number(nothing);
    let offset = |state: usize| layout.states[state] * stride;
    let token = |token: Tok| layout.tokens[usize::from(grammar.column(token))] as u8;
    let mut order: Vec<usize> = (0..grammar.moves.len()).collect();
    order.sort_by_key(|state| layout.states[*state]);
    for state in order {
        let moves = &grammar.moves[state];
        tables.steps[offset(state)] = row(state);
        for (column, step) in moves.iter().enumerate().skip(1) {
            let effect = &grammar.effects[step.effect];
            let notable = if effect.is_quiet(false) {
                0
            } else {
                action::NOTABLE
            };
            let action = actions.number(Action {
                hits: effect.hits,
                opaque: effect.opaque,
                opaque_after: effect.opaque_after,
                inner: if effect.flags & action::PUSH == 0 {
                    0
                } else {
                    offset(step.inner) as u32
                },
                flags: effect.flags | notable,
                back: effect.back.map_or(0, token),
                resolve: effect.resolve,
                verb: effect.verb,
                access: effect.access,
                operation: effect.operation,
                session: effect.session,
                ..nothing
            });
            tables.steps[offset(state) + layout.tokens[column]] =
                offset(step.next) as u32 | (action << STATE_BITS) as u32;
        }
    }
    fits("actions", actions.items.len(), ACTIONS)?;
    tables.actions[..actions.items.len()].copy_from_slice(&actions.items);
    tables.first_state = offset(grammar.first) as u32;
    tables.dead_state = offset(grammar.dead) as u32;
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
        *slot = token(answer);
    }
    size.actions = actions.items.len();
    Ok(())
}
