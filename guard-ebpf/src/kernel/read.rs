//! Probing reads: a bad address is an error, not a crash.

use crate::kernel::offsets::MISSING;
use aya_ebpf::Global;
use aya_ebpf::helpers::generated::{
    bpf_probe_read_kernel, bpf_probe_read_kernel_str, bpf_probe_read_user,
};
use core::ffi::c_void;
use core::mem::MaybeUninit;
use zerocopy::FromBytes;

/// Values that any bytes are good for.
pub(crate) trait Plain: Copy {}
impl Plain for u8 {}
impl Plain for u32 {}
impl Plain for i32 {}
impl Plain for u64 {}

/// One field of the kernel structure at `base`; `None` when the kernel has no
/// such field or the address is bad.
#[inline(always)]
pub(crate) fn field<T: Plain>(base: u64, offset: &Global<u32>) -> Option<T> {
    let offset = offset.load();
    if offset == MISSING {
        return None;
    }
    let mut value = MaybeUninit::<T>::uninit();
    // SAFETY: the helper writes `size_of::<T>()` bytes to `value`, whatever the
    // address, and says whether it could read them.
    let result = unsafe {
        bpf_probe_read_kernel(
            value.as_mut_ptr().cast(),
            size_of::<T>() as u32,
            base.wrapping_add(u64::from(offset)) as *const c_void,
        )
    };
    // SAFETY: the helper succeeded, so all bytes are written, and any bytes are
    // a `T` (`Plain`).
    (result == 0).then(|| unsafe { value.assume_init() })
}

/// Copies `length` bytes of user memory to the start of `buffer`.
///
/// `length` is at most `N`; a page that is not in memory is an error.
#[inline(always)]
pub(crate) fn user<const N: usize>(buffer: &mut [u8; N], address: u64, length: u32) -> bool {
    let length = (length as usize).min(N) as u32;
    // SAFETY: `length` is at most the size of the buffer.
    let result = unsafe {
        bpf_probe_read_user(buffer.as_mut_ptr().cast(), length, address as *const c_void)
    };
    result == 0
}

/// Copies the text at a kernel address, with its NUL, to the start of `buffer`.
/// The length without the NUL; `None` when it cannot be read or does not fit.
#[inline(always)]
pub(crate) fn text<const N: usize>(buffer: &mut [u8; N], address: u64) -> Option<u32> {
    // SAFETY: the helper writes at most `N` bytes.
    let result = unsafe {
        bpf_probe_read_kernel_str(
            buffer.as_mut_ptr().cast(),
            N as u32,
            address as *const c_void,
        )
    };
    (result > 0 && result < N as i64).then(|| result as u32 - 1)
}

/// The address of a structure inside another one.
#[inline(always)]
pub(crate) fn member(base: u64, offset: &Global<u32>) -> Option<u64> {
    let offset = offset.load();
    (offset != MISSING).then(|| base.wrapping_add(u64::from(offset)))
}

/// The address of the structure that `member` is inside of.
#[inline(always)]
pub(crate) fn container(member: u64, offset: &Global<u32>) -> Option<u64> {
    let offset = offset.load();
    (offset != MISSING).then(|| member.wrapping_sub(u64::from(offset)))
}

/// Copies `length` bytes of kernel memory to `buffer[at..]`; `false` when they
/// cannot be read or do not fit.
#[inline(always)]
pub(crate) fn kernel_at<const N: usize>(
    buffer: &mut [u8; N],
    at: usize,
    address: u64,
    length: u32,
) -> bool {
    if at > N || length as usize > N - at {
        return false;
    }
    // SAFETY: checked above: `length` bytes from `at` on are inside the buffer.
    let result = unsafe {
        bpf_probe_read_kernel(
            buffer.as_mut_ptr().add(at).cast(),
            length,
            address as *const c_void,
        )
    };
    result == 0
}

/// Copies a large value from one place in map memory to another.
///
/// VERIFIER: a plain copy is a loop over bytes, and the proof follows each of them.
#[inline(always)]
pub(crate) fn copy_whole<T: FromBytes>(from: &T, to: &mut T) {
    // SAFETY: the helper writes the bytes of one `T` to another, for which any
    // bytes are good, and reads by probing.
    unsafe {
        bpf_probe_read_kernel(
            core::ptr::from_mut(to).cast(),
            size_of::<T>() as u32,
            core::ptr::from_ref(from).cast(),
        );
    }
}

/// Copies up to `N` bytes from one map value to another.
#[inline(always)]
pub(crate) fn copy<const N: usize>(to: &mut [u8; N], from: *const u8, length: u32) {
    let length = (length as usize).min(N) as u32;
    // SAFETY: `length` is at most the size of the buffer; `from` is read by
    // probing.
    unsafe { bpf_probe_read_kernel(to.as_mut_ptr().cast(), length, from.cast()) };
}
