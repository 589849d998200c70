//! Guard's user space: daemon, policy compiler and command line.

pub mod dialect;
