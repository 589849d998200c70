//! Harness: what several test targets share.
