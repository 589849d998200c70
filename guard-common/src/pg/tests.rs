//! Framing: what a stream is cut into does not depend on how it arrives.

extern crate std;

use crate::class::{Class, Opaque};
use crate::engine::Scan;
use crate::facts::Facts;
use crate::limits::CHUNK_BYTES;
use crate::protocol::{Dialect, Protocol};
use crate::redis::Command;
use crate::repeat::Host;
use crate::stream::{
    BLIND, Chunk, Engine, Names, Stream, commit, commit_substitute, phase, settle, step, what,
};
use core::cell::RefCell;
use std::collections::HashMap;
use std::string::String;
use std::vec::Vec;
use zerocopy::FromZeros;

/// Collects the text it is given, and calls everything with a DROP a drop.
#[derive(Default)]
struct Recorder {
    text: RefCell<Vec<u8>>,
}

impl Engine for Recorder {
    fn begin(&self, _dialect: Dialect, scan: &mut Scan) {
        self.text.borrow_mut().clear();
        scan.facts.clear();
    }

    fn feed(&self, _dialect: Dialect, _scan: &mut Scan, chunk: &Chunk, from: u32, to: u32) {
        self.text
            .borrow_mut()
            .extend_from_slice(&chunk[from as usize..to as usize]);
    }

    fn end(&self, _dialect: Dialect, scan: &mut Scan) {
        let text = String::from_utf8_lossy(&self.text.borrow()).into_owned();
        let class = if text.contains("DROP") {
            Class::Drop
        } else {
            Class::Select
        };
        scan.facts.add(class);
    }

    fn command(&self, _key: u64, _into: &mut Command) -> bool {
        false
    }
}

#[derive(Default)]
struct Table(HashMap<(u32, u64), Facts>);

impl Names for Table {
    fn store(&mut self, kind: u32, name: u64, facts: &Facts) {
        self.0.insert((kind, name), *facts);
    }

    fn load(&mut self, kind: u32, name: u64, into: &mut Facts) -> bool {
        self.0
            .get(&(kind, name))
            .map(|facts| *into = *facts)
            .is_some()
    }

    fn merge(&mut self, kind: u32, name: u64, into: &mut Facts) -> bool {
        match self.0.get(&(kind, name)) {
            Some(facts) => {
                into.merge::<Host>(facts);
                true
            }
            None => false,
        }
    }

    fn differs(&self, kind: u32, name: u64, facts: &Facts) -> bool {
        let known = self.0.get(&(kind, name));
        known.is_some_and(|known| !known.same::<Host>(facts))
    }

    fn clear(&mut self) {
        self.0.clear();
    }

    fn remove(&mut self, kind: u32, name: u64) {
        self.0.remove(&(kind, name));
    }
}

/// What one message came to: kind, what is judged, classes, opaque reasons.
type Seen = (u8, u32, u64, u32);

/// Reads `writes`, each in chunks of at most `size` bytes.
fn read(writes: &[u8], size: usize) -> (Vec<Seen>, Stream) {
    let mut pieces = writes.chunks(size);
    read_pieces(|_| pieces.next())
}

/// Reads `writes` as the kernel does: what does not matter is passed over. Also
/// says how many bytes were read.
fn read_sparsely(writes: &[u8], size: usize) -> (Vec<Seen>, usize) {
    let mut copied = 0;
    let mut writes = writes.chunks(size);
    let mut rest: &[u8] = &[];
    let seen = read_pieces(|stream| {
        loop {
            if rest.is_empty() {
                rest = writes.next()?;
            }
            let skipped = rest.len().min(stream.skippable() as usize);
            stream.skip(skipped as u32);
            rest = &rest[skipped..];
            if !rest.is_empty() {
                let (piece, behind) = rest.split_at(rest.len().min(stream.reach() as usize));
                rest = behind;
                copied += piece.len();
                return Some(piece);
            }
        }
    });
    (seen.0, copied)
}

