//! Messages as bytes of a [`Frame`].

use super::NO_ID;
use guard_common::denial::Frame;
use guard_common::limits::DENIAL_BYTES;
use zerocopy::FromZeros;

/// A `Query` message.
pub(super) fn query(statement: &str) -> Frame {
    framed(|pad| vec![message(b'Q', &[statement.as_bytes(), pad, b"\0"])])
}

/// `Parse`, `Bind` and `Execute` of the unnamed statement and portal.
pub(super) fn extended(statement: &str) -> Frame {
    framed(|pad| {
        vec![
            message(b'P', &[b"\0", statement.as_bytes(), pad, b"\0", &[0, 0]]),
            message(b'B', &[b"\0\0", &[0, 0], &[0, 0], &[0, 0]]),
            message(b'E', &[b"\0", &[0, 0, 0, 0]]),
        ]
    })
}

/// A Redis command of these words, and empty lines, which the server passes
/// over.
pub(super) fn command(words: &[&str]) -> Frame {
    let mut bytes = format!("*{}\r\n", words.len());
    for word in words {
        bytes += &format!("${}\r\n{word}\r\n", word.len());
    }
    framed(|pad| vec![bytes.clone().into_bytes(), vec![b'\n'; pad.len()]])
}

/// MySQL's `COM_QUERY`, with what stands before the text.
pub(super) fn mysql_command(statement: &str, attributes: &[u8]) -> Frame {
    framed(|pad| {
        let payload = [b"\x03", attributes, statement.as_bytes(), pad].concat();
        let length = u32::try_from(payload.len()).unwrap_or(0).to_le_bytes();
        vec![[&length[..3], &[0], &payload].concat()]
    })
}

/// One PostgreSQL message: type, length, body.
fn message(kind: u8, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let length = u32::try_from(body.len() + 4).unwrap_or(u32::MAX);
    let mut bytes = vec![kind];
    bytes.extend(length.to_be_bytes());
    bytes.extend(body);
    bytes
}

/// Renders messages twice: the second time with the spaces (or as many other
/// bytes) that make their length a multiple of 8.
fn framed(build: impl Fn(&[u8]) -> Vec<Vec<u8>>) -> Frame {
    const SPACES: &[u8; 8] = b"        ";
    let missing = build(b"").concat().len().wrapping_neg() % 8;
    let messages = build(SPACES.get(..missing).unwrap_or(b""));
    let bytes = messages.concat();
    debug_assert!(bytes.len() <= DENIAL_BYTES && bytes.len().is_multiple_of(8));
    let id_at = bytes
        .windows(NO_ID.len())
        .rposition(|window| window == NO_ID.as_bytes())
        .unwrap_or(0);
    let mut frame = Frame::new_zeroed();
    frame.length = bytes.len().min(DENIAL_BYTES) as u32;
    frame.id_at = id_at as u32;
    frame.first = messages.first().map_or(0, Vec::len) as u32;
    for (slot, byte) in frame.bytes.iter_mut().zip(&bytes) {
        *slot = *byte;
    }
    frame
}
