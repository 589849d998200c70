//! A policy is valid or refused with a reason and a place.

use guard_agent::policy::{Capabilities, Source, parse};

/// Data: the text of a policy file.
///
/// # Panics
/// When a refusal says nothing.
pub fn check(data: &[u8]) {
    let source = Source {
        path: "fuzz.yaml".into(),
        text: String::from_utf8_lossy(data).into_owned(),
    };
    if let Err(errors) = parse(vec![source], Capabilities { lsm: false }) {
        let text = errors.to_string();
        assert!(text.contains("fuzz.yaml"), "no place: {text}");
    }
}
