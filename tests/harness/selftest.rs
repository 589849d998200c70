//! The statement engine and the framing in the kernel, run by
//! `BPF_PROG_TEST_RUN`.

use crate::{engine, paths};
use aya::maps::{Array, MapData};
use aya::programs::{SchedClassifier, TestRun, TestRunOptions};
use aya::{Ebpf, EbpfLoader};
use guard_common::engine::{Server, Tables};
use guard_common::facts::Facts;
use guard_common::limits::CHUNK_BYTES;
use guard_common::stream::Stream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

#[path = "../../guard-agent/build/toolchain.rs"]
mod toolchain;

/// A plain record as a map value.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub struct Bytes<T>(pub T);

// SAFETY: used for plain records without padding only: `Tables`, `Stream`,
// `Commands`, arrays.
unsafe impl<T: Copy + 'static> aya::Pod for Bytes<T> {}

/// Bits of an order; see `guard-ebpf/src/selftest.rs`.
const BEGIN: u32 = 1;
const FEED: u32 = 2;
const END: u32 = 4;

/// The program that reads a statement.
const STATEMENT: &str = "guard_selftest";
/// The program that reads a message of the PostgreSQL protocol.
const MESSAGE: &str = "guard_selftest_message";
/// The program that does nothing.
const EMPTY: &str = "guard_selftest_empty";

/// The loaded object.
pub struct Kernel {
    bpf: Ebpf,
    lexer: Array<MapData, Bytes<Tables>>,
    stream: Array<MapData, Bytes<Stream>>,
    chunk: Array<MapData, Bytes<[u8; CHUNK_BYTES]>>,
    order: Array<MapData, Bytes<[u32; 4]>>,
}

impl Kernel {
    /// Loads and verifies the object that [`build`] made.
    ///
    /// # Panics
    ///
    /// When that fails.
    #[must_use]
    pub fn load(object: &Path, tables: &Tables) -> Self {
        let object = std::fs::read(object).expect("the object that was just built");
        let mut bpf = EbpfLoader::new().load(&object).expect("the object loads");
        let mut kernel = Self {
            lexer: take(&mut bpf, "selftest_lexer"),
            stream: take(&mut bpf, "selftest_stream"),
            chunk: take(&mut bpf, "selftest_chunk"),
            order: take(&mut bpf, "selftest_order"),
            bpf,
        };
        kernel.speak(tables);
        for name in [STATEMENT, MESSAGE, EMPTY] {
            let loaded = kernel.program(name).load();
            loaded.unwrap_or_else(|error| panic!("the verifier refuses {name}: {error:?}"));
        }
        kernel
    }

    /// Takes another dialect.
    ///
    /// # Panics
    ///
    /// When the kernel does not take the tables.
    pub fn speak(&mut self, tables: &Tables) {
        // SAFETY: `Bytes` is transparent.
        let tables: &Bytes<Tables> = unsafe { &*std::ptr::from_ref(tables).cast() };
        self.lexer.set(0, tables, 0).expect("tables are written");
    }

    /// Takes another server as the one that reads the texts.
    ///
    /// # Panics
    ///
    /// When the kernel does not take the state.
    pub fn serve(&mut self, server: Server) {
        let mut stream = self.stream.get(&0, 0).expect("the state is read");
        stream.0.scan.server = server;
        self.stream.set(0, stream, 0).expect("the state is written");
    }

