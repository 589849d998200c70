//! A connection in memory.

use super::client;
use super::{Connection, Judge, Judged, Judgement};
use crate::dialect::Dialects;
use guard_common::decide::statement::{Sender, decide};
use guard_common::engine::{self, Scan};
use guard_common::facts::Facts;
use guard_common::limits::CHUNK_BYTES;
use guard_common::protocol::Dialect;
use guard_common::redis::Command;
use guard_common::repeat::Host;
use guard_common::stream::{self, Chunk, Engine, Names, Stream, what};
use guard_common::verdict::Decision;
use std::collections::HashMap;
use zerocopy::FromZeros;

/// Reads a connection to one dataset.
pub(super) fn judge(
    judge: &Judge<'_>,
    dataset: Option<usize>,
    connection: &Connection,
) -> Judgement {
    let mut reader = Reader {
        judge,
        dataset,
        engine: HostEngine(judge.dialects),
        names: Kept::default(),
        stream: Box::new(Stream::new_zeroed()),
        messages: Vec::new(),
    };
    reader.stream.reset(connection.protocol);
    client::greeting(connection, &mut reader.stream);
    reader.write(&client::opening(connection));
    for bytes in &connection.writes {
        reader.write(bytes);
    }
    Judgement {
        dataset,
        messages: reader.messages,
        incomplete: reader.stream.has_begun(),
    }
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
                stream::step(&self.engine, &mut self.stream, &chunk);
                if self.stream.complete != 0 {
                    self.message();
                }
            }
        }
    }

    /// Judges a complete message and goes on as the kernel would.
    fn message(&mut self) {
        let what = stream::settle(&mut self.stream, &mut self.names);
        let refused = match what {
            // Data of a running COPY belongs to a statement that was judged.
            what::NOTHING | what::DATA => false,
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
            let name = stream::refused_name(&self.stream);
            stream::commit_substitute(&mut self.stream, name);
        } else {
            stream::commit(&mut self.stream, &mut self.names);
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
struct HostEngine<'a>(&'a Dialects);

impl Engine for HostEngine<'_> {
    fn begin(&self, dialect: Dialect, scan: &mut Scan) {
        engine::begin(self.0.of(dialect), scan);
    }

    fn feed(&self, dialect: Dialect, scan: &mut Scan, chunk: &Chunk, from: u32, to: u32) {
        engine::feed::<Host>(self.0.of(dialect), scan, chunk, from, to);
    }

    fn end(&self, dialect: Dialect, scan: &mut Scan) {
        engine::end::<Host>(self.0.of(dialect), scan);
    }

    fn command(&self, key: u64, into: &mut Command) -> bool {
        self.0.commands().find(key, into)
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

    fn merge(&mut self, kind: u32, name: u64, into: &mut Facts) -> bool {
        match self.0.get(&(kind, name)) {
            Some(facts) => {
                into.merge::<Host>(facts);
                true
            }
            None => false,
        }
    }

    fn differs(&self, kind: u32, name: u64, facts: &Facts) -> bool {
        let known = self.0.get(&(kind, name));
        known.is_some_and(|known| !known.same::<Host>(facts))
    }

    fn clear(&mut self) {
        self.0.clear();
    }

    fn remove(&mut self, kind: u32, name: u64) {
        self.0.remove(&(kind, name));
    }
}
