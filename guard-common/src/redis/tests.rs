//! Framing: what a stream is cut into does not depend on how it arrives, and is
//! what the server makes of it.

extern crate std;

use super::commands::{Command, form};
use super::{ARRAY, EMPTY, LINE};
use crate::class::{Class, Opaque, Where};
use crate::engine::Scan;
use crate::facts::Facts;
use crate::hash;
use crate::limits::CHUNK_BYTES;
use crate::protocol::{Dialect, Protocol};
use crate::stream::{self, BLIND, Chunk, Engine, Names, Stream, what};
use std::string::String;
use std::vec::Vec;
use zerocopy::FromZeros;

/// A few commands, each of a form of its own.
struct Known;

impl Engine for Known {
    fn begin(&self, _: Dialect, _: &mut Scan) {}
    fn feed(&self, _: Dialect, _: &mut Scan, _: &Chunk, _: u32, _: u32) {}
    fn end(&self, _: Dialect, _: &mut Scan) {}

    fn command(&self, key: u64, into: &mut Command) -> bool {
        let select = Class::Select.bit();
        let known = [
            (
                "get",
                1,
                select | Class::Select.where_bit(Where::Scoped),
                form::PLAIN,
                0,
            ),
            ("flushall", 2, Class::Truncate.bit(), form::PLAIN, 0),
            ("keys", 3, select, form::PATTERN, 1),
            ("scan", 4, select, form::OPTIONS, 2),
            ("config", 5, Class::Session.bit(), form::CONTAINER, 0),
            ("config|set", 6, Class::Admin.bit(), form::PLAIN, 0),
            ("expire", 7, Class::Update.bit(), form::EXPIRY, 2),
            ("set", 8, Class::Insert.bit(), form::OPTIONS, 3),
            ("eval", 9, Class::Dynamic.bit(), form::SCRIPT, 1),
        ];
        let found = known.iter().find(|row| hash::of(row.0.as_bytes()) == key);
        let Some(&(_, number, hits, form, at)) = found else {
            return false;
        };
        *into = Command {
            key,
            number,
            hits,
            form,
            at,
            opaque: 0,
        };
        true
    }
}

struct Nowhere;

impl Names for Nowhere {
    fn store(&mut self, _: u32, _: u64, _: &Facts) {}
    fn load(&mut self, _: u32, _: u64, _: &mut Facts) -> bool {
        false
    }
    fn remove(&mut self, _: u32, _: u64) {}
    fn merge(&mut self, _: u32, _: u64, _: &mut Facts) -> bool {
        false
    }
    fn differs(&self, _: u32, _: u64, _: &Facts) -> bool {
        false
    }
    fn clear(&mut self) {}
}

/// One message: kind, number of the command, classes, opaque reasons, bytes.
type Seen = (u8, u16, u64, u32, u64);

/// Reads `bytes` in pieces that end at `splits`.
fn read(bytes: &[u8], splits: &[usize]) -> (Vec<Seen>, Stream) {
    let mut stream = Stream::new_zeroed();
    stream.reset(Protocol::Redis);
    let mut seen = Vec::new();
    let mut chunk: Chunk = [0; CHUNK_BYTES];
    let mut from = 0;
    for to in splits.iter().copied().chain([bytes.len()]) {
        for piece in bytes[from..to].chunks(CHUNK_BYTES) {
            chunk[..piece.len()].copy_from_slice(piece);
            stream.at = 0;
            stream.end = piece.len() as u32;
            let mut turns = 0;
            while stream.complete != 0 || stream.at < stream.end {
                let before = stream.at;
                stream::step(&Known, &mut stream, &chunk);
                assert!(
                    stream.at > before || stream.complete != 0,
                    "a step takes a byte"
                );
                if stream.complete != 0 {
                    if stream::settle(&mut stream, &mut Nowhere) == what::RUN {
                        let facts = &stream.scan.facts;
                        let number = facts.verbs[0].wrapping_sub(crate::facts::COMMANDS);
                        seen.push((stream.kind, number, facts.hits, facts.opaque, facts.bytes));
                    }
                    stream.next();
                }
                turns += 1;
                assert!(turns <= 2 * CHUNK_BYTES, "the kernel's loop is long enough");
            }
        }
        from = to;
    }
    (seen, stream)
}

/// The numbers of the commands, 0 for unknown ones; a `?` for what is opaque.
#[track_caller]
fn numbers(bytes: &[u8]) -> Vec<i32> {
    let (whole, _) = read(bytes, &[]);
    let every: Vec<usize> = (1..bytes.len()).collect();
    assert_eq!(read(bytes, &every).0, whole, "byte by byte");
    whole
        .iter()
        .map(|seen| {
            if seen.0 == BLIND {
                -1
            } else {
                i32::from(seen.1)
            }
        })
        .collect()
}

fn array(words: &[&[u8]]) -> Vec<u8> {
    let mut bytes = std::format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend(std::format!("${}\r\n", word.len()).bytes());
        bytes.extend(*word);
        bytes.extend(b"\r\n");
    }
    bytes
}

