//! A daemon under test: its kernel and its ring buffer are in memory, its socket
//! and its journal are real.

use crate::config::{Config, OnStop};
use crate::daemon::Signals;
use crate::daemon::kernel::memory::Memory;
use crate::daemon::rules::fixture::Fixture;
use crate::daemon::rules::{PolicyFailure, Rules};
use crate::daemon::start::{self, Started, serve};
use crate::events::reader::Ring;
use guard_common::abi::ABI_VERSION;
use guard_common::abi::event::{EVENT_STATEMENT, Header, Statement};
use guard_common::abi::session::{Session, Task};
use guard_common::class::Class;
use guard_common::verdict::Decision;
use serde_json::Value;
use std::collections::VecDeque;
use std::io::{Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use zerocopy::FromZeros;

pub(super) const LIMIT: Duration = Duration::from_secs(20);

/// A ring buffer in memory. Its descriptor never becomes readable: the daemon
/// looks by itself.
struct Queue {
    records: Arc<Mutex<VecDeque<Vec<u8>>>>,
    idle: UnixStream,
    _other: UnixStream,
}

impl Ring for Queue {
    fn fd(&self) -> BorrowedFd<'_> {
        self.idle.as_fd()
    }

    fn next(&mut self, read: &mut dyn FnMut(&[u8])) -> bool {
        let record = self.records.lock().expect("no panic").pop_front();
        record.inspect(|record| read(record)).is_some()
    }
}

pub(super) struct Guard {
    pub(super) folder: tempfile::TempDir,
    pub(super) memory: Memory,
    records: Arc<Mutex<VecDeque<Vec<u8>>>>,
    pub(super) broken: Arc<AtomicBool>,
    pub(super) number: u64,
    _runtime: tokio::runtime::Runtime,
}

impl Guard {
    pub(super) fn start() -> Self {
        let folder = tempfile::tempdir().expect("a scratch folder");
        let memory = Memory::default();
        let records = Arc::new(Mutex::new(VecDeque::new()));
        let broken = Arc::new(AtomicBool::new(false));
        let config = Config {
            socket: folder.path().join("guard.sock"),
            group: "no-such-group".into(),
            journal: folder.path().join("journal.db"),
            pin_dir: folder.path().join("pins"),
            policy: Vec::new(),
            scope: "/".into(),
            on_stop: OnStop::Detach,
            ring_kib: 4,
            session_grace: Duration::from_secs(60),
            kill_limit: 20,
            kill_window: Duration::from_secs(60),
            journal_queue: 1024,
            max_connections: 8,
        };
        let loader_broken = Arc::clone(&broken);
        let loader = Box::new(move || -> Result<Arc<dyn Rules>, PolicyFailure> {
            if loader_broken.load(Ordering::Relaxed) {
                return Err(PolicyFailure {
                    message: "x.yaml:3: not valid".into(),
                    help: None,
                });
            }
            Ok(Arc::new(Fixture::default()))
        });
        let (idle, other) = UnixStream::pair().expect("a pair");
        let ring = Queue {
            records: Arc::clone(&records),
            idle,
            _other: other,
        };
        let enforcer = memory.clone();
        let starter: start::Starter = Box::new(move |_| {
            Ok(Started {
                enforcer: Box::new(enforcer),
                ring: Box::new(ring),
                adopted: false,
                not_enforced: vec!["nothing real".into()],
            })
        });
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let socket = config.socket.clone();
        runtime.spawn(async move {
            let signals = Signals::take().expect("signals");
            serve(config, loader, starter, "/".into(), signals).await
        });
        let guard = Self {
            folder,
            memory,
            records,
            broken,
            number: 0,
            _runtime: runtime,
        };
        until("the socket", || UnixStream::connect(&socket).ok());
        guard
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.folder.path().join("guard.sock")
    }

    /// Sends raw bytes and reads to the end.
    pub(super) fn raw(&self, request: &[u8]) -> String {
        let mut stream = UnixStream::connect(self.socket()).expect("connects");
        stream.set_read_timeout(Some(LIMIT)).expect("set");
        // The daemon may answer and close before it has read everything.
        let _closed = stream.write_all(request);
        let mut answer = Vec::new();
        let _reset = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Asks; gives status and body.
    pub(super) fn ask(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: guard\r\nconnection: close\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        let answer = self.raw(request.as_bytes());
        let status = answer
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
        (
            status.unwrap_or(0),
            serde_json::from_str(body).unwrap_or(Value::Null),
        )
    }

    pub(super) fn status(&self) -> Value {
        self.ask("GET", "/v1/status", "").1
    }

    /// All records, lifecycle too.
    pub(super) fn tail(&self) -> Vec<Value> {
        let path = "/v1/decisions?after=0&lifecycle=true";
        let request = format!("GET {path} HTTP/1.1\r\nhost: g\r\nconnection: close\r\n\r\n");
        let answer = self.raw(request.as_bytes());
        let lines = answer.lines().filter(|line| line.starts_with('{'));
        lines
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect()
    }

    pub(super) fn decisions(&self) -> Vec<Value> {
        let mut records = self.tail();
        records.retain(|record| record.get("verdict").is_some());
        records
    }

    pub(super) fn header(&mut self, kind: u16, length: usize, session: u64, tgid: u32) -> Header {
        let mut header = Header::new_zeroed();
        header.time_ns = crate::events::clock::boot_ns();
        header.number = self.number;
        header.kind = kind;
        header.version = ABI_VERSION as u16;
        header.length = u32::try_from(length).expect("short");
        header.session = session;
        header.tgid = tgid;
        header.epoch = 1;
        self.number += 1;
        header
    }

    pub(super) fn push(&self, record: Vec<u8>) {
        self.records.lock().expect("no panic").push_back(record);
    }

    pub(super) fn statement(&mut self, class: Class, session: u64, tgid: u32) -> Statement {
        let mut statement = Statement::new_zeroed();
        statement.header = self.header(EVENT_STATEMENT, size_of::<Statement>(), session, tgid);
        statement.decision = Decision::OPEN;
        statement.message = b'Q';
        statement.facts.hits = class.bit();
        statement.facts.statements = 1;
        statement
    }

    pub(super) fn guarded(&self, session: u64, tgid: u32) {
        let mut entry = Session::new_zeroed();
        entry.selectors = [1; 4];
        entry.tgid = tgid;
        let task = Task {
            session,
            since_ns: 1,
        };
        self.memory.state().sessions.insert(session, entry);
        self.memory.state().tasks.insert(tgid, task);
    }
}

#[track_caller]
pub(super) fn until<T>(what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + LIMIT;
    loop {
        if let Some(value) = ready() {
            return value;
        }
        assert!(Instant::now() < deadline, "{what} did not come");
        std::thread::sleep(Duration::from_millis(5));
    }
}