    /// Instructions that the verifier looked at, by program.
    ///
    /// # Panics
    ///
    /// When the kernel does not tell.
    pub fn verified(&mut self) -> [(&'static str, u32); 2] {
        [STATEMENT, MESSAGE].map(|name| {
            let info = self.program(name).info().expect("the program is loaded");
            (name, info.verified_instruction_count().unwrap_or(0))
        })
    }

    fn program(&mut self, name: &str) -> &mut SchedClassifier {
        let program = self.bpf.program_mut(name);
        program
            .expect("the object has the program")
            .try_into()
            .expect("the program is a classifier")
    }

    /// Runs a program; the time is the mean of `repeat` runs.
    fn run(&mut self, name: &str, order: [u32; 4], repeat: u32) -> Duration {
        self.order
            .set(0, Bytes(order), 0)
            .expect("the order is written");
        let mut options = TestRunOptions::new();
        options.data_in = Some(&[0; 64]);
        options.repeat = repeat;
        let result = self.program(name).test_run(options);
        let result = result.expect("the program runs");
        assert_eq!(result.return_value, 0, "{name}");
        result.duration
    }

    /// Writes a text of many chunks.
    ///
    /// # Panics
    ///
    /// When the kernel does not take it.
    pub fn write(&mut self, chunks: &[[u8; CHUNK_BYTES]]) {
        for (index, chunk) in (0..).zip(chunks) {
            self.chunk
                .set(index, Bytes(*chunk), 0)
                .expect("the chunk is written");
        }
    }

    /// The facts of a text of one chunk, read in the pieces between `splits`.
    ///
    /// # Panics
    ///
    /// When a run fails.
    pub fn facts(&mut self, text: &[u8], splits: &[usize]) -> Facts {
        let mut chunk = [0; CHUNK_BYTES];
        chunk[..text.len()].copy_from_slice(text);
        self.write(&[chunk]);
        let mut from = 0;
        let mut what = BEGIN | FEED;
        for to in splits {
            self.run(STATEMENT, [what, from as u32, *to as u32, 0], 1);
            (what, from) = (FEED, *to);
        }
        self.run(
            STATEMENT,
            [what | END, from as u32, text.len() as u32, 0],
            1,
        );
        let stream = self.stream.get(&0, 0).expect("the state is read");
        engine::used(&stream.0.scan.facts)
    }

    /// Time of one reading of the chunks that were written, the last one up to
    /// `to`: the mean of `repeat` runs.
    pub fn time(&mut self, chunks: usize, to: u32, repeat: u32) -> Duration {
        let order = [BEGIN | FEED | END, 0, to, chunks as u32 - 1];
        self.run(STATEMENT, order, repeat)
    }

    /// Time of one reading of a message of `length` bytes.
    pub fn time_message(&mut self, length: u32, repeat: u32) -> Duration {
        self.run(MESSAGE, [0, 0, length, 0], repeat)
    }

    /// Time of a program that does nothing.
    pub fn time_nothing(&mut self, repeat: u32) -> Duration {
        self.run(EMPTY, [0; 4], repeat)
    }
}

/// A map of the object.
///
/// # Panics
///
/// When it has no such array.
pub fn take<V: aya::Pod>(bpf: &mut Ebpf, name: &str) -> Array<MapData, V> {
    let map = bpf.take_map(name).expect("the object has the map");
    map.try_into().expect("the map is an array of that size")
}

/// The object: what `GUARD_SELFTEST` names (a test guest has no compiler), or
/// built now.
///
/// # Errors
///
/// The tools for BPF are missing, or it does not build.
pub fn build() -> Result<PathBuf, String> {
    if let Some(object) = std::env::var_os("GUARD_SELFTEST") {
        return Ok(object.into());
    }
    let found = toolchain::Toolchain::find()?;
    let folder = paths::target().join("selftest");
    let mut cargo = Command::new("cargo");
    cargo
        .env("RUSTC", &found.compiler.rustc)
        .env("RUSTC_BOOTSTRAP", "1")
        .env(
            "CARGO_ENCODED_RUSTFLAGS",
            toolchain::rustflags(&found, paths::root()),
        )
        .current_dir(paths::root())
        .args(["build", "--quiet", "--package", "guard-ebpf"])
        .args(["--bin", "guard-selftest", "--release", "--locked"])
        .args(["--target", toolchain::TARGET, "--target-dir"])
        .arg(&folder);
    if found.compiler.build_core {
        cargo.args(["-Z", "build-std=core"]);
    }
    let status = cargo.status().map_err(|error| format!("cargo: {error}"))?;
    if !status.success() {
        return Err(format!("the engine's object does not build: {status}"));
    }
    Ok(folder
        .join(toolchain::TARGET)
        .join("release/guard-selftest"))
}
