//! `guard-wire SCENARIO ADDRESS`: a client of bytes for a guarded session.
//!
//! A test starts it under `guardctl run`; the scenario checks what the client
//! sees, the test what the server and the records say.
fn main() {}
