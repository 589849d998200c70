//! Framing: what a stream is cut into does not depend on how it arrives.

extern crate std;

use super::{command, kind, transaction, version};
use crate::class::{Class, Opaque};
use crate::engine::{Scan, Server, VERB_NAMES};
use crate::facts::{Facts, IN_MYSQL};
use crate::limits::CHUNK_BYTES;
use crate::protocol::{Dialect, Protocol};
use crate::redis::Command;
use crate::stream::{BLIND, Chunk, Engine, Names, Stream, commit, settle, step, what};
use core::cell::RefCell;
use std::collections::HashMap;
use std::string::String;
use std::vec;
use std::vec::Vec;
use zerocopy::FromZeros;

/// Collects the text it is given; the class is that of its first word.
#[derive(Default)]
struct Recorder {
    text: RefCell<Vec<u8>>,
}

impl Engine for Recorder {
    fn begin(&self, dialect: Dialect, scan: &mut Scan) {
        assert_eq!(dialect, Dialect::Mysql);
        self.text.borrow_mut().clear();
        scan.facts.clear();
    }

    fn feed(&self, _dialect: Dialect, _scan: &mut Scan, chunk: &Chunk, from: u32, to: u32) {
        let piece = &chunk[from as usize..to as usize];
        self.text.borrow_mut().extend_from_slice(piece);
    }

