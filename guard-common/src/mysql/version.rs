//! The server's version, as its greeting says it.

use crate::engine::Server;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Reads a version byte by byte: `8.0.36`, `10.11.6-MariaDB-0+deb12u1`,
/// `5.5.5-10.11.6-MariaDB` (MariaDB for clients that know no 10).
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Reader {
    /// The numbers so far: major, minor, release, and none.
    parts: [u32; 4],
    /// The number before a first dash.
    first: u32,
    /// Which of the parts is being read; 3 and more: none.
    part: u32,
    /// Letters of `mariadb` read.
    name: u32,
    /// 1: the name was found.
    maria: u32,
}

/// MySQL reads attributes before the text of a query since 8.0.23.
pub(super) const ATTRIBUTES_SINCE: u32 = 80_023;

/// The name without which a server is MySQL.
const NAME: [u8; 8] = *b"mariadb\0";

impl Reader {
    /// Takes one byte.
    #[inline(always)]
    pub fn byte(&mut self, byte: u8) {
        let letter = byte.to_ascii_lowercase();
        if letter == NAME[self.name as usize & 7] {
            self.name += 1;
        } else {
            self.name = (letter == NAME[0]) as u32;
        }
        if self.name >= 7 {
            self.maria = 1;
            self.name = 0;
        }
        match byte {
            b'0'..=b'9' if self.part < 3 => {
                let part = &mut self.parts[self.part as usize & 3];
                *part = part.wrapping_mul(10).wrapping_add((byte - b'0') as u32);
            }
            b'.' if self.part < 3 => self.part += 1,
            b'-' if self.first == 0 && self.number() == 50_505 => {
                self.first = self.number();
                self.parts = [0; 4];
                self.part = 0;
            }
            _ => self.part = 3,
        }
    }

    const fn number(&self) -> u32 {
        self.parts[0]
            .wrapping_mul(10_000)
            .wrapping_add(self.parts[1].wrapping_mul(100))
            .wrapping_add(self.parts[2])
    }

    /// The server; its version is 0 when none could be read.
    #[inline(always)]
    #[must_use]
    pub const fn server(&self) -> Server {
        let number = self.number();
        let version = if self.maria == 0 && self.first != 0 {
            self.first
        } else {
            number
        };
        Server {
            version,
            maria: self.maria as u8,
            attributes: (self.maria == 0 && version >= ATTRIBUTES_SINCE) as u8,
            ..Server::UNKNOWN
        }
    }
}

/// The server with this version.
#[must_use]
pub fn server(version: &str) -> Server {
    let mut reader = Reader::default();
    for byte in version.bytes() {
        reader.byte(byte);
    }
    reader.server()
}
