//! Reading how many tests passed.

use std::ops::AddAssign;

/// Tests by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    /// Tests that returned.
    pub(crate) passed: usize,
    /// Tests that panicked, and targets that did not come to their end.
    pub(crate) failed: usize,
}

impl Count {
    /// One failure: of a target as a whole.
    pub(crate) const FAILURE: Self = Self {
        passed: 0,
        failed: 1,
    };

    /// Reads `test result: ok. 3 passed; 0 failed; 1 ignored; …`. An ignored
    /// test counts as failed: the project has none.
    pub(crate) fn of_line(line: &str) -> Option<Self> {
        let mut parts = line
            .strip_prefix("test result: ")?
            .split_once(". ")?
            .1
            .split("; ");
        let mut number = |word: &str| {
            parts
                .next()?
                .strip_suffix(word)?
                .trim()
                .parse::<usize>()
                .ok()
        };
        let (passed, failed, ignored) = (number("passed")?, number("failed")?, number("ignored")?);
        Some(Self {
            passed,
            failed: failed + ignored,
        })
    }
}

impl AddAssign for Count {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closing_line_is_read() {
        let line = "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s";
        assert_eq!(
            Count::of_line(line),
            Some(Count {
                passed: 3,
                failed: 2
            })
        );
    }

    #[test]
    fn an_ignored_test_is_a_failure() {
        assert_eq!(
            Count::of_line("test result: ok. 0 passed; 0 failed; 1 ignored"),
            Some(Count::FAILURE)
        );
    }

    #[test]
    fn other_lines_count_nothing() {
        assert_eq!(Count::of_line("running 3 tests"), None);
    }
}
