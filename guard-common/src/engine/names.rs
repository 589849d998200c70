//! Names that are found: of tables, functions, columns and prepared statements.

use super::Scan;
use super::tables::action;
use super::word::SIGNIFICANT;
use crate::facts::{LOST_CALL, LOST_SAFE, LOST_TABLE, LOST_WORDS, NAME_LOST, NO_WHERE};
use crate::limits::{CALLS, NAME_OPERATIONS, SAFE_CALLS, TABLE_NAMES, TABLES};

/// Keeps the hashes of the name that ends here.
#[inline(always)]
pub(super) fn keep_hashes(scan: &mut Scan) {
    scan.kept = [scan.word, scan.qualifier];
}

/// Keeps the text of the name that ends here, in the entry that
/// [`commit`] makes valid.
#[inline(always)]
pub(super) fn keep_text(scan: &mut Scan) {
    let count = scan.facts.table_count;
    if (count as usize) < TABLES {
        scan.facts.tables[count as usize & (TABLES - 1)] = scan.name;
    }
}

/// Adds the kept name to the tables; there is none where a statement is broken.
#[inline(always)]
pub(super) fn commit(scan: &mut Scan, access: u8) {
    if scan.kept[0] == 0 {
        return;
    }
    let count = scan.facts.table_count;
    let at = count as usize;
    if at >= TABLE_NAMES {
        scan.facts.truncated |= LOST_WORDS | LOST_TABLE << (access & 3);
        return;
    }
    let cut = if at < TABLES {
        scan.facts.tables[at & (TABLES - 1)].cut
    } else {
        1
    };
    if cut != 0 {
        scan.facts.truncated |= LOST_WORDS;
    }
    scan.facts.table_names[at & (TABLE_NAMES - 1)] = scan.kept;
    scan.facts.table_access[at & (TABLE_NAMES - 1)] = access;
    scan.facts.table_count = count + 1;
}

/// Notes the WHERE of the query that ends here with its tables: those named
/// since it began, but for those of a query inside it, which has ended before.
#[inline(always)]
pub(super) fn limit(scan: &mut Scan, condition: u8) {
    // Two bits a table: those from `base` up to the last, where both are set
    // (`NO_WHERE`), become the condition.
    let fields = |count: u32| (1_u64 << ((count & 31) * 2)).wrapping_sub(1) as u32;
    let range = fields(u32::from(scan.facts.table_count)) & !fields(scan.base);
    let known = scan.facts.table_where;
    let open = known & known >> 1 & 0x5555_5555 & range;
    let changed = open * u32::from((condition ^ NO_WHERE) & 3);
    scan.facts.table_where = known ^ changed;
}

/// Keeps the name of a function that is called, which ends here, once.
#[inline(always)]
pub(super) fn call(scan: &mut Scan) {
    let count = scan.facts.call_count;
    let name = [scan.word, scan.qualifier];
    let mut index = 0;
    while index < CALLS {
        if index < count as usize && scan.facts.calls[index & (CALLS - 1)] == name {
            return;
        }
        index += 1;
    }
    if (count as usize) < CALLS {
        scan.facts.calls[count as usize & (CALLS - 1)] = name;
        scan.facts.call_count = count + 1;
    } else {
        scan.facts.truncated |= LOST_CALL;
    }
}

/// Entries in which a safe function may be.
const TRIES: usize = 4;

/// Keeps the name of a safe function, once.
#[inline(always)]
pub(super) fn safe_call(scan: &mut Scan) {
    let name = scan.word as u32;
    let mut index = 0;
    while index < TRIES {
        let entry =
            &mut scan.facts.safe_calls[(name as usize).wrapping_add(index) & (SAFE_CALLS - 1)];
        if *entry == name || *entry == 0 {
            *entry = name;
            return;
        }
        index += 1;
    }
    scan.facts.truncated |= LOST_SAFE;
}

/// Notes what is done with the prepared statement of the name that ends here.
#[inline(always)]
pub(super) fn operate(scan: &mut Scan, kind: u8) {
    let count = scan.facts.operation_count;
    // The server cuts long names, at a letter of the encoding.
    if count as usize >= NAME_OPERATIONS || scan.length > SIGNIFICANT {
        scan.facts.session |= NAME_LOST;
        return;
    }
    let at = count as usize & (NAME_OPERATIONS - 1);
    scan.facts.operations[at] = kind;
    scan.facts.operation_names[at] = scan.word;
    scan.facts.operation_count = count + 1;
}

/// Is the kept name the first column of the predicate (0), that column again
/// (1), another one (2), or another one that the same table may have (3)? A
/// column without a table is taken for the same.
#[inline(always)]
pub(super) fn compare_column(scan: &mut Scan) -> u32 {
    let [word, qualifier] = scan.kept;
    let [first, first_qualifier] = scan.column;
    if first == 0 {
        scan.column = [word, qualifier];
        return 0;
    }
    if word == first && (qualifier == first_qualifier || qualifier == 0 || first_qualifier == 0) {
        return 1;
    }
    if qualifier == first_qualifier { 3 } else { 2 }
}

/// Is the column that was bounded last that of the alternative before the OR of this
/// frame (1), or another one of the same table (2)? What is not known counts as the same.
#[inline(always)]
pub(super) const fn compare_bounded(scan: &Scan) -> u32 {
    let [word, qualifier] = scan.bounded;
    let [other, other_qualifier] = scan.alternative;
    let known = word != 0 && other != 0 && scan.alternative_depth == scan.depth;
    if known && word != other && qualifier == other_qualifier {
        2
    } else {
        1
    }
}

/// Keeps which column is bounded, or which one was before an OR.
#[inline(always)]
pub(super) const fn note_bound(scan: &mut Scan, flags: u32) {
    let mut at = 0;
    // VERIFIER(6.1): one word after the other; both at once take more stack.
    while at < 2 {
        if flags & action::BOUNDED != 0 {
            scan.bounded[at] = scan.column[at];
        }
        if flags & action::ALTERNATIVE != 0 {
            scan.alternative[at] = scan.bounded[at];
        }
        at += 1;
    }
    if flags & action::ALTERNATIVE != 0 {
        scan.alternative_depth = scan.depth;
    }
}
