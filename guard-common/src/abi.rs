//! Bytes that kernel and agent share: map values and ring-buffer records.
//!
//! Rules: `repr(C)`, fixed-width integers, wide fields first, named padding
//! that is zero, a size assert beside each type, and no Rust enum: an enum
//! travels as its number and comes back through a total `from_raw`. A change
//! of any of these raises [`ABI_VERSION`].

pub mod event;
pub mod names;
pub mod policy;
pub mod session;
pub mod settings;

/// Version of everything in this module. Pinned maps and links carry it in
/// their folder's name; an agent with another version does not adopt them.
pub const ABI_VERSION: u32 = 5;
