//! A text is taken for one that was read only where each byte of it, and what the
//! session had set before, is the same.

extern crate std;

use super::{SAID_BYTES, Said, pass_over};
use crate::class::Class;
use crate::engine::Scan;
use crate::facts::MOVED;
use crate::limits::CHUNK_BYTES;
use crate::pg;
use crate::protocol::{Dialect, Protocol};
use crate::redis::Command;
use crate::repeat::Host;
use crate::stream::{Chunk, Engine, Stream, phase};
use std::boxed::Box;
use std::vec::Vec;
use zerocopy::FromZeros;

/// Calls everything a SELECT, and counts bytes.
struct Reader;

impl Engine for Reader {
    fn begin(&self, _: Dialect, scan: &mut Scan) {
        scan.facts.clear();
    }

    fn feed(&self, _: Dialect, scan: &mut Scan, _: &Chunk, from: u32, to: u32) {
        scan.facts.bytes += u64::from(to - from);
    }

    fn end(&self, _: Dialect, scan: &mut Scan) {
        scan.facts.add(Class::Select);
    }

    fn command(&self, _: u64, _: &mut Command) -> bool {
        false
    }
}

/// Where the chunks of these tests begin: the text's position wraps.
const SEQUENCE: u32 = u32::MAX - 2;

/// A judge with the chunk that it reads.
struct Judge {
    stream: Box<Stream>,
    chunk: Chunk,
}

impl Judge {
    /// Between two messages; `moved` is what the session has set.
    fn new(moved: u8) -> Self {
        let mut stream = Box::new(Stream::new_zeroed());
        stream.reset(Protocol::Postgres);
        stream.phase = phase::HEADER;
        stream.moved = moved;
        Self {
            stream,
            chunk: [0; CHUNK_BYTES],
        }
    }

    /// Takes a chunk with these bytes.
    fn receive(&mut self, bytes: &[u8]) {
        self.chunk[..bytes.len()].copy_from_slice(bytes);
        self.stream.at = 0;
        self.stream.end = u32::try_from(bytes.len()).expect("a chunk is short");
    }

    fn step(&mut self) {
        pg::step(&Reader, &mut self.stream, &self.chunk);
    }

    /// Behind the header of `message`, which the chunk holds.
    fn at_text(moved: u8, message: &[u8]) -> Self {
        let mut judge = Self::new(moved);
        judge.receive(message);
        judge.step();
        judge
    }

    /// Reads the rest of the message into `said`.
    fn read(&mut self, said: &mut Said, sequence: u32) {
        if let Some(length) = said.begin(&self.stream, sequence) {
            let (at, length) = (self.stream.at as usize, length as usize);
            said.bytes[..length].copy_from_slice(&self.chunk[at..at + length]);
        }
        self.step();
        assert_eq!(self.stream.complete, 1);
        if said.end() {
            said.facts = self.stream.scan.facts;
        }
    }

    fn knows(&self, said: &Said, sequence: u32) -> bool {
        said.is_next::<Host>(&self.stream, &self.chunk, sequence)
    }
}

fn query(text: &[u8]) -> Vec<u8> {
    let length = u32::try_from(text.len() + 5).expect("a text is short");
    [b"Q", &length.to_be_bytes()[..], text, b"\0"].concat()
}

/// What a judge leaves behind that has read `message`.
fn said(message: &[u8]) -> Said {
    let mut said = Said::new_zeroed();
    Judge::at_text(0, message).read(&mut said, SEQUENCE);
    said
}

/// Is `message`, read at `sequence` after the session has set `moved`, known by
/// what was read of `first`?
fn is_known(first: &[u8], message: &[u8], sequence: u32, moved: u8) -> bool {
    Judge::at_text(moved, message).knows(&said(first), sequence)
}

