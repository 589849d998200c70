//! Waiting for an event, with a deadline.

use std::time::{Duration, Instant};

/// How long a test waits for something that must happen.
pub const PATIENCE: Duration = Duration::from_secs(10);

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
    let deadline = Instant::now() + limit;
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
