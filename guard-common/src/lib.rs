//! The core of Guard: what was asked (facts), what the bytes mean (framing and
//! classification) and what policy says (decision).
//!
//! Everything here is pure: no maps, helpers, clock, allocation, I/O or panic.
//! The same code runs in host tests, in fuzzers, in `guardctl explain` and
//! inside the kernel programs of `guard-ebpf`. Start with [`class`] for the
//! words, [`decide`] for the verdict and [`stream`] for a client's bytes.
//!
//! A panic in this crate cannot go unnoticed: the kernel refuses an object
//! that contains the panic handler, so every index is masked to its array.
#![no_std]
#![forbid(unsafe_code)]

pub mod abi;
pub mod class;
pub mod decide;
pub mod denial;
pub mod engine;
pub mod facts;
pub mod fault;
pub mod hash;
pub mod limits;
pub mod mysql;
pub mod pg;
pub mod protocol;
pub mod redis;
pub mod repeat;
pub mod said;
pub mod stream;
pub mod text;
pub mod verdict;
