//! What depends on the server that reads a text: MySQL and MariaDB run the
//! content of some comments, by their version.

use super::{Scan, event};
use crate::class::Opaque;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// A MySQL or MariaDB server, as far as its lexer depends on it. All zero: not
/// known.
#[repr(C)]
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
pub struct Server {
    /// Version as the servers number it: 8.0.36 is 80036, 10.11.6 is 101106;
    /// 0: not known.
    pub version: u32,
    /// 1: MariaDB.
    pub maria: u8,
    /// 1: the client has never written anything but UTF-8, in which bytes from 0x80
    /// on are letters. In other encodings some of them are spaces.
    pub utf8: u8,
    /// 1: it reads attributes before the text of a query, when the client too has
    /// announced them.
    pub attributes: u8,
    /// 1: the session may have an `sql_mode` in which `"`, a backslash in a string or
    /// `||` mean something else than by default. Whether it has is in no statement: a
    /// SET may fail. So only a text with one of them is opaque.
    pub moded: u8,
}

/// Bit of [`Facts::opaque_after`](crate::facts::Facts::opaque_after), above those of
/// [`Opaque`]: [`Server::utf8`] becomes 0.
pub const AFTER_NOT_UTF8: u32 = 1 << 30;
/// The same: [`Server::moded`] becomes 1.
pub const AFTER_MODED: u32 = 1 << 31;

impl Server {
    /// Nothing is known of it.
    pub const UNKNOWN: Self = Self {
        version: 0,
        maria: 0,
        utf8: 0,
        attributes: 0,
        moded: 0,
    };

    /// What a text has changed of the session; `after` is its `opaque_after`.
    #[inline(always)]
    #[must_use]
    pub const fn after(self, after: u32) -> Self {
        Self {
            utf8: self.utf8 & (after & AFTER_NOT_UTF8 == 0) as u8,
            moded: self.moded | (after & AFTER_MODED != 0) as u8,
            ..self
        }
    }
}

/// Executes MySQL's conditional comments: `sql_lex.cc`, `MY_LEX_LONG_COMMENT`
/// of MySQL 8.0 and of MariaDB 10.11. Tells whether the alternative holds.
#[inline(always)]
pub(super) fn check(scan: &mut Scan, kind: u8) -> bool {
    let Server {
        version,
        maria,
        utf8,
        moded,
        ..
    } = scan.server.after(scan.facts.opaque_after);
    let number = scan.number;
    let runs = match kind {
        event::NUL => return scan.ending == 0,
        event::HIGH => {
            if utf8 == 0 {
                scan.facts.add_opaque(Opaque::Encoding);
            }
            return false;
        }
        event::MODED => {
            if moded != 0 {
                scan.facts.add_opaque(Opaque::Setting);
            }
            return false;
        }
        event::EXECUTED => {
            let inside = scan.executed != 0;
            scan.executed = 0;
            return inside;
        }
        event::EXECUTE => true,
        // What every server since MySQL 5.6 and MariaDB 10 runs, and what none does.
        event::VERSION if number <= 50_600 => true,
        event::VERSION if number == 99_999 => false,
        _ if version == 0 => {
            // Read as executed, which shows more.
            scan.facts.add_opaque(Opaque::Version);
            true
        }
        event::MARIA => return maria != 0,
        event::VERSION_SIX if maria == 0 => {
            // Newer releases of MySQL read six digits, older ones five.
            scan.facts.add_opaque(Opaque::Version);
            true
        }
        event::VERSION_MARIA => number <= version,
        // MariaDB is no MySQL 5.7 or later.
        _ => number <= version && (maria == 0 || !(50_700..=99_999).contains(&number)),
    };
    if runs {
        scan.executed = 1;
    }
    runs
}
