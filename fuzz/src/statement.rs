//! A statement has the same facts however it is cut into pieces.

use crate::split::cut;
use guard_agent::dialect::Dialects;
use guard_agent::facts::StatementWords;
use guard_common::engine::{self, Scan, Tables};
use guard_common::limits::CHUNK_BYTES;
use guard_common::protocol::Dialect;
use guard_common::repeat::Host;
use std::sync::LazyLock;
use zerocopy::FromZeros;

static DIALECTS: LazyLock<Dialects> =
    LazyLock::new(|| Dialects::load().expect("there is memory for the tables"));

/// Data: a byte that chooses the pieces, then the text.
///
/// # Panics
/// When the facts of the pieces are not those of the whole.
pub fn check(data: &[u8]) {
    let (text, pieces) = cut(data);
    for dialect in Dialect::ALL {
        let tables = DIALECTS.of(dialect);
        assert_eq!(
            facts(tables, &[text]),
            facts(tables, &pieces),
            "{dialect:?}"
        );
    }
}

fn facts(tables: &Tables, pieces: &[&[u8]]) -> StatementWords {
    let mut scan = Box::new(Scan::new_zeroed());
    let mut chunk = [0; CHUNK_BYTES];
    engine::begin(tables, &mut scan);
    for piece in pieces.iter().flat_map(|piece| piece.chunks(CHUNK_BYTES)) {
        chunk[..piece.len()].copy_from_slice(piece);
        let end = u32::try_from(piece.len()).unwrap_or(0);
        engine::feed::<Host>(tables, &mut scan, &chunk, 0, end);
    }
    engine::end::<Host>(tables, &mut scan);
    StatementWords::from(&scan.facts)
}
