//! The simple protocol.

use crate::check::{DROP, goes_on, is_refusal, refused};
use guard_tests::wire::{Wire, errors, message, tags};
use std::net::SocketAddr;

/// One bad statement condemns the whole message, wherever it stands.
pub(crate) fn multi_statement(address: SocketAddr) {
    let mut wire = Wire::open(address);
    for sql in [
        format!("SELECT 1; {DROP}; SELECT 2"),
        format!("{DROP}; SELECT 1"),
        format!("SELECT 1; SELECT 2; {DROP};"),
    ] {
        refused(&wire.ask(&message::query(&sql)));
        goes_on(&mut wire);
    }
}

/// Good writes before and after a refusal in one transaction: none is committed.
pub(crate) fn transaction(address: SocketAddr) {
    let mut wire = Wire::open(address);
    let mut ask = |sql: &str| wire.ask(&message::query(sql));
    assert_eq!(tags(&ask("BEGIN")), "CZ");
    assert_eq!(tags(&ask("INSERT INTO invoices VALUES (5001, 1, 1)")), "CZ");
    let answers = ask(DROP);
    refused(&answers);
    assert_eq!(
        answers.last().map(|ready| ready.body.clone()),
        Some(b"E".to_vec()),
        "the transaction is not aborted"
    );
    let later = ask("INSERT INTO invoices VALUES (5002, 1, 1)");
    assert_eq!(errors(&later)[0].field(b'C'), "25P02", "{later:?}");
    let end = ask("COMMIT");
    assert_eq!(end[0].text(), "ROLLBACK", "{end:?}");
    goes_on(&mut wire);
}

/// The same in one message, which never reaches the server.
pub(crate) fn transaction_in_one_message(address: SocketAddr) {
    let mut wire = Wire::open(address);
    let sql = format!(
        "BEGIN; INSERT INTO invoices VALUES (5003, 1, 1); {DROP}; INSERT INTO invoices VALUES (5004, 1, 1); COMMIT"
    );
    refused(&wire.ask(&message::query(&sql)));
    goes_on(&mut wire);
    // Without BEGIN the message is one implicit transaction.
    refused(&wire.ask(&message::query(&format!(
        "INSERT INTO invoices VALUES (5005, 1, 1); {DROP}"
    ))));
    goes_on(&mut wire);
}

/// Comments, quotes and case change nothing about what a statement is.
pub(crate) fn disguises(address: SocketAddr) {
    let mut wire = Wire::open(address);
    for bad in [
        "dRoP tAbLe customers",
        "/* SELECT 1 */ DROP TABLE customers",
        "/* a /* nested */ comment */ DROP TABLE customers",
        "DROP/**/TABLE/**/customers",
        "-- SELECT 1\nDROP TABLE customers",
        "DROP -- one\n-- two\nTABLE customers",
        ";;; DROP TABLE customers",
        "\t\r\n DROP\u{c}TABLE\tcustomers",
        "DROP TABLE \"customers\"",
        "DROP TABLE IF EXISTS U&\"\\0063ustomers\"",
        "SELECT ';'; DROP TABLE customers",
        "SELECT '--'; DROP TABLE customers",
        "SELECT '/*'; DROP TABLE customers; SELECT '*/'",
        "SELECT $$ ; $$; DROP TABLE customers",
        "SELECT $a$ $$ $a$; DROP TABLE customers",
        "SELECT E'\\''; DROP TABLE customers; --'",
        "SELECT 'a\\'; DROP TABLE customers; --'",
        "SELECT \"name\" FROM customers; DROP TABLE customers",
    ] {
        let answers = wire.ask(&message::query(bad));
        assert_eq!(errors(&answers).len(), 1, "{bad}: {answers:?}");
        is_refusal(errors(&answers)[0]);
    }
    for good in [
        "SELECT 'DROP TABLE customers'",
        "SELECT '; DROP TABLE customers; --'",
        "SELECT 'it''s; DROP TABLE customers'",
        "SELECT E'\\'; DROP TABLE customers; --'",
        "SELECT $$; DROP TABLE customers;$$",
        "SELECT $drop$; DROP TABLE customers;$drop$",
        "SELECT 1 AS \"; DROP TABLE customers; --\"",
        "SELECT 1 -- ; DROP TABLE customers",
        "SELECT 1 /* ; DROP TABLE customers; /* */ */",
        "SELECT id AS drop_table FROM customers LIMIT 1",
    ] {
        let answers = wire.ask(&message::query(good));
        assert_eq!(tags(&answers), "TDCZ", "{good}: {answers:?}");
    }
}

/// What travels in `CopyData` is data, whatever it looks like.
pub(crate) fn copy(address: SocketAddr) {
    let mut wire = Wire::open(address);
    wire.send(&message::query("COPY customers FROM STDIN"));
    wire.send(&message::tagged(
        b'd',
        b"9001\tDROP TABLE customers;\tx@example.org\n",
    ));
    wire.send(
        &[
            message::tagged(b'd', b"9002\t"),
            message::tagged(b'd', b"Q\tx\n"),
        ]
        .concat(),
    );
    wire.send(&message::tagged(b'c', b""));
    assert_eq!(tags(&wire.until_ready()), "GCZ");
    goes_on(&mut wire);
    refused(&wire.ask(&message::query(DROP)));
    goes_on(&mut wire);
}

/// A function call by number cannot be read: the policy refuses the class.
pub(crate) fn fast_path(address: SocketAddr) {
    let mut wire = Wire::open(address);
    // pg_backend_pid() is function 2026: no arguments, binary result.
    let call = [&2026_u32.to_be_bytes()[..], &[0, 0, 0, 0, 0, 1]].concat();
    let answers = wire.ask(&message::tagged(b'F', &call));
    assert!(
        !tags(&answers).contains('V'),
        "the function was called: {answers:?}"
    );
    assert_eq!(errors(&answers).len(), 1, "{answers:?}");
    assert_eq!(errors(&answers)[0].field(b'C'), "42501");
    goes_on(&mut wire);
}
