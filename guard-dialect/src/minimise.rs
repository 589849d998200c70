//! Merges states that nothing tells apart (Moore's algorithm).

use super::numbering::{Mix, Numbering};
use std::hash::{BuildHasher, BuildHasherDefault};

/// What a state does at a symbol: a number for the effect, and the two states
/// it names.
pub(crate) type Cell = (u32, u32, u32);

/// The class of each state. States are in one class when, for every symbol,
/// they have the same effect and lead to the same classes.
///
/// Rows are compared by two hashes of 64 bits with different seeds.
pub(crate) fn minimise(table: &[Vec<Cell>]) -> Vec<u32> {
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
