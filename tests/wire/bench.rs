//! Small loops that the benchmark times from inside and outside a session.

use std::net::{SocketAddr, TcpStream};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How often, when the command line does not say.
const ROUNDS: usize = 100;

/// Starts `/bin/true` again and again.
pub(crate) fn exec(_: SocketAddr) {
    report(|| {
        let status = Command::new("/bin/true").stdin(Stdio::null()).status();
        assert!(status.expect("/bin/true can be started").success());
    });
}

/// Connects to a listener again and again.
pub(crate) fn connect(address: SocketAddr) {
    report(|| drop(TcpStream::connect(address).expect("the listener accepts")));
}

/// Prints the time of each turn in nanoseconds, one a line.
fn report(mut turn: impl FnMut()) {
    let count = std::env::args().nth(3);
    let count = count.map_or(ROUNDS, |word| word.parse().expect("a count follows"));
    let mut times = Vec::with_capacity(count);
    for _ in 0..count {
        let start = Instant::now();
        turn();
        times.push(start.elapsed());
    }
    let lines: Vec<String> = times
        .iter()
        .map(Duration::as_nanos)
        .map(|time| time.to_string())
        .collect();
    println!("{}", lines.join("\n"));
}
