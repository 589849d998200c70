//! Bytes of the ring buffer are a record or a doubt.

use guard_agent::events::decode::{body, header};

/// Data: one record.
///
/// # Panics
/// Never by itself: reading must not.
pub fn check(data: &[u8]) {
    if let Ok(head) = header(data) {
        // Both answers are fine; what counts is that there is one.
        drop(body(&head, data));
    }
}
