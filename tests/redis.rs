//! Redis: every command that leaves a guarded client is judged, in whatever form
//! it is written; a refusal is the server's own error, in its place.

use guard_tests::need::{Need, STAND, require};
use guard_tests::process::{Finished, run};
use guard_tests::redis::Redis;
use guard_tests::stand::{NO_HANG, Stand};
use guard_tests::{paths, wait};
use serde_json::Value;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const POLICY: &str = include_str!("policies/redis.yaml");

/// A guarded Redis, or nothing where the test cannot run.
#[track_caller]
fn stand(policy: &str) -> Option<(Stand, Redis)> {
    if !require(STAND) || !require(&[Need::Redis]) {
        return None;
    }
    let redis = Redis::start();
    let policy = policy.replace("{redis}", &redis.port().to_string());
    Some((Stand::new(&policy), redis))
}

/// What `redis-cli` answers to lines on its stdin, on one connection.
#[track_caller]
fn cli(stand: &Stand, redis: &Redis, agent: &str, lines: &str) -> Vec<String> {
    let input = stand.scratch.write("lines", lines);
    let finished = cli_with(stand, redis, agent, "", &input);
    finished.stdout.lines().map(str::to_owned).collect()
}

/// Runs `redis-cli` as an agent with a file as its stdin.
#[track_caller]
fn cli_with(stand: &Stand, redis: &Redis, agent: &str, option: &str, input: &Path) -> Finished {
    let port = redis.port();
    let mut command = stand.guarded(agent, "/bin/sh");
    let line = format!("exec redis-cli -p {port} {option} < {}", input.display());
    run(command.args(["-c", &line]), NO_HANG)
}

/// Sends bytes as an agent, one write for each piece; gives what comes back until
/// the server closes.
#[track_caller]
fn send(stand: &Stand, redis: &Redis, agent: &str, writes: &[&[u8]]) -> String {
    let script = r#"
import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
try:
    for piece in sys.argv[2:]:
        s.sendall(bytes.fromhex(piece))
    s.shutdown(socket.SHUT_WR)
    while True:
        try:
            data = s.recv(65536)
        except BlockingIOError:
            # A socket with a voice: the kernel woke it without data.
            continue
        if not data:
            break
        sys.stdout.buffer.write(data)
except OSError as error:
    print("gone:", type(error).__name__)
"#;
    let mut command = stand.guarded(agent, paths::python());
    command.args(["-c", script, &redis.port().to_string()]);
    for write in writes {
        let hex: String = write.iter().map(|byte| format!("{byte:02x}")).collect();
        command.arg(hex);
    }
    run(&mut command, NO_HANG).stdout
}

#[track_caller]
fn assert_whole(redis: &Redis) {
    assert_eq!(redis.admin(&["EXISTS", "a", "b", "flushall"]), "3");
    assert_ne!(redis.admin(&["CONFIG", "GET", "dir"]), "dir\n/tmp");
}

#[test]
fn redis_cli_prints_the_refusal_and_goes_on() {
    let Some((stand, redis)) = stand(POLICY) else {
        return;
    };
    let answers = cli(
        &stand,
        &redis,
        "cli",
        "GET a\nFLUSHALL\nGET b\nKEYS *\nGET flushall\n",
    );
    let lines: Vec<&String> = answers.iter().filter(|line| !line.is_empty()).collect();
    assert_eq!([lines[0], lines[2], lines[4]], ["value"; 3], "{answers:?}");
    let refused = "ERR unknown command 'guard: refused by rule \"no-flush\": The cache is emptied by its owners.', with args beginning with: 'decision ";
    assert!(lines[1].starts_with(refused), "{answers:?}");
    assert!(lines[3].contains("no-listing"), "{answers:?}");
    assert_whole(&redis);
    let decision = stand.statement("cli", "block");
    assert_eq!(decision["rule"], "no-flush", "{decision}");
    assert_eq!(decision["effect"], "error-frame", "{decision}");
    assert_eq!(decision["facts"]["protocol"], "redis", "{decision}");
    assert_eq!(decision["facts"]["class"], "truncate", "{decision}");
    assert_eq!(decision["facts"]["summary"], "FLUSHALL", "{decision}");
    let id = decision["id"].as_str().expect("an id").to_owned();
    assert!(lines[1].contains(&id), "{answers:?} {id}");
}

