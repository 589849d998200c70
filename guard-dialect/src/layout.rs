//! The order of rows, states and their columns in the tables: what ordinary
//! statements come to stands together, in front.
//!
//! Between two statements other code has the caches to itself, so a short statement
//! costs what it has to fetch: cache lines, and memory pages that the processor
//! looks up anew. Rows that follow each other are on few pages then, and the cells
//! of a row that most texts need are in one line or two.

use super::rows::{Lexer, Rows};
use guard_common::engine::{self, Scan, Tables};
use guard_common::limits::CHUNK_BYTES;
use guard_common::repeat::Host;
use std::cmp::Reverse;
use zerocopy::FromZeros;

/// Statements that are as good as any to say what is ordinary.
const ORDINARY: &str = include_str!("ordinary.sql");

/// Places of things in the tables, by number.
pub(crate) struct Layout {
    /// Rows of the lexer in their order.
    pub(crate) rows: Vec<usize>,
    /// Place of each state.
    pub(crate) states: Vec<usize>,
    /// Place of each column of a row, from 1.
    pub(crate) bytes: Vec<usize>,
    /// Place of each column of a state; of column 0 it is 0.
    pub(crate) tokens: Vec<usize>,
}

impl Layout {
    /// Everything in the order of its number.
    pub(crate) fn plain(rows: usize, states: usize, bytes: usize, tokens: usize) -> Self {
        Self {
            rows: (0..rows).collect(),
            states: (0..states).collect(),
            bytes: (1..=bytes).collect(),
            tokens: (0..tokens).collect(),
        }
    }

    /// The order of what ordinary statements come to, in `tables` that have the
    /// plain one; `order` is that of the rows there.
    pub(crate) fn by_use(
        self,
        tables: &Tables,
        order: &[usize],
        lexer: &Lexer,
        all: &Rows,
    ) -> Self {
        let mut rows = vec![0u32; self.rows.len()];
        let mut states = vec![0u32; self.states.len()];
        let mut bytes = vec![0u32; self.bytes.len()];
        let mut tokens = vec![0u32; self.tokens.len()];
        tokens[0] = u32::MAX;
        let mut chunk = [0; CHUNK_BYTES];
        let mut scan = Scan::new_zeroed();
        for text in ORDINARY.lines() {
            engine::begin(tables, &mut scan);
            for &byte in text.as_bytes() {
                chunk[0] = byte;
                engine::feed::<Host>(tables, &mut scan, &chunk, 0, 1);
                let (row, state) = scan.place();
                rows[order[row as usize / ((bytes.len() + 1) * 4)]] += 1;
                states[state as usize / tokens.len()] += 1;
                bytes[lexer.columns[usize::from(byte)]] += 1;
            }
            all.tokens(lexer, text, |token| tokens[usize::from(token)] += 1);
        }
        let places = |uses: &[u32], first: usize| {
            let mut places = vec![0; uses.len()];
            for (place, number) in by(uses).into_iter().enumerate() {
                places[number] = first + place;
            }
            places
        };
        Self {
            rows: by(&rows),
            states: places(&states, 0),
            bytes: places(&bytes, 1),
            tokens: places(&tokens, 0),
        }
    }
}

/// Numbers, those with the most uses first.
fn by(uses: &[u32]) -> Vec<usize> {
    let mut numbers: Vec<usize> = (0..uses.len()).collect();
    numbers.sort_by_key(|number| Reverse(uses[*number]));
    numbers
}
