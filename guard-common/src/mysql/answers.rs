//! Which number the server gives to prepared statements, read from its answers.
//!
//! A server numbers the statements of a connection one after the other, but not from
//! 1 everywhere: MariaDB goes on counting where it uses a thread again. So the answer
//! to one `COM_STMT_PREPARE` is read. To know which answer it is, the packets before it
//! are counted: the first packet of an answer has the number 1, and the one before it
//! another than 0. Behind packet 0 comes a packet 1 of the same answer, unless a
//! command waits for its own; then it is not certain, and the count is lost.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Bytes of a packet that are read at most: its header, 0 for success, the identifier.
const HEAD: u32 = 9;
/// Length of the packet that answers `COM_STMT_PREPARE`.
const PREPARED: u32 = 12;

/// What the client has asked for, as far as its stream is read.
#[repr(C)]
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
pub struct Asked {
    /// Commands that will have an answer, this one included.
    pub commands: u32,
    /// Statements that were prepared, this one included.
    pub prepared: u32,
}

/// The server's stream, from the first byte on.
#[repr(C)]
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
pub struct Answers {
    /// Bytes of the packet that are to be skipped next.
    pub skip: u32,
    /// Answers that have begun.
    pub begun: u32,
    /// Bytes read of the packet's head.
    read: u32,
    /// Length of the packet, as far as it is read.
    length: u32,
    /// The first byte of the packet's payload.
    first: u32,
    /// The identifier in it, as far as it is read.
    identifier: u32,
    /// The number of the packet before.
    last: u32,
    /// 1: the packet is the awaited answer.
    awaited: u32,
}

/// What a byte has brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Nothing yet.
    Nothing,
    /// What the awaited statement is called.
    Identifier(u32),
    /// The answers cannot be told apart any more.
    Lost,
}

impl Answers {
    /// Takes a byte that is not to be skipped. `commands` that have an answer are on
    /// their way or answered, and the answer to command number `awaited` is looked for.
    #[inline(always)]
    pub fn byte(&mut self, byte: u8, commands: u32, awaited: u32) -> Heard {
        let at = self.read;
        let value = u32::from(byte);
        self.read = at.wrapping_add(1);
        match at {
            0 => self.length = value,
            1 | 2 => self.length |= value << ((8 * at) & 31),
            3 => {
                self.identifier = 0;
                let begins = value == 1 && self.last != 0;
                let unsure = value == 1 && self.last == 0 && self.begun != commands;
                self.last = value;
                self.begun = self.begun.wrapping_add(begins as u32);
                self.awaited = (begins && self.begun == awaited) as u32;
                if unsure {
                    return Heard::Lost;
                }
                if self.awaited == 0 || self.length != PREPARED {
                    self.end(self.length);
                }
            }
            4 => self.first = value,
            _ => {
                self.identifier |= value << ((8 * at.wrapping_sub(5)) & 31);
                if self.read >= HEAD {
                    self.end(PREPARED - (HEAD - 4));
                    if self.first == 0 {
                        return Heard::Identifier(self.identifier);
                    }
                }
            }
        }
        Heard::Nothing
    }

    /// The rest of the packet does not matter.
    #[inline(always)]
    const fn end(&mut self, rest: u32) {
        self.read = 0;
        self.skip = rest;
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::{Answers, Heard};
    use std::vec::Vec;

    fn packet(number: u8, payload: &[u8]) -> Vec<u8> {
        let [a, b, c, _] = (payload.len() as u32).to_le_bytes();
        [&[a, b, c, number], payload].concat()
    }

    fn prepared(identifier: u32) -> Vec<u8> {
        let rest = [0, 0, 0, 0, 0, 0, 0];
        packet(1, &[&[0], &identifier.to_le_bytes()[..], &rest].concat())
    }

    /// Reads a stream; each packet comes when `commands` were sent.
    fn hear(packets: &[(u32, Vec<u8>)], awaited: u32) -> Heard {
        let mut answers = Answers {
            last: 2,
            ..Answers::default()
        };
        for (commands, bytes) in packets {
            let mut at = 0;
            while at < bytes.len() {
                if answers.skip != 0 {
                    at += answers.skip as usize;
                    answers.skip = 0;
                    continue;
                }
                let heard = answers.byte(bytes[at], *commands, awaited);
                if heard != Heard::Nothing {
                    return heard;
                }
                at += 1;
            }
        }
        Heard::Nothing
    }

    fn rows(count: u32) -> Vec<(u32, Vec<u8>)> {
        // A row that looks like the answer to a PREPARE.
        (1..=count)
            .map(|number| (1, [&packet(number as u8, &[0; 12])[..]].concat()))
            .collect()
    }

    #[test]
    fn the_answer_to_a_prepare_is_found_by_its_place() {
        let mut stream = rows(3);
        stream.push((2, prepared(77)));
        assert_eq!(hear(&stream, 2), Heard::Identifier(77));
        // A long result begins its numbers again.
        let mut stream = rows(700);
        stream.push((2, prepared(77)));
        assert_eq!(hear(&stream, 2), Heard::Identifier(77));
        // An error is no identifier.
        let mut stream = rows(3);
        stream.push((2, packet(1, b"\xff123456789ab")));
        stream.push((3, prepared(78)));
        assert_eq!(hear(&stream, 2), Heard::Nothing);
        assert_eq!(hear(&stream, 3), Heard::Identifier(78));
    }

    #[test]
    fn where_two_answers_cannot_be_told_apart_the_count_is_lost() {
        let mut stream = rows(256);
        stream.push((2, prepared(77)));
        assert_eq!(hear(&stream, 2), Heard::Lost);
        // A command was sent into a long result.
        let mut stream = rows(300);
        for (commands, _) in &mut stream[200..] {
            *commands = 2;
        }
        assert_eq!(hear(&stream, 2), Heard::Lost);
    }
}
