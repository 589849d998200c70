//! A second object, for tests only: the statement engine, and the framings of
//! PostgreSQL and Redis, behind `BPF_PROG_TEST_RUN`, so that what they say in the kernel can be
//! compared with what they say on the host, and their cost measured. Never
//! shipped.
//!
//! For the host it only has to pass `cargo check`, as the first object.
#![cfg_attr(target_arch = "bpf", no_std, no_main, feature(asm_experimental_arch))]

/// The loop of the first object.
mod kernel {
    #[expect(dead_code, reason = "the engine needs a part of it")]
    pub(crate) mod bound;
    pub(crate) mod repeat;
    pub(crate) mod step;
}

use aya_ebpf::macros::{classifier, map};
use aya_ebpf::maps::Array;
use aya_ebpf::programs::TcContext;
use guard_common::engine::{self, Scan, Tables};
use guard_common::limits::CHUNK_BYTES;
use guard_common::pg;
use guard_common::protocol::{Dialect, Protocol};
use guard_common::redis::{self, Command, Commands};
use guard_common::repeat::{Repeat, Turn};
use guard_common::stream::{BLIND, Chunk, Engine, Stream, phase};
use kernel::repeat::Kernel;

/// What one run does, in this order: bits of [`Order::what`].
const BEGIN: u32 = 1;
const FEED: u32 = 2;
const END: u32 = 4;

/// Chunks of a text at most.
const CHUNKS: u32 = 32;

/// What one run does.
#[repr(C)]
#[derive(Clone, Copy)]
struct Order {
    /// Bits.
    what: u32,
    /// First byte of the first chunk to feed.
    from: u32,
    /// Behind the last byte of the last chunk.
    to: u32,
    /// Chunks behind the first, each fed from its begin.
    more: u32,
}

#[map(name = "selftest_lexer")]
static LEXER: Array<Tables> = Array::with_max_entries(1, 0);
#[map(name = "selftest_stream")]
static STREAM: Array<Stream> = Array::with_max_entries(1, 0);
#[map(name = "selftest_chunk")]
static CHUNK: Array<Chunk> = Array::with_max_entries(CHUNKS, 0);
/// The chunk behind the end of a text: NUL.
#[map(name = "selftest_nothing")]
static NOTHING: Array<Chunk> = Array::with_max_entries(1, 0);
#[map(name = "selftest_order")]
static ORDER: Array<Order> = Array::with_max_entries(1, 0);

/// Feeds a statement; 0: done.
#[classifier]
fn guard_selftest(_context: TcContext) -> i32 {
    let (Some(order), Some(stream)) = (ORDER.get(0), stream()) else {
        return 1;
    };
    let scan = &mut stream.scan;
    let (what, from, to, more) = (order.what, order.from, order.to, order.more);
    if what & BEGIN != 0 {
        KernelEngine.begin(Dialect::Postgresql, scan);
    }
    if what & FEED != 0 {
        let Some(chunk) = CHUNK.get(0) else {
            return 2;
        };
        let end = if more == 0 { to } else { CHUNK_BYTES as u32 };
        KernelEngine.feed(Dialect::Postgresql, scan, chunk, from, end);
        let mut rest = Rest { more, to };
        Kernel::repeat(more & (CHUNKS - 1), &mut rest);
    }
    if what & END != 0 {
        KernelEngine.end(Dialect::Postgresql, scan);
    }
    0
}

/// The chunks behind the first.
struct Rest {
    more: u32,
    to: u32,
}

impl Turn for Rest {
    #[inline(always)]
    fn turn(&mut self, index: u32) -> bool {
        let index = (index + 1) & (CHUNKS - 1);
        let (Some(chunk), Some(stream)) = (CHUNK.get(index), stream()) else {
            return false;
        };
        let end = if index < self.more {
            CHUNK_BYTES as u32
        } else {
            self.to
        };
        KernelEngine.feed(Dialect::Postgresql, &mut stream.scan, chunk, 0, end);
        true
    }
}

/// Reads one message of the PostgreSQL protocol from the first chunk; 0: it is
/// complete.
#[classifier]
fn guard_selftest_message(_context: TcContext) -> i32 {
    let (Some(order), Some(stream)) = (ORDER.get(0), stream()) else {
        return 1;
    };
    stream.phase = phase::HEADER;
    stream.header = 0;
    stream.header_count = 0;
    stream.complete = 0;
    stream.at = 0;
    stream.end = order.to;
    Kernel::repeat(CHUNK_BYTES as u32, &mut Message);
    i32::from(stream.complete == 0)
}

/// Steps of the framing.
struct Message;

impl Turn for Message {
    #[inline(always)]
    fn turn(&mut self, _index: u32) -> bool {
        selftest_postgres_step();
        stream().is_some_and(|stream| stream.complete == 0 && stream.at < stream.end)
    }
}

/// One step of the framing, as a global function.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn selftest_postgres_step() -> u32 {
    let (Some(stream), Some(chunk)) = (stream(), CHUNK.get(0)) else {
        return 1;
    };
    pg::step(&KernelEngine, stream, chunk);
    0
}

/// Starts a Redis stream: a bit of [`Order::what`].
const RESET: u32 = 8;

#[map(name = "selftest_commands")]
static COMMANDS: Array<Commands> = Array::with_max_entries(1, 0);

