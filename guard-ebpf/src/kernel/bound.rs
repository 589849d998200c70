//! Bounds in a form that the verifier keeps.

/// Gives back `value` when it is 1 to `limit`.
///
/// VERIFIER(6.1 to 6.18): a bound that is checked on one copy of a number is
/// lost on another, and LLVM compares whichever copy it likes. The barrier makes
/// this a number of its own, so that the check stands right before the use.
///
/// VERIFIER(6.1): `!= 0` does not teach it "at least 1", which LLVM makes of
/// every form of that check. So the number below is checked: one bound, and
/// adding 1 gives the other.
#[inline(always)]
pub(crate) fn within(value: u32, limit: u32) -> Option<u32> {
    let below = fresh(u64::from(value.wrapping_sub(1)));
    if below >= u64::from(limit) {
        return None;
    }
    Some(below as u32 + 1)
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

/// Zero, of which neither LLVM nor the verifier knows that it is: the verifier
/// takes two unknown numbers to be different even when they are one.
#[inline(always)]
pub(crate) fn zero(any: u64) -> u64 {
    #[cfg(target_arch = "bpf")]
    {
        let mut value = any;
        // SAFETY: an operation on one register.
        unsafe { core::arch::asm!("{0} ^= {0}", inout(reg) value) };
        value
    }
    #[cfg(not(target_arch = "bpf"))]
    {
        let _ = any;
        0
    }
}

/// Makes LLVM forget what it knows of the memory behind a reference, so that it
/// is loaded anew.
#[inline(always)]
pub(crate) fn forget<T>(state: &mut T) {
    #[cfg(target_arch = "bpf")]
    // SAFETY: a move of a register to itself; LLVM takes the memory for changed,
    // and it is not.
    unsafe {
        core::arch::asm!("{0} = {0}", in(reg) core::ptr::from_mut(state));
    }
    #[cfg(not(target_arch = "bpf"))]
    let _ = state;
}
