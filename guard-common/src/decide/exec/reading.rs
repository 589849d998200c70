//! Bytes to hashes: paths and arguments.

use super::{ARGV_BYTES, ARGV_TOKENS, Cursor, DIRECTORIES, Program, Repeat, Turn, Work, hash};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Options that never have a value, so that the word behind them is not taken
/// for one. Others might: `git -C folder push`.
const FLAGS: [u64; 9] = [
    hash::of(b"--"),
    hash::of(b"--yes"),
    hash::of(b"-y"),
    hash::of(b"--force"),
    hash::of(b"--verbose"),
    hash::of(b"--quiet"),
    hash::of(b"--silent"),
    hash::of(b"--debug"),
    hash::of(b"--version"),
];

/// How an option begins that takes something back, and has no value either.
const NO: u64 = hash::of(b"--no-");

/// A name without its version, read byte by byte: `python3.11` is `python`,
/// `prisma@5` and `npm:prisma@latest` are `prisma`.
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub(super) struct Stem {
    /// Hash of the name so far.
    running: u64,
    /// The same up to the last byte that cannot be part of a version.
    pub(super) hash: u64,
    /// 1: an `@` was read, the rest is a version.
    ended: u64,
}

impl Stem {
    /// Of nothing.
    pub(super) const NEW: Self = Self {
        running: hash::START,
        hash: hash::START,
        ended: 0,
    };

    #[inline(always)]
    const fn add(&mut self, byte: u8) {
        if byte == b'/' || byte == b':' {
            *self = Self::NEW;
            return;
        }
        if byte == b'@' && self.running != hash::START {
            self.ended = 1;
        }
        if self.ended == 0 {
            self.running = hash::step(self.running, byte);
            if !byte.is_ascii_digit() && byte != b'.' && byte != b'-' {
                self.hash = self.running;
            }
        }
    }
}

impl Program {
    /// A path that is not known.
    pub const UNKNOWN: Self = Self {
        full: 0,
        name: 0,
        stem: Stem::NEW,
        directory_count: 0,
        known: 0,
        directories: [0; DIRECTORIES],
    };

    /// Reads the path in `bytes[from..to]`. Of more than [`DIRECTORIES`]
    /// directories only the number is right.
    /// `N` is a power of two.
    #[inline(always)]
    pub fn read<R: Repeat, const N: usize>(&mut self, bytes: &[u8; N], from: u32, to: u32) {
        self.full = hash::START;
        self.name = hash::START;
        self.stem = Stem::NEW;
        self.directory_count = 0;
        self.known = 0;
        let mut pass = Path {
            bytes,
            from: u64::from(from),
            program: self,
        };
        R::repeat(to.saturating_sub(from), &mut pass);
        self.known = u64::from(to > from);
    }
}

/// One pass over a path.
struct Path<'a, const N: usize> {
    bytes: &'a [u8; N],
    from: u64,
    program: &'a mut Program,
}

impl<const N: usize> Turn for Path<'_, N> {
    #[inline(always)]
    fn turn(&mut self, index: u32) -> bool {
        let at = (self.from as u32).wrapping_add(index);
        let byte = self.bytes[at as usize & (N - 1)];
        let program = &mut *self.program;
        program.full = hash::step(program.full, byte);
        program.stem.add(byte);
        if byte == b'/' {
            program.name = hash::START;
            let slot = program.directory_count as usize & (DIRECTORIES - 1);
            program.directories[slot] = program.full;
            program.directory_count = program.directory_count.wrapping_add(1);
        } else {
            program.name = hash::step(program.name, byte);
        }
        true
    }
}

impl Work {
    /// A start of which nothing is known.
    pub const EMPTY: Self = Self {
        named: Program::UNKNOWN,
        resolved: Program::UNKNOWN,
        full: [0; ARGV_TOKENS],
        names: [0; ARGV_TOKENS],
        stems: [0; ARGV_TOKENS],
        count: 0,
        cut: 0,
        open: 0,
        open_beyond: 0,
        options: 0,
        valued: 0,
        passed: 0,
        cursor: Cursor {
            full: 0,
            name: 0,
            stem: Stem::NEW,
            length: 0,
            first: 0,
            head: 0,
            bare: 0,
            no: 0,
            at: 0,
            inner: 0,
            reached: 0,
            values: 0,
            seen: 0,
        },
        naming: 0,
        matched: 0,
        perhaps: 0,
    };