/// What redis-py prints of its story, line by line.
const STORY: [&str; 18] = [
    "True",
    "ResponseError: unknown command 'guard: refused by rule \"no-flush\"",
    "b'flushall'",
    "1",
    "error: unknown command 'guard: refused by rule \"no-flush\"",
    "2",
    "b'value'",
    "error: unknown command 'guard: refused by rule \"no-listing\"",
    "3",
    "b'OK'",
    // redis-py's own reading of QUEUED.
    "False",
    "ResponseError: unknown command 'guard: refused by rule \"no-flush\"",
    "ExecAbortError: Transaction discarded because of previous errors.",
    "b'value'",
    "transaction: Command # 2 (FLUSHDB) of pipeline caused error: unknown command 'guard: refused",
    "b'value'",
    "ResponseError: unknown command 'guard: refused: it runs other text",
    "True",
];

#[test]
fn redis_py_gets_each_answer_in_its_place() {
    let Some((stand, redis)) = stand(POLICY) else {
        return;
    };
    if !require(&[Need::Python]) {
        return;
    }
    for protocol in ["2", "3"] {
        redis.admin(&["DEL", "n"]);
        let mut command = stand.guarded("python", paths::python());
        command
            .arg(paths::root().join("tests/clients/redis_story.py"))
            .args([&redis.port().to_string(), protocol])
            .env("PYTHONDONTWRITEBYTECODE", "1");
        let finished = run(&mut command, NO_HANG).success();
        let lines: Vec<&str> = finished.stdout.lines().collect();
        assert_eq!(lines.len(), STORY.len(), "{}", finished.report());
        for (line, start) in lines.iter().zip(STORY) {
            assert!(line.starts_with(start), "{line}\n{}", finished.report());
        }
        assert_whole(&redis);
    }
}

#[test]
fn every_form_of_a_command_is_read() {
    let Some((stand, redis)) = stand(POLICY) else {
        return;
    };
    let forms: [&[u8]; 8] = [
        b"flushall\r\n",
        b"\"\\x46LUSHALL\" async\r\n",
        b"\r\n\nFLUSH'ALL'\n",
        b"*1\r\n$8\r\nfLuShAlL\r\n",
        b"*1\rx$8\ryFLUSHALLzz",
        b"*0\r\n*-1\r\n*2\r\n$8\r\nFLUSHALL\r\n$4\r\nSYNC\r\n",
        b"*1\r\n$13\r\nFLUSHALL\0junk\r\n",
        b"*4\r\n$6\r\nCONFIG\r\n$6\r\nSET\0aa\r\n$3\r\ndir\r\n$4\r\n/tmp\r\n",
    ];
    for form in forms {
        let answer = send(&stand, &redis, "forms", &[form, b"PING\r\n"]);
        assert!(
            answer.contains("no-flush") && answer.ends_with("+PONG\r\n"),
            "{answer}"
        );
        assert_whole(&redis);
    }
}

#[test]
fn a_command_over_several_writes_ends_the_connection() {
    let Some((stand, redis)) = stand(POLICY) else {
        return;
    };
    let bytes = b"*1\r\n$8\r\nFLUSHALL\r\n";
    let pieces: Vec<&[u8]> = bytes.chunks(1).collect();
    let answer = send(&stand, &redis, "pieces", &pieces);
    assert!(!answer.contains("OK"), "{answer}");
    let harmless: Vec<&[u8]> = b"*2\r\n$3\r\nGET\r\n$8\r\nflushall\r\n".chunks(1).collect();
    assert_eq!(send(&stand, &redis, "pieces", &harmless), "$5\r\nvalue\r\n");
    assert_whole(&redis);
    let decision = stand.statement("pieces", "block");
    assert_eq!(decision["effect"], "reset", "{decision}");
}

#[test]
fn a_large_value_and_what_follows_it_are_one_stream() {
    let Some((stand, redis)) = stand(POLICY) else {
        return;
    };
    let mut bytes = b"*3\r\n$3\r\nSET\r\n$1\r\nc\r\n$4194304\r\n".to_vec();
    bytes.extend(
        b"*1\r\n$8\r\nFLUSHALL\r\n"
            .repeat(1 << 18)
            .iter()
            .take(4 << 20),
    );
    bytes.extend(b"\r\n*1\r\n$8\r\nFLUSHALL\r\n*2\r\n$6\r\nSTRLEN\r\n$1\r\nc\r\n");
    let file = stand.scratch.join("bytes");
    std::fs::write(&file, bytes).expect("a scratch file can be written");
    let finished = cli_with(&stand, &redis, "pipe", "--pipe", &file);
    assert!(
        finished.stdout.contains("errors: 1, replies: 3"),
        "{}",
        finished.report()
    );
    assert!(finished.stderr.contains("no-flush") || finished.stdout.contains("no-flush"));
    assert_eq!(redis.admin(&["STRLEN", "c"]), "4194304");
    assert_whole(&redis);
}

