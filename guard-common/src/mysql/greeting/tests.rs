//! What servers say first.

extern crate std;

use super::{Beginning, GREETING_BYTES, Greeting};
use crate::class::Opaque;
use crate::engine::Server;
use crate::protocol::Protocol;
use crate::repeat::Host;
use crate::stream::Stream;
use std::vec;
use std::vec::Vec;
use zerocopy::FromZeros;

/// A greeting as servers send it.
fn greeting_of(version: &str, capabilities: u32, status: u16) -> Vec<u8> {
    let [a, b, c, d] = capabilities.to_le_bytes();
    let mut payload = vec![10];
    payload.extend(version.bytes().chain([0, 7, 0, 0, 0]));
    payload.extend(*b"challeng\0");
    payload.extend([a, b, 45]);
    payload.extend(status.to_le_bytes());
    payload.extend([c, d, 21, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    payload.extend(*b"challenge123\0mysql_native_password\0");
    packet(&payload)
}

/// The first packet of a connection.
fn packet(payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len()).expect("a short greeting");
    let [low, high] = length.to_le_bytes();
    [&[low, high, 0, 0], payload].concat()
}

/// Reads its first bytes.
fn heard(bytes: &[u8]) -> Greeting {
    let mut beginning = Beginning::new_zeroed();
    beginning.bytes.fill(0x55);
    let count = bytes.len().min(GREETING_BYTES);
    beginning.bytes[..count].copy_from_slice(&bytes[..count]);
    beginning.read::<Host>(count as u32)
}

#[test]
fn a_greeting_says_which_server_it_is() {
    const MYSQL: u32 = 0xdfff_ffff;
    const OF_MARIA: u32 = 0x81ff_f7fe;
    for (version, capabilities, number, maria, attributes) in [
        ("5.5.5-10.11.19-MariaDB-0+deb12u1", OF_MARIA, 101_119, 1, 0),
        ("11.4.2-MariaDB-ubu2404-log", OF_MARIA, 110_402, 1, 0),
        ("10.1.48-MariaDB", OF_MARIA | 1, 100_148, 1, 0),
        ("8.0.36", MYSQL, 80_036, 0, 1),
        ("8.0.22", MYSQL & !(1 << 27), 80_022, 0, 0),
        ("5.7.44-log", MYSQL & !(1 << 27), 50_744, 0, 0),
        // Neither of the two.
        ("8.0.36", OF_MARIA, 0, 0, 0),
        ("none", MYSQL, 0, 0, 0),
        ("", MYSQL, 0, 0, 0),
    ] {
        let greeting = heard(&greeting_of(version, capabilities, 2));
        let server = greeting.server();
        assert!(greeting.is_seen(), "{version}");
        assert_eq!(
            (server.version, server.maria, server.attributes),
            (number, maria, attributes),
            "{version}"
        );
    }
}

#[test]
fn a_greeting_that_is_not_whole_says_nothing() {
    let whole = greeting_of("8.0.36", u32::MAX, 2);
    let needed = 5 + 7 + 20;
    for count in 0..whole.len() {
        let known = heard(&whole[..count]).server().version != 0;
        assert_eq!(known, count >= needed, "{count}");
    }
    let mut other = whole.clone();
    other[4] = 9;
    assert_eq!(heard(&other).server(), Server::UNKNOWN);
    other = whole;
    other[3] = 1;
    assert_eq!(heard(&other).server(), Server::UNKNOWN);
    let long = greeting_of(&"8.0.36-".repeat(30), u32::MAX, 2);
    assert_eq!(heard(&long).server(), Server::UNKNOWN);
    let error = packet(b"\xff\x10\x04Too many connections");
    assert_eq!(heard(&error).server(), Server::UNKNOWN);
    assert!(!Greeting::default().is_seen());
}

#[test]
fn a_greeting_is_told_to_a_stream_that_has_not_begun() {
    let greeting = heard(&greeting_of("8.0.36", u32::MAX, 2));
    let mut stream = Stream::new_zeroed();
    stream.reset(Protocol::Mysql);
    greeting.tell(&mut stream);
    assert_eq!(stream.scan.server, greeting.server());
    assert_eq!(stream.opaque, 0);
    stream.reset(Protocol::Mysql);
    stream.header_count = 1;
    greeting.tell(&mut stream);
    assert_eq!(stream.scan.server, Server::UNKNOWN);
    // The server's own sql_mode reads strings in another way.
    for status in [0x0202, 0x8002] {
        stream.reset(Protocol::Mysql);
        heard(&greeting_of("8.0.36", u32::MAX, status)).tell(&mut stream);
        assert_eq!(stream.opaque, Opaque::Setting.bit(), "{status:x}");
    }
}
