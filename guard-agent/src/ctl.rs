//! What `guardctl` does, one module a command.

pub mod explain;
pub mod policy;
