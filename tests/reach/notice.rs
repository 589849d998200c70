//! Everything that a client of PostgreSQL could notice of its socket: one line
//! for each thing, equal for equal sockets.

use crate::raw;
use guard_tests::wire::{Wire, message, tags};
use rustix::net::{RecvFlags, SendFlags, recv, send};
use std::io;
use std::net::SocketAddr;

/// `MSG_ZEROCOPY`.
const ZEROCOPY: u32 = 0x0400_0000;
/// `SOL_SOCKET`, `IPPROTO_TCP`, `IPPROTO_IP`.
const LEVELS: [i32; 3] = [1, 6, 0];
/// Numbers that options may have.
const NAMES: std::ops::Range<i32> = 1..96;
/// Options that differ from socket to socket: `SO_PEERCRED`, `SO_INCOMING_CPU`,
/// `SO_INCOMING_NAPI_ID`, `SO_COOKIE`, memory, `TCP_INFO` and its kin, timestamps,
/// the port.
const OF_ITS_OWN: [(i32, i32); 9] = [
    (1, 17),
    (1, 49),
    (1, 55),
    (1, 56),
    (1, 57),
    (6, 11),
    (6, 24),
    (6, 26),
    (0, 52),
];
/// Options that a client may set, with a value.
const SETTINGS: [(i32, i32, i32); 17] = [
    (1, 2, 1),
    (1, 7, 8192),
    (1, 8, 8192),
    (1, 9, 1),
    (1, 37, 255),
    (1, 47, 1_000_000),
    (1, 60, 1),
    (6, 1, 1),
    (6, 3, 1),
    (6, 3, 0),
    (6, 4, 5),
    (6, 9, 1),
    (6, 12, 1),
    (6, 18, 1000),
    (6, 25, 4096),
    (6, 30, 1),
    (6, 36, 1),
];

/// Looks at all of it.
pub(crate) fn look(address: SocketAddr) -> io::Result<()> {
    let wire = Wire::open(address);
    for (level, name) in LEVELS
        .iter()
        .flat_map(|level| NAMES.map(move |name| (*level, name)))
    {
        if !OF_ITS_OWN.contains(&(level, name)) {
            let value = raw::get(wire.stream(), level, name);
            println!(
                "get {level} {name}: {:?}",
                value.map_err(|error| error.raw_os_error())
            );
        }
    }
    for (level, name, value) in SETTINGS {
        let set = raw::set(wire.stream(), level, name, &value.to_ne_bytes());
        println!(
            "set {level} {name}: {:?}",
            set.map_err(|error| error.raw_os_error())
        );
    }
    for protocol in ["tls", "espintcp", "mptcp"] {
        let set = raw::set(wire.stream(), 6, 31, protocol.as_bytes());
        println!(
            "upper {protocol}: {:?}",
            set.map_err(|error| error.raw_os_error())
        );
    }
    asks("after the settings", wire);
    urgent(address)?;
    zero_copy(address)?;
    let wire = Wire::open(address);
    let sent = raw::send_zc(wire.stream(), &message::query("SELECT 1"))?;
    println!("SEND_ZC: {sent:?}");
    answered("SEND_ZC", wire);
    Ok(())
}

/// One byte of urgent data, which the server does not read as part of the stream.
fn urgent(address: SocketAddr) -> io::Result<()> {
    let wire = Wire::open(address);
    println!("MSG_OOB: {}", send(wire.stream(), b"Q", SendFlags::OOB)?);
    asks("MSG_OOB", wire);
    Ok(())
}

/// Memory that the kernel does not copy, and its word that it is free again.
fn zero_copy(address: SocketAddr) -> io::Result<()> {
    let wire = Wire::open(address);
    raw::set(wire.stream(), 1, 60, &1_i32.to_ne_bytes())?;
    let query = message::query("SELECT 1");
    let flags = SendFlags::from_bits_retain(ZEROCOPY);
    println!("MSG_ZEROCOPY: {}", send(wire.stream(), &query, flags)?);
    let mut wire = wire;
    println!("answer: {}", tags(&wire.until_ready()));
    // `MSG_ERRQUEUE`: what is queued there is for `recvmsg`; that it is there is
    // what a client notices.
    let queue = RecvFlags::from_bits_retain(0x2000) | RecvFlags::DONTWAIT;
    let freed = recv(wire.stream(), &mut [0_u8; 64][..], queue);
    println!("freed: {:?}", freed.map(|(count, _)| count));
    Ok(())
}

fn asks(what: &str, mut wire: Wire) {
    wire.send(&message::query("SELECT 1"));
    answered(what, wire);
}

fn answered(what: &str, mut wire: Wire) {
    println!("{what}: {}", tags(&wire.until_ready()));
}
