//! The rows of the lexer: one for each of its states, in each mode of reading
//! and on each detour (see `quiet`).

use super::minimise::{Cell, Reduced};
use super::numbering::Numbering;
use super::quiet::{Act, Mode};
use super::scanner::{Next, Scanner};
use super::token::Tok;
use guard_common::engine::event;

/// The lexer alone, with numbers for its states and bytes.
pub(crate) struct Lexer {
    /// Of each state, by byte column.
    cells: Vec<Vec<Next<usize>>>,
    /// Column of each byte.
    pub(crate) columns: Vec<usize>,
    /// States in which the lexer goes on behind a token; the first is the start.
    pub(crate) resumes: Vec<usize>,
}

/// What a cell of a row says besides the next row.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Report {
    /// Columns of tokens to feed.
    pub(crate) tokens: Vec<u8>,
    pub(crate) kind: u8,
    pub(crate) consume: bool,
    /// Where the lexer goes on behind the tokens: an index of
    /// [`Lexer::resumes`].
    pub(crate) resume: usize,
}

/// All rows.
pub(crate) struct Rows {
    /// Rows that differ: effect, next row and alternative, by byte column.
    pub(crate) cells: Vec<Vec<Cell>>,
    /// Effects; none for the first.
    pub(crate) reports: Vec<Option<Report>>,
    /// The rows in which each mode resumes, as in [`Lexer::resumes`].
    pub(crate) starts: Vec<Vec<usize>>,
    /// The rows behind which the text may be read again from an earlier byte on.
    pub(crate) pending: Vec<bool>,
}

impl Lexer {
    /// Numbers what can be reached of `scanner`.
    pub(crate) fn new<S: Scanner>(scanner: &S) -> Self {
        let mut states = Numbering::new();
        let mut effects = Numbering::new();
        let start = states.number(S::START) as u32;
        effects.number(None);
        let mut table: Vec<Vec<Cell>> = Vec::new();
        while let Some(&state) = states.items.get(table.len()) {
            let cells = (0..=255).map(|byte| match scanner.step(state, byte) {
                Next::Go(next) => (0, states.number(next) as u32, start),
                Next::Raise {
                    token,
                    kind,
                    consume,
                    next,
                    other,
                } => (
                    effects.number(Some((token, kind, consume))) as u32,
                    states.number(next) as u32,
                    states.number(other) as u32,
                ),
            });
            table.push(cells.collect());
        }
        let reduced = Reduced::new(&table, 256);
        let class = |state: u32| reduced.classes[state as usize] as usize;
        let mut resumes = Numbering::new();
        resumes.number(class(start));
        let cells = reduced.representatives.iter().map(|&row| {
            let mut cells = vec![Next::Go(0); reduced.width];
            for (byte, &(effect, next, other)) in table[row].iter().enumerate() {
                let (next, other) = (class(next), class(other));
                cells[reduced.columns[byte]] = match effects.items[effect as usize] {
                    None => Next::Go(next),
                    Some((token, kind, consume)) => {
                        if token != Tok::Nothing {
                            resumes.number(next);
                        }
                        Next::Raise {
                            token,
                            kind,
                            consume,
                            next,
                            other,
                        }
                    }
                };
            }
            cells
        });
        Self {
            cells: cells.collect(),
            resumes: resumes.items,
            columns: reduced.columns,
        }
    }

    /// The tokens that it gives.
    pub(crate) fn tokens(&self) -> Vec<Tok> {
        let mut tokens = Numbering::new();
        for cell in self.cells.iter().flatten() {
            match cell {
                Next::Raise { token, .. } if *token != Tok::Nothing => _ = tokens.number(*token),
                _ => {}
            }
        }
        tokens.items
    }
}

/// A row before it has a number: mode, state of the lexer, detour.
type Place = (usize, usize, u8);

impl Rows {
    /// The rows for all `modes`; `column` gives the columns of tokens.
    pub(crate) fn new(lexer: &Lexer, modes: &[Mode], column: impl Fn(Tok) -> u8) -> Self {
        let mut places: Numbering<Place> = Numbering::new();
        let mut reports = Numbering::new();
        reports.number(None);
        let starts: Vec<Vec<usize>> = (0..modes.len())
            .map(|mode| {
                let resumes = lexer.resumes.iter();
                resumes.map(|&at| places.number((mode, at, 0))).collect()
            })
            .collect();
        let width = lexer.cells.first().map_or(0, Vec::len);
        let loud = modes.len().saturating_sub(1);
        let mut table: Vec<Vec<Cell>> = Vec::new();
        while let Some(&place) = places.items.get(table.len()) {
            let mode = &modes[place.0];
            let row = (0..width).map(|byte| {
                let (report, next, other) = lexer.cell(mode, place, loud, byte, &column);
                (
                    reports.number(report) as u32,
                    places.number(next) as u32,
                    places.number(other) as u32,
                )
            });
            table.push(row.collect());
        }
        let reduced = Reduced::new(&table, 0);
        let class = |row: u32| reduced.classes[row as usize];
        let cells = reduced.representatives.iter().map(|&row| {
            let cells = table[row].iter();
            cells
                .map(|&(report, next, other)| (report, class(next), class(other)))
                .collect()
        });
        let cells: Vec<Vec<Cell>> = cells.collect();
        Self {
            pending: pending(&cells, &reports.items),
            cells,
            reports: reports.items,
            starts: starts
                .into_iter()
                .map(|rows| rows.iter().map(|&row| class(row as u32) as usize).collect())
                .collect(),
        }
    }
}

