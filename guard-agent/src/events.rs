//! From the kernel's ring buffer to records.
//!
//! [`settle`] waits for what becomes of a statement, [`decode`] doubts every byte,
//! [`numbers`] finds what was lost, [`processes`] names who acted, [`redact`] hides what arguments say, and [`render`] makes
//! the record.

pub mod clock;
pub mod decode;
pub mod numbers;
pub mod processes;
pub mod reader;
pub mod redact;
pub mod render;
pub mod settle;
