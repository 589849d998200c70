//! Statements as bytes: however they are cut, packed and disguised, each is
//! judged exactly once and exactly right.

use guard_tests::need::{STAND, require};
use guard_tests::paths;
use guard_tests::process::run;
use guard_tests::stand::{NO_HANG, Stand};
use serde_json::Value;
use std::io::Read;
use std::net::{TcpListener, TcpStream};

const POLICY: &str = include_str!("policies/shop.yaml");

/// Plays a scenario of `guard-wire` and checks what the server has left.
#[track_caller]
fn play(scenario: &str) -> Option<(Stand, Vec<Value>)> {
    if !require(STAND) {
        return None;
    }
    let stand = Stand::new(POLICY);
    stand.wire(scenario).success();
    assert!(stand.postgres.has_table("customers"), "the table is gone");
    assert_eq!(
        stand
            .postgres
            .admin("SELECT count(*) FROM invoices WHERE id > 5000"),
        "0",
        "half committed"
    );
    let statements = stand
        .settled(scenario)
        .into_iter()
        .filter(|decision| decision["action"] == "statement")
        .collect();
    assert_dropped_statements_never_arrived(&stand);
    Some((stand, statements))
}

/// The server logs every statement that it was sent. None may begin with DROP.
#[track_caller]
fn assert_dropped_statements_never_arrived(stand: &Stand) {
    let log = stand.postgres.log();
    let arrived: Vec<&str> = log
        .lines()
        .filter(|line| {
            let statement = line
                .split_once("statement: ")
                .or_else(|| line.split_once("execute <unnamed>: "));
            statement.is_some_and(|(_, sql)| sql.to_uppercase().starts_with("DROP TABLE"))
        })
        .collect();
    assert!(arrived.is_empty(), "the server was sent: {arrived:?}");
}

fn refusals(statements: &[Value]) -> usize {
    statements
        .iter()
        .filter(|decision| decision["verdict"] == "block")
        .count()
}

#[test]
fn one_byte_writes_are_one_stream() {
    let Some((_stand, statements)) = play("one-byte-writes") else {
        return;
    };
    assert_eq!(refusals(&statements), 1, "{statements:#?}");
}

#[test]
fn two_messages_in_one_write_are_judged_one_by_one() {
    let Some((_stand, statements)) = play("two-messages-in-one-write") else {
        return;
    };
    assert_eq!(refusals(&statements), 4, "{statements:#?}");
}

#[test]
fn a_statement_of_a_mebibyte_is_read_to_its_end() {
    let Some((_stand, statements)) = play("a-mebibyte") else {
        return;
    };
    assert_eq!(refusals(&statements), 3, "{statements:#?}");
}

#[test]
fn a_full_buffer_lets_nothing_through() {
    let Some((_stand, statements)) = play("a-full-buffer") else {
        return;
    };
    assert_eq!(refusals(&statements), 1, "{statements:#?}");
}

#[test]
fn a_retry_with_other_bytes_is_judged_by_those() {
    let Some((_stand, statements)) = play("other-bytes-at-the-same-place") else {
        return;
    };
    assert_eq!(refusals(&statements), 2, "{statements:#?}");
}

#[test]
fn a_stream_that_is_lost_before_it_begins_is_opaque() {
    let Some((_stand, statements)) = play("urgent-first") else {
        return;
    };
    assert_eq!(refusals(&statements), 1, "{statements:#?}");
    assert_eq!(statements[0]["facts"]["opaque"], "gap", "{statements:#?}");
}

/// Nothing of a refused packet leaves, and the records say so.
#[test]
fn what_shares_a_packet_with_a_refused_message_is_recorded_as_held_back() {
    let Some((stand, statements)) = play("one-packet") else {
        return;
    };
    let said: Vec<_> = statements
        .iter()
        .map(|d| (d["verdict"].as_str(), d["effect"].as_str()))
        .collect();
    let (left, held, refused) = (
        (Some("allow"), Some("none")),
        (Some("allow"), Some("drop")),
        (Some("block"), Some("reset")),
    );
    assert_eq!(said, [left, held, refused], "{statements:#?}");
    assert!(!stand.postgres.log().contains("SELECT 17"), "it arrived");
}

#[test]
fn a_client_that_dies_in_mid_message_changes_nothing() {
    play("dies-in-mid-message");
}

#[test]
fn one_bad_statement_condemns_its_message() {
    let Some((stand, statements)) = play("multi-statement") else {
        return;
    };
    assert_eq!(refusals(&statements), 3, "{statements:#?}");
    assert!(
        !stand.postgres.log().contains("SELECT 1; "),
        "a part of a refused message arrived"
    );
}

