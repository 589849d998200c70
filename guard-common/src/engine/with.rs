//! The names of WITH queries, which hide tables of the same name.
//!
//! A name holds from the end of its query (a query without RECURSIVE that names
//! itself means the table) to the end of the frame that declared it.

use super::Scan;
use crate::limits::WITH_NAMES;

/// The query is still being read.
const UNREAD: u8 = 0;
/// Its rows are not limited.
const OPEN: u8 = 1;
/// Its rows are few.
const FEW: u8 = 2;

const LAST: usize = WITH_NAMES - 1;

/// The word that ends here names a query that begins.
#[inline(always)]
pub(super) fn declare(scan: &mut Scan) {
    let count = scan.with_count as usize;
    if count > LAST {
        return;
    }
    let depth = (scan.depth & 0xff) as u8;
    let before = count.wrapping_sub(1) & LAST;
    let base = if count > 0 && scan.with_depth[before] == depth {
        scan.with_base[before]
    } else {
        count as u8
    };
    scan.with_names[count & LAST] = scan.word;
    scan.with_kind[count & LAST] = UNREAD;
    scan.with_depth[count & LAST] = depth;
    scan.with_base[count & LAST] = base;
    scan.with_count = count as u32 + 1;
}

/// The query that was declared last has been read.
#[inline(always)]
pub(super) fn complete(scan: &mut Scan, few: bool) {
    let at = (scan.with_count as usize).wrapping_sub(1) & LAST;
    let own = u32::from(scan.with_depth[at]) == scan.depth & 0xff;
    // Beyond the bound it was not declared, and the last is another one.
    if own && scan.with_kind[at] == UNREAD {
        scan.with_kind[at] = if few { FEW } else { OPEN };
    }
}

/// A frame was left: what it declared is no longer known.
#[inline(always)]
pub(super) fn leave(scan: &mut Scan) {
    let count = scan.with_count as usize;
    if count == 0 {
        return;
    }
    let at = count.wrapping_sub(1) & LAST;
    if scan.depth < u32::from(scan.with_depth[at]) {
        scan.with_count = u32::from(scan.with_base[at]);
    }
}

/// Which of the answers holds for the kept name: no such query (5), one (6),
/// one with few rows (7)?
#[inline(always)]
pub(super) fn find(scan: &Scan) -> u32 {
    let [word, qualifier] = scan.kept;
    let mut answer = 5;
    if qualifier != 0 {
        return answer;
    }
    let mut index = 0;
    while index < WITH_NAMES {
        if index >= scan.with_count as usize {
            break;
        }
        if scan.with_names[index] == word && scan.with_kind[index] != UNREAD {
            answer = 5 + u32::from(scan.with_kind[index]);
        }
        index += 1;
    }
    answer
}
