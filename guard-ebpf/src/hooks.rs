//! The hooks, one file a family, and what they share.
#![deny(unsafe_code)]

pub(crate) mod lifetime;
