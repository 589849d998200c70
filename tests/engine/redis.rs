//! Redis streams in the kernel and on the host: of the same bytes, cut alike or
//! not, both say the same.

use super::generator::Random;
use super::kernel::object;
use aya::maps::{Array, MapData};
use aya::programs::{SchedClassifier, TestRun, TestRunOptions};
use aya::{Ebpf, EbpfLoader};
use guard_common::engine::Scan;
use guard_common::facts::Facts;
use guard_common::limits::CHUNK_BYTES;
use guard_common::protocol::{Dialect, Protocol};
use guard_common::redis::{Command, Commands, EMPTY};
use guard_common::stream::{self, Chunk, Engine, Names, Stream};
use guard_tests::selftest::{Bytes, take};
use guard_tests::wait;
use std::path::Path;
use zerocopy::FromZeros;

/// Bits of an order; see `guard-ebpf/src/selftest.rs`.
const BEGIN: u32 = 1;
const RESET: u32 = 8;

/// Streams that are compared, on hardware.
const STREAMS: u32 = 50_000;

/// One message: its kind, and the facts that the framing writes.
type Seen = (u8, u64, u32, u64, u16);

fn seen(stream: &Stream) -> Seen {
    if stream.kind == EMPTY {
        // It is not judged, and leaves the facts as they were.
        return (EMPTY, 0, 0, 0, 0);
    }
    let facts: &Facts = &stream.scan.facts;
    let verb = if facts.verb_count == 0 {
        0
    } else {
        facts.verbs[0]
    };
    (stream.kind, facts.hits, facts.opaque, facts.bytes, verb)
}

/// The framing on the host.
struct Host<'a>(&'a Commands);

impl Engine for Host<'_> {
    fn begin(&self, _: Dialect, _: &mut Scan) {}
    fn feed(&self, _: Dialect, _: &mut Scan, _: &Chunk, _: u32, _: u32) {}
    fn end(&self, _: Dialect, _: &mut Scan) {}

    fn command(&self, key: u64, into: &mut Command) -> bool {
        self.0.find(key, into)
    }
}

struct Nowhere;

impl Names for Nowhere {
    fn store(&mut self, _: u32, _: u64, _: &Facts) {}
    fn load(&mut self, _: u32, _: u64, _: &mut Facts) -> bool {
        false
    }
    fn merge(&mut self, _: u32, _: u64, _: &mut Facts) -> bool {
        false
    }
    fn differs(&self, _: u32, _: u64, _: &Facts) -> bool {
        false
    }
    fn remove(&mut self, _: u32, _: u64) {}
    fn clear(&mut self) {}
}

impl Host<'_> {
    fn read(&self, bytes: &[u8]) -> Vec<Seen> {
        let mut stream = Stream::new_zeroed();
        stream.reset(Protocol::Redis);
        let mut chunk: Chunk = [0; CHUNK_BYTES];
        chunk[..bytes.len()].copy_from_slice(bytes);
        stream.end = bytes.len() as u32;
        let mut all = Vec::new();
        while stream.at < stream.end {
            stream::step(self, &mut stream, &chunk);
            if stream.complete != 0 {
                stream::settle(&mut stream, &mut Nowhere);
                all.push(seen(&stream));
                stream.next();
            }
        }
        all
    }
}

/// The framing in the kernel.
struct Kernel {
    bpf: Ebpf,
    stream: Array<MapData, Bytes<Stream>>,
    chunk: Array<MapData, Bytes<Chunk>>,
    order: Array<MapData, Bytes<[u32; 4]>>,
}

impl Kernel {
    fn load(object: &Path, commands: &Commands) -> Self {
        let object = std::fs::read(object).expect("the object that was just built");
        let mut bpf = EbpfLoader::new().load(&object).expect("the object loads");
        let mut table: Array<_, Bytes<Commands>> = take(&mut bpf, "selftest_commands");
        table
            .set(0, Bytes(*commands), 0)
            .expect("the table is written");
        let mut kernel = Self {
            stream: take(&mut bpf, "selftest_stream"),
            chunk: take(&mut bpf, "selftest_chunk"),
            order: take(&mut bpf, "selftest_order"),
            bpf,
        };
        kernel.program().load().expect("the verifier accepts it");
        kernel
    }

