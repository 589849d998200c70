//! Merges states that nothing tells apart (Moore's algorithm).

use super::numbering::{Mix, Numbering};
use std::hash::{BuildHasher, BuildHasherDefault};

/// What a state does at a symbol: a number for the effect, and the two states
/// it names.
pub(crate) type Cell = (u32, u32, u32);

/// A table without rows and columns that say the same as others.
pub(crate) struct Reduced {
    /// Class of each row.
    pub(crate) classes: Vec<u32>,
    /// One row of each class.
    pub(crate) representatives: Vec<usize>,
    /// Column of each symbol, from 0.
    pub(crate) columns: Vec<usize>,
    /// Number of columns.
    pub(crate) width: usize,
}

impl Reduced {
    pub(crate) fn new(table: &[Vec<Cell>], symbols: usize) -> Self {
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

/// The class of each state. States are in one class when, for every symbol,
/// they have the same effect and lead to the same classes.
///
/// Rows are compared by two hashes of 64 bits with different seeds.
fn minimise(table: &[Vec<Cell>]) -> Vec<u32> {
    let hash = BuildHasherDefault::<Mix>::default();
    let mut classes = vec![0; table.len()];
    let mut count = 1;
    loop {
        let mut numbers = Numbering::new();
        let next: Vec<u32> = table
            .iter()
            .zip(&classes)
            .map(|(row, class)| {
                let mut sums = [u64::from(*class), !u64::from(*class)];
                for &(effect, next, other) in row {
                    let cell = (effect, classes[next as usize], classes[other as usize]);
                    sums[0] = hash.hash_one((sums[0], cell));
                    sums[1] = hash.hash_one((cell, sums[1]));
                }
                numbers.number(sums) as u32
            })
            .collect();
        let found = numbers.items.len();
        classes = next;
        if found == count {
            return classes;
        }
        count = found;
    }
}
