//! Boot time to UTC.

use jiff::Timestamp;
use rustix::time::{ClockId, clock_gettime};

/// The difference between UTC and boot time, in nanoseconds. Boot time goes on
/// during sleep and never jumps; UTC may be set, so this is read again for each
/// batch of records.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    offset_ns: i128,
}

impl Clock {
    /// Reads both clocks.
    #[must_use]
    pub fn read() -> Self {
        Self {
            offset_ns: nanoseconds(ClockId::Realtime) - nanoseconds(ClockId::Boottime),
        }
    }

    /// The moment of a boot time; the epoch for one that no clock can show.
    #[must_use]
    pub fn utc(self, boot_ns: u64) -> Timestamp {
        Timestamp::from_nanosecond(i128::from(boot_ns) + self.offset_ns).unwrap_or_default()
    }
}

/// Boot time in nanoseconds.
#[must_use]
pub fn boot_ns() -> u64 {
    u64::try_from(nanoseconds(ClockId::Boottime)).unwrap_or(0)
}

/// A moment as records write it: UTC with nine digits.
#[must_use]
pub fn write(at: Timestamp) -> String {
    format!("{at:.9}")
}

/// This moment as records write it.
#[must_use]
pub fn now() -> String {
    write(Timestamp::now())
}

fn nanoseconds(clock: ClockId) -> i128 {
    let time = clock_gettime(clock);
    i128::from(time.tv_sec) * 1_000_000_000 + i128::from(time.tv_nsec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_written_in_utc_with_nine_digits() {
        let at = Timestamp::from_nanosecond(1_763_805_600_000_000_007).expect("in range");
        assert_eq!(write(at), "2025-11-22T10:00:00.000000007Z");
        assert_eq!(
            write(Timestamp::UNIX_EPOCH),
            "1970-01-01T00:00:00.000000000Z"
        );
    }

    #[test]
    fn boot_time_becomes_the_present() {
        let shown = Clock::read().utc(boot_ns());
        let distance = Timestamp::now().duration_since(shown);
        assert!(distance.as_millis().abs() < 1000, "{distance:?}");
    }
}