/// Reads pieces of at most a chunk.
fn read_pieces<'a>(mut next: impl FnMut(&mut Stream) -> Option<&'a [u8]>) -> (Vec<Seen>, Stream) {
    let engine = Recorder::default();
    let mut names = Table::default();
    let mut stream = Stream::new_zeroed();
    stream.reset(Protocol::Postgres);
    let mut chunk = [0; CHUNK_BYTES];
    let mut seen = Vec::new();
    while let Some(piece) = next(&mut stream) {
        chunk[..piece.len()].copy_from_slice(piece);
        stream.at = 0;
        stream.end = piece.len() as u32;
        loop {
            step(&engine, &mut stream, &chunk);
            if stream.complete != 0 {
                let what = settle(&mut stream, &mut names);
                let facts = &stream.scan.facts;
                let judged = what != what::NOTHING;
                seen.push((
                    stream.kind,
                    what,
                    if judged { facts.hits } else { 0 },
                    if judged { facts.opaque } else { 0 },
                ));
                commit(&mut stream, &mut names);
                stream.next();
            }
            if stream.at >= stream.end {
                break;
            }
        }
    }
    (seen, stream)
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = std::vec![kind];
    bytes.extend((body.len() as u32 + 4).to_be_bytes());
    bytes.extend(body);
    bytes
}

fn startup(parameters: &[(&str, &str)]) -> Vec<u8> {
    let mut body = Vec::from(196_608_u32.to_be_bytes());
    for (key, value) in parameters {
        body.extend(key.bytes());
        body.push(0);
        body.extend(value.bytes());
        body.push(0);
    }
    body.push(0);
    let mut bytes = Vec::from((body.len() as u32 + 4).to_be_bytes());
    bytes.extend(body);
    bytes
}

fn login() -> Vec<u8> {
    startup(&[
        ("user", "app"),
        ("database", "shop"),
        ("client_encoding", "UTF8"),
    ])
}

/// Every message type there is, with prepared statements by name.
fn everything() -> Vec<u8> {
    let mut bytes = Vec::from([0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f]);
    bytes.extend(login());
    bytes.extend(message(b'p', b"secret\0"));
    bytes.extend(message(b'Q', b"SELECT 1\0"));
    bytes.extend(message(b'P', b"s1\0DROP TABLE t\0\0\0"));
    bytes.extend(message(b'D', b"Ss1\0"));
    bytes.extend(message(b'B', b"\0s1\0\0\0\0\0\0\0"));
    bytes.extend(message(b'E', b"\0\0\0\0\0"));
    bytes.extend(message(b'B', b"p1\0s1\0\0\0\0\0\0\0"));
    bytes.extend(message(b'E', b"p1\0\0\0\0\0"));
    bytes.extend(message(b'C', b"Pp1\0"));
    bytes.extend(message(b'E', b"p1\0\0\0\0\0"));
    bytes.extend(message(b'S', b""));
    bytes.extend(message(b'C', b"Ss1\0"));
    bytes.extend(message(b'B', b"\0s1\0\0\0\0\0\0\0"));
    bytes.extend(message(b'E', b"\0\0\0\0\0"));
    bytes.extend(message(b'S', b""));
    bytes.extend(message(b'H', b""));
    bytes.extend(message(b'F', &[0; 12]));
    bytes.extend(message(b'd', &[7; 5000]));
    bytes.extend(message(b'c', b""));
    bytes.extend(message(b'f', b"no\0"));
    bytes.extend(message(b'X', b""));
    bytes
}

#[test]
fn every_split_gives_the_same_messages() {
    let bytes = everything();
    let whole = read(&bytes, CHUNK_BYTES).0;
    for size in [1, 2, 3, 5, 7, 64, 1000] {
        assert_eq!(read(&bytes, size).0, whole, "pieces of {size} bytes");
    }
}

#[test]
fn passing_over_data_changes_nothing() {
    let mut bytes = everything();
    bytes.truncate(bytes.len() - message(b'X', b"").len());
    for length in [0, 1, 1023, 1024, 8192, 100_000] {
        bytes.extend(message(b'Q', b"COPY t FROM STDIN\0"));
        for _ in 0..5 {
            bytes.extend(message(b'd', &std::vec![b'Q'; length]));
        }
        bytes.extend(message(b'c', b""));
    }
    bytes.extend(message(b'Q', b"DROP TABLE t\0"));
    let whole = read(&bytes, CHUNK_BYTES).0;
    for size in [1, 7, 4096, 10_000, 1 << 20] {
        assert_eq!(
            read_sparsely(&bytes, size).0,
            whole,
            "writes of {size} bytes"
        );
    }
    let copied = read_sparsely(&bytes, 1 << 20).1;
    assert!(copied < bytes.len() / 10, "{copied} of {}", bytes.len());
}