    fn program(&mut self) -> &mut SchedClassifier {
        let program = self.bpf.program_mut("guard_selftest_redis");
        let program = program.expect("the object has the program");
        program.try_into().expect("the program is a classifier")
    }

    fn run(&mut self, what: u32, from: usize, to: usize) -> u32 {
        let order = Bytes([what, from as u32, to as u32, 0]);
        self.order.set(0, order, 0).expect("the order is written");
        let mut options = TestRunOptions::new();
        options.data_in = Some(&[0; 64]);
        let result = self.program().test_run(options).expect("the program runs");
        assert!(result.return_value <= 1);
        result.return_value
    }

    fn read(&mut self, bytes: &[u8], splits: &[usize]) -> Vec<Seen> {
        let mut chunk = [0; CHUNK_BYTES];
        chunk[..bytes.len()].copy_from_slice(bytes);
        self.chunk
            .set(0, Bytes(chunk), 0)
            .expect("the chunk is written");
        let mut all = Vec::new();
        let (mut from, mut reset) = (0, RESET);
        for to in splits.iter().copied().chain([bytes.len()]) {
            let mut complete = self.run(BEGIN | reset, from, to);
            while complete == 1 {
                all.push(seen(&self.stream.get(&0, 0).expect("the state is read").0));
                complete = self.run(0, 0, 0);
            }
            (from, reset) = (to, 0);
        }
        all
    }
}

/// Pieces that matter to the framing.
const PIECES: &[&[u8]] = &[
    b"*1\r\n",
    b"*2\r\n",
    b"*3\r\n",
    b"*0\r\n",
    b"*-1\r\n",
    b"$3\r\n",
    b"$8\r\n",
    b"$0\r\n",
    b"\r\n",
    b"\n",
    b"\"",
    b"'",
    b"\\x46",
    b"\\x",
    b"\\",
    b"\0",
    b" ",
    b"*",
    b"$",
    b"-1",
    b"0",
    b"get a",
    b"config set dir /",
    b"SCAN 0 MATCH ",
    b"EVAL 'return' 0",
    b"expire a -1",
    b"\x16",
    b"FLUSHALL\0x",
];

/// Words of commands.
const WORDS: &[&[u8]] = &[
    b"GET",
    b"set",
    b"FLUSHALL",
    b"config",
    b"SET",
    b"scan",
    b"0",
    b"MATCH",
    b"*",
    b"user:*",
    b"sort",
    b"STORE",
    b"EVAL",
    b"redis.call('flushall')",
    b"expire",
    b"-1",
    b"acl|setuser",
    b"xgroup",
    b"CREATE",
    b"flushall\0x",
    b"",
];

fn stream_of(random: &mut Random) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..=random.below(6) {
        if random.below(3) == 0 {
            bytes.extend(PIECES[random.below(PIECES.len())]);
            continue;
        }
        let words: Vec<&[u8]> = (0..=random.below(4))
            .map(|_| WORDS[random.below(WORDS.len())])
            .collect();
        if random.below(3) == 0 {
            bytes.extend(words.join(&b' '));
            bytes.extend(b"\r\n");
        } else {
            bytes.extend(format!("*{}\r\n", words.len()).bytes());
            for word in words {
                bytes.extend(format!("${}\r\n", word.len()).bytes());
                bytes.extend(word);
                bytes.extend(b"\r\n");
            }
        }
    }
    if random.below(3) == 0 {
        let at = random.below(bytes.len().max(1));
        if let Some(byte) = bytes.get_mut(at) {
            *byte = random.next() as u8;
        }
    }
    bytes.truncate(4_000);
    bytes
}

#[test]
fn the_kernel_reads_redis_streams_as_the_host_does() {
    let Some(object) = object() else {
        return;
    };
    let commands = guard_dialect::redis::commands().expect("the table has room");
    let host = Host(&commands);
    let mut kernel = Kernel::load(&object, &commands);
    let mut random = Random::new(5);
    for _ in 0..wait::rounds(STREAMS) {
        let bytes = stream_of(&mut random);
        let splits = random.splits(bytes.len());
        assert_eq!(
            kernel.read(&bytes, &splits),
            host.read(&bytes),
            "{:?} {splits:?}",
            String::from_utf8_lossy(&bytes)
        );
    }
}