fn hits(words: &[&str]) -> u64 {
    let words: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
    read(&array(&words), &[]).0[0].2
}

#[test]
fn arrays_lines_and_pipelines_are_cut_into_commands() {
    assert_eq!(numbers(&array(&[b"GET", b"flushall"])), [1]);
    assert_eq!(numbers(b"GET flushall\r\nFLUSHALL\nget a\r\n"), [1, 2, 1]);
    assert_eq!(
        numbers(b"*1\r\n$8\r\nflushALL\r\nget a\r\n*2\r\n$3\r\nget\r\n$0\r\n\r\n"),
        [2, 1, 1]
    );
    assert_eq!(numbers(b"\r\n\n  \r\n*0\r\n*-5\r\nFLUSHALL\r\n"), [2]);
    let kinds = read(b"*1\r\n$3\r\nget\r\nget\r\n", &[]).0;
    assert_eq!([kinds[0].0, kinds[1].0], [ARRAY, LINE]);
    assert_eq!(kinds[0].4, 13);
    assert_eq!(read(b"*0\r\n", &[]).1.kind, EMPTY);
}

#[test]
fn bytes_that_the_server_does_not_look_at_are_not_looked_at() {
    assert_eq!(
        numbers(b"*1\rX$8\rYFLUSHALLZZ*1\r\n$3\r\nGET**get\n"),
        [2, 1, 1]
    );
}

#[test]
fn lines_are_split_as_the_server_splits_them() {
    for line in [
        "FLUSHALL",
        "  FLUSHALL  ",
        "\x0b\x0cFLUSHALL",
        "\"FLUSHALL\"",
        "'FLUSHALL'",
        "FLUSH\"ALL\"",
        "FLUSH'ALL'",
        "\"\\x46LUSHALL\"",
        "\"\\x66\\x6c\\x75\\x73\\x68\\x61\\x6C\\x4c\"",
        "\"FLU\\SHALL\"",
        "FLUSHALL\tASYNC",
        "FLUSHALL\rASYNC",
        "FLUSHALL 'a b' \"c\\\" d\"",
        "\"FLUSHALL\"\x0b",
    ] {
        assert_eq!(
            numbers(&[line.as_bytes(), b"\r\n"].concat()),
            [2],
            "{line:?}"
        );
        assert_eq!(numbers(&[line.as_bytes(), b"\n"].concat()), [2], "{line:?}");
    }
    // Other words: the server knows none of them.
    for line in [
        "FLUSHALL\x0b",
        "\"FLUSHALL\\x\"",
        "\"FLUSHALL\\x4\"",
        "'FLUSH\\x41LL'",
        "FLUSH\\x41LL",
    ] {
        assert_eq!(
            numbers(&[line.as_bytes(), b"\r\n"].concat()),
            [0],
            "{line:?}"
        );
    }
    // Words that end where no blank follows, or never.
    for line in [
        "\"FLUSHALL\"x",
        "'FLUSHALL'x",
        "\"FLUSHALL",
        "'FLUSHALL",
        "\"FLUSHALL\\\"",
        "FLUSH\0ALL",
    ] {
        assert_eq!(
            numbers(&[line.as_bytes(), b"\r\n"].concat()),
            [-1],
            "{line:?}"
        );
    }
    assert_eq!(
        numbers(b"config 'set' dir /tmp\r\nconfig \"\\x73et\"\r\n"),
        [6, 6]
    );
}

#[test]
fn a_name_ends_at_a_nul_as_it_does_for_the_server() {
    assert_eq!(numbers(&array(&[b"FLUSHALL\0junk"])), [2]);
    assert_eq!(
        numbers(&array(&[b"CONFIG", b"SET\0junk", b"dir", b"/"])),
        [6]
    );
    assert_eq!(numbers(b"\"FLUSHALL\\x00junk\"\r\n"), [2]);
    assert_eq!(numbers(&array(&[b"\0FLUSHALL"])), [0]);
    let long = array(&[&[b'F'; 5000]]);
    assert_eq!(numbers(&long), [0]);
    assert_eq!(read(&long, &[]).0[0].3, Opaque::Function.bit());
}

#[test]
fn what_the_server_closes_the_connection_for_is_opaque() {
    for bytes in [
        &b"*x\r\n"[..],
        b"*\r\n",
        b"*01\r\n",
        b"*+1\r\n",
        b"*-\r\n",
        b"*-0\r\n",
        b"*1\0\r\n",
        b"* 1\r\n",
        b"*2147483648\r\n",
        b"*99999999999999999999\r\n",
        b"*1\r\n+3\r\n",
        b"*1\r\n$-1\r\n",
        b"*1\r\n$03\r\n",
        b"*1\r\n$\r\n",
        b"*1\r\n$99999999999\r\n",
        b"*1\r\n$4294967295\r\n",
        b"*1\r\n\r\n",
    ] {
        assert_eq!(numbers(bytes), [-1], "{:?}", String::from_utf8_lossy(bytes));
        let (seen, stream) = read(&[bytes, b"FLUSHALL\r\n"].concat(), &[]);
        assert_eq!((seen.len(), stream.phase), (1, stream::phase::BLIND));
    }
    let (seen, _) = read(b"\x16\x03\x01\x02\x00", &[]);
    assert_eq!((seen[0].0, seen[0].3), (BLIND, Opaque::Tls.bit()));
    assert_eq!(numbers(b"get a\r\n\x16 get\r\n"), [1, 0]);
}

