//! The daemon as a whole, with a kernel and a ring buffer in memory.

use super::kernel::memory::Memory;
use super::rules::fixture::Fixture;
use super::rules::{PolicyFailure, Rules};
use super::start::{Started, serve};
use super::{Signals, start};
use crate::config::{Config, OnStop};
use crate::events::reader::Ring;
use guard_common::abi::event::{EVENT_EXEC, EVENT_STATEMENT, Exec, Header, Statement};
use guard_common::abi::session::{Session, Task};
use guard_common::class::Class;
use guard_common::verdict::{Cause, Decision, Effect, Verdict};
use serde_json::Value;
use std::collections::VecDeque;
use std::io::{Read, Write};
use std::mem::offset_of;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use zerocopy::{FromZeros, IntoBytes};

const LIMIT: Duration = Duration::from_secs(20);

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

struct Guard {
    folder: tempfile::TempDir,
    memory: Memory,
    records: Arc<Mutex<VecDeque<Vec<u8>>>>,
    broken: Arc<AtomicBool>,
    number: u64,
    _runtime: tokio::runtime::Runtime,
}

impl Guard {
    fn start() -> Self {
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

    fn socket(&self) -> PathBuf {
        self.folder.path().join("guard.sock")
    }

    /// Sends raw bytes and reads to the end.
    fn raw(&self, request: &[u8]) -> String {
        let mut stream = UnixStream::connect(self.socket()).expect("connects");
        stream.set_read_timeout(Some(LIMIT)).expect("set");
        // The daemon may answer and close before it has read everything.
        let _closed = stream.write_all(request);
        let mut answer = Vec::new();
        let _reset = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Asks; gives status and body.
    fn ask(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
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

    fn status(&self) -> Value {
        self.ask("GET", "/v1/status", "").1
    }

    /// All records, lifecycle too.
    fn tail(&self) -> Vec<Value> {
        let path = "/v1/decisions?after=0&lifecycle=true";
        let request = format!("GET {path} HTTP/1.1\r\nhost: g\r\nconnection: close\r\n\r\n");
        let answer = self.raw(request.as_bytes());
        let lines = answer.lines().filter(|line| line.starts_with('{'));
        lines
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect()
    }

    fn decisions(&self) -> Vec<Value> {
        let mut records = self.tail();
        records.retain(|record| record.get("verdict").is_some());
        records
    }

    fn header(&mut self, kind: u16, length: usize, session: u64, tgid: u32) -> Header {
        let mut header = Header::new_zeroed();
        header.time_ns = crate::events::clock::boot_ns();
        header.number = self.number;
        header.kind = kind;
        header.version = 1;
        header.length = u32::try_from(length).expect("short");
        header.session = session;
        header.tgid = tgid;
        header.epoch = 1;
        self.number += 1;
        header
    }

    fn push(&self, record: Vec<u8>) {
        self.records.lock().expect("no panic").push_back(record);
    }

    fn statement(&mut self, class: Class, session: u64, tgid: u32) -> Statement {
        let mut statement = Statement::new_zeroed();
        statement.header = self.header(EVENT_STATEMENT, size_of::<Statement>(), session, tgid);
        statement.decision = Decision::OPEN;
        statement.message = b'Q';
        statement.facts.hits = class.bit();
        statement.facts.statements = 1;
        statement
    }

    fn guarded(&self, session: u64, tgid: u32) {
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
fn until<T>(what: &str, mut ready: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + LIMIT;
    loop {
        if let Some(value) = ready() {
            return value;
        }
        assert!(Instant::now() < deadline, "{what} did not come");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A number that no process has.
const GONE: u32 = 1 << 23;

#[test]
fn a_refused_statement_is_recorded_counted_and_shown() {
    let mut guard = Guard::start();
    guard.guarded(7, GONE);
    let mut statement = guard.statement(Class::Drop, 7, GONE);
    statement.decision.verdict = Verdict::Block as u8;
    statement.decision.cause = Cause::Rule as u8;
    statement.decision.rule = 0;
    statement.effect = Effect::ErrorFrame as u8;
    guard.push(statement.as_bytes().to_vec());
    let record = until("the decision", || guard.decisions().pop());
    assert_eq!(record["rule"], "block-drop");
    assert_eq!(record["effect"], "error-frame");
    assert_eq!(record["session"]["id"], "0000000000000007");
    assert!(record["seq"].as_u64().expect("numbered") > 0);
    let status = guard.status();
    assert_eq!(status["decisions"]["refused"], 1);
    assert_eq!(status["lost"]["ring"], 0);
    let sessions = guard.ask("GET", "/v1/sessions", "").1;
    assert_eq!(sessions["sessions"][0]["counters"]["refused"], 1);
}

#[test]
fn lost_and_unreadable_records_become_gaps() {
    let mut guard = Guard::start();
    let first = guard.statement(Class::Select, 0, GONE);
    guard.push(first.as_bytes().to_vec());
    guard.number += 4;
    guard.push(b"garbage".to_vec());
    let mut unknown = guard.statement(Class::Select, 0, GONE);
    unknown.header.kind = 99;
    guard.push(unknown.as_bytes().to_vec());
    let gaps = until("both gaps", || {
        let records = guard.tail().into_iter();
        let gaps: Vec<u64> = records
            .filter_map(|record| record["gap"]["lost"].as_u64())
            .collect();
        (gaps.iter().sum::<u64>() == 5).then_some(gaps)
    });
    assert_eq!(gaps, [1, 4]);
    let status = guard.status();
    assert_eq!(status["lost"]["ring"], 5);
    assert_eq!(status["lost"]["unreadable"]["short"], 1);
    assert_eq!(status["lost"]["unreadable"]["kind"], 1);
}

#[test]
fn malformed_requests_get_clear_errors_and_lose_nothing() {
    let mut guard = Guard::start();
    for garbage in [
        &b"\0\xff\xfe garbage\r\n\r\n"[..],
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
    ] {
        let answer = guard.raw(garbage);
        assert!(
            answer.starts_with("HTTP/1.1 400") || answer.is_empty(),
            "{answer}"
        );
    }
    let huge = "x".repeat(70_000);
    for (method, path, body, status) in [
        ("GET", "/v1/nothing", "", 404),
        ("DELETE", "/v1/status", "", 404),
        ("POST", "/v1/sessions", "{", 400),
        ("POST", "/v1/sessions", "{\"kind\":\"agent\"}", 400),
        (
            "POST",
            "/v1/sessions",
            "{\"kind\":\"robot\",\"name\":\"x\"}",
            400,
        ),
        (
            "POST",
            "/v1/sessions",
            "{\"kind\":\"agent\",\"name\":\"\\n\"}",
            400,
        ),
        (
            "POST",
            "/v1/sessions",
            "{\"kind\":\"agent\",\"name\":\"x\",\"colour\":1}",
            400,
        ),
        ("POST", "/v1/sessions", &huge, 413),
        (
            "POST",
            "/v1/disarm",
            "{\"seconds\":0,\"reason\":\"x\"}",
            400,
        ),
        (
            "POST",
            "/v1/disarm",
            "{\"seconds\":100000,\"reason\":\"x\"}",
            400,
        ),
        (
            "POST",
            "/v1/disarm",
            "{\"seconds\":10,\"reason\":\"\"}",
            400,
        ),
        ("GET", "/v1/decisions?colour=red", "", 400),
        ("GET", "/v1/decisions?after=x", "", 400),
    ] {
        let (got, answer) = guard.ask(method, path, body);
        assert_eq!(got, status, "{method} {path}: {answer}");
        assert!(answer["error"].is_string(), "{method} {path}: {answer}");
    }
    let statement = guard.statement(Class::Select, 0, GONE);
    guard.push(statement.as_bytes().to_vec());
    until("the decision", || guard.decisions().pop());
    assert!(guard.memory.state().sessions.is_empty());
}

#[test]
fn a_guarded_peer_sees_itself_and_cannot_disarm() {
    let guard = Guard::start();
    let body = "{\"kind\":\"agent\",\"name\":\"claude\",\"purpose\":\"test\"}";
    let (status, answer) = guard.ask("POST", "/v1/sessions", body);
    assert_eq!(status, 200, "{answer}");
    let own = std::process::id();
    let session = guard.memory.state().tasks[&own].session;
    assert_eq!(answer["session"], crate::decision::hex(session));
    for (method, path, body) in [
        ("POST", "/v1/disarm", "{\"seconds\":10,\"reason\":\"x\"}"),
        ("POST", "/v1/arm", ""),
        ("POST", "/v1/policy/reload", ""),
        ("GET", "/v1/decisions", ""),
        ("GET", "/v1/rules", ""),
    ] {
        let (status, answer) = guard.ask(method, path, body);
        assert_eq!(status, 403, "{path}: {answer}");
    }
    guard.guarded(99, GONE);
    let status = guard.status();
    assert_eq!(status["guarded"], true);
    assert_eq!(status["session"]["purpose"], "test");
    let sessions = guard.ask("GET", "/v1/sessions", "").1;
    assert_eq!(sessions["sessions"].as_array().map(Vec::len), Some(1));
    let (status, nested) = guard.ask("POST", "/v1/sessions", body);
    assert_eq!(status, 200, "{nested}");
    let state = guard.memory.state();
    assert_eq!(state.sessions[&state.tasks[&own].session].parent, session);
}

#[test]
fn disarm_is_written_to_the_kernel_recorded_and_taken_back() {
    let guard = Guard::start();
    let body = "{\"seconds\":600,\"reason\":\"an incident\"}";
    assert_eq!(guard.ask("POST", "/v1/disarm", body).0, 200);
    let until_ns = guard.memory.state().disarmed_until_ns;
    assert!(until_ns > crate::events::clock::boot_ns());
    assert_eq!(guard.status()["enforcing"], false);
    assert_eq!(guard.ask("POST", "/v1/arm", "").0, 200);
    assert_eq!(guard.memory.state().disarmed_until_ns, 0);
    assert_eq!(guard.status()["enforcing"], true);
    let events: Vec<String> = until("both records", || {
        let records = guard.tail();
        let events = records
            .iter()
            .filter_map(|record| record["guard"]["event"].as_str());
        let events: Vec<String> = events.map(str::to_owned).collect();
        events.contains(&"arm".to_owned()).then_some(events)
    });
    assert!(events.contains(&"disarm".to_owned()), "{events:?}");
}

#[test]
fn a_broken_policy_does_not_replace_a_good_one() {
    let guard = Guard::start();
    guard.broken.store(true, Ordering::Relaxed);
    let (status, answer) = guard.ask("POST", "/v1/policy/reload", "");
    assert_eq!((status, &answer["exit"]), (422, &3.into()));
    assert!(
        answer["error"]
            .as_str()
            .is_some_and(|error| error.contains("x.yaml:3"))
    );
    assert_eq!(guard.status()["policy"]["epoch"], 1);
    guard.broken.store(false, Ordering::Relaxed);
    let (status, answer) = guard.ask("POST", "/v1/policy/reload", "");
    assert_eq!((status, &answer["epoch"]), (200, &2.into()));
}

#[test]
fn too_many_deletes_quarantine_the_session_and_kill_its_tree() {
    let mut guard = Guard::start();
    let mut child = std::process::Command::new("sleep")
        .arg("1000")
        .spawn()
        .expect("starts");
    let mut outside = std::process::Command::new("sleep")
        .arg("1000")
        .spawn()
        .expect("starts");
    guard.guarded(7, child.id());
    guard.guarded(8, outside.id());
    for _ in 0..4 {
        let statement = guard.statement(Class::Delete, 7, child.id());
        guard.push(statement.as_bytes().to_vec());
    }
    let started = Instant::now();
    child.wait().expect("killed");
    assert!(
        started.elapsed() < Duration::from_secs(2),
        "{:?}",
        started.elapsed()
    );
    guard.memory.state().tasks.remove(&child.id());
    assert_eq!(guard.memory.state().sessions[&7].flags, 1);
    assert_eq!(guard.memory.state().sessions[&8].flags, 0);
    let record = until("the record of the kill", || {
        let records = guard.decisions().into_iter();
        records
            .filter(|record| record["judge"] == "evaluator")
            .last()
    });
    assert_eq!(
        (&record["rule"], &record["effect"]),
        (&"few-deletes".into(), &"sigkill".into())
    );
    assert_eq!(
        (&record["verdict"], &record["context"]["count"]),
        (&"kill".into(), &4.into())
    );
    assert!(outside.try_wait().expect("a child of ours").is_none());
    outside.kill().expect("a child of ours");
    outside.wait().expect("a child of ours");
}

#[test]
fn a_canary_in_arguments_is_found_nowhere() {
    const CANARY: &str = "c4n4ry-5ecret";
    let mut guard = Guard::start();
    let argv = format!("psql\0--password={CANARY}\0-c\0SELECT '{CANARY}'\0-p{CANARY}\0{CANARY}\0");
    let mut exec = Exec::new_zeroed();
    let head = offset_of!(Exec, argv);
    exec.header = guard.header(EVENT_EXEC, head + argv.len(), 0, GONE);
    exec.decision = Decision::OPEN;
    exec.path[..13].copy_from_slice(b"/usr/bin/psql");
    exec.path_len = 13;
    exec.argv_len = u32::try_from(argv.len()).expect("short");
    let mut record = exec.as_bytes()[..head].to_vec();
    record.extend_from_slice(argv.as_bytes());
    guard.push(record);
    let record = until("the decision", || guard.decisions().pop());
    assert_eq!(record["process"]["args"][1], "--password=‹…›");
    assert!(!record.to_string().contains(CANARY));
    for file in ["journal.db", "journal.db-wal"] {
        let bytes = std::fs::read(guard.folder.path().join(file)).unwrap_or_default();
        let found = bytes
            .windows(CANARY.len())
            .any(|window| window == CANARY.as_bytes());
        assert!(!found, "{file}");
    }
}

#[test]
fn a_follower_gets_every_record_once_from_its_cursor_on() {
    let mut guard = Guard::start();
    let mut stream = UnixStream::connect(guard.socket()).expect("connects");
    let request = "GET /v1/decisions?after=0&follow=true HTTP/1.1\r\nhost: g\r\n\r\n";
    stream.write_all(request.as_bytes()).expect("sent");
    stream.set_read_timeout(Some(LIMIT)).expect("set");
    for _ in 0..50 {
        let statement = guard.statement(Class::Select, 0, GONE);
        guard.push(statement.as_bytes().to_vec());
    }
    let mut text = String::new();
    let mut bytes = [0; 4096];
    while text.matches("\"action\":\"statement\"").count() < 50 {
        let count = stream.read(&mut bytes).expect("more");
        assert!(count > 0, "the stream ended");
        text.push_str(&String::from_utf8_lossy(&bytes[..count]));
    }
    let lines = text.lines().filter(|line| line.starts_with('{'));
    let seqs: Vec<u64> = lines
        .filter_map(|line| serde_json::from_str::<Value>(line).ok()?["seq"].as_u64())
        .collect();
    assert!(seqs.windows(2).all(|pair| pair[0] < pair[1]), "{seqs:?}");
    assert_eq!(seqs.len(), 50);
}
