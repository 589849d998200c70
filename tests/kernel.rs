//! The kernel side alone, against the kernel that runs the tests: who belongs to
//! a session, what may run, where it may connect, and how connections end.
//! Needs root and cgroup v2, no daemon and no server.

#[path = "kernel/connect.rs"]
mod connect;
#[path = "kernel/destroy.rs"]
mod destroy;
#[path = "kernel/exec.rs"]
mod exec;
#[path = "kernel/guarded.rs"]
mod guarded;
#[path = "kernel/lifetime.rs"]
mod lifetime;