#[test]
fn prepared_statements_keep_their_facts_by_name() {
    let seen = read(&everything(), CHUNK_BYTES).0;
    let drop = Class::Drop.bit();
    let unknown = Opaque::UnknownName.bit();
    let executes: Vec<_> = seen.iter().filter(|message| message.0 == b'E').collect();
    assert_eq!(executes[0].2, drop, "unnamed portal of a named statement");
    assert_eq!(executes[1].2, drop, "named portal");
    assert_eq!(executes[2].3, unknown, "closed portal");
    assert_eq!(executes[3].3, unknown, "closed statement");
    assert!(seen.contains(&(
        b'F',
        what::RUN,
        Class::Fastpath.bit(),
        Opaque::Fastpath.bit()
    )));
    assert!(seen.contains(&(b'd', what::DATA, 0, 0)));
}

#[test]
fn startup_names_the_user_and_the_database() {
    let (_, stream) = read(&login(), 3);
    assert_eq!(stream.user.as_bytes(), b"app");
    assert_eq!(stream.database.as_bytes(), b"shop");
    assert_eq!(stream.opaque, 0);
    assert_eq!(stream.phase, phase::HEADER);
}

#[test]
fn settings_that_change_how_sql_is_read_make_the_connection_opaque() {
    let cases = [
        (("client_encoding", "SJIS"), Opaque::Encoding),
        (("client_encoding", "Big5"), Opaque::Encoding),
        (("client_encoding", "no such thing"), Opaque::Encoding),
        (
            ("options", "-c standard_conforming_strings=off"),
            Opaque::Strings,
        ),
        (
            ("options", "-cstandard_conforming_strings=off"),
            Opaque::Strings,
        ),
        (
            ("options", "--Standard-Conforming-Strings=off"),
            Opaque::Strings,
        ),
        (
            ("options", "-c standard_conforming\\_strings=off"),
            Opaque::Setting,
        ),
        (("options", "-c client_encoding=sjis"), Opaque::Encoding),
        (
            ("options", "-c session_replication_role=replica"),
            Opaque::Setting,
        ),
        (("Standard_Conforming_Strings", "off"), Opaque::Strings),
        (("row_security", "off"), Opaque::Setting),
        (("replication", "database"), Opaque::Replication),
        (("replication", "true"), Opaque::Replication),
    ];
    for (parameter, reason) in cases {
        let (_, stream) = read(&startup(&[("user", "app"), parameter]), 4);
        assert_ne!(stream.opaque & reason.bit(), 0, "{parameter:?}");
    }
}

#[test]
fn what_every_driver_sends_at_startup_is_harmless() {
    for parameter in [
        ("client_encoding", "UTF8"),
        ("client_encoding", "'utf-8'"),
        ("client_encoding", "LATIN1"),
        ("options", "-c statement_timeout=5000 -c search_path=app"),
        ("options", "-c TimeZone=UTC --datestyle=ISO"),
        (
            "options",
            "-c client_encoding=utf-8 --standard-conforming-strings=on",
        ),
        (
            "options",
            "-c row_security=on -csession_replication_role=origin",
        ),
        ("standard_conforming_strings", "on"),
        ("replication", "false"),
        ("application_name", "standard_conforming_strings"),
        ("extra_float_digits", "2"),
        ("search_path", "app"),
    ] {
        let (_, stream) = read(&startup(&[("user", "app"), parameter]), 4);
        assert_eq!(stream.opaque, 0, "{parameter:?}");
    }
}

#[test]
fn a_search_path_at_startup_is_noted_unless_it_is_usual() {
    for (parameter, moved) in [
        (("search_path", "public"), false),
        (("Search_Path", "\"$user\", public"), false),
        (("options", "-c search_path=public"), false),
        (("search_path", "app"), true),
        (("search_path", "public,pg_temp"), true),
        (("options", "-c search_path=public,hr"), true),
        (("options", "--search-path=hr -c search_path=public"), true),
    ] {
        let (_, stream) = read(&startup(&[("user", "app"), parameter]), 4);
        assert_eq!(stream.moved != 0, moved, "{parameter:?}");
    }
}

