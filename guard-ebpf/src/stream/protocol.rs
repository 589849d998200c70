//! The framing of each protocol as global functions, picked by the socket's
//! protocol: `guard_common::stream` does the same with plain calls.
//!
//! The verifier proves each function by itself, so a protocol costs the others
//! nothing. The kernel follows 8 nested calls: a step is called from the loop
//! over the chunk, not from within another function.

use crate::stream::Sock;
use crate::stream::engine::KernelEngine;
use crate::stream::names::KernelNames;
use guard_common::abi::event::JUDGE_VOICE;
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

/// [`stream::settle`] for the cursor of `judge`.
#[inline(always)]
pub(crate) fn settle(sock: &mut Sock, judge: u8) -> u32 {
    let stream = cursor(sock, judge as u32);
    match stream.protocol() {
        _ if stream.kind == stream::BLIND => stream.settle_blind(),
        Protocol::Postgres => guard_settle_postgres(sock, judge as u32),
        Protocol::Mysql => guard_settle_mysql(sock, judge as u32),
        Protocol::Redis => redis::settle(stream),
    }
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn guard_settle_postgres(sock: *mut Sock, judge: u32) -> u32 {
    // SAFETY: as in `guard_step_postgres`.
    let Some(sock) = (unsafe { sock.as_mut() }) else {
        return what::NOTHING;
    };
    let (stream, mut names) = parts(sock, judge);
    pg::settle::settle(stream, &mut names)
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn guard_settle_mysql(sock: *mut Sock, judge: u32) -> u32 {
    // SAFETY: as in `guard_step_postgres`.
    let Some(sock) = (unsafe { sock.as_mut() }) else {
        return what::NOTHING;
    };
    let (stream, mut names) = parts(sock, judge);
    mysql::settle::settle(stream, &mut names)
}

/// [`stream::commit`] for the cursor of `judge`.
#[inline(always)]
pub(crate) fn commit(sock: &mut Sock, judge: u8) {
    match cursor(sock, judge as u32).protocol() {
        Protocol::Postgres => {
            guard_commit_postgres(sock, judge as u32);
        }
        Protocol::Mysql => {
            guard_commit_mysql(sock, judge as u32);
        }
        Protocol::Redis => {}
    }
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn guard_commit_postgres(sock: *mut Sock, judge: u32) -> u32 {
    // SAFETY: as in `guard_step_postgres`.
    let Some(sock) = (unsafe { sock.as_mut() }) else {
        return 1;
    };
    let (stream, mut names) = parts(sock, judge);
    pg::settle::commit(stream, &mut names);
    0
}

#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn guard_commit_mysql(sock: *mut Sock, judge: u32) -> u32 {
    // SAFETY: as in `guard_step_postgres`.
    let Some(sock) = (unsafe { sock.as_mut() }) else {
        return 1;
    };
    let (stream, mut names) = parts(sock, judge);
    mysql::settle::commit(stream, &mut names);
    0
}

/// A judge's cursor.
#[inline(always)]
const fn cursor(sock: &mut Sock, judge: u32) -> &mut Stream {
    if judge == JUDGE_VOICE as u32 {
        &mut sock.voice
    } else {
        &mut sock.authority
    }
}

/// A judge's cursor, and the socket's names as that judge knows them.
#[inline(always)]
const fn parts(sock: &mut Sock, judge: u32) -> (&mut Stream, KernelNames<'_>) {
    let stream = if judge == JUDGE_VOICE as u32 {
        &mut sock.voice
    } else {
        &mut sock.authority
    };
    let names = KernelNames {
        socket: sock.cookie,
        judge: judge as u8,
        index: &mut sock.names,
    };
    (stream, names)
}
