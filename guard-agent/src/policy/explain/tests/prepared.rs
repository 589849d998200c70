//! Names of prepared statements: those of SQL and those of the protocol are the
//! same, and what a name means must be certain.

use super::{Connection, judged, message, prepared};
use guard_common::class::{Class, Opaque};

/// A simple query.
fn query(sql: &str) -> Vec<u8> {
    message(b'Q', &[sql.as_bytes(), b"\0"].concat())
}

fn sync() -> Vec<u8> {
    message(b'S', b"")
}

/// `Bind` of a named statement to the unnamed portal, and `Execute`.
fn run(name: &str) -> Vec<u8> {
    [
        message(b'B', &[b"\0", name.as_bytes(), b"\0\0\0\0\0\0\0"].concat()),
        message(b'E', b"\0\0\0\0\0"),
    ]
    .concat()
}

fn parse(name: &str, sql: &str) -> Vec<u8> {
    let body = [name.as_bytes(), b"\0", sql.as_bytes(), b"\0\0\0"].concat();
    message(b'P', &body)
}

/// Classes and opaque reasons of the last message that was judged.
#[track_caller]
fn last(writes: &[Vec<u8>]) -> (Vec<&'static str>, Vec<&'static str>) {
    let connection = Connection {
        writes: writes.to_vec(),
        ..Connection::default()
    };
    let (judgement, _) = judged(Some(0), &connection);
    let facts = judgement
        .messages
        .last()
        .expect("something is judged")
        .facts;
    let classes = Class::ALL.into_iter();
    let classes = classes.filter(|class| facts.hits & class.bit() != 0);
    let reasons = Opaque::ALL.into_iter();
    let reasons = reasons.filter(|reason| facts.opaque & reason.bit() != 0);
    (
        classes.map(Class::name).collect(),
        reasons.map(Opaque::name).collect(),
    )
}

const UNKNOWN: [&str; 1] = ["unknown-name"];

#[track_caller]
fn is_unknown(writes: &[Vec<u8>]) {
    assert_eq!(last(writes).1, UNKNOWN);
}

#[track_caller]
fn is(writes: &[Vec<u8>], classes: &[&str]) {
    assert_eq!(last(writes), (classes.to_vec(), vec![]));
}

#[test]
fn execute_is_what_was_prepared() {
    let prepare = query("PREPARE p AS DELETE FROM t WHERE id = $1");
    is(
        &[prepare.clone(), query("EXECUTE p(1)")],
        &["delete", "session"],
    );
    is(
        &[prepare.clone(), query("EXECUTE P (1)")],
        &["delete", "session"],
    );
    is(
        &[prepare.clone(), query("EXECUTE \"p\"(1)")],
        &["delete", "session"],
    );
    is(
        &[prepare.clone(), query("BEGIN; EXECUTE p(1); COMMIT")],
        &["delete", "session", "transaction"],
    );
    is(
        &[prepare.clone(), query("CREATE TABLE x AS EXECUTE p(1)")],
        &["delete", "create", "session"],
    );
    is(
        &[prepare.clone(), query("EXPLAIN ANALYZE EXECUTE p(1)")],
        &["select", "delete", "session"],
    );
    is(
        &[prepare.clone(), query("EXPLAIN EXECUTE p(1)")],
        &["select", "session"],
    );
    is_unknown(&[prepare.clone(), query("EXECUTE \"P\"(1)")]);
    is_unknown(&[prepare, query("EXECUTE q(1)")]);
    is_unknown(&[query("EXECUTE U&\"p\"")]);
}

#[test]
fn tables_and_functions_come_with_the_name() {
    let connection = Connection {
        writes: vec![
            query("PREPARE p AS SELECT purge() FROM hr.pay"),
            query("SELECT 1 FROM orders; EXECUTE p"),
        ],
        ..Connection::default()
    };
    let (judgement, _) = judged(Some(0), &connection);
    let facts = &judgement.messages[1].facts;
    let tables: Vec<_> = facts.touched().map(|(.., name)| name.as_bytes()).collect();
    assert_eq!(tables, [&b"orders"[..], b"hr.pay"]);
    assert_eq!((facts.table_count, facts.call_count), (2, 1));
    assert_eq!(facts.statements, 2);
}

#[test]
fn names_of_sql_and_of_the_protocol_are_the_same() {
    let named = [parse("s", "DELETE FROM t WHERE id = 1"), sync()].concat();
    is(&[named, query("EXECUTE s")], &["delete", "session"]);
    let prepare = query("PREPARE s AS DELETE FROM t WHERE id = 1");
    is(&[prepare, run("s")], &["delete", "session"]);
    // The protocol does not fold.
    is_unknown(&[query("PREPARE S AS SELECT 1"), run("S")]);
}

#[test]
fn a_text_that_prepares_and_executes_is_judged_as_a_whole() {
    is(
        &[query("PREPARE p AS DELETE FROM t WHERE id = 1; EXECUTE p")],
        &["delete", "session"],
    );
    is_unknown(&[query("EXECUTE p; PREPARE p AS SELECT 1")]);
}