/// Reads on in the chunk, to the end of a command at most; 1: one is complete and
/// settled, 0: the chunk is used up.
#[classifier]
fn guard_selftest_redis(_context: TcContext) -> i32 {
    let (Some(order), Some(stream), Some(chunk)) =
        (ORDER.get(0), STREAM.get_ptr_mut(0), CHUNK.get(0))
    else {
        return 2;
    };
    // SAFETY: a valid map value; test runs are one at a time.
    let stream = unsafe { &mut *stream };
    if order.what & RESET != 0 {
        stream.reset(Protocol::Redis);
    }
    if order.what & BEGIN != 0 {
        stream.at = order.from;
        stream.end = order.to;
    } else {
        stream.next();
    }
    let mut reading = Reading { stream, chunk };
    Kernel::repeat(2 * CHUNK_BYTES as u32, &mut reading);
    i32::from(reading.stream.complete)
}

struct Reading<'a> {
    stream: &'a mut Stream,
    chunk: &'a Chunk,
}

impl Turn for Reading<'_> {
    #[inline(always)]
    fn turn(&mut self, _index: u32) -> bool {
        if self.stream.at >= self.stream.end {
            return false;
        }
        selftest_redis_step(self.stream, self.chunk);
        self.stream.complete == 0
    }
}

/// A step of the framing as a global function, and what settles its command.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn selftest_redis_step(stream: *mut Stream, chunk: *const Chunk) -> u32 {
    // SAFETY: the verifier checks that the pointers are null or whole values.
    let (Some(stream), Some(chunk)) = (unsafe { stream.as_mut() }, unsafe { chunk.as_ref() })
    else {
        return 1;
    };
    redis::step(&Known, stream, chunk);
    if stream.complete != 0 {
        if stream.kind == BLIND {
            stream.settle_blind();
        } else {
            redis::settle(stream);
        }
    }
    0
}

/// The table of commands, for the framing.
struct Known;

impl Engine for Known {
    #[inline(always)]
    fn begin(&self, _: Dialect, _: &mut Scan) {}
    #[inline(always)]
    fn feed(&self, _: Dialect, _: &mut Scan, _: &Chunk, _: u32, _: u32) {}
    #[inline(always)]
    fn end(&self, _: Dialect, _: &mut Scan) {}

    #[inline(always)]
    fn command(&self, key: u64, into: &mut Command) -> bool {
        selftest_command(key, into) == 1
    }
}

/// A look-up as a global function; 1: known.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn selftest_command(key: u64, into: *mut Command) -> u32 {
    // SAFETY: as in `selftest_redis_step`.
    let (Some(into), Some(commands)) = (unsafe { into.as_mut() }, COMMANDS.get(0)) else {
        return 0;
    };
    u32::from(commands.find(key, into))
}

/// Does nothing: what a run costs by itself.
#[classifier]
fn guard_selftest_empty(_context: TcContext) -> i32 {
    0
}

/// The engine, called through global functions: the verifier proves each of
/// them once, for all callers.
struct KernelEngine;

impl Engine for KernelEngine {
    #[inline(always)]
    fn begin(&self, _dialect: Dialect, scan: &mut Scan) {
        selftest_begin(scan);
    }

    #[inline(always)]
    fn feed(&self, _dialect: Dialect, scan: &mut Scan, chunk: &Chunk, from: u32, to: u32) {
        selftest_feed(scan, chunk, from, to);
    }

    #[inline(always)]
    fn end(&self, _dialect: Dialect, scan: &mut Scan) {
        let Some(nothing) = NOTHING.get(0) else {
            return;
        };
        engine::end_by(scan, |scan| {
            selftest_feed(scan, nothing, 0, 1);
        });
    }

    #[inline(always)]
    fn command(&self, _key: u64, _into: &mut Command) -> bool {
        false
    }
}

/// Begins, as a global function.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn selftest_begin(scan: *mut Scan) -> u32 {
    // SAFETY: the verifier checks that the pointer is null or a whole `Scan`.
    let (Some(tables), Some(scan)) = (LEXER.get(0), unsafe { scan.as_mut() }) else {
        return 1;
    };
    engine::begin(tables, scan);
    0
}

/// Feeds, as a global function.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn selftest_feed(scan: *mut Scan, chunk: *const Chunk, from: u32, to: u32) -> u32 {
    // SAFETY: as in `selftest_begin`.
    let (Some(tables), Some(scan)) = (LEXER.get(0), unsafe { scan.as_mut() }) else {
        return 1;
    };
    // SAFETY: as above; nothing writes the chunk during a run.
    let Some(chunk) = (unsafe { chunk.as_ref() }) else {
        return 1;
    };
    engine::feed::<Kernel>(tables, scan, chunk, from, to);
    0
}

/// The state of the text being read.
fn stream() -> Option<&'static mut Stream> {
    let stream = STREAM.get_ptr_mut(0)?;
    // SAFETY: a valid map value; test runs are one at a time.
    Some(unsafe { &mut *stream })
}

/// The licence that the kernel asks for.
#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 4] = *b"GPL\0";

/// Never runs: the kernel refuses an object in which it can be reached.
#[cfg(target_arch = "bpf")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

/// Nothing: a host build is for `cargo check` and clippy alone.
#[cfg(not(target_arch = "bpf"))]
fn main() {}