#[test]
fn patterns_tell_which_keys_are_read() {
    let condition = |words: &[&str]| {
        let hits = hits(words);
        Where::ALL.map(|condition| hits & Class::Select.where_bit(condition) != 0)
    };
    let (none, tautology, scoped) = (
        [true, false, false],
        [false, true, false],
        [false, false, true],
    );
    for wild in ["*", "**", "?*", "[a-z]*", "[^x]", "[\\]]*", "*[ab"] {
        assert_eq!(condition(&["KEYS", wild]), tautology, "{wild}");
        assert_eq!(
            condition(&["SCAN", "0", "MATCH", wild]),
            tautology,
            "{wild}"
        );
    }
    for limits in ["user:*", "*a", "\\*", "[a]b", "?x"] {
        assert_eq!(condition(&["KEYS", limits]), scoped, "{limits}");
        assert_eq!(
            condition(&["SCAN", "0", "COUNT", "5", "match", limits]),
            scoped,
            "{limits}"
        );
    }
    assert_eq!(condition(&["SCAN", "0"]), none);
    assert_eq!(condition(&["SCAN", "match"]), none);
    assert_eq!(
        condition(&["SCAN", "0", "TYPE", "MATCH", "COUNT", "a"]),
        none
    );
    assert_eq!(
        condition(&["SCAN", "0", "MATCH", "a", "MATCH", "*"]),
        tautology
    );
}

#[test]
fn arguments_that_decide_add_their_classes() {
    let deletes = |words: &[&str]| hits(words) & Class::Delete.bit() != 0;
    assert!(!deletes(&["EXPIRE", "a", "9"]));
    assert!(deletes(&["EXPIRE", "a", "0"]) && deletes(&["EXPIRE", "0", "-1"]));
    let reads = |words: &[&str]| hits(words) & Class::Select.bit() != 0;
    assert!(!reads(&["SET", "get", "get"]) && !reads(&["SET", "a", "b", "EX", "9"]));
    assert!(reads(&["SET", "a", "b", "EX", "9", "GET"]));
    let empties = |script: &str| hits(&["EVAL", script, "0"]) & Class::Truncate.bit() != 0;
    assert!(empties("redis.call('flushall')") && empties("redis.pcall(\"FlushDB\", 'ASYNC')"));
    assert!(!empties("return redis.call('get', KEYS[1]) -- flushall"));
}

/// A small generator of random numbers (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}

#[test]
fn mutated_streams_are_read_alike_whatever_the_split() {
    const PIECES: [&[u8]; 24] = [
        b"*1\r\n",
        b"*2\r\n",
        b"*0\r\n",
        b"$3\r\n",
        b"$8\r\n",
        b"$0\r\n",
        b"GET",
        b"FLUSHALL",
        b"\r\n",
        b"\n",
        b"\"",
        b"'",
        b"\\x46",
        b"\\",
        b"\0",
        b" ",
        b"*",
        b"$",
        b"-1",
        b"config set",
        b"SCAN 0 MATCH ",
        b"EVAL ",
        b"expire a -1",
        b"\x16",
    ];
    let mut random = Random(77);
    for _ in 0..200_000 {
        let mut bytes = Vec::new();
        for _ in 0..random.below(14) {
            if random.below(4) == 0 {
                bytes.extend(array(&[
                    PIECES[6 + random.below(2)],
                    PIECES[random.below(24)],
                ]));
            } else {
                bytes.extend(PIECES[random.below(24)]);
            }
        }
        if !bytes.is_empty() && random.below(3) == 0 {
            let at = random.below(bytes.len());
            bytes[at] = random.below(256) as u8;
        }
        let mut splits: Vec<usize> = (0..random.below(6))
            .map(|_| random.below(bytes.len() + 1))
            .collect();
        splits.sort_unstable();
        assert_eq!(
            read(&bytes, &splits).0,
            read(&bytes, &[]).0,
            "{bytes:?} {splits:?}"
        );
    }
}

#[test]
fn an_argument_of_any_size_is_passed_over() {
    let value = std::vec![b'F'; 3 << 20];
    let bytes = [array(&[b"get", &value]), array(&[b"FLUSHALL"])].concat();
    let (seen, _) = read(&bytes, &[]);
    assert_eq!((seen[0].1, seen[1].1), (1, 2));
    assert_eq!(seen[0].4, (bytes.len() - 18) as u64);
}
