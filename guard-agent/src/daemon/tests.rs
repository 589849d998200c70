//! The daemon as a whole, with a kernel and a ring buffer in memory.

mod guard;

use guard::{Guard, LIMIT, until};
use guard_common::abi::event::{EVENT_EXEC, Exec};
use guard_common::class::Class;
use guard_common::verdict::{Cause, Decision, Effect, Verdict};
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::mem::offset_of;
use std::os::unix::net::UnixStream;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};
use zerocopy::{FromZeros, IntoBytes};

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
        let told = answer["error"].is_string() && answer["help"].is_string();
        assert!(told, "{method} {path}: {answer}");
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
    let (_, again) = guard.ask("POST", "/v1/disarm", body);
    assert!(again["was_disarmed_until"].is_string(), "{again}");
    let (_, armed) = guard.ask("POST", "/v1/arm", "");
    assert!(armed["was_disarmed_until"].is_string(), "{armed}");
    let (_, armed) = guard.ask("POST", "/v1/arm", "");
    assert_eq!(armed["was_disarmed_until"], Value::Null);
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
    assert_eq!(
        (&answer["changed"], &answer["sha256"]),
        (&false.into(), &"00".into())
    );
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
    until("the end of the child", || {
        child.try_wait().expect("a child of ours")
    });
    assert!(
        started.elapsed() < Duration::from_secs(2),
        "{:?}",
        started.elapsed()
    );
    guard.memory.state().tasks.remove(&child.id());
    assert_eq!(guard.memory.state().sessions[&7].flags, 1);
    assert_eq!(guard.memory.state().sessions[&8].flags, 0);
    let record = until("the record of the kill", || {
        let mut records = guard.decisions().into_iter();
        records.rfind(|record| record["judge"] == "evaluator")
    });
    assert_eq!(
        (&record["rule"], &record["effect"]),
        (&"few-deletes".into(), &"sigkill".into())
    );
    assert_eq!(
        (&record["verdict"], &record["context"]["count"]),
        (&"kill".into(), &4.into())
    );
    let rules = guard.ask("GET", "/v1/rules", "").1;
    let counts = |rule: usize| {
        let rule = &rules["rules"][rule];
        ["matches", "enforced", "observed", "errors"].map(|key| rule[key].as_u64().expect(key))
    };
    assert_eq!(counts(2), [4, 1, 0, 0]);
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
    // Lines of JSON stand between lines of HTTP.
    let lines = BufReader::new(stream)
        .lines()
        .map(|line| line.expect("more"));
    let records = lines.filter(|line| line.contains("\"action\":\"statement\""));
    let seqs: Vec<u64> = records
        .take(50)
        .map(|line| {
            serde_json::from_str::<Value>(&line).expect("JSON")["seq"]
                .as_u64()
                .expect("a number")
        })
        .collect();
    assert!(seqs.windows(2).all(|pair| pair[0] < pair[1]), "{seqs:?}");
    assert_eq!(seqs.len(), 50);
}
