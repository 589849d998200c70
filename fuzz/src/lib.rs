//! What must hold for any bytes.
//!
//! Each module has one property, `check(data)`, which panics when it does not
//! hold. `cargo xtask fuzz TARGET` looks for such data, guided by coverage;
//! `tests/regressions.rs` replays what was found (`regressions/TARGET/`), so it
//! stays fixed.

pub mod policy;
pub mod record;
mod split;
pub mod statement;
pub mod stream;