#[test]
fn bytes_that_are_not_of_the_protocol_end_the_reading() {
    let tls = [0x16, 3, 1, 0, 200, 1, 0, 0, 196];
    let cases: [(&[u8], Opaque); 3] = [
        (&tls, Opaque::Tls),
        (b"GET / HTTP/1.1\r\n\r\n", Opaque::Protocol),
        (&[0, 0, 0, 9, 0, 2, 0, 0, 0], Opaque::Protocol),
    ];
    for (bytes, reason) in cases {
        let (seen, stream) = read(bytes, 2);
        assert_eq!(seen[0].0, BLIND, "{reason:?}");
        assert_eq!(seen[0].3, reason.bit());
        assert_eq!(stream.phase, phase::BLIND);
    }
    let mut bytes = login();
    bytes.extend(message(b'Q', b"SELECT 1\0"));
    bytes.extend([b'~', 0, 0, 0, 4]);
    let seen = read(&bytes, 3).0;
    assert_eq!(
        seen.last().map(|message| message.3),
        Some(Opaque::Protocol.bit())
    );
    let mut bytes = login();
    bytes.extend([b'Q', 0, 0, 0, 3]);
    let seen = read(&bytes, 3).0;
    assert_eq!(
        seen.last().map(|message| message.3),
        Some(Opaque::Protocol.bit())
    );
}

#[test]
fn a_message_that_ends_inside_its_name_is_unreadable() {
    let mut bytes = login();
    bytes.extend(message(b'P', b"no end"));
    let seen = read(&bytes, CHUNK_BYTES).0;
    assert_eq!(
        seen.last(),
        Some(&(
            b'P',
            what::PREPARE,
            Class::Unreadable.bit(),
            Opaque::Protocol.bit()
        ))
    );
}

#[test]
fn a_refused_name_that_is_bound_before_the_sync_is_no_second_action() {
    let engine = Recorder::default();
    let mut names = Table::default();
    let mut stream = Stream::new_zeroed();
    stream.reset(Protocol::Postgres);
    stream.phase = phase::HEADER;
    let mut chunk = [0; CHUNK_BYTES];
    let mut send = |stream: &mut Stream, bytes: &[u8], replaced: bool| {
        chunk[..bytes.len()].copy_from_slice(bytes);
        stream.at = 0;
        stream.end = bytes.len() as u32;
        while stream.complete == 0 {
            step(&engine, stream, &chunk);
        }
        let what = settle(stream, &mut names);
        if replaced {
            let name = stream.name;
            commit_substitute(stream, name);
        } else {
            commit(stream, &mut names);
        }
        stream.next();
        what
    };
    send(&mut stream, &message(b'P', b"s\0DROP TABLE t\0\0\0"), true);
    send(&mut stream, &message(b'B', b"\0s\0\0\0\0\0\0\0"), false);
    let execute = message(b'E', b"\0\0\0\0\0");
    assert_eq!(send(&mut stream, &execute, false), what::NOTHING);
    send(&mut stream, &message(b'S', b""), false);
    send(&mut stream, &message(b'B', b"\0s\0\0\0\0\0\0\0"), false);
    assert_eq!(send(&mut stream, &execute, false), what::RUN);
    assert_eq!(stream.scan.facts.opaque, Opaque::UnknownName.bit());
}

/// A small generator (xorshift64*), so that the run is the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % bound
    }
}

#[test]
fn mutated_streams_end_and_do_not_depend_on_the_split() {
    let bytes = everything();
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for round in 0..100_000 {
        let mut mutated = bytes[..random.below(700)].to_vec();
        for _ in 0..random.below(6) {
            if !mutated.is_empty() {
                let at = random.below(mutated.len());
                mutated[at] = random.below(256) as u8;
            }
        }
        let whole = read(&mutated, CHUNK_BYTES).0;
        let size = 1 + random.below(40);
        assert_eq!(
            read(&mutated, size).0,
            whole,
            "round {round}, pieces of {size} bytes"
        );
    }
}
