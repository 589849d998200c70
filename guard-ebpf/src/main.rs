//! Guard's programs for the kernel.
//!
//! A hook gathers facts, `guard_common` decides, the hook acts. Start reading
//! at [`hooks`]; every map is in [`maps`], every read of kernel memory below
//! [`kernel`], every record goes out through [`emit`].
//!
//! The crate is built for `bpfel-unknown-none` by `guard-agent/build.rs`. For
//! the host it only has to pass `cargo check`: nothing runs there.
#![cfg_attr(target_arch = "bpf", no_std, no_main, feature(asm_experimental_arch))]

mod emit;
mod hooks;
mod kernel;
mod maps;
mod stream;

/// The licence that the kernel asks for: some helpers are GPL only.
///
/// The section's name is what loaders read; no other symbol has this name.
#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 4] = *b"GPL\0";

/// Never runs: the kernel refuses an object in which it can be reached.
#[cfg(target_arch = "bpf")]
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

/// Nothing: a host build of this crate is for `cargo check` and clippy alone.
#[cfg(not(target_arch = "bpf"))]
fn main() {}
