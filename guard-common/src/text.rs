//! Fixed-size byte strings that travel between kernel and agent.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// A byte string of at most `N` bytes (`N` below 256).
///
/// Bytes after `len` are zero. Text from the kernel is bytes: it becomes a
/// `String` in the agent, lossy and escaped.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Text<const N: usize> {
    /// Length in bytes; a value above `N` is read as `N`.
    pub len: u8,
    /// 1 when the text was longer than `N`.
    pub cut: u8,
    /// Free for the owner (for a table name: its access).
    pub tag: u8,
    /// Zero.
    pub reserved: u8,
    /// The bytes.
    pub bytes: [u8; N],
}

impl<const N: usize> Default for Text<N> {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl<const N: usize> Text<N> {
    /// No text.
    pub const EMPTY: Self = Self {
        len: 0,
        cut: 0,
        tag: 0,
        reserved: 0,
        bytes: [0; N],
    };

    /// The bytes, without what lies behind `len`.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        let len = usize::from(self.len).min(N);
        self.bytes.get(..len).unwrap_or(&self.bytes)
    }

    /// Adds one byte, or sets `cut` when there is no room.
    ///
    /// `N` must be a power of two: the index is masked, so that the kernel's
    /// verifier sees the bound.
    #[inline(always)]
    pub const fn push(&mut self, byte: u8) {
        let at = self.len as usize;
        if at >= N {
            self.cut = 1;
            return;
        }
        self.bytes[at & (N - 1)] = byte;
        self.len = (at + 1) as u8;
    }

    /// Adds the lowest `count` bytes of a word, up to eight; those above are zero.
    /// Without effect where there is no room for eight.
    ///
    /// `N` must be a power of two, as for [`Self::push`].
    #[inline(always)]
    pub fn put(&mut self, word: u64, count: u8) {
        let at = self.len as usize & (N - 1);
        let room = self.bytes.get_mut(at..);
        if let Some(room) = room.and_then(|room| room.first_chunk_mut()) {
            *room = word.to_le_bytes();
            self.len = at as u8 + count;
        }
    }
}