#[test]
fn observe_mode_changes_nothing() {
    let Some((stand, redis)) =
        stand(&POLICY.replace("action: block", "action: block\n    mode: observe"))
    else {
        return;
    };
    let answers = cli(&stand, &redis, "watched", "GET a\nFLUSHALL\nDBSIZE\n");
    assert_eq!(answers, ["value", "OK", "0"]);
    let record = wait::until("the record", wait::PATIENCE, || {
        let all = stand.decisions_of("watched");
        all.into_iter()
            .find(|decision| decision["rule"] == "no-flush")
    });
    assert_eq!(record["mode"], "observe", "{record}");
    assert_eq!(record["effect"], "none", "{record}");
}

#[test]
fn the_server_s_own_metadata_is_the_one_in_the_table() {
    if !require(&[Need::Redis, Need::Python]) {
        return;
    }
    let redis = Redis::start();
    if !redis
        .admin(&["INFO", "server"])
        .contains("redis_version:7.0.15")
    {
        eprintln!("not compared: the table is that of another version");
        return;
    }
    let json = run(redis.cli().args(["--json", "COMMAND"]), NO_HANG)
        .success()
        .stdout;
    let mut command = Command::new(paths::python());
    command
        .arg(paths::root().join("tests/clients/redis_commands.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = command.spawn().expect("python starts");
    let input = child.stdin.take();
    input
        .expect("stdin is piped")
        .write_all(json.as_bytes())
        .expect("python reads");
    let output = child.wait_with_output().expect("python ends");
    let table = include_str!("../guard-dialect/src/redis/commands.tsv");
    let kept: Vec<&str> = table
        .lines()
        .filter(|line| !line.starts_with('#'))
        .collect();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(told.lines().collect::<Vec<_>>(), kept);
}

/// What `guardctl explain statement` says of a file of questions under a shipped
/// policy: each question with the verdict.
#[track_caller]
fn explained(policy: &str, file: &Path) -> Vec<(Value, String)> {
    let mut command = Command::new(paths::program("guardctl"));
    command
        .args(["explain", "statement", "--protocol", "redis", "--policy"])
        .arg(paths::root().join("examples/policies").join(policy))
        .arg("--jsonl")
        .arg(file);
    let answers = run(&mut command, Duration::from_secs(60)).stdout;
    let questions = std::fs::read_to_string(file).expect("the file is there");
    let parsed = |text: &str| -> Vec<Value> {
        let lines = text.lines().map(serde_json::from_str);
        lines.collect::<Result<_, _>>().expect("JSON lines")
    };
    let (questions, answers) = (parsed(&questions), parsed(&answers));
    assert_eq!(questions.len(), answers.len());
    let pairs = questions.into_iter().zip(answers);
    pairs
        .map(|(question, answer)| {
            assert_eq!(question["id"], answer["id"]);
            (
                question,
                answer["verdict"].as_str().unwrap_or("none").to_owned(),
            )
        })
        .collect()
}

#[test]
fn the_strict_policy_refuses_what_harms_and_nothing_that_only_looks_like_it() {
    if !require(&[Need::Agent]) {
        return;
    }
    let cases = paths::root().join("tests/cases/redis.jsonl");
    let mut wrong = Vec::new();
    for (case, verdict) in explained("strict.yaml", &cases) {
        let right = match case["expect"].as_str() {
            Some("deny") => verdict == "block",
            Some("allow") => verdict != "block",
            _ => true,
        };
        if !right {
            wrong.push(format!("{} {verdict}: {}", case["id"], case["text"]));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_balanced_policy_lets_the_traffic_of_real_clients_through() {
    if !require(&[Need::Agent]) {
        return;
    }
    for client in ["redis-py", "rq", "celery"] {
        let file = paths::root().join(format!("tests/benign/{client}.jsonl"));
        for (connection, verdict) in explained("balanced.yaml", &file) {
            assert_ne!(verdict, "block", "{}", connection["id"]);
        }
    }
}

#[test]
fn the_balanced_policy_refuses_what_empties_or_reconfigures() {
    if !require(&[Need::Agent]) {
        return;
    }
    // Scripts, listings of keys and other names for them pass there.
    let passes = [
        "eval-",
        "script-load",
        "keys-",
        "scan-",
        "randomkey",
        "rename",
    ];
    let cases = paths::root().join("tests/cases/redis.jsonl");
    for (case, verdict) in explained("balanced.yaml", &cases) {
        let id = case["id"].as_str().unwrap_or_default();
        let passes = passes.iter().any(|start| id.starts_with(start));
        match case["expect"].as_str() {
            Some("deny") if !passes => assert_eq!(verdict, "block", "{id}"),
            Some("allow") => assert_ne!(verdict, "block", "{id}"),
            _ => {}
        }
    }
}
