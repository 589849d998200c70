//! Atomic counters in map memory.
//!
//! `core::sync::atomic` has no read-modify-write on the BPF target, so these
//! are one instruction of inline assembly. A program can be preempted or
//! interrupted by another one on its CPU, which is why even per-CPU counters
//! need them.

/// Adds to a counter and returns what it held before.
///
/// # Safety
///
/// `counter` points into a map value, is aligned to 8 bytes and not null.
#[inline(always)]
pub(crate) unsafe fn fetch_add(counter: *mut u64, by: u64) -> u64 {
    #[cfg(target_arch = "bpf")]
    {
        let mut old = by;
        // SAFETY: the caller vouches for the pointer; the instruction touches
        // these 8 bytes and one register.
        unsafe {
            core::arch::asm!(
                "{old} = atomic_fetch_add((u64 *)({counter} + 0), {old})",
                old = inout(reg) old,
                counter = in(reg) counter,
            );
        }
        old
    }
    #[cfg(not(target_arch = "bpf"))]
    {
        // SAFETY: never run; `cargo check` on the host needs a body.
        let counter = unsafe { core::sync::atomic::AtomicU64::from_ptr(counter) };
        counter.fetch_add(by, core::sync::atomic::Ordering::Relaxed)
    }
}
