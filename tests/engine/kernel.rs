//! The engine in the kernel, run by `BPF_PROG_TEST_RUN`: it says of every text
//! what it says on the host.

use super::generator::Random;
use super::host::{self, Engine};
use aya::maps::{Array, MapData};
use aya::programs::{SchedClassifier, TestRun, TestRunOptions};
use aya::{Ebpf, EbpfLoader};
use guard_common::engine::{Scan, Tables};
use guard_common::facts::Facts;
use guard_common::limits::CHUNK_BYTES;
use guard_common::protocol::Dialect;
use guard_tests::need::{Need, require};
use guard_tests::{selftest, wait};
use std::path::{Path, PathBuf};

/// A plain record as a map value.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub(crate) struct Bytes<T>(pub(crate) T);

// SAFETY: used for plain records without padding only: `Tables`, `Scan`, `Stream`,
// `Commands`, arrays.
unsafe impl<T: Copy + 'static> aya::Pod for Bytes<T> {}

/// Bits of an order; see `guard-ebpf/src/selftest.rs`.
const BEGIN: u32 = 1;
const FEED: u32 = 2;
const END: u32 = 4;

/// Texts of each dialect that are compared, on hardware.
const TEXTS: u32 = 60_000;

/// The loaded object.
struct Kernel {
    bpf: Ebpf,
    scan: Array<MapData, Bytes<Scan>>,
    chunk: Array<MapData, Bytes<[u8; CHUNK_BYTES]>>,
    order: Array<MapData, Bytes<[u32; 4]>>,
}

impl Kernel {
    fn load(object: &Path, tables: &Tables, scan: Scan) -> Self {
        let object = std::fs::read(object).expect("the object that was just built");
        let mut bpf = EbpfLoader::new().load(&object).expect("the object loads");
        let mut lexer: Array<_, Bytes<Tables>> = take(&mut bpf, "selftest_lexer");
        // SAFETY: `Bytes` is transparent.
        let tables: &Bytes<Tables> = unsafe { &*std::ptr::from_ref(tables).cast() };
        lexer.set(0, tables, 0).expect("tables are written");
        let mut kernel = Self {
            scan: take(&mut bpf, "selftest_scan"),
            chunk: take(&mut bpf, "selftest_chunk"),
            order: take(&mut bpf, "selftest_order"),
            bpf,
        };
        // What a text does not change: the server that reads it.
        kernel
            .scan
            .set(0, Bytes(scan), 0)
            .expect("the state is written");
        kernel.verified()
    }

    fn program(&mut self) -> &mut SchedClassifier {
        let program = self.bpf.program_mut("guard_selftest");
        program
            .expect("the object has the program")
            .try_into()
            .expect("the program is a classifier")
    }

    fn verified(mut self) -> Self {
        self.program().load().expect("the verifier accepts it");
        self
    }

    fn run(&mut self, what: u32, from: usize, to: usize) {
        let order = Bytes([what, from as u32, to as u32, 0]);
        self.order.set(0, order, 0).expect("the order is written");
        let mut options = TestRunOptions::new();
        options.data_in = Some(&[0; 64]);
        let result = self.program().test_run(options).expect("the program runs");
        assert_eq!(result.return_value, 0);
    }

    fn facts(&mut self, text: &[u8], splits: &[usize]) -> Facts {
        let mut chunk = [0; CHUNK_BYTES];
        chunk[..text.len()].copy_from_slice(text);
        self.chunk
            .set(0, Bytes(chunk), 0)
            .expect("the chunk is written");
        let mut from = 0;
        let mut what = BEGIN | FEED;
        for to in splits {
            self.run(what, from, *to);
            (what, from) = (FEED, *to);
        }
        self.run(what | END, from, text.len());
        host::used(&self.scan.get(&0, 0).expect("the state is read").0.facts)
    }
}

pub(crate) fn take<V: aya::Pod>(bpf: &mut Ebpf, name: &str) -> Array<MapData, V> {
    let map = bpf.take_map(name).expect("the object has the map");
    map.try_into().expect("the map is an array of that size")
}

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
    let mut kernel = Kernel::load(object, &engine.tables, engine.scan);
    let mut random = Random::new(3);
    for sql in pool {
        let text = sql.as_bytes();
        assert_eq!(kernel.facts(text, &[]), engine.facts(text, &[]), "{sql}");
    }
    for _ in 0..wait::rounds(TEXTS) {
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
