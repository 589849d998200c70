//! How bytes are cut into writes must not matter.

use crate::check::{DROP, End, goes_on, refused, refused_or_reset};
use guard_tests::wire::{Next, Wire, message, tags};
use std::io::{ErrorKind, Write};
use std::net::SocketAddr;

/// Everything byte by byte: the start of the connection, a good statement, a bad one.
pub(crate) fn one_byte_writes(address: SocketAddr) {
    let mut wire = Wire::connect(address);
    let send = |wire: &mut Wire, bytes: &[u8]| {
        for byte in bytes {
            wire.send(&[*byte]);
        }
    };
    send(
        &mut wire,
        &message::startup(guard_tests::postgres::USER, guard_tests::postgres::DATABASE),
    );
    assert!(tags(&wire.until_ready()).ends_with('Z'));
    send(&mut wire, &message::query("SELECT 'DROP TABLE customers'"));
    assert_eq!(tags(&wire.until_ready()), "TDCZ");
    let refusal = message::query(DROP);
    for byte in &refusal {
        // The connection may be destroyed before the last byte is written.
        if wire.try_send(&[*byte]).is_err() {
            return;
        }
    }
    refused_or_reset(&mut wire);
}

/// Messages that share a write are judged one by one, and answered in order.
pub(crate) fn two_messages_in_one_write(address: SocketAddr) {
    let mut wire = Wire::open(address);
    let (good, bad) = (message::query("SELECT 1"), message::query(DROP));
    wire.send(&[&good[..], &bad].concat());
    assert_eq!(tags(&wire.until_ready()), "TDCZ");
    refused(&wire.until_ready());
    wire.send(&[&bad[..], &good].concat());
    refused(&wire.until_ready());
    assert_eq!(tags(&wire.until_ready()), "TDCZ");
    wire.send(&[&bad[..], &bad].concat());
    refused(&wire.until_ready());
    refused(&wire.until_ready());
    goes_on(&mut wire);
}

/// A statement of a mebibyte, good and bad, with the verb at either end.
pub(crate) fn a_mebibyte(address: SocketAddr) {
    let filler = "x".repeat(1 << 20);
    let mut wire = Wire::open(address);
    for good in [
        format!("SELECT length('{filler}')"),
        format!("/* {filler} */ SELECT 1"),
        format!("SELECT 1 -- {filler}"),
    ] {
        assert_eq!(tags(&wire.ask(&message::query(&good))), "TDCZ");
    }
    for bad in [
        format!("/* {filler} */ {DROP}"),
        format!("{DROP} /* {filler} */"),
        format!("SELECT '{filler}'; {DROP}"),
    ] {
        if wire.try_send(&message::query(&bad)).is_err()
            || refused_or_reset(&mut wire) == End::Reset
        {
            wire = Wire::open(address);
        }
    }
    goes_on(&mut wire);
}

/// A connection that takes little at once and never waits.
fn open_with_a_small_buffer(address: SocketAddr) -> Wire {
    let wire = Wire::open(address);
    rustix::net::sockopt::set_socket_send_buffer_size(wire.stream(), 4096)
        .expect("a socket takes SO_SNDBUF");
    wire.stream()
        .set_nonblocking(true)
        .expect("a socket can be non-blocking");
    wire
}

/// Non-blocking writes into a full buffer: what the kernel takes piecemeal is
/// judged as one stream.
pub(crate) fn a_full_buffer(address: SocketAddr) {
    let mut wire = open_with_a_small_buffer(address);
    // The server cannot take more while nobody reads its long answers.
    let comment = "DROP TABLE customers; ".repeat(400);
    let long = message::query(&format!("SELECT repeat('x', 100000) /* {comment} */"));
    let mut bytes: Vec<u8> = std::iter::repeat_n(long, 500).flatten().collect();
    let good = bytes.len();
    bytes.extend(message::query(DROP));
    let mut sent = 0;
    while sent < good {
        match wire.stream().write(&bytes[sent..]) {
            Ok(count) => sent += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => panic!("a good write failed: {error}"),
        }
    }
    assert!(sent < good, "the buffer did not fill");
    // From here two directions go on at once, as in any event loop.
    let reader = wire.stream().try_clone().expect("a socket can be shared");
    reader.set_nonblocking(false).expect("a socket can block");
    let rest = bytes.split_off(sent);
    let mut writer = reader.try_clone().expect("a socket can be shared");
    let writing = std::thread::spawn(move || writer.write_all(&rest));
    let mut completed = 0;
    let mut errors = 0;
    while completed < 501 {
        match wire.receive() {
            Next::Answer(answer) => {
                completed += u32::from(answer.tag == b'Z');
                errors += u32::from(answer.tag == b'E');
            }
            Next::End => break,
        }
    }
    let written = writing.join().expect("the writer does not panic");
    println!("{completed} answers, {errors} errors, writer: {written:?}");
    // Answered in order, or destroyed; never more than the good ones.
    assert!(
        completed <= 500 || errors == 1,
        "{completed} answers and {errors} errors"
    );
}

