//! The hash for names, tokens and substituted messages: FNV-1a with 64 bits.
//!
//! Equal bytes have equal hashes, so a deny list cannot be missed by a
//! collision; a collision can only refuse more. Where the hash *lets something
//! pass* (a substituted message), it is started from a secret of this boot.

/// Start value of an unkeyed hash (FNV-1a's offset basis).
pub const START: u64 = 0xcbf2_9ce4_8422_2325;

/// Adds one byte.
#[inline(always)]
#[must_use]
pub const fn step(hash: u64, byte: u8) -> u64 {
    (hash ^ byte as u64).wrapping_mul(0x0000_0100_0000_01b3)
}

/// The hash of a whole byte string.
#[must_use]
pub const fn of(bytes: &[u8]) -> u64 {
    let mut hash = START;
    let mut rest = bytes;
    while let [byte, tail @ ..] = rest {
        hash = step(hash, *byte);
        rest = tail;
    }
    hash
}
