//! Waiting for an event, with a deadline.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// How long a test waits for something that must happen, on hardware.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// How many times slower than hardware this machine is (`GUARD_PACE`): an
/// emulated one says so. Every deadline is longer by it.
#[must_use]
pub fn pace() -> u32 {
    static PACE: OnceLock<u32> = OnceLock::new();
    *PACE.get_or_init(|| {
        let said = std::env::var("GUARD_PACE").ok();
        said.and_then(|text| text.parse().ok()).unwrap_or(1).max(1)
    })
}

/// A number of rounds that takes a slow machine no longer than a fast one.
#[must_use]
pub fn rounds(on_hardware: u32) -> u32 {
    on_hardware.div_ceil(pace())
}

/// Asks `probe` again and again until it has an answer.
///
/// # Panics
/// If there is no answer before the deadline; the message says what was awaited.
#[track_caller]
pub fn until<T>(what: &str, limit: Duration, mut probe: impl FnMut() -> Option<T>) -> T {
    match try_until(limit, &mut probe) {
        Some(value) => value,
        None => panic!("waited {:.1} s in vain for {what}", limit.as_secs_f64()),
    }
}

/// Like [`until`], but the end of the time is an answer too.
pub fn try_until<T>(limit: Duration, mut probe: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + limit * pace();
    loop {
        if let Some(value) = probe() {
            return Some(value);
        }
        if Instant::now() >= deadline {
            return None;
        }
        // A poll interval, not a proof: 5 ms is short beside every limit here.
        std::thread::sleep(Duration::from_millis(5));
    }
}
