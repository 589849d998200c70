//! Parts that many records have in common.

use serde::ser::Error as _;
use serde::{Serialize, Serializer};
use serde_json::value::{RawValue, to_raw_value};
use std::ops::Deref;
use std::sync::{Arc, OnceLock};

/// A part of records that is turned into JSON once, however many records have it.
#[derive(Debug)]
pub struct Shared<T>(Arc<Part<T>>);

#[derive(Debug)]
struct Part<T> {
    value: T,
    json: OnceLock<Box<RawValue>>,
}

impl<T> Shared<T> {
    /// Shares a part.
    pub fn new(value: T) -> Self {
        Self(Arc::new(Part {
            value,
            json: OnceLock::new(),
        }))
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.value
    }
}

impl<T: Serialize> Serialize for Shared<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Some(json) = self.0.json.get() {
            return json.serialize(serializer);
        }
        let json = to_raw_value(&self.0.value).map_err(S::Error::custom)?;
        self.0.json.get_or_init(|| json).serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_part_is_written_like_the_part_itself() {
        let part = vec![Some("a\"b"), None];
        let shared = Shared::new(part.clone());
        let plain = serde_json::to_string(&part).expect("JSON");
        for _ in 0..2 {
            assert_eq!(serde_json::to_string(&shared).expect("JSON"), plain);
        }
        let value = serde_json::to_value(&shared).expect("JSON");
        assert_eq!(value, serde_json::json!(["a\"b", null]));
    }
}