    /// Forgets the last start. Hashes are overwritten as they are needed.
    #[inline(always)]
    pub const fn clear(&mut self) {
        self.named.known = 0;
        self.resolved.known = 0;
        self.count = 0;
        self.cut = 0;
    }

    /// Reads the arguments in `bytes[..length]`, each ended by NUL.
    ///
    /// `cut`: 1 when there are more bytes than were read; an argument without
    /// its NUL is then left out. No argument at all counts as one empty one.
    #[inline(always)]
    pub fn read_argv<R: Repeat>(&mut self, bytes: &[u8; ARGV_BYTES], length: u32, cut: u32) {
        self.count = 0;
        self.cut = u64::from(cut);
        self.options = 0;
        self.valued = 0;
        self.passed = 0;
        self.next_token();
        let mut pass = Tokens {
            bytes,
            length: u64::from(length),
            work: self,
        };
        R::repeat(length, &mut pass);
        let unended = self.cursor.length != 0 && self.cut == 0;
        if self.count == 0 || unended {
            self.end_token();
        }
    }

    /// Hash of the file name that was asked for; 0 when it is not known.
    #[inline(always)]
    #[must_use]
    pub const fn named_name(&self) -> u64 {
        if self.named.known == 0 {
            0
        } else {
            self.named.name
        }
    }

    /// Hash of the name of the file that runs; 0 when it is not known.
    #[inline(always)]
    #[must_use]
    pub const fn resolved_name(&self) -> u64 {
        if self.resolved.known == 0 {
            0
        } else {
            self.resolved.name
        }
    }

    /// Gets ready for the next argument.
    #[inline(always)]
    const fn next_token(&mut self) {
        self.cursor.full = hash::START;
        self.cursor.name = hash::START;
        self.cursor.stem = Stem::NEW;
        self.cursor.length = 0;
        self.cursor.first = 0;
        self.cursor.head = 0;
        self.cursor.bare = 0;
        self.cursor.no = 0;
    }

    /// Keeps the argument just read.
    #[inline(always)]
    fn end_token(&mut self) {
        let slot = self.count as usize & (ARGV_TOKENS - 1);
        self.full[slot] = self.cursor.full;
        self.names[slot] = self.cursor.name;
        self.stems[slot] = self.cursor.stem.hash;
        let bit = 1 << (self.count & 63);
        if self.cursor.first == u64::from(b'-') {
            self.options |= bit;
            if self.cursor.head != 0 {
                self.names[slot] = self.cursor.head;
            }
            if self.cursor.bare | self.cursor.no == 0 && !is_flag(self.cursor.full) {
                self.valued |= bit;
            }
        } else if self.cursor.bare != 0 || (self.cursor.first as u8).is_ascii_digit() {
            self.passed |= bit;
        }
        self.count = self.count.wrapping_add(1);
        self.next_token();
    }
}

/// Whether an option is one of [`FLAGS`].
#[inline(always)]
const fn is_flag(full: u64) -> bool {
    let mut index = 0;
    while index < FLAGS.len() {
        if FLAGS[index] == full {
            return true;
        }
        index += 1;
    }
    false
}

/// One pass over the arguments.
struct Tokens<'a> {
    bytes: &'a [u8; ARGV_BYTES],
    length: u64,
    work: &'a mut Work,
}

impl Turn for Tokens<'_> {
    #[inline(always)]
    fn turn(&mut self, index: u32) -> bool {
        let byte = self.bytes[index as usize & (ARGV_BYTES - 1)];
        let work = &mut *self.work;
        if byte == 0 {
            work.end_token();
            if work.count >= ARGV_TOKENS as u64 {
                if u64::from(index).wrapping_add(1) < self.length {
                    work.cut = 1;
                }
                return false;
            }
            return true;
        }
        if work.cursor.length == 0 {
            work.cursor.first = u64::from(byte);
        }
        if byte == b'=' && work.cursor.bare == 0 {
            work.cursor.head = work.cursor.full;
        }
        work.cursor.length = work.cursor.length.wrapping_add(1);
        work.cursor.full = hash::step(work.cursor.full, byte);
        work.cursor.stem.add(byte);
        work.cursor.name = if byte == b'/' {
            hash::START
        } else {
            hash::step(work.cursor.name, byte)
        };
        if byte == b'=' {
            work.cursor.bare = 1;
        }
        if work.cursor.length == 5 && work.cursor.full == NO {
            work.cursor.no = 1;
        }
        true
    }
}
