//! What tests, demo and benchmark share: throw-away servers, cgroups and
//! daemons, and commands inside a guarded session.
//!
//! Everything here cleans up after itself when it is dropped, after a panic
//! too. Processes end with the test process even when that one is killed.
//! Nothing waits for a time: waiting is for an event, with a deadline.

pub mod cgroup;
pub mod daemon;
pub mod engine;
pub mod mariadb;
pub mod need;
mod owner;
pub mod paths;
pub mod postgres;
pub mod process;
pub mod redis;
pub mod repl;
pub mod scratch;
pub mod selftest;
pub mod stand;
mod template;
pub mod wait;
pub mod wire;