#[test]
fn the_same_text_is_known_whatever_its_length() {
    for length in 0..SAID_BYTES {
        let text: Vec<u8> = (0..length).map(|n| b'a' + (n % 23) as u8).collect();
        let message = query(&text);
        assert!(is_known(&message, &message, SEQUENCE, 0), "{length}");
    }
}

#[test]
fn any_other_byte_makes_another_text() {
    for length in [1, 7, 8, 9, 63, 64, 65, SAID_BYTES - 1] {
        let text = std::vec![b'a'; length];
        for at in 0..length {
            for bit in [1, 0x80] {
                let mut other = text.clone();
                other[at] ^= bit;
                let (first, second) = (query(&text), query(&other));
                assert!(
                    !is_known(&first, &second, SEQUENCE, 0),
                    "{length} {at} {bit}"
                );
            }
        }
    }
}

#[test]
fn a_shorter_or_longer_text_is_another() {
    let text = [b'a'; 40];
    for length in (0..40).filter(|length| *length != 20) {
        let (first, second) = (query(&text[..20]), query(&text[..length]));
        assert!(!is_known(&first, &second, SEQUENCE, 0), "{length}");
    }
}

#[test]
fn another_place_is_another_text() {
    let message = query(b"SELECT 1");
    for sequence in [SEQUENCE.wrapping_add(1), SEQUENCE.wrapping_sub(1), 0] {
        assert!(!is_known(&message, &message, sequence, 0), "{sequence}");
    }
}

#[test]
fn a_text_means_something_else_behind_a_search_path() {
    let message = query(b"DELETE FROM known");
    assert!(!is_known(&message, &message, SEQUENCE, MOVED));
}

#[test]
fn a_text_that_is_too_long_is_not_kept() {
    let message = query(&[b'a'; SAID_BYTES]);
    assert!(!is_known(&message, &message, SEQUENCE, 0));
}

#[test]
fn what_was_never_read_to_its_end_is_not_known() {
    let message = query(b"SELECT 1");
    let mut begun = Said::new_zeroed();
    let judge = Judge::at_text(0, &message);
    begun.begin(&judge.stream, SEQUENCE).expect("it is short");
    assert!(!judge.knows(&begun, SEQUENCE));
    assert!(!judge.knows(&Said::new_zeroed(), 0));
}

/// Facts are those of a whole text: an end is no text, though its bytes, their
/// place and the length are the same.
#[test]
fn the_end_of_a_text_is_neither_kept_nor_known() {
    let message = query(b"DROP TABLE t /* and more */");
    let (begin, end) = message.split_at(12);
    let cut = || {
        let mut judge = Judge::at_text(0, begin);
        judge.step();
        judge.receive(end);
        judge
    };
    let mut kept = Said::new_zeroed();
    cut().read(&mut kept, SEQUENCE);
    assert!(!cut().knows(&kept, SEQUENCE));
    // The same bytes as a text of their own.
    let text = [b"Q\0\0\0", &[end.len() as u8 + 4][..], end].concat();
    let whole = said(&text);
    assert!(!cut().knows(&whole, SEQUENCE.wrapping_add(5)));
}

#[test]
fn a_text_that_is_not_here_yet_is_not_known() {
    let message = query(b"SELECT 1");
    let judge = Judge::at_text(0, &message[..message.len() - 1]);
    assert!(!judge.knows(&said(&message), SEQUENCE));
}

#[test]
fn what_is_passed_over_is_read() {
    let message = query(b"SELECT 1");
    let kept = said(&message);
    let mut knowing = Judge::at_text(0, &[&message[..], b"Q"].concat());
    assert!(knowing.knows(&kept, SEQUENCE));
    knowing.stream.scan.facts = kept.facts;
    pass_over(&mut knowing.stream);
    let mut reading = Judge::at_text(0, &message);
    reading.step();
    let state = |judge: &Judge| {
        let stream = &judge.stream;
        (stream.at, stream.left, stream.complete, stream.scan.facts)
    };
    assert_eq!(state(&knowing), state(&reading));
}
