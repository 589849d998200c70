//! Facts of two statements: are they the same, and what do they come to together?

use super::{Facts, LOST_CALL, LOST_SAFE, LOST_TABLE, LOST_WORDS};
use crate::limits::{CALLS, NAME_BYTES, SAFE_CALLS, TABLE_NAMES, TABLES, VERBS};
use crate::repeat::{Repeat, Turn};

impl Facts {
    /// Do these facts say of names, classes and rows what others say? Texts of
    /// names and verbs do not matter.
    #[inline(always)]
    #[must_use]
    pub fn same<R: Repeat>(&self, other: &Self) -> bool {
        let mut compare = Compare {
            one: self,
            other,
            different: (self.hits ^ other.hits)
                | (self.bytes ^ other.bytes)
                | u64::from(self.opaque ^ other.opaque)
                | u64::from(self.opaque_after ^ other.opaque_after)
                | u64::from(self.table_where ^ other.table_where)
                | u64::from(self.statements ^ other.statements)
                | u64::from(self.table_count ^ other.table_count)
                | u64::from(self.call_count ^ other.call_count)
                | u64::from(self.truncated ^ other.truncated),
        };
        R::repeat(TABLE_NAMES as u32, &mut compare);
        compare.different == 0
    }

    /// Adds the facts of a statement that this one runs. What it does with names
    /// of prepared statements stays its own.
    #[inline(always)]
    pub fn merge<R: Repeat>(&mut self, run: &Self) {
        self.hits |= run.hits;
        self.opaque |= run.opaque;
        self.opaque_after |= run.opaque_after;
        self.truncated |= run.truncated;
        R::repeat(TABLE_NAMES as u32, &mut Merge { facts: self, run });
    }
}

struct Compare<'a> {
    one: &'a Facts,
    other: &'a Facts,
    different: u64,
}

impl Turn for Compare<'_> {
    #[inline(always)]
    fn turn(&mut self, index: u32) -> bool {
        let (one, other) = (self.one, self.other);
        if index < u32::from(one.table_count) {
            let at = index as usize & (TABLE_NAMES - 1);
            let ([name, schema], [other_name, other_schema]) =
                (one.table_names[at], other.table_names[at]);
            self.different |= (name ^ other_name) | (schema ^ other_schema);
            self.different |= u64::from(one.table_access[at] ^ other.table_access[at]);
        }
        if index < u32::from(one.call_count) {
            let at = index as usize & (CALLS - 1);
            let ([name, schema], [other_name, other_schema]) = (one.calls[at], other.calls[at]);
            self.different |= (name ^ other_name) | (schema ^ other_schema);
        }
        true
    }
}

/// One turn for each place in the lists of facts; the longest is that of tables.
struct Merge<'a> {
    facts: &'a mut Facts,
    run: &'a Facts,
}

impl Turn for Merge<'_> {
    #[inline(always)]
    fn turn(&mut self, index: u32) -> bool {
        if index < u32::from(self.run.table_count) {
            self.table(index as usize & (TABLE_NAMES - 1));
        }
        if index < u32::from(self.run.call_count) {
            self.call(index as usize & (CALLS - 1));
        }
        if index < u32::from(self.run.verb_count) {
            self.verb(index as usize & (VERBS - 1));
        }
        self.safe_call(index as usize & (SAFE_CALLS - 1));
        true
    }
}

impl Merge<'_> {
    #[inline(always)]
    fn table(&mut self, at: usize) {
        let access = self.run.table_access[at];
        let condition = (self.run.table_where >> (at * 2)) & 3;
        let count = self.facts.table_count;
        let to = count as usize;
        if to >= TABLE_NAMES {
            self.facts.truncated |= LOST_WORDS | LOST_TABLE << (access & 3);
            return;
        }
        let to = to & (TABLE_NAMES - 1);
        self.facts.table_access[to] = access;
        self.facts.table_where &= !((3 ^ condition) << (to * 2));
        // VERIFIER: what is copied as a whole becomes a call (`memmove`), and this
        // is the last frame that a program may have.
        let [name, schema] = self.run.table_names[at];
        self.facts.table_names[to][0] = name;
        self.facts.table_names[to][1] = schema;
        if to < TABLES {
            let text = &mut self.facts.tables[to & (TABLES - 1)];
            let known = &self.run.tables[at & (TABLES - 1)];
            text.len = if at < TABLES { known.len } else { 0 };
            text.cut = known.cut;
            // `padding` is zero, which the compiler does not know.
            let mut byte = 0;
            while byte < NAME_BYTES {
                text.bytes[byte] = known.bytes[byte] ^ self.run.padding;
                byte += 1;
            }
        }
        if to >= TABLES || at >= TABLES {
            self.facts.truncated |= LOST_WORDS;
        }
        self.facts.table_count = count + 1;
    }

    #[inline(always)]
    fn call(&mut self, at: usize) {
        let count = self.facts.call_count;
        if count as usize >= CALLS {
            self.facts.truncated |= LOST_CALL;
            return;
        }
        let [name, schema] = self.run.calls[at];
        let to = count as usize & (CALLS - 1);
        self.facts.calls[to][0] = name;
        self.facts.calls[to][1] = schema;
        self.facts.call_count = count + 1;
    }

    #[inline(always)]
    fn verb(&mut self, at: usize) {
        let count = self.facts.verb_count;
        if count as usize >= VERBS {
            self.facts.truncated |= LOST_WORDS;
            return;
        }
        self.facts.verbs[count as usize & (VERBS - 1)] = self.run.verbs[at];
        self.facts.verb_count = count + 1;
    }

    #[inline(always)]
    fn safe_call(&mut self, at: usize) {
        let name = self.run.safe_calls[at];
        let own = &mut self.facts.safe_calls[at];
        if *own == 0 {
            *own = name;
        } else if name != 0 && name != *own {
            self.facts.truncated |= LOST_SAFE;
        }
    }
}