#[test]
fn a_refusal_aborts_its_transaction() {
    let Some((_stand, statements)) = play("transaction") else {
        return;
    };
    assert_eq!(refusals(&statements), 1, "{statements:#?}");
}

#[test]
fn a_refused_message_with_a_whole_transaction_leaves_nothing() {
    let Some((_stand, statements)) = play("transaction-in-one-message") else {
        return;
    };
    assert_eq!(refusals(&statements), 2, "{statements:#?}");
}

#[test]
fn comments_quotes_and_case_hide_nothing_and_condemn_nothing() {
    let Some((_stand, statements)) = play("disguises") else {
        return;
    };
    assert_eq!(refusals(&statements), 18, "{statements:#?}");
}

#[test]
fn copied_data_is_data() {
    let Some((stand, statements)) = play("copy") else {
        return;
    };
    assert_eq!(stand.postgres.rows("customers"), 102);
    assert_eq!(refusals(&statements), 1, "{statements:#?}");
}

#[test]
fn a_function_call_by_number_is_refused() {
    let Some((_stand, statements)) = play("fast-path") else {
        return;
    };
    assert_eq!(refusals(&statements), 1, "{statements:#?}");
}

#[test]
fn the_bad_one_of_ten_pipelined_groups_is_refused() {
    let Some((_stand, statements)) = play("pipeline-ten-deep") else {
        return;
    };
    assert_eq!(refusals(&statements), 1, "{statements:#?}");
}

#[test]
fn after_a_refusal_the_server_skips_to_the_next_sync() {
    let Some((_stand, statements)) = play("pipeline-one-sync") else {
        return;
    };
    assert_eq!(refusals(&statements), 1, "{statements:#?}");
}

#[test]
fn a_pipelined_transaction_is_aborted_as_a_whole() {
    let Some((_stand, statements)) = play("pipeline-transaction") else {
        return;
    };
    assert_eq!(refusals(&statements), 2, "{statements:#?}");
}

#[test]
fn a_flush_brings_the_refusal_at_once() {
    let Some((_stand, statements)) = play("flush-without-sync") else {
        return;
    };
    assert_eq!(refusals(&statements), 1, "{statements:#?}");
}

#[test]
fn a_refused_name_is_never_bound_and_a_good_one_stays() {
    play("named-statements");
}

#[test]
fn parameters_are_data() {
    let Some((_stand, statements)) = play("parameters") else {
        return;
    };
    assert_eq!(refusals(&statements), 1, "{statements:#?}");
}

/// Before its connection is there a socket has no voice, and what a process hands
/// over then need not be copied: bytes that it can still change are not sent, plain
/// ones are judged.
#[test]
fn what_is_written_before_the_connection_is_there_is_judged_or_not_sent() {
    if !require(STAND) {
        return;
    }
    // Nobody accepts: this end decides when the connection is made.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    rustix::net::listen(&listener, 0).expect("a listener takes another backlog");
    let address = listener.local_addr().expect("it has an address");
    let policy = POLICY.replacen("[\"127", &format!("[\"{address}\", \"127"), 1);
    let stand = Stand::new(&policy);
    for (how, text, arrives) in [
        ("plain", "SELECT 1", true),
        ("plain", "DROP TABLE customers", false),
        ("sendfile", "SELECT 1", false),
        ("zerocopy", "SELECT 1", false),
    ] {
        let waiting = TcpStream::connect(address).expect("one connection may wait");
        let agent = format!("early-{how}-{arrives}");
        let mut reach = stand.guarded(&agent, paths::program("guard-reach"));
        reach.args(["early", how, &address.to_string(), text]);
        let client = std::thread::spawn(move || run(&mut reach, NO_HANG));
        // Its first SYN finds no room; the kernel sends it again after a second.
        stand.daemon.decision("the connection", |decision| {
            decision["action"] == "connect" && decision["session"]["subject"]["name"] == *agent
        });
        drop(waiting);
        drop(listener.accept());
        let finished = client.join().expect("the client ends");
        // What never sent a byte may not even be known as a connection.
        listener
            .set_nonblocking(true)
            .expect("a listener need not wait");
        let arrived = listener
            .accept()
            .and_then(|(mut accepted, _)| accepted.read(&mut [0; 256]));
        listener.set_nonblocking(false).expect("and may again");
        let count = arrived.unwrap_or(0);
        assert_eq!(count > 0, arrives, "{how} {text}: {}", finished.report());
    }
}