    fn end(&self, _dialect: Dialect, scan: &mut Scan) {
        let text = String::from_utf8_lossy(&self.text.borrow()).into_owned();
        scan.facts.bytes = text.len() as u64;
        scan.facts.statements = text.split("; ").count() as u16;
        for word in text
            .split("; ")
            .flat_map(|statement| statement.split(" + "))
        {
            let class = match word.split(' ').next() {
                Some("SELECT") => Class::Select,
                Some("INSERT") => Class::Insert,
                Some("DROP") => Class::Drop,
                Some("CALL") => Class::Call,
                Some("SET") => Class::Set,
                Some("BEGIN" | "COMMIT" | "ROLLBACK" | "SAVEPOINT") => Class::Transaction,
                _ => Class::Unreadable,
            };
            scan.facts.add(class);
            let verb = VERB_NAMES.iter().position(|verb| *verb == word);
            if let Some(verb) = verb {
                scan.facts.verbs[usize::from(scan.facts.verb_count)] = verb as u16;
                scan.facts.verb_count += 1;
            }
        }
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

    fn remove(&mut self, kind: u32, name: u64) {
        self.0.remove(&(kind, name));
    }
}

/// What one message came to: kind, what is judged, classes, opaque reasons, bytes.
type Seen = (u8, u32, u64, u32, u64);

const MARIA: Server = Server {
    version: 101_119,
    maria: 1,
    ..Server::UNKNOWN
};

/// Reads `writes` in chunks of at most `size` bytes.
fn read(writes: &[u8], size: usize, server: Server) -> (Vec<Seen>, Stream) {
    let engine = Recorder::default();
    let mut names = Table::default();
    let mut stream = Stream::new_zeroed();
    stream.reset(Protocol::Mysql);
    stream.scan.server = server;
    let mut chunk = [0; CHUNK_BYTES];
    let mut seen = Vec::new();
    for piece in writes.chunks(size) {
        chunk[..piece.len()].copy_from_slice(piece);
        stream.at = 0;
        stream.end = piece.len() as u32;
        while stream.complete != 0 || stream.at < stream.end {
            step(&engine, &mut stream, &chunk);
            if stream.complete != 0 {
                let what = settle(&mut stream, &mut names);
                let facts = &stream.scan.facts;
                let judged = matches!(what, what::RUN | what::PREPARE);
                let (hits, opaque, bytes) = match judged {
                    true => (facts.hits, facts.opaque, facts.bytes),
                    false => (0, 0, 0),
                };
                seen.push((stream.kind, what, hits, opaque, bytes));
                commit(&mut stream, &mut names);
                stream.next();
            }
        }
    }
    (seen, stream)
}

fn packet(sequence: u8, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_le_bytes();
    let mut bytes = vec![length[0], length[1], length[2], sequence];
    bytes.extend(payload);
    bytes
}

fn run(command: u8, body: &[u8]) -> Vec<u8> {
    packet(0, &[&[command], body].concat())
}

fn query(text: &str) -> Vec<u8> {
    run(command::QUERY, text.as_bytes())
}

/// Protocol 4.1 with a proof of a known length and a database.
const USUAL: u32 = 1 << 3 | 1 << 9 | 1 << 15;

fn login(capabilities: u32, collation: u8, tail: &[u8]) -> Vec<u8> {
    let mut payload = capabilities.to_le_bytes().to_vec();
    payload.extend([0, 0, 0, 1, collation]);
    payload.extend([0; 23]);
    payload.extend(tail);
    packet(1, &payload)
}

fn opening() -> Vec<u8> {
    login(USUAL, 45, b"app\0\x02ppshop\0native\0")
}

fn run_of(class: Class) -> (u32, u64) {
    (what::RUN, class.bit())
}

#[test]
fn any_split_gives_the_same_messages() {
    let long = "SELECT ".repeat(900);
    let bytes = [
        opening(),
        packet(3, b"proof"),
        query("SELECT 1"),
        run(command::PREPARE, b"DROP x"),
        run(command::EXECUTE, &[1, 0, 0, 0, 0, 1, 0, 0, 0]),
        run(command::LONG_DATA, &[1, 0, 0, 0, 0, 0, b'x']),
        run(command::CLOSE, &[1, 0, 0, 0]),
        query(&long),
        run(command::DROP_DB, b"shop"),
        run(command::PING, b""),
        run(0x77, b"?"),
        run(command::QUIT, b""),
    ]
    .concat();
    let (whole, stream) = read(&bytes, CHUNK_BYTES, MARIA);
    assert_eq!(stream.user.as_bytes(), b"app");
    assert_eq!(stream.database.as_bytes(), b"shop");
    let kinds: Vec<u8> = whole.iter().map(|seen| seen.0).collect();
    assert_eq!(
        kinds,
        [
            kind::LOGIN,
            kind::DATA,
            command::QUERY,
            command::PREPARE,
            command::EXECUTE,
            command::LONG_DATA,
            command::CLOSE,
            command::QUERY,
            command::DROP_DB,
            command::PING,
            0x77,
            command::QUIT
        ]
    );
    assert_eq!((whole[2].1, whole[2].2), run_of(Class::Select));
    assert_eq!((whole[4].1, whole[4].2), run_of(Class::Drop));
    assert_eq!(whole[8].2, Class::Drop.bit() | Class::Admin.bit());
    assert_eq!(
        (whole[10].2, whole[10].3),
        (Class::Unreadable.bit(), Opaque::Protocol.bit())
    );
    for size in 1..64 {
        assert_eq!(read(&bytes, size, MARIA).0, whole, "chunks of {size}");
    }
}

#[test]
fn a_payload_of_several_packets_is_one_message() {
    let full = 0x00ff_ffff;
    let text = "SELECT ".repeat(full / 7 + 2);
    let payload = [&[command::QUERY], text.as_bytes()].concat();
    let (first, rest) = payload.split_at(full);
    let bytes = [
        opening(),
        packet(0, first),
        packet(1, rest),
        query("DROP x"),
    ]
    .concat();
    let (seen, _) = read(&bytes, CHUNK_BYTES, MARIA);
    assert_eq!(seen.len(), 3);
    assert_eq!(seen[1].4, text.len() as u64);
    assert_eq!((seen[2].1, seen[2].2), run_of(Class::Drop));
    // A full packet is continued even by an empty one.
    let bytes = [
        opening(),
        packet(0, &payload[..full]),
        packet(1, b""),
        query("DROP x"),
    ]
    .concat();
    let (seen, _) = read(&bytes, 1000, MARIA);
    assert_eq!(seen.len(), 3);
    assert_eq!(seen[1].4, full as u64 - 1);
}

#[test]
fn what_hides_statements_is_opaque() {
    for (capability, reason) in [
        (1 << 11, Opaque::Tls),
        (1 << 5, Opaque::Compression),
        (1 << 26, Opaque::Compression),
    ] {
        let bytes = [login(USUAL | capability, 45, b"app\0\0"), query("DROP x")].concat();
        let (seen, _) = read(&bytes, 7, MARIA);
        assert_eq!(seen.len(), 1);
        assert_eq!((seen[0].0, seen[0].3), (BLIND, reason.bit()));
    }
    let (seen, _) = read(&login(1 << 3, 45, b"app\0\0"), 5, MARIA);
    assert_eq!(seen[0].3, Opaque::Protocol.bit());
}

#[test]
fn a_character_set_that_is_not_ascii_safe_is_opaque() {
    for (collation, opaque, utf8) in [
        (45, false, 1),
        (33, false, 1),
        (224, false, 1),
        (255, false, 1),
        (8, false, 0),
        (63, false, 0),
        (1, true, 0),
        (13, true, 0),
        (28, true, 0),
        (87, true, 0),
        (95, true, 0),
        (248, true, 0),
        (249, true, 0),
        (10, true, 0),
        (0, true, 0),
        (35, true, 0),
    ] {
        let bytes = [login(USUAL, collation, b"app\0\0"), query("SELECT 1")].concat();
        let (seen, stream) = read(&bytes, 9, MARIA);
        let expected = if opaque { Opaque::Encoding.bit() } else { 0 };
        assert_eq!(seen[1].3, expected, "{collation}");
        assert_eq!(stream.scan.server.utf8, utf8, "{collation}");
    }
    // COM_CHANGE_USER names another one.
    let change = run(command::CHANGE_USER, b"root\0\x01pother\0\x1c\0native\0");
    let bytes = [opening(), change, query("SELECT 1")].concat();
    let (seen, stream) = read(&bytes, 3, MARIA);
    assert_eq!(seen[2].3, Opaque::Encoding.bit());
    assert_eq!(stream.user.as_bytes(), b"root");
    assert_eq!(stream.database.as_bytes(), b"other");
}

#[test]
fn a_login_may_carry_its_proof_in_any_form() {
    let long = [b"app\0\xfc\x04\x01".as_slice(), &[7; 260], b"shop\0"].concat();
    for (capabilities, tail) in [
        (1 << 3 | 1 << 9, b"app\0proof\0shop\0".as_slice()),
        (USUAL, b"app\0\0shop\0"),
        (USUAL | 1 << 21, b"app\0\x03abcshop\0"),
        (USUAL | 1 << 21, &long),
    ] {
        let (seen, stream) = read(&login(capabilities, 45, tail), 2, MARIA);
        assert_eq!(seen.len(), 1);
        assert_eq!(stream.user.as_bytes(), b"app");
        assert_eq!(stream.database.as_bytes(), b"shop");
    }
}

#[test]
fn a_connection_that_enters_the_database_mysql_is_known() {
    let login_to = |database: &str| login(USUAL, 45, &[b"app\0\0", database.as_bytes()].concat());
    let go_to = |database: &str| run(command::INIT_DB, database.as_bytes());
    let change = run(command::CHANGE_USER, b"app\0\0shop\0\x2d\0");
    for (writes, expected) in [
        (login_to("shop\0"), 0),
        (login_to("mysql\0"), IN_MYSQL),
        (login_to("MySQL"), IN_MYSQL),
        (login_to("mysqlx\0"), 0),
        ([login_to("mysq\0"), go_to("mysql")].concat(), IN_MYSQL),
        (
            [login_to("shop\0"), go_to("shop"), go_to("sql")].concat(),
            0,
        ),
        // The server may have refused to leave.
        ([login_to("mysql\0"), go_to("shop")].concat(), IN_MYSQL),
        ([login_to("mysql\0"), change].concat(), 0),
    ] {
        for size in [1, 7, 4096] {
            assert_eq!(read(&writes, size, MARIA).1.moved, expected, "{writes:?}");
        }
    }
}

#[test]
fn a_statement_is_known_by_its_number_while_it_can_be_counted() {
    let execute = |id: u32| run(command::EXECUTE, &id.to_le_bytes());
    let prepare = |text: &str| run(command::PREPARE, text.as_bytes());
    let told = |parts: &[Vec<u8>], server| {
        let (seen, _) = read(&[opening(), parts.concat()].concat(), 11, server);
        let last = seen.last().expect("a message");
        (last.2, last.3)
    };
    let unknown = (Class::Unreadable.bit(), Opaque::UnknownName.bit());
    let two = [prepare("SELECT 1"), prepare("DROP x")];
    let with = |more: &[Vec<u8>]| [&two[..], more].concat();
    assert_eq!(told(&with(&[execute(1)]), MARIA).0, Class::Select.bit());
    assert_eq!(told(&with(&[execute(2)]), MARIA).0, Class::Drop.bit());
    assert_eq!(told(&with(&[execute(3)]), MARIA), unknown);
    assert_eq!(
        told(&with(&[execute(u32::MAX)]), MARIA).0,
        Class::Drop.bit()
    );
    let mysql = Server {
        version: 80_036,
        attributes: 1,
        ..Server::UNKNOWN
    };
    assert_eq!(told(&with(&[execute(u32::MAX)]), mysql), unknown);
    let closed = run(command::CLOSE, &[2, 0, 0, 0]);
    assert_eq!(told(&with(&[closed, execute(2)]), MARIA), unknown);
    let reset = run(command::RESET_CONNECTION, b"");
    assert_eq!(told(&with(&[reset.clone(), execute(1)]), mysql), unknown);
    let again = with(&[reset, prepare("SELECT 1"), execute(3)]);
    assert_eq!(told(&again, MARIA).0, Class::Select.bit());
    assert_eq!(told(&with(&[query("CALL p"), execute(1)]), MARIA), unknown);
}

#[test]
fn attributes_are_read_where_both_sides_have_them() {
    let flagged = login(USUAL | 1 << 27, 45, b"app\0\0");
    let mysql = Server {
        version: 80_036,
        attributes: 1,
        ..Server::UNKNOWN
    };
    let none = run(command::QUERY, b"\x00\x01DROP x");
    let (seen, _) = read(&[flagged.clone(), none.clone()].concat(), 2, mysql);
    assert_eq!((seen[1].2, seen[1].3), (Class::Drop.bit(), 0));
    let judged = |block: &[u8]| {
        let query = run(command::QUERY, &[block, b"DROP x"].concat());
        let (seen, _) = read(&[&flagged[..], &query].concat(), 2, mysql);
        (seen[1].2, seen[1].3, seen[1].4)
    };
    // As MySQL Connector/Python writes a text, integers, a float and times.
    let real =
        b"\x06\x01\x00\x01\xfe\x00\x0btraceparent\x01\x80\x01i\x08\x80\x01b\x05\x00\x01f\x0c\
        \x00\x01t\x0a\x00\x01d700-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\x05\
        \x00\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\xf8?\x07\xe8\x07\x01\x02\
        \x03\x04\x05\x04\xe8\x07\x01\x02";
    let long = [&b"\x01\x01\0\x01\xfe\0\x01n\xfc\x2c\x01"[..], &[b'v'; 300]].concat();
    for block in [
        &b"\x01\x01\0\x01\xfd\0\x01n\x01v"[..],
        b"\x02\x01\x01\x01\x06\0\0\xfe\0\0\0",
        real,
        &long,
    ] {
        assert_eq!(judged(block), (Class::Drop.bit(), 0, 6), "{block:x?}");
    }
    // Two sets, no types, a type, a flag and a length that are not known, too many.
    for block in [
        &b"\x01\x02\0\x01\xfd\0\x01n\x01v"[..],
        b"\x01\x01\0\0",
        b"\x01\x01\0\x01\xf2\0\x01n\x01v",
        b"\x01\x01\0\x01\xfd\x40\x01n\x01v",
        b"\x01\x01\0\x01\x0c\0\x01n\x20v",
        b"\x01\x01\0\x01\xfd\0\x01n\xfbv",
        b"\x09\x01\0\0\x01\xfd\0\x01n\x01v",
    ] {
        let (classes, opaque, _) = judged(block);
        assert_eq!(classes, Class::Unreadable.bit(), "{block:x?}");
        assert_eq!(opaque, Opaque::Protocol.bit(), "{block:x?}");
    }
    // MariaDB reads what follows the command as text.
    let (seen, _) = read(&[flagged.clone(), query("DROP x")].concat(), 2, MARIA);
    assert_eq!((seen[1].2, seen[1].3), (Class::Drop.bit(), 0));
    let (seen, _) = read(&[flagged, none].concat(), 2, Server::UNKNOWN);
    assert_eq!(seen[1].3, Opaque::Version.bit());
}

#[test]
fn data_of_a_long_file_is_no_command() {
    let mut bytes = [opening(), query("SELECT 1")].concat();
    for number in 2..=300_u32 {
        bytes.extend(packet(number as u8, b"\x03DROP x"));
    }
    bytes.extend(packet(45, b""));
    bytes.extend(query("DROP x"));
    let (seen, _) = read(&bytes, 100, MARIA);
    let drops = seen.iter().filter(|seen| seen.2 == Class::Drop.bit());
    assert_eq!(drops.count(), 1);
    assert!(seen[2..302].iter().all(|seen| seen.0 == kind::DATA));
}

#[test]
fn a_transaction_that_has_written_is_known() {
    for (texts, expected) in [
        (vec!["SELECT 1", "INSERT 1"], transaction::NONE),
        (vec!["BEGIN", "SELECT 1"], transaction::OPEN),
        (vec!["BEGIN", "INSERT 1"], transaction::WRITTEN),
        (vec!["BEGIN", "INSERT 1", "COMMIT"], transaction::NONE),
        (vec!["BEGIN", "INSERT 1", "ROLLBACK"], transaction::NONE),
        (
            vec!["BEGIN", "INSERT 1", "ROLLBACK + SAVEPOINT"],
            transaction::WRITTEN,
        ),
        (vec!["COMMIT + BEGIN"], transaction::OPEN),
        (vec!["SET autocommit"], transaction::OPEN),
        (vec!["SET autocommit", "INSERT 1"], transaction::WRITTEN),
        (
            vec!["SET autocommit", "INSERT 1", "COMMIT"],
            transaction::OPEN,
        ),
        (
            vec!["SET autocommit", "INSERT 1", "SET autocommit = 1"],
            transaction::NONE,
        ),
        (vec!["BEGIN; INSERT 1"], transaction::WRITTEN),
        (vec!["BEGIN; INSERT 1; COMMIT"], transaction::WRITTEN),
        (vec!["CALL p"], transaction::WRITTEN),
    ] {
        let packets: Vec<u8> = texts.iter().flat_map(|text| query(text)).collect();
        let (_, stream) = read(&[opening(), packets].concat(), 64, MARIA);
        assert_eq!(stream.mysql.transaction, expected, "{texts:?}");
    }
}

#[test]
fn a_version_is_read_as_servers_write_it() {
    for (text, version, maria) in [
        ("8.0.36", 80_036, 0),
        ("8.0.36-0ubuntu0.22.04.1", 80_036, 0),
        ("5.7.44-log", 50_744, 0),
        ("5.5.5", 50_505, 0),
        ("10.11.19-MariaDB", 101_119, 1),
        ("5.5.5-10.11.6-MariaDB-0+deb12u1", 101_106, 1),
        ("11.4.2-mariadb-ubu2404", 110_402, 1),
        ("", 0, 0),
        ("none", 0, 0),
    ] {
        let server = version::server(text);
        assert_eq!((server.version, server.maria), (version, maria), "{text}");
    }
}
