//! Command lines: clap types only, no logic. The comments are the manual.

pub mod agent;
pub mod ctl;
