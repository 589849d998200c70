//! Reads of kernel memory and the helpers that need `unsafe`.
//!
//! Each function takes a handle, returns a plain value, and is the only place
//! that knows an offset or a helper's arguments.

pub(crate) mod atomic;
pub(crate) mod bound;
pub(crate) mod clock;
pub(crate) mod message;
pub(crate) mod offsets;
pub(crate) mod packet;
pub(crate) mod peer;
pub(crate) mod program;
pub(crate) mod read;
pub(crate) mod repeat;
pub(crate) mod signal;
pub(crate) mod socket;
pub(crate) mod step;
pub(crate) mod task;
