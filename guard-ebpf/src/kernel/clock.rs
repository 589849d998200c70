//! Time and place of a record.

use aya_ebpf::helpers::{bpf_get_smp_processor_id, bpf_ktime_get_boot_ns};

/// Boot time in nanoseconds (`CLOCK_BOOTTIME`).
#[inline(always)]
pub(crate) fn boot_ns() -> u64 {
    // SAFETY: the helper takes nothing and reads the kernel's clock.
    unsafe { bpf_ktime_get_boot_ns() }
}

/// The CPU that runs the program.
#[inline(always)]
pub(crate) fn cpu() -> u32 {
    // SAFETY: the helper takes nothing; programs do not migrate while they run.
    unsafe { bpf_get_smp_processor_id() }
}
