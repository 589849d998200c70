//! The framing of each protocol as global functions, picked by the socket's
//! protocol: `guard_common::stream` does the same with plain calls.
//!
//! The verifier proves each function by itself, so a protocol costs the others
//! nothing. The kernel follows 8 nested calls: a step is called from the loop
//! over the chunk, not from within another function.

use crate::stream::engine::KernelEngine;
use crate::stream::names::{KernelNames, NameIndex};
use guard_common::mysql;
use guard_common::pg;
use guard_common::protocol::Protocol;
use guard_common::redis;
use guard_common::stream::{self, Chunk, Stream, what};

/// [`stream::step`]: one step of a cursor's framing.
#[inline(always)]
pub(crate) fn step(stream: &mut Stream, chunk: &Chunk) {
    match stream.protocol() {
        Protocol::Postgres => guard_step_postgres(stream, chunk),
        Protocol::Mysql => guard_step_mysql(stream, chunk),
        Protocol::Redis => guard_step_redis(stream, chunk),
    };
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn guard_step_postgres(stream: *mut Stream, chunk: *const Chunk) -> u32 {
    // SAFETY: the verifier checks that the pointers are null or whole values;
    // the socket's lock makes these the only references.
    let (Some(stream), Some(chunk)) = (unsafe { stream.as_mut() }, unsafe { chunk.as_ref() })
    else {
        return 1;
    };
    pg::step(&KernelEngine, stream, chunk);
    0
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn guard_step_mysql(stream: *mut Stream, chunk: *const Chunk) -> u32 {
    // SAFETY: as in `guard_step_postgres`.
    let (Some(stream), Some(chunk)) = (unsafe { stream.as_mut() }, unsafe { chunk.as_ref() })
    else {
        return 1;
    };
    mysql::step(&KernelEngine, stream, chunk);
    0
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn guard_step_redis(stream: *mut Stream, chunk: *const Chunk) -> u32 {
    // SAFETY: as in `guard_step_postgres`.
    let (Some(stream), Some(chunk)) = (unsafe { stream.as_mut() }, unsafe { chunk.as_ref() })
    else {
        return 1;
    };
    redis::step(&KernelEngine, stream, chunk);
    0
}

/// [`stream::settle`] with the names of the socket with this cookie as `judge`
/// knows them.
#[inline(always)]
pub(crate) fn settle(stream: &mut Stream, names: &mut NameIndex, socket: u64, judge: u8) -> u32 {
    match stream.protocol() {
        _ if stream.kind == stream::BLIND => stream.settle_blind(),
        Protocol::Postgres => guard_settle_postgres(stream, names, socket, judge as u32),
        Protocol::Mysql => guard_settle_mysql(stream, names, socket, judge as u32),
        Protocol::Redis => redis::settle(stream),
    }
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn guard_settle_postgres(
    stream: *mut Stream,
    names: *mut NameIndex,
    socket: u64,
    judge: u32,
) -> u32 {
    // SAFETY: as in `guard_step_postgres`.
    let (Some(stream), Some(index)) = (unsafe { stream.as_mut() }, unsafe { names.as_mut() })
    else {
        return what::NOTHING;
    };
    pg::settle::settle(stream, &mut KernelNames::new(index, socket, judge))
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn guard_settle_mysql(
    stream: *mut Stream,
    names: *mut NameIndex,
    socket: u64,
    judge: u32,
) -> u32 {
    // SAFETY: as in `guard_step_postgres`.
    let (Some(stream), Some(index)) = (unsafe { stream.as_mut() }, unsafe { names.as_mut() })
    else {
        return what::NOTHING;
    };
    mysql::settle::settle(stream, &mut KernelNames::new(index, socket, judge))
}

/// [`stream::commit`], as [`settle`].
#[inline(always)]
pub(crate) fn commit(stream: &mut Stream, names: &mut NameIndex, socket: u64, judge: u8) {
    match stream.protocol() {
        Protocol::Postgres => {
            guard_commit_postgres(stream, names, socket, judge as u32);
        }
        Protocol::Mysql => {
            guard_commit_mysql(stream, names, socket, judge as u32);
        }
        Protocol::Redis => {}
    }
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn guard_commit_postgres(
    stream: *mut Stream,
    names: *mut NameIndex,
    socket: u64,
    judge: u32,
) -> u32 {
    // SAFETY: as in `guard_step_postgres`.
    let (Some(stream), Some(index)) = (unsafe { stream.as_mut() }, unsafe { names.as_mut() })
    else {
        return 1;
    };
    pg::settle::commit(stream, &mut KernelNames::new(index, socket, judge));
    0
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn guard_commit_mysql(
    stream: *mut Stream,
    names: *mut NameIndex,
    socket: u64,
    judge: u32,
) -> u32 {
    // SAFETY: as in `guard_step_postgres`.
    let (Some(stream), Some(index)) = (unsafe { stream.as_mut() }, unsafe { names.as_mut() })
    else {
        return 1;
    };
    mysql::settle::commit(stream, &mut KernelNames::new(index, socket, judge));
    0
}
