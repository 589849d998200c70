//! The statement engine, called through global functions: the verifier proves
//! each of them once, for all callers.

use crate::kernel::repeat::Kernel;
use crate::maps;
use guard_common::engine::{self, Scan};
use guard_common::protocol::Dialect;
use guard_common::redis::Command;
use guard_common::stream::{Chunk, Engine};

/// The engine as the framing calls it.
pub(crate) struct KernelEngine;

impl Engine for KernelEngine {
    #[inline(always)]
    fn begin(&self, dialect: Dialect, scan: &mut Scan) {
        guard_engine_begin(scan, dialect as u32);
    }

    #[inline(always)]
    fn feed(&self, dialect: Dialect, scan: &mut Scan, chunk: &Chunk, from: u32, to: u32) {
        guard_engine_feed(scan, chunk, from, to, dialect as u32);
    }

    #[inline(always)]
    fn end(&self, dialect: Dialect, scan: &mut Scan) {
        let Some(nothing) = maps::nothing() else {
            return;
        };
        engine::end_by(scan, |scan| {
            guard_engine_feed(scan, nothing, 0, 1, dialect as u32);
        });
    }

    #[inline(always)]
    fn command(&self, key: u64, into: &mut Command) -> bool {
        guard_engine_command(key, into) == 1
    }
}

/// [`guard_common::redis::Commands::find`] as a global function; 1: known.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn guard_engine_command(key: u64, into: *mut Command) -> u32 {
    // SAFETY: as in `guard_engine_begin`.
    let (Some(into), Some(commands)) = (unsafe { into.as_mut() }, maps::commands()) else {
        return 0;
    };
    commands.find(key, into) as u32
}

/// [`engine::begin`] as a global function.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn guard_engine_begin(scan: *mut Scan, dialect: u32) -> u32 {
    // SAFETY: the verifier checks that the pointer is null or a whole `Scan`;
    // the socket's lock makes it the only reference.
    let (Some(scan), Some(tables)) = (unsafe { scan.as_mut() }, maps::lexer(dialect)) else {
        return 1;
    };
    engine::begin(tables, scan);
    0
}

/// [`engine::feed`] as a global function.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn guard_engine_feed(
    scan: *mut Scan,
    chunk: *const Chunk,
    from: u32,
    to: u32,
    dialect: u32,
) -> u32 {
    // SAFETY: as in `guard_engine_begin`.
    let (Some(scan), Some(tables)) = (unsafe { scan.as_mut() }, maps::lexer(dialect)) else {
        return 1;
    };
    // SAFETY: as above; the chunk is not written while the engine reads it.
    let Some(chunk) = (unsafe { chunk.as_ref() }) else {
        return 1;
    };
    engine::feed::<Kernel>(tables, scan, chunk, from, to);
    0
}
