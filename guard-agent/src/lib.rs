//! Guard's user space: daemon, policy compiler and command line.
#![deny(unsafe_code)]

#[expect(
    unsafe_code,
    reason = "map values are plain bytes; two system calls have no safe wrapper"
)]
pub mod bpf;
pub mod ctl;
pub mod facts;
pub mod policy;
