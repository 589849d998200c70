//! The order of rows and states in the tables: those that ordinary statements come
//! to stand together, in front.
//!
//! Between two statements other code has the caches to itself. What the engine
//! touches next is then a matter of memory pages: spread over the tables they are
//! sixty and more for a short statement, each a walk through the page tables.

use guard_common::engine::{self, Scan, Tables};
use guard_common::limits::CHUNK_BYTES;
use guard_common::repeat::Host;
use std::cmp::Reverse;
use zerocopy::FromZeros;

/// Statements that are as good as any to say what is ordinary.
const ORDINARY: &str = include_str!("ordinary.sql");

/// Rows and states in the order in which they stand in the tables.
pub(crate) struct Layout {
    pub(crate) rows: Vec<usize>,
    pub(crate) states: Vec<usize>,
}

impl Layout {
    /// The order of their numbers.
    pub(crate) fn new(rows: usize, states: usize) -> Self {
        Self {
            rows: (0..rows).collect(),
            states: (0..states).collect(),
        }
    }

    /// Sorted by how often ordinary statements come to them in `tables`, which have
    /// this layout. `row_at` and `state_at` say what stands at an offset.
    pub(crate) fn by_use(
        mut self,
        tables: &Tables,
        row_at: impl Fn(u32) -> usize,
        state_at: impl Fn(u32) -> usize,
    ) -> Self {
        let mut rows = vec![0u32; self.rows.len()];
        let mut states = vec![0u32; self.states.len()];
        let mut chunk = [0; CHUNK_BYTES];
        let mut scan = Scan::new_zeroed();
        for text in ORDINARY.lines() {
            engine::begin(tables, &mut scan);
            for &byte in text.as_bytes() {
                chunk[0] = byte;
                engine::feed::<Host>(tables, &mut scan, &chunk, 0, 1);
                let (row, state) = scan.place();
                rows[row_at(row)] += 1;
                states[state_at(state)] += 1;
            }
        }
        self.rows.sort_by_key(|row| Reverse(rows[*row]));
        self.states.sort_by_key(|state| Reverse(states[*state]));
        self
    }
}
