//! Guard's user space: daemon, policy compiler and command line.
//!
//! The daemon starts in [`daemon`]; records travel from [`events`] through the
//! [`evaluator`] into the [`journal`]; [`api`] answers on the unix socket and
//! [`ctl`] is what people type. Raw bytes from the kernel are seen only by
//! `events::decode`, files only by the `raw` modules.
#![deny(unsafe_code)]

pub mod api;
#[expect(
    unsafe_code,
    reason = "map values are plain bytes; three system calls have no safe wrapper"
)]
pub mod bpf;
pub mod cli;
pub mod config;
pub mod ctl;
pub mod daemon;
pub mod decision;
pub mod dialect;
pub mod evaluator;
pub mod events;
pub mod exit;
pub mod facts;
pub mod journal;
pub mod metrics;
pub mod policy;
pub mod sessions;
pub mod shutdown;
pub mod yaml;
