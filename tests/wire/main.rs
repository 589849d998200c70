//! `guard-wire SCENARIO ADDRESS`: a client of bytes for a guarded session.
//!
//! A test starts it under `guardctl run`. The scenario checks what the client
//! sees; the test checks what the server and the records say. A scenario that
//! fails panics, and the test shows its words.

mod bench;
mod check;
mod extended;
mod repl;
mod simple;
mod stream;

use std::net::SocketAddr;
use std::process::ExitCode;

type Scenario = fn(SocketAddr);

const SCENARIOS: &[(&str, Scenario)] = &[
    ("one-byte-writes", stream::one_byte_writes),
    (
        "two-messages-in-one-write",
        stream::two_messages_in_one_write,
    ),
    ("a-mebibyte", stream::a_mebibyte),
    ("a-full-buffer", stream::a_full_buffer),
    (
        "other-bytes-at-the-same-place",
        stream::other_bytes_at_the_same_place,
    ),
    ("one-packet", stream::one_packet),
    ("urgent-first", stream::urgent_first),
    ("dies-in-mid-message", stream::dies_in_mid_message),
    ("many-connections", stream::many_connections),
    ("multi-statement", simple::multi_statement),
    ("transaction", simple::transaction),
    (
        "transaction-in-one-message",
        simple::transaction_in_one_message,
    ),
    ("disguises", simple::disguises),
    ("copy", simple::copy),
    ("fast-path", simple::fast_path),
    ("pipeline-ten-deep", extended::pipeline_ten_deep),
    ("pipeline-one-sync", extended::pipeline_one_sync),
    ("pipeline-transaction", extended::pipeline_transaction),
    ("flush-without-sync", extended::flush_without_sync),
    ("named-statements", extended::named_statements),
    ("parameters", extended::parameters),
    ("repl", repl::run),
    ("bench-exec", bench::exec),
    ("bench-connect", bench::connect),
];

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let (Some(name), Some(address)) = (
        words.next(),
        words.next().and_then(|word| word.parse().ok()),
    ) else {
        eprintln!("usage: guard-wire SCENARIO ADDRESS");
        return ExitCode::from(2);
    };
    let Some((_, scenario)) = SCENARIOS.iter().find(|(known, _)| *known == name) else {
        eprintln!("no scenario `{name}`");
        return ExitCode::from(2);
    };
    scenario(address);
    ExitCode::SUCCESS
}
