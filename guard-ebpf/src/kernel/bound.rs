//! Bounds in a form that the verifier keeps.

/// Gives back `value` when it is 1 to `limit`.
///
/// VERIFIER(6.1 to 6.18): a bound that is checked on one copy of a number is
/// lost on another, and LLVM compares whichever copy it likes. The barrier makes
/// this a number of its own, so that the check stands right before the use.
#[inline(always)]
pub(crate) fn within(value: u32, limit: u32) -> Option<u32> {
    let value = fresh(u64::from(value));
    if value == 0 || value > u64::from(limit) {
        return None;
    }
    Some(value as u32)
}

/// A copy of `value` of which LLVM knows nothing.
#[inline(always)]
pub(crate) fn fresh(value: u64) -> u64 {
    #[cfg(target_arch = "bpf")]
    {
        let mut value = value;
        // SAFETY: a move of a register to itself. An empty asm would put two
        // line records at one offset, which the kernel refuses.
        unsafe { core::arch::asm!("{0} = {0}", inout(reg) value) };
        value
    }
    #[cfg(not(target_arch = "bpf"))]
    value
}
