//! The statement engine on the host.

use guard_common::engine::{self, Scan, Server, Tables};
use guard_common::facts::Facts;
use guard_common::limits::CHUNK_BYTES;
use guard_common::protocol::Dialect;
use guard_common::repeat::Host;
use zerocopy::FromZeros;

/// The engine with tables.
pub struct Engine {
    /// The dialect.
    pub tables: Box<Tables>,
    /// The state between two pieces of a text, and the server that reads it.
    pub scan: Scan,
    chunk: [u8; CHUNK_BYTES],
}

impl Engine {
    /// PostgreSQL's dialect.
    ///
    /// # Panics
    ///
    /// When the dialect does not fit its tables.
    #[must_use]
    pub fn new() -> Self {
        Self::of(Dialect::Postgresql)
    }

    /// A dialect; for MySQL's the server is MariaDB 10.11.
    ///
    /// # Panics
    ///
    /// When the dialect does not fit its tables.
    #[must_use]
    pub fn of(dialect: Dialect) -> Self {
        let (tables, _) = guard_dialect::compile(dialect).expect("the dialect fits its tables");
        Self::with(tables)
    }

    /// Other tables.
    #[must_use]
    pub fn with(tables: Box<Tables>) -> Self {
        let mut scan = Scan::new_zeroed();
        scan.server = Server {
            version: 101_119,
            maria: 1,
            utf8: 1,
            ..Server::UNKNOWN
        };
        Self {
            tables,
            scan,
            chunk: [0; CHUNK_BYTES],
        }
    }

    /// The facts of `text`, read in the pieces between `splits` (and in chunks).
    /// What the tables of an unused entry hold is forgotten.
    pub fn facts(&mut self, text: &[u8], splits: &[usize]) -> Facts {
        engine::begin(&self.tables, &mut self.scan);
        let mut from = 0;
        for to in splits.iter().copied().chain([text.len()]) {
            for piece in text[from..to].chunks(CHUNK_BYTES) {
                // Each piece at another place of the chunk.
                let at = (from * 7) % (CHUNK_BYTES - piece.len() + 1);
                self.chunk[at..at + piece.len()].copy_from_slice(piece);
                let to = (at + piece.len()) as u32;
                engine::feed::<Host>(&self.tables, &mut self.scan, &self.chunk, at as u32, to);
            }
            from = to;
        }
        engine::end::<Host>(&self.tables, &mut self.scan);
        used(&self.scan.facts)
    }

    /// Reads whole chunks, the last one up to `to`: what the benchmark repeats.
    #[inline(never)]
    pub fn read(&mut self, chunks: &[[u8; CHUNK_BYTES]], to: u32) {
        engine::begin(&self.tables, &mut self.scan);
        for (index, chunk) in chunks.iter().enumerate() {
            let to = if index + 1 < chunks.len() {
                CHUNK_BYTES as u32
            } else {
                to
            };
            engine::feed::<Host>(&self.tables, &mut self.scan, chunk, 0, to);
        }
        engine::end::<Host>(&self.tables, &mut self.scan);
    }
}

impl Default for Engine {
    fn default() -> Self {
        Self::new()
    }
}

/// The facts without what lies behind the names in use.
#[must_use]
pub fn used(facts: &Facts) -> Facts {
    let mut used = Facts::NEW;
    for (entry, table) in used.tables.iter_mut().zip(facts.table_texts()) {
        entry.len = table.len;
        entry.cut = table.cut;
        let len = table.as_bytes().len();
        entry.bytes[..len].copy_from_slice(table.as_bytes());
    }
    let tables = usize::from(facts.table_count);
    used.table_names[..tables].copy_from_slice(&facts.table_names[..tables]);
    used.table_access[..tables].copy_from_slice(&facts.table_access[..tables]);
    let calls = usize::from(facts.call_count);
    used.calls[..calls].copy_from_slice(&facts.calls[..calls]);
    let operations = usize::from(facts.operation_count);
    used.operations[..operations].copy_from_slice(&facts.operations[..operations]);
    used.operation_names[..operations].copy_from_slice(&facts.operation_names[..operations]);
    Facts {
        operations: used.operations,
        operation_names: used.operation_names,
        tables: used.tables,
        table_names: used.table_names,
        table_access: used.table_access,
        calls: used.calls,
        ..*facts
    }
}
