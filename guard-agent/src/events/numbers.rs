//! Finds lost records by the numbers that the kernel gives them on each CPU.
//!
//! A record that interrupts the writing of another on the same CPU may arrive
//! before it, so a missing number is a loss only after a while.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How long a missing number may still arrive.
pub const PATIENCE: Duration = Duration::from_secs(1);

/// Missing ranges kept of one CPU; beyond this the oldest is a loss at once.
const MAX_RANGES: usize = 64;

/// Numbers that have not arrived: `first..end`.
#[derive(Clone, Copy, Debug)]
struct Missing {
    first: u64,
    end: u64,
    since: Instant,
}

#[derive(Debug, Default)]
struct Cpu {
    next: u64,
    missing: Vec<Missing>,
}

/// Follows the numbers of all CPUs.
#[derive(Debug)]
pub struct Numbers {
    cpus: BTreeMap<u32, Cpu>,
    fresh: bool,
    repeated: u64,
}

impl Numbers {
    /// `cursors` holds the last number seen of each CPU. Of a CPU without one,
    /// the first number is expected to be 0 where the maps are fresh, and taken
    /// as it comes where they were adopted.
    #[must_use]
    pub fn new(cursors: &[(u32, u64)], fresh: bool) -> Self {
        let cpus = cursors.iter().map(|(cpu, last)| {
            let next = last.saturating_add(1);
            (
                *cpu,
                Cpu {
                    next,
                    missing: Vec::new(),
                },
            )
        });
        Self {
            cpus: cpus.collect(),
            fresh,
            repeated: 0,
        }
    }

    /// Takes a number into account; gives the number of records that are lost
    /// for certain.
    pub fn arrived(&mut self, cpu: u32, number: u64, at: Instant) -> u64 {
        let first = if self.fresh { 0 } else { number };
        let cpu = self.cpus.entry(cpu).or_insert_with(|| Cpu {
            next: first,
            missing: Vec::new(),
        });
        if number < cpu.next {
            if !cpu.fill(number) {
                self.repeated += 1;
            }
            return 0;
        }
        if number > cpu.next {
            cpu.missing.push(Missing {
                first: cpu.next,
                end: number,
                since: at,
            });
        }
        cpu.next = number.saturating_add(1);
        if cpu.missing.len() > MAX_RANGES {
            let oldest = cpu.missing.remove(0);
            return oldest.end - oldest.first;
        }
        0
    }

    /// Takes into account that the kernel has used all numbers before `next`,
    /// also those of records that no later one will prove to be lost. Only to be
    /// told once the ring buffer has been read to its end since.
    pub fn used(&mut self, cpu: u32, next: u64, at: Instant) {
        let known = self.fresh || self.cpus.contains_key(&cpu);
        if !known || next == 0 {
            return;
        }
        let cpu = self.cpus.entry(cpu).or_default();
        if next > cpu.next {
            cpu.missing.push(Missing {
                first: cpu.next,
                end: next,
                since: at,
            });
            cpu.next = next;
        }
    }

    /// Gives the number of records that have been missing for too long.
    pub fn overdue(&mut self, at: Instant) -> u64 {
        let mut lost = 0;
        for cpu in self.cpus.values_mut() {
            cpu.missing.retain(|range| {
                let keep = at.saturating_duration_since(range.since) < PATIENCE;
                if !keep {
                    lost += range.end - range.first;
                }
                keep
            });
        }
        lost
    }

    /// Numbers that came twice; there should be none.
    #[must_use]
    pub fn repeated(&self) -> u64 {
        self.repeated
    }
}

impl Cpu {
    /// Takes a late number out of the missing ones; false when it is not one.
    fn fill(&mut self, number: u64) -> bool {
        let hit = |range: &Missing| (range.first..range.end).contains(&number);
        let Some(at) = self.missing.iter().position(hit) else {
            return false;
        };
        let range = self.missing.remove(at);
        for (first, end) in [(range.first, number), (number + 1, range.end)] {
            if first < end {
                self.missing.push(Missing {
                    first,
                    end,
                    ..range
                });
            }
        }
        self.missing.sort_by_key(|range| range.first);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_a_loss_once_it_is_overdue() {
        let start = Instant::now();
        let mut numbers = Numbers::new(&[], true);
        for number in [0, 1, 5] {
            assert_eq!(numbers.arrived(0, number, start), 0);
        }
        assert_eq!(numbers.overdue(start), 0);
        assert_eq!(numbers.overdue(start + PATIENCE), 3);
        assert_eq!(numbers.overdue(start + PATIENCE), 0);
    }

    #[test]
    fn a_late_record_is_not_a_loss() {
        let start = Instant::now();
        let mut numbers = Numbers::new(&[], true);
        for number in [0, 3, 2, 1] {
            numbers.arrived(7, number, start);
        }
        assert_eq!(numbers.overdue(start + PATIENCE), 0);
        assert_eq!(numbers.repeated(), 0);
    }

    #[test]
    fn a_restart_counts_what_was_read_and_not_kept() {
        let start = Instant::now();
        let mut numbers = Numbers::new(&[(1, 9)], false);
        numbers.arrived(1, 12, start);
        numbers.arrived(2, 40, start);
        assert_eq!(numbers.overdue(start + PATIENCE), 2);
    }

    #[test]
    fn a_loss_is_found_without_a_later_record() {
        let start = Instant::now();
        let mut numbers = Numbers::new(&[(1, 9)], false);
        numbers.used(1, 13, start);
        // Nothing is known of where this CPU began.
        numbers.used(2, 50, start);
        // One was still on its way.
        numbers.arrived(1, 11, start);
        numbers.used(1, 13, start);
        assert_eq!(numbers.overdue(start + PATIENCE), 2);
        numbers.arrived(1, 13, start);
        assert_eq!(
            (numbers.overdue(start + PATIENCE), numbers.repeated()),
            (0, 0)
        );
    }

    #[test]
    fn memory_is_bounded_when_every_second_record_is_lost() {
        let start = Instant::now();
        let mut numbers = Numbers::new(&[], true);
        let mut lost = 0;
        for number in (1..20_001).step_by(2) {
            lost += numbers.arrived(0, number, start);
        }
        assert!(numbers.cpus[&0].missing.len() <= MAX_RANGES);
        assert_eq!(lost + numbers.overdue(start + PATIENCE), 10_000);
    }
}