impl Rows {
    /// Gives the column of each token of `text`, read in the last mode.
    pub(crate) fn tokens(&self, lexer: &Lexer, text: &str, mut each: impl FnMut(u8)) {
        let Some(starts) = self.starts.last() else {
            return;
        };
        let mut row = starts[0];
        for &byte in text.as_bytes() {
            loop {
                let (report, next, _) = self.cells[row][lexer.columns[usize::from(byte)]];
                row = next as usize;
                let Some(report) = &self.reports[report as usize] else {
                    break;
                };
                if !report.tokens.is_empty() {
                    report.tokens.iter().for_each(|token| each(*token));
                    row = starts[report.resume];
                }
                if report.consume {
                    break;
                }
            }
        }
    }
}

/// Which rows lead to a [`event::REPLAY`] that goes back behind them.
fn pending(cells: &[Vec<Cell>], reports: &[Option<Report>]) -> Vec<bool> {
    let mut pending = vec![false; cells.len()];
    let mut changed = true;
    while changed {
        changed = false;
        for (row, cells) in cells.iter().enumerate() {
            let leads = |&(report, next, other): &Cell| match &reports[report as usize] {
                Some(report) if report.kind == event::REPLAY => true,
                Some(report) if report.kind == event::HOLD || report.kind == event::HOLD_EXACT => {
                    false
                }
                Some(report) if !report.tokens.is_empty() => false,
                Some(_) => pending[next as usize] || pending[other as usize],
                None => pending[next as usize],
            };
            if !pending[row] && cells.iter().any(leads) {
                pending[row] = true;
                changed = true;
            }
        }
    }
    pending
}

impl Lexer {
    /// What a byte does at `place`: steps on until it is consumed or reported.
    fn cell(
        &self,
        mode: &Mode,
        place: Place,
        loud: usize,
        byte: usize,
        column: &impl Fn(Tok) -> u8,
    ) -> (Option<Report>, Place, Place) {
        let (number, mut state, mut detour) = place;
        loop {
            let (token, kind, consume, next, other) = match self.cells[state][byte] {
                Next::Go(next) => {
                    let to = (number, next, detour);
                    return (None, to, to);
                }
                Next::Raise {
                    token,
                    kind,
                    consume,
                    next,
                    other,
                } => (token, kind, consume, next, other),
            };
            let act = match token {
                Tok::Nothing => Act::Quiet(detour),
                _ => mode.detours[usize::from(detour)].acts[usize::from(column(token))],
            };
            match act {
                Act::Report(from) => {
                    let mut tokens = mode.detours[usize::from(from)].path.clone();
                    tokens.push(column(token));
                    let resumes = &self.resumes;
                    let report = Report {
                        tokens,
                        kind,
                        consume,
                        resume: resumes.iter().position(|at| *at == next).unwrap_or(0),
                    };
                    let nowhere = (number, self.resumes[0], 0);
                    return (Some(report), nowhere, nowhere);
                }
                Act::Replay => {
                    let report = Report {
                        tokens: Vec::new(),
                        kind: event::REPLAY,
                        consume: false,
                        resume: 0,
                    };
                    let nowhere = (number, self.resumes[0], 0);
                    return (Some(report), nowhere, nowhere);
                }
                Act::Quiet(to) => {
                    detour = to;
                    let marks = matches!(kind, event::MARK | event::MARK_EXACT | event::MARK_TICKS);
                    let holds = marks && mode.holds && !mode.detours[usize::from(to)].joined;
                    let kind = match kind {
                        event::MARK if holds => event::HOLD,
                        event::MARK_EXACT if holds => event::HOLD_EXACT,
                        kind => kind,
                    };
                    let needless = match kind {
                        event::TOKEN => true,
                        event::MARK | event::MARK_EXACT | event::MARK_TICKS => {
                            !mode.marks || mode.holds
                        }
                        _ => false,
                    };
                    if !needless {
                        // The byte at which a word begins is the word's.
                        let begun = match self.cells[next][byte] {
                            Next::Go(begun) if marks => Some(begun),
                            _ => None,
                        };
                        debug_assert!(
                            begun.is_some() || !holds,
                            "a word is held at its first byte"
                        );
                        let report = Report {
                            tokens: Vec::new(),
                            kind,
                            consume: consume || begun.is_some(),
                            resume: 0,
                        };
                        let place = (number, begun.unwrap_or(next), to);
                        let other = if kind == event::HOLD || kind == event::HOLD_EXACT {
                            (loud, next, 0)
                        } else {
                            (number, other, to)
                        };
                        return (Some(report), place, other);
                    }
                    if consume {
                        let to = (number, next, to);
                        return (None, to, to);
                    }
                    state = next;
                }
            }
        }
    }
}
