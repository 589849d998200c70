//! Guard's user space: daemon, policy compiler and command line.

pub mod ctl;
pub mod facts;
pub mod policy;
