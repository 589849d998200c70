//! One connection, told line by line by the test.

use guard_tests::wire::{Answer, Wire, message};
use std::io::{BufRead, Write};
use std::net::SocketAddr;

/// Each line of stdin is one query; each answer is one line on stdout.
pub(crate) fn run(address: SocketAddr) {
    let mut wire = Wire::open(address);
    let mut stdout = std::io::stdout().lock();
    let mut say = |line: &str| writeln!(stdout, "{line}").and_then(|()| stdout.flush());
    say("connected").expect("the test reads");
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let sent = wire.try_send(&message::query(&line));
        let answers = if sent.is_ok() {
            wire.until_ready()
        } else {
            Vec::new()
        };
        if say(&summary(&answers)).is_err() {
            return;
        }
    }
}

/// The first error, else the first value, else the completed command.
fn summary(answers: &[Answer]) -> String {
    let first = |tag| answers.iter().find(|answer| answer.tag == tag);
    if let Some(error) = first(b'E') {
        return format!(
            "{} {} {}",
            error.field(b'C'),
            error.field(b'M'),
            error.field(b'D')
        );
    }
    // A row: count of columns (2 bytes), length (4 bytes), value.
    if let Some(row) = first(b'D') {
        return String::from_utf8_lossy(row.body.get(6..).unwrap_or_default()).replace('\n', " ");
    }
    first(b'C').map_or_else(|| "the connection ended".to_owned(), Answer::text)
}
