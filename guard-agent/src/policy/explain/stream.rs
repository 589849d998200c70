//! A PostgreSQL connection in memory.

use super::{Connection, Judge, Judged, Judgement};
use guard_common::decide::statement::{Sender, decide};
use guard_common::engine::{self, Scan, Tables};
use guard_common::facts::Facts;
use guard_common::limits::CHUNK_BYTES;
use guard_common::pg::settle::{self, Names};
use guard_common::pg::{self, Chunk, Engine, Stream, phase};
use guard_common::repeat::Host;
use guard_common::verdict::Decision;
use std::collections::HashMap;
use zerocopy::FromZeros;

/// Protocol 3.0.
const PROTOCOL: [u8; 4] = [0, 3, 0, 0];

/// Reads a connection to one dataset.
pub(super) fn judge(
    judge: &Judge<'_>,
    dataset: Option<usize>,
    connection: &Connection,
) -> Judgement {
    let mut reader = Reader {
        judge,
        dataset,
        engine: HostEngine(judge.tables),
        names: Kept::default(),
        stream: Box::new(Stream::new_zeroed()),
        messages: Vec::new(),
    };
    reader.stream.reset();
    reader.write(&startup(connection));
    for bytes in &connection.writes {
        reader.write(bytes);
    }
    let begun = matches!(reader.stream.phase, phase::NAME..=phase::STARTUP);
    Judgement {
        dataset,
        messages: reader.messages,
        missing: if begun { reader.stream.left } else { 0 },
    }
}

/// A `Query` message.
pub(super) fn query(sql: &str) -> Vec<u8> {
    let length = u32::try_from(sql.len() + 5).unwrap_or(u32::MAX);
    [b"Q", &length.to_be_bytes()[..], sql.as_bytes(), b"\0"].concat()
}

/// The startup packet.
fn startup(connection: &Connection) -> Vec<u8> {
    let mut body = PROTOCOL.to_vec();
    let mut add = |text: &str| {
        body.extend(text.bytes().filter(|byte| *byte != 0));
        body.push(0);
    };
    for (key, value) in &connection.startup {
        add(key);
        add(value);
    }
    if let Some(database) = &connection.database {
        add("database");
        add(database);
    }
    add("");
    let length = u32::try_from(body.len() + 4).unwrap_or(u32::MAX);
    [&length.to_be_bytes()[..], &body].concat()
}

struct Reader<'a> {
    judge: &'a Judge<'a>,
    dataset: Option<usize>,
    engine: HostEngine<'a>,
    names: Kept,
    stream: Box<Stream>,
    messages: Vec<Judged>,
}

impl Reader<'_> {
    /// One write of the client.
    fn write(&mut self, bytes: &[u8]) {
        for piece in bytes.chunks(CHUNK_BYTES) {
            let mut chunk: Chunk = [0; CHUNK_BYTES];
            for (slot, byte) in chunk.iter_mut().zip(piece) {
                *slot = *byte;
            }
            self.stream.at = 0;
            self.stream.end = piece.len() as u32;
            while self.stream.complete != 0 || self.stream.at < self.stream.end {
                pg::step(&self.engine, &mut self.stream, &chunk);
                if self.stream.complete != 0 {
                    self.message();
                }
            }
        }
    }

    /// Judges a complete message and goes on as the kernel would.
    fn message(&mut self) {
        let what = settle::settle(&mut self.stream, &mut self.names);
        let refused = match what {
            // Data of a running COPY belongs to a statement that was judged.
            settle::NOTHING | settle::DATA => false,
            _ => {
                let decision = self.decide();
                self.messages.push(Judged {
                    message: self.stream.kind,
                    facts: self.stream.scan.facts,
                    decision,
                });
                decision.denies()
            }
        };
        if refused {
            let name = if self.stream.kind == b'P' {
                self.stream.name
            } else {
                0
            };
            settle::commit_substitute(&mut self.stream, name);
        } else {
            settle::commit(&mut self.stream, &mut self.names);
        }
        self.stream.next();
    }

    fn decide(&self) -> Decision {
        let mut decision = Decision::OPEN;
        if let (Some(compiled), Some(dataset)) = (self.judge.compiled, self.dataset) {
            let sender = Sender {
                selectors: self.judge.selectors,
                quarantined: 0,
                dataset: dataset as u32,
            };
            let facts = &self.stream.scan.facts;
            decide::<Host>(&compiled.policy, facts, sender, &mut decision);
        }
        decision
    }
}

/// The engine on the host.
struct HostEngine<'a>(&'a Tables);

impl Engine for HostEngine<'_> {
    fn begin(&self, scan: &mut Scan) {
        engine::begin(self.0, scan);
    }

    fn feed(&self, scan: &mut Scan, chunk: &Chunk, from: u32, to: u32) {
        engine::feed::<Host>(self.0, scan, chunk, from, to);
    }

    fn end(&self, scan: &mut Scan) {
        engine::end::<Host>(self.0, scan);
    }
}

/// Prepared statements and portals of the connection.
#[derive(Default)]
struct Kept(HashMap<(u32, u64), Facts>);

impl Names for Kept {
    fn store(&mut self, kind: u32, name: u64, facts: &Facts) {
        self.0.insert((kind, name), *facts);
    }

    fn load(&mut self, kind: u32, name: u64, into: &mut Facts) -> bool {
        match self.0.get(&(kind, name)) {
            Some(facts) => {
                *into = *facts;
                true
            }
            None => false,
        }
    }

    fn remove(&mut self, kind: u32, name: u64) {
        self.0.remove(&(kind, name));
    }
}
