//! Inputs that once broke a property, and seeds for the fuzzers: all must hold.

use std::path::Path;

/// A target with its property.
type Target = (&'static str, fn(&[u8]));

const TARGETS: [Target; 4] = [
    ("statement", guard_fuzz::statement::check),
    ("stream", guard_fuzz::stream::check),
    ("policy", guard_fuzz::policy::check),
    ("record", guard_fuzz::record::check),
];

#[test]
fn every_input_that_was_kept_holds() {
    for (name, check) in TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("regressions")
            .join(name);
        for entry in folder.read_dir().into_iter().flatten().flatten() {
            eprintln!("{}", entry.path().display());
            check(&std::fs::read(entry.path()).expect("a kept input can be read"));
        }
    }
}

/// The properties hold for the cases that the engine's tests describe, cut in
/// every way that one byte can choose.
#[test]
fn known_statements_hold_however_they_are_cut() {
    for line in include_str!("../../tests/cases/engine.jsonl").lines() {
        for choice in [0, 1, 7, 0x23, 0xff] {
            let mut data = vec![choice];
            data.extend_from_slice(line.as_bytes());
            guard_fuzz::statement::check(&data);
        }
    }
}
