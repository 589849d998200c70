//! The innermost loop of the statement engine, in eight instructions a byte: LLVM
//! makes fourteen of it.

#[cfg(target_arch = "bpf")]
use guard_common::{engine::Tables, limits::CHUNK_BYTES};

/// [`guard_common::engine::eight`].
#[cfg(target_arch = "bpf")]
#[inline(always)]
pub(crate) fn eight(
    tables: &Tables,
    chunk: &[u8; CHUNK_BYTES],
    begin: usize,
    row: usize,
) -> (u32, usize) {
    use core::mem::offset_of;
    use guard_common::limits::CELL_BYTES;

    const LAST: usize = CHUNK_BYTES - 8;
    // The cell of byte `$index` replaces `row`; from the label `$event` on it is no row.
    macro_rules! byte {
        ($index:literal, $event:literal) => {
            concat!(
                "{at} = *(u8 *)({text} + ",
                $index,
                ")\n",
                "{at} += {tables}\n",
                "{at} = *(u8 *)({at} + {columns})\n",
                "{at} <<= 2\n",
                "{at} += {tables}\n",
                "{at} += {row}\n",
                "{row} = *(u32 *)({at} + {cells})\n",
                "if {row} > {highest} goto ",
                $event,
                "f\n",
            )
        };
    }
    macro_rules! event {
        ($index:literal, $event:literal) => {
            concat!($event, ": {at} = ", $index, "\ngoto 9f\n")
        };
    }
    let (next, index): (u64, u64);
    // SAFETY: it reads `columns` at a byte, `cells` at a row and a column, which
    // the tables have room for (a `row` below `CELL_BYTES`), and the chunk from
    // `begin` on, up to its end; the verifier checks each.
    unsafe {
        core::arch::asm!(
            // Beyond the chunk, where `begin` never is, nothing is read.
            "{at} = 8",
            "if {text} > {last} goto 9f",
            "{text} += {chunk}",
            byte!("0", "10"),
            byte!("1", "11"),
            byte!("2", "12"),
            byte!("3", "13"),
            byte!("4", "14"),
            byte!("5", "15"),
            byte!("6", "16"),
            byte!("7", "17"),
            "{at} = 8",
            "goto 9f",
            event!("0", "10"),
            event!("1", "11"),
            event!("2", "12"),
            event!("3", "13"),
            event!("4", "14"),
            event!("5", "15"),
            event!("6", "16"),
            event!("7", "17"),
            "9:",
            tables = in(reg) core::ptr::from_ref(tables),
            chunk = in(reg) chunk.as_ptr(),
            text = inout(reg) begin => _,
            row = inout(reg) row as u64 => next,
            at = out(reg) index,
            last = const LAST,
            columns = const offset_of!(Tables, columns),
            cells = const offset_of!(Tables, cells),
            highest = const CELL_BYTES - 1,
            options(readonly, nostack),
        );
    }
    (next as u32, index as usize)
}

#[cfg(not(target_arch = "bpf"))]
pub(crate) use guard_common::engine::eight;
