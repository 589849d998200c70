//! The engine in the kernel: it says of every text what it says on the host.

use super::generator::Random;
use guard_common::protocol::Dialect;
use guard_tests::engine::Engine;
use guard_tests::need::{Need, require};
use guard_tests::selftest::{self, Kernel};
use guard_tests::wait;
use std::path::{Path, PathBuf};

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
    for (dialect, pool) in [
        (Dialect::Postgresql, super::cases()),
        (Dialect::Mysql, super::mysql::cases()),
    ] {
        let pool: Vec<String> = pool.into_iter().map(|case| case.sql).collect();
        agree(&object, dialect, &pool);
    }
}

/// The kernel and the host agree on the texts of `pool`, and on others made of them.
fn agree(object: &Path, dialect: Dialect, pool: &[String]) {
    let mut engine = Engine::of(dialect);
    let mut kernel = Kernel::load(object, &engine.tables);
    kernel.serve(engine.scan.server);
    let mut random = Random::new(3);
    for sql in pool {
        let text = sql.as_bytes();
        assert_eq!(kernel.facts(text, &[]), engine.facts(text, &[]), "{sql}");
    }
    for _ in 0..wait::rounds(super::texts(60_000)) {
        let text = random.text(pool);
        let splits = random.splits(text.len());
        assert_eq!(
            kernel.facts(&text, &splits),
            engine.facts(&text, &[]),
            "{:?} {splits:?}",
            String::from_utf8_lossy(&text)
        );
    }
}