/// What does not fit into the send buffer the client sends anew, with other bytes at
/// the same place: what was read of the first ones says nothing of them.
pub(crate) fn other_bytes_at_the_same_place(address: SocketAddr) {
    let pad =
        |text: &str, length: usize| format!("{text}{}*/", " ".repeat(length - text.len() - 2));
    // A short text, and one of which the end is read apart: a page of it is read at once.
    for length in [60, PAGE + 300] {
        let mut wire = open_with_a_small_buffer(address);
        // The server takes no more while nobody reads its long answers.
        let long = message::query(&pad("SELECT repeat('x', 1000000) /*", 50 * PAGE - 6));
        let harmless = message::query(&pad("SELECT 'customers' /*", length));
        let refused = message::query(&pad("DROP TABLE customers /*", length));
        assert_eq!(harmless.len(), refused.len());
        let unit = [&long[..], &harmless].concat();
        let (mut complete, mut sent) = (0, unit.len());
        while sent == unit.len() {
            sent = wire.stream().write(&unit).expect("a piece of it fits");
            complete += 2 * usize::from(sent == unit.len());
        }
        assert!(sent < long.len(), "the buffer ends too late: {sent}");
        wire.stream()
            .set_nonblocking(false)
            .expect("a socket can block");
        for _ in 0..complete {
            wire.until_ready();
        }
        // The voice is silent: the message at hand has begun. An end that was read apart
        // arrives apart.
        let cut = match refused.len() / PAGE {
            0 => refused.len(),
            pages => pages * PAGE,
        };
        let (begin, end) = refused.split_at(cut);
        wire.send(&[&long[sent..], begin].concat());
        wire.until_ready();
        // The connection may be destroyed by now.
        if wire.try_send(end).is_ok() {
            assert_eq!(refused_or_reset(&mut wire), End::Reset);
        }
    }
}

/// Bytes that are read at once.
const PAGE: usize = 4096;

/// A good message and a bad one that spans writes, in one packet: the kernel holds
/// the writes back until all are there.
pub(crate) fn one_packet(address: SocketAddr) {
    let mut wire = Wire::open(address);
    goes_on(&mut wire);
    let bytes = [message::query("SELECT 17"), message::query(DROP)].concat();
    let cork = |wire: &Wire, on| {
        rustix::net::sockopt::set_tcp_cork(wire.stream(), on).expect("a socket takes TCP_CORK");
    };
    rustix::net::sockopt::set_tcp_nodelay(wire.stream(), false).expect("and no TCP_NODELAY");
    cork(&wire, true);
    let (first, rest) = bytes.split_at(message::query("SELECT 17").len() + 9);
    wire.send(first);
    wire.send(rest);
    cork(&wire, false);
    assert_eq!(refused_or_reset(&mut wire), End::Reset);
}

/// Urgent data as the very first byte: the stream is lost before it begins.
pub(crate) fn urgent_first(address: SocketAddr) {
    let mut wire = Wire::connect(address);
    rustix::net::send(wire.stream(), b"x", rustix::net::SendFlags::OOB).expect("it is sent");
    let startup = message::startup(guard_tests::postgres::USER, guard_tests::postgres::DATABASE);
    // The connection may be destroyed by now.
    if wire.try_send(&startup).is_ok() {
        assert!(wire.until_ready().is_empty(), "the connection goes on");
    }
}

/// A client that dies after half a message: nothing of it is executed.
pub(crate) fn dies_in_mid_message(address: SocketAddr) {
    for cut in [1, 4, 5, 9, message::query(DROP).len() - 1] {
        let mut wire = Wire::open(address);
        wire.send(&message::query(DROP)[..cut]);
    }
    let mut wire = Wire::open(address);
    let good = message::query("INSERT INTO invoices VALUES (5010, 1, 1)");
    wire.send(&good[..good.len() - 1]);
}

/// Ten thousand connections, one after another. Some send a statement, some keep a
/// prepared one, some end in the middle of a message, some without a word.
pub(crate) fn many_connections(address: SocketAddr) {
    for number in 0..10_000 {
        let mut wire = Wire::open(address);
        if number % 100 == 0 {
            goes_on(&mut wire);
        }
        if number % 10 < 2 {
            let parse = message::parse("kept", "SELECT 1");
            wire.ask(&[parse, message::sync()].concat());
        }
        if number % 3 != 0 {
            wire.send(&message::terminate());
        } else if number % 2 == 0 {
            wire.send(&message::query("SELECT 1")[..7]);
        }
    }
}
