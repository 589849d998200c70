//! The engine in the kernel: it says of every text what it says on the host.

use super::generator::Random;
use guard_tests::engine::Engine;
use guard_tests::need::{Need, require};
use guard_tests::selftest::{self, Kernel};
use guard_tests::wait;
use std::path::PathBuf;

/// The object for tests, where it can be built and run.
#[track_caller]
pub(crate) fn object() -> Option<PathBuf> {
    if !require(&[Need::Root]) {
        return None;
    }
    match selftest::build() {
        Ok(object) => Some(object),
        Err(missing) => {
            eprintln!("not run: {missing}");
            None
        }
    }
}

#[test]
fn the_kernel_says_what_the_host_says() {
    let Some(object) = object() else {
        return;
    };
    let mut engine = Engine::new();
    let mut kernel = Kernel::load(&object, &engine.tables);
    let mut random = Random::new(3);
    let pool: Vec<String> = super::cases().into_iter().map(|case| case.sql).collect();
    for sql in &pool {
        let text = sql.as_bytes();
        assert_eq!(kernel.facts(text, &[]), engine.facts(text, &[]), "{sql}");
    }
    for _ in 0..wait::rounds(super::texts(100_000)) {
        let text = random.text(&pool);
        let splits = random.splits(text.len());
        assert_eq!(
            kernel.facts(&text, &splits),
            engine.facts(&text, &[]),
            "{:?} {splits:?}",
            String::from_utf8_lossy(&text)
        );
    }
}
