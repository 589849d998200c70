//! The attributes before the text of a query (`CLIENT_QUERY_ATTRIBUTES`, MySQL since
//! 8.0.23): how many, how many sets of them, which are NULL, types and names of all, and
//! the values of the others. They are skipped exactly, or the query is opaque.
//!
//! Layout: `COM_QUERY` in the "MySQL Source Code Documentation"; of the types those are
//! taken whose length on the wire is beyond doubt.

use super::{Stream, phase};
use crate::class::{Class, Opaque};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// Attributes that a query may have, and still be read.
const MOST: u8 = 8;

/// Place in the attributes.
const COUNT: u8 = 0;
const SETS: u8 = 1;
const NULLS: u8 = 2;
const BOUND: u8 = 3;
const TYPE: u8 = 4;
const FLAG: u8 = 5;
const NAME_LENGTH: u8 = 6;
const NAME: u8 = 7;
const VALUE_LENGTH: u8 = 8;
const LENGTH_LOW: u8 = 9;
const LENGTH_HIGH: u8 = 10;
const VALUE: u8 = 11;

/// The type of what can only be NULL.
const NULL: u8 = 6;

/// Form of a value, 4 bits: a number is its length in bytes.
const TEXT: u32 = 9;
const TIME: u32 = 10;

/// What is known while the attributes are read.
#[repr(C)]
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, Immutable, KnownLayout,
)]
pub struct Attributes {
    /// Forms of the values that are not NULL, the first in the lowest bits.
    forms: u32,
    /// Bytes left of a name or value.
    skip: u32,
    /// Which are NULL, the first in the lowest bit.
    nulls: u8,
    /// How many.
    count: u8,
    /// How many names were read.
    named: u8,
    /// Of how many the form is in `forms`.
    values: u8,
    place: u8,
    /// 1: the value is a time, which is never long.
    short: u8,
    /// Zero.
    reserved: [u8; 2],
}

impl Attributes {
    /// At the first byte.
    pub const NEW: Self = Self {
        forms: 0,
        skip: 0,
        nulls: 0,
        count: 0,
        named: 0,
        values: 0,
        place: COUNT,
        short: 0,
        reserved: [0; 2],
    };

    /// Bytes whose values do not matter.
    #[inline(always)]
    pub(super) const fn skippable(&self) -> u32 {
        match self.place {
            NAME | VALUE => self.skip,
            _ => 0,
        }
    }
}

/// Passes over bytes that do not matter, at most [`Attributes::skippable`].
#[inline(always)]
pub(super) fn skip(stream: &mut Stream, count: u32) {
    let read = &mut stream.mysql.attributes;
    read.skip = read.skip.wrapping_sub(count);
    if read.skip == 0 {
        behind(stream);
    }
}

/// Behind a name or a value.
#[inline(always)]
fn behind(stream: &mut Stream) {
    let read = &mut stream.mysql.attributes;
    if read.place == NAME {
        read.named = read.named.wrapping_add(1);
        if read.named < read.count {
            read.place = TYPE;
            return;
        }
    }
    if read.values == 0 {
        stream.phase = phase::TEXT;
        return;
    }
    let form = read.forms & 15;
    read.forms >>= 4;
    read.values = read.values.wrapping_sub(1);
    read.skip = form;
    read.place = VALUE;
    if form >= TEXT {
        read.short = (form == TIME) as u8;
        read.place = VALUE_LENGTH;
    }
}

/// Takes one byte that is not skipped.
#[inline(always)]
pub(super) fn byte(stream: &mut Stream, byte: u8) {
    let read = &mut stream.mysql.attributes;
    let value = byte as u32;
    match read.place {
        COUNT if byte <= MOST => {
            read.count = byte;
            read.place = SETS;
        }
        SETS if byte == 1 && read.count == 0 => stream.phase = phase::TEXT,
        SETS if byte == 1 => read.place = NULLS,
        NULLS => {
            read.nulls = byte;
            read.place = BOUND;
        }
        BOUND if byte == 1 => read.place = TYPE,
        TYPE => {
            let null = read.nulls >> (read.named & 7) & 1 != 0;
            let form = form(byte);
            if form == 0 && !(null && byte == NULL) {
                return give_up(stream);
            }
            if !null {
                read.forms |= form << (4 * (read.values & 7));
                read.values = read.values.wrapping_add(1);
            }
            read.place = FLAG;
        }
        FLAG if byte & 0x7f == 0 => read.place = NAME_LENGTH,
        NAME_LENGTH if byte <= 250 => {
            read.skip = value;
            read.place = NAME;
            if value == 0 {
                behind(stream);
            }
        }
        VALUE_LENGTH if byte <= 250 && read.short == 0 || byte <= 12 => {
            read.skip = value;
            read.place = VALUE;
            if value == 0 {
                behind(stream);
            }
        }
        VALUE_LENGTH if byte == 252 && read.short == 0 => read.place = LENGTH_LOW,
        LENGTH_LOW => {
            read.skip = value;
            read.place = LENGTH_HIGH;
        }
        LENGTH_HIGH => {
            read.skip |= value << 8;
            read.place = VALUE;
            if read.skip == 0 {
                behind(stream);
            }
        }
        _ => give_up(stream),
    }
}

/// The form of a type's values (`enum_field_types`); 0: not taken.
#[inline(always)]
const fn form(kind: u8) -> u32 {
    match kind {
        1 => 1,
        2 => 2,
        3 | 4 => 4,
        5 | 8 => 8,
        7 | 10..=12 => TIME,
        15 | 246 | 249..=254 => TEXT,
        _ => 0,
    }
}

/// The query is opaque.
#[inline(always)]
fn give_up(stream: &mut Stream) {
    stream.scan.facts.add(Class::Unreadable);
    stream.scan.facts.add_opaque(Opaque::Protocol);
    stream.scan.facts.statements = 1;
    stream.phase = phase::SKIP;
}
