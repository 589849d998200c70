//! Merges states that nothing tells apart (Moore's algorithm).

use std::collections::HashMap;

/// The class of each state. `table[state][symbol]` is (effect, next, other):
/// states are in one class when, for every symbol, they have the same effect
/// and lead to the same classes.
pub(crate) fn minimise(table: &[Vec<(usize, usize, usize)>]) -> Vec<usize> {
    let mut classes = vec![0; table.len()];
    let mut count = 1;
    loop {
        let mut numbers = HashMap::new();
        let next: Vec<usize> = table
            .iter()
            .zip(&classes)
            .map(|(row, class)| {
                let key: (usize, Vec<_>) = (
                    *class,
                    row.iter()
                        .map(|&(effect, next, other)| (effect, classes[next], classes[other]))
                        .collect(),
                );
                let fresh = numbers.len();
                *numbers.entry(key).or_insert(fresh)
            })
            .collect();
        let found = numbers.len();
        classes = next;
        if found == count {
            return classes;
        }
        count = found;
    }
}
