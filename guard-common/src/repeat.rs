//! The one loop of the core, so that the kernel can run it with `bpf_loop`.

use crate::engine::{self, Tables};
use crate::limits::CHUNK_BYTES;

/// A loop body with its state.
pub trait Turn {
    /// Does turn number `index`; `false` ends the loop.
    fn turn(&mut self, index: u32) -> bool;
}

/// How to repeat a [`Turn`]: `bpf_loop` in the kernel, `for` on the host.
pub trait Repeat {
    /// Runs `body` for up to `turns` turns (the kernel's bound is 2^23).
    fn repeat<T: Turn>(turns: u32, body: &mut T);

    /// Zero, from any number that is not a constant.
    ///
    /// What a loop changes begins with this where the loop's state is not in map
    /// memory: the kernel's verifier follows a known number apart from what it
    /// may become, and each of them doubles its work.
    #[inline(always)]
    fn zero(_any: u64) -> u64 {
        0
    }

    /// Steps through the eight bytes of `chunk` from `begin` on, from the lexer's `row`:
    /// the row behind them and 8, or the first cell that is no row and the index of
    /// its byte. The innermost loop of the engine.
    #[inline(always)]
    fn eight(tables: &Tables, chunk: &[u8; CHUNK_BYTES], begin: usize, row: usize) -> (u32, usize) {
        engine::eight(tables, chunk, begin, row)
    }

    /// Nothing; but what is known of the memory behind `state` is forgotten.
    ///
    /// Between two rounds of an unrolled loop the compiler hands numbers on in
    /// registers. The kernel's verifier then follows each way that they came
    /// about apart, through all rounds that follow.
    #[inline(always)]
    fn forget<T>(_state: &mut T) {}
}

/// The host's loop.
#[derive(Clone, Copy, Debug, Default)]
pub struct Host;

impl Repeat for Host {
    fn repeat<T: Turn>(turns: u32, body: &mut T) {
        for index in 0..turns {
            if !body.turn(index) {
                return;
            }
        }
    }
}
