//! The kernel's loop for the core: `bpf_loop`.

use crate::kernel::{bound, step};
use aya_ebpf::helpers::bpf_loop;
use core::ffi::c_void;
use guard_common::engine::Tables;
use guard_common::limits::CHUNK_BYTES;
use guard_common::repeat::{Repeat, Turn};

/// Runs a [`Turn`] with `bpf_loop`: the verifier reads the body once, whatever
/// the number of turns.
pub(crate) struct Kernel;

impl Repeat for Kernel {
    #[inline(always)]
    fn repeat<T: Turn>(turns: u32, body: &mut T) {
        // SAFETY: `body` outlives the call, and the kernel hands the very
        // pointer back to `turn::<T>` and to nothing else.
        unsafe {
            bpf_loop(
                turns,
                turn::<T> as *mut c_void,
                core::ptr::from_mut(body).cast(),
                0,
            );
        }
    }

    #[inline(always)]
    fn zero(any: u64) -> u64 {
        bound::zero(any)
    }

    #[inline(always)]
    fn eight(tables: &Tables, chunk: &[u8; CHUNK_BYTES], begin: usize, row: usize) -> (u32, usize) {
        step::eight(tables, chunk, begin, row)
    }

    #[inline(always)]
    fn forget<T>(state: &mut T) {
        bound::forget(state);
    }
}

/// One turn as the kernel calls it; 1 ends the loop.
unsafe extern "C" fn turn<T: Turn>(index: u32, body: *mut c_void) -> i64 {
    // SAFETY: `body` is the pointer given to `bpf_loop` above, of this type and
    // alive, and no other reference is used during the call.
    let body = unsafe { &mut *body.cast::<T>() };
    i64::from(!body.turn(index))
}