#[test]
fn a_name_that_is_prepared_twice_is_not_certain() {
    let first = query("PREPARE p AS DELETE FROM t WHERE id = 1");
    let same = query("PREPARE p AS DELETE FROM t WHERE id = 1");
    let other = query("PREPARE p AS SELECT 1");
    is(
        &[first.clone(), same, query("EXECUTE p")],
        &["delete", "session"],
    );
    is_unknown(&[first.clone(), other.clone(), query("EXECUTE p")]);
    // The protocol's way, and a third text that is the first again.
    is_unknown(&[first.clone(), parse("p", "SELECT 1"), sync(), run("p")]);
    is_unknown(&[first.clone(), other, first, query("EXECUTE p")]);
}

#[test]
fn a_name_is_forgotten_only_when_the_server_cannot_have_ignored_it() {
    let first = query("PREPARE p AS DELETE FROM t WHERE id = 1");
    let other = query("PREPARE p AS SELECT 1");
    let execute = query("EXECUTE p");
    for forget in [
        "DEALLOCATE p",
        "DEALLOCATE PREPARE p",
        "deallocate \"p\";",
        "DEALLOCATE ALL",
        "DISCARD ALL",
    ] {
        let forgotten = [first.clone(), query(forget), execute.clone()];
        is_unknown(&forgotten);
        let again = [first.clone(), query(forget), other.clone(), execute.clone()];
        is(&again, &["select", "session"]);
        // In a transaction that may have failed it is ignored.
        let inside = [
            query("BEGIN"),
            first.clone(),
            query(forget),
            query("ROLLBACK"),
            other.clone(),
            execute.clone(),
        ];
        is_unknown(&inside);
        let after = [
            query("BEGIN"),
            first.clone(),
            query("COMMIT"),
            query(forget),
            other.clone(),
            execute.clone(),
        ];
        is(&after, &["select", "session"]);
        let chained = [
            query("BEGIN"),
            first.clone(),
            query("COMMIT AND CHAIN"),
            query(forget),
            other.clone(),
            execute.clone(),
        ];
        is_unknown(&chained);
        // Behind an error the server skips up to the next Sync.
        let skipped = [
            first.clone(),
            run("no such name"),
            query(forget),
            sync(),
            other.clone(),
            execute.clone(),
        ];
        is_unknown(&skipped);
        // Beside another statement, which may fail first.
        let beside = [
            first.clone(),
            query(&format!("SELECT 1/0; {forget}")),
            other.clone(),
            execute.clone(),
        ];
        is_unknown(&beside);
    }
}

#[test]
fn close_forgets_a_name_unless_it_may_be_skipped() {
    let first = [parse("p", "DELETE FROM t WHERE id = 1"), sync()].concat();
    let close = message(b'C', b"Sp\0");
    let other = [parse("p", "SELECT 1"), sync()].concat();
    let closed = [
        first.clone(),
        close.clone(),
        sync(),
        other.clone(),
        run("p"),
    ];
    is(&closed, &["select"]);
    let skipped = [first, run("nothing"), close, sync(), other, run("p")];
    is_unknown(&skipped);
}

#[test]
fn what_is_unnamed_holds_across_sync_only_when_it_was_not_skipped() {
    let delete = [parse("", "DELETE FROM t WHERE id = 1"), sync()].concat();
    is(&[delete.clone(), run("")], &["delete"]);
    let fails = message(b'B', b"\0nothing\0\0\0\0\0\0\0");
    let skipped = [
        delete.clone(),
        fails,
        parse("", "SELECT 1"),
        sync(),
        run(""),
    ];
    is_unknown(&skipped);
    // In one group: if the first failed, the second is skipped as well.
    let group = [
        prepared("", "SELECT 1"),
        prepared("", "DELETE FROM t WHERE id = 1"),
    ];
    is(&[group.concat()], &["delete"]);
    // A simple query takes the unnamed statement away.
    is_unknown(&[delete, query("SELECT 1"), run("")]);
}

#[test]
fn long_names_are_the_same_up_to_what_the_server_keeps() {
    let long = "n".repeat(63);
    let longer = format!("{long}x");
    let parsed = [parse(&longer, "DELETE FROM t WHERE id = 1"), sync()].concat();
    is(&[parsed, run(&long)], &["delete"]);
    is_unknown(&[query(&format!("PREPARE {longer} AS SELECT 1"))]);
    is_unknown(&[query(&format!("EXECUTE {longer}"))]);
}

#[test]
fn a_text_may_use_more_names_than_are_kept() {
    let five = "EXECUTE p; EXECUTE p; EXECUTE p; EXECUTE p; EXECUTE p";
    is_unknown(&[query("PREPARE p AS SELECT 1"), query(five)]);
}

#[test]
fn cursors_are_the_sessions_own() {
    is(
        &[query("DECLARE c CURSOR FOR SELECT * FROM t")],
        &["select", "session"],
    );
    is(&[query("FETCH ALL FROM c")], &["session"]);
}
