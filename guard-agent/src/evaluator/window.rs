//! Exact counting in a sliding window.

use std::collections::VecDeque;
use std::time::Duration;

/// The moments of the newest matches. No more than one above the bound is kept:
/// older ones cannot change the answer.
#[derive(Debug)]
pub(super) struct Window {
    allowed: usize,
    length_ns: u64,
    moments: VecDeque<u64>,
    /// The newest moment seen; records of other CPUs may arrive out of order.
    newest_ns: u64,
}

impl Window {
    pub(super) fn new(allowed: u32, length: Duration) -> Self {
        Self {
            allowed: usize::try_from(allowed).unwrap_or(usize::MAX),
            length_ns: u64::try_from(length.as_nanos()).unwrap_or(u64::MAX),
            moments: VecDeque::new(),
            newest_ns: 0,
        }
    }

    /// Adds `weight` matches. When there are more than allowed, gives their
    /// number and starts again: each excess is told once.
    pub(super) fn add(&mut self, at_ns: u64, weight: u32) -> Option<u64> {
        self.forget_before(at_ns);
        let weight = usize::try_from(weight).unwrap_or(usize::MAX);
        let kept = self.allowed.saturating_add(1);
        let count = self.moments.len().saturating_add(weight);
        if count > self.allowed {
            self.moments.clear();
            return Some(count as u64);
        }
        self.moments
            .extend(std::iter::repeat_n(at_ns, weight.min(kept)));
        None
    }

    pub(super) fn is_empty_at(&mut self, at_ns: u64) -> bool {
        self.forget_before(at_ns);
        self.moments.is_empty()
    }

    /// A match exactly one window ago has left it.
    fn forget_before(&mut self, at_ns: u64) {
        self.newest_ns = self.newest_ns.max(at_ns);
        let edge = self.newest_ns.saturating_sub(self.length_ns);
        if self.newest_ns >= self.length_ns {
            self.moments.retain(|moment| *moment > edge);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: u64 = 1_000_000_000;

    #[test]
    fn the_match_after_the_last_allowed_one_is_told() {
        let mut window = Window::new(3, Duration::from_secs(10));
        let start = 100 * SECOND;
        for step in 0..3 {
            assert_eq!(window.add(start + step, 1), None);
        }
        assert_eq!(window.add(start + 3, 1), Some(4));
        assert_eq!(window.add(start + 4, 1), None);
    }

    #[test]
    fn what_has_left_the_window_does_not_count() {
        let mut window = Window::new(1, Duration::from_secs(10));
        assert_eq!(window.add(100 * SECOND, 1), None);
        assert_eq!(window.add(110 * SECOND, 1), None);
        assert_eq!(window.add(119 * SECOND, 1), Some(2));
    }

    #[test]
    fn zero_allowed_means_the_first_one() {
        let mut window = Window::new(0, Duration::from_secs(1));
        assert_eq!(window.add(5, 1), Some(1));
    }

    #[test]
    fn one_message_can_weigh_more_than_one() {
        let mut window = Window::new(3, Duration::from_secs(10));
        assert_eq!(window.add(SECOND, 2), None);
        assert_eq!(window.add(SECOND, u32::MAX), Some(u64::from(u32::MAX) + 2));
    }

    proptest! {
        /// The window answers like a plain list that keeps everything.
        #[test]
        fn it_counts_exactly_and_keeps_little(
            allowed in 0_u32..6,
            steps in prop::collection::vec(0_u64..4, 1..200),
        ) {
            let mut window = Window::new(allowed, Duration::from_nanos(10));
            let mut all: Vec<u64> = Vec::new();
            let mut now = 1_000;
            for step in steps {
                now += step;
                all.push(now);
                let inside = all.iter().filter(|moment| **moment > now - 10).count();
                let told = window.add(now, 1);
                prop_assert_eq!(told.is_some(), inside > allowed as usize);
                if told.is_some() {
                    all.clear();
                }
                prop_assert!(window.moments.len() <= allowed as usize);
            }
        }
    }
}
