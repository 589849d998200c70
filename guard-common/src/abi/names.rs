//! The names that rules list: tables and functions.
//!
//! A name in a policy becomes one to three *keys*, a name in a statement is
//! looked up by one to three; [`NameSet::find`] answers with the set of rules
//! that list it. So a decision costs the same whatever the number of names.

use crate::facts::{NameHash, TABLE_TAGS};
use crate::hash;
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// What a key stands for.
#[repr(u64)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// A table that a statement names without schema.
    TableBare = 1,
    /// A table of this name in any schema.
    TableAny = 2,
    /// A table of this name in this schema.
    TableExact = 3,
    /// Any table of this schema.
    TableSchema = 4,
    /// A function that a statement names without schema.
    CallBare = 5,
    /// A function of this name in any schema.
    CallAny = 6,
    /// A function of this name in this schema.
    CallExact = 7,
    /// Any function of this schema.
    CallSchema = 8,
    /// A function known to be safe, by the low half of its name's hash.
    CallSafe = 9,
}

impl Key {
    /// The key of a name; parts that do not matter are 0. Never 0.
    #[inline(always)]
    #[must_use]
    pub const fn of(self, name: u64, schema: u64) -> u64 {
        const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
        let mixed = (name ^ schema.rotate_left(29) ^ self as u64).wrapping_mul(ODD);
        let mixed = (mixed ^ mixed >> 32).wrapping_mul(ODD);
        mixed ^ mixed >> 29 | 1
    }
}

/// The hashes of a name in a policy; `schema` is empty where none is written.
#[must_use]
pub const fn name_hash(schema: &[u8], name: &[u8]) -> NameHash {
    let schema = if schema.is_empty() {
        0
    } else {
        hash::of(schema)
    };
    [hash::of(name), schema]
}

/// Keys that share a bucket.
const BUCKET: usize = 4;
/// Buckets; each key has two that it may be in.
const BUCKETS: usize = 2048;

/// Keys with the rules that list them. Half full at most, see
/// [`crate::limits::MAX_NAMES`]; all zero is the empty set.
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct NameSet {
    slots: [Listed; BUCKET * BUCKETS],
}

/// A key and the rules that list it.
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct Listed {
    /// The key; 0: a free slot.
    key: u64,
    /// The rules, as bits.
    rules: u64,
}

impl NameSet {
    /// The rules that list a key.
    #[inline(always)]
    #[must_use]
    pub fn find(&self, key: u64) -> u64 {
        let mut rules = 0;
        let (one, other) = buckets(key);
        let mut index = 0;
        while index < BUCKET {
            let slot = &self.slots[(one + index) & (BUCKET * BUCKETS - 1)];
            if slot.key == key {
                rules |= slot.rules;
            }
            let slot = &self.slots[(other + index) & (BUCKET * BUCKETS - 1)];
            if slot.key == key {
                rules |= slot.rules;
            }
            index += 1;
        }
        rules
    }

    /// Adds rules to a key; `false`: both of its buckets are full.
    #[must_use]
    pub fn insert(&mut self, key: u64, rules: u64) -> bool {
        let (one, other) = buckets(key);
        let used = |set: &Self, bucket: usize| {
            let slots = set.slots.iter().skip(bucket).take(BUCKET);
            slots.filter(|slot| slot.key != 0).count()
        };
        let emptier = if used(self, other) < used(self, one) {
            other
        } else {
            one
        };
        for bucket in [one, other] {
            let mut slots = self.slots.iter_mut().skip(bucket).take(BUCKET);
            if let Some(slot) = slots.find(|slot| slot.key == key) {
                slot.rules |= rules;
                return true;
            }
        }
        let mut slots = self.slots.iter_mut().skip(emptier).take(BUCKET);
        match slots.find(|slot| slot.key == 0) {
            Some(slot) => {
                *slot = Listed { key, rules };
                true
            }
            None => false,
        }
    }
}

/// First slots of the buckets that a key may be in.
#[inline(always)]
const fn buckets(key: u64) -> (usize, usize) {
    let mask = BUCKETS - 1;
    (
        ((key >> 8) as usize & mask) * BUCKET,
        ((key >> 40) as usize & mask) * BUCKET,
    )
}

/// What statement rules say of names, as sets of rules.
#[repr(C)]
#[derive(Clone, Copy, Debug, FromBytes, IntoBytes, Immutable, KnownLayout)]
pub struct About {
    /// Rules that say which tables.
    pub tables: u64,
    /// Of those, rules that mean all tables but those they list.
    pub tables_except: u64,
    /// Rules that a table with this tag can satisfy; see
    /// [`crate::facts::table_tag`].
    pub tags: [u64; TABLE_TAGS],
    /// Rules that say which functions.
    pub calls: u64,
    /// Of those, rules that mean all functions that are not known to be safe,
    /// but those they list.
    pub calls_except: u64,
    /// Of those, rules that list a function that is known to be safe.
    pub safe_calls: u64,
}

const _: () = assert!(size_of::<NameSet>() == 16 * BUCKET * BUCKETS);
const _: () = assert!(size_of::<About>() == 8 * (5 + TABLE_TAGS));
const _: () = assert!(crate::limits::MAX_NAMES * 2 <= BUCKET * BUCKETS);
