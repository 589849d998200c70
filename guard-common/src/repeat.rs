//! The one loop of the core, so that the kernel can run it with `bpf_loop`.

/// A loop body with its state.
pub trait Turn {
    /// Does turn number `index`; `false` ends the loop.
    fn turn(&mut self, index: u32) -> bool;
}

/// How to repeat a [`Turn`]: `bpf_loop` in the kernel, `for` on the host.
pub trait Repeat {
    /// Runs `body` for up to `turns` turns (the kernel's bound is 2^23).
    fn repeat<T: Turn>(turns: u32, body: &mut T);
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
