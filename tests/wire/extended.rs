//! The extended protocol: Parse, Bind, Describe, Execute, and when answers come.

use crate::check::{DROP, goes_on, is_refusal, outcome, refused};
use guard_tests::wire::{Next, Wire, errors, message, tags};
use std::net::SocketAddr;

/// Ten groups with a Sync each in one write; the bad one is in the middle.
pub(crate) fn pipeline_ten_deep(address: SocketAddr) {
    let mut wire = Wire::open(address);
    let group = |number| {
        let sql = if number == 5 {
            DROP.to_owned()
        } else {
            format!("SELECT {number}")
        };
        [message::extended(&sql), message::sync()].concat()
    };
    wire.send(&(0..10).flat_map(group).collect::<Vec<u8>>());
    for number in 0..10 {
        let answers = wire.until_ready();
        if number == 5 {
            refused(&answers);
        } else {
            assert_eq!(tags(&answers), "12TDCZ", "group {number}: {answers:?}");
        }
    }
    goes_on(&mut wire);
}

/// Ten groups with one Sync at the end: the server skips what follows the bad one.
pub(crate) fn pipeline_one_sync(address: SocketAddr) {
    let mut wire = Wire::open(address);
    let group = |number| match number {
        5 => message::extended(DROP),
        _ => message::extended(&format!("SELECT {number}")),
    };
    let mut bytes: Vec<u8> = (0..10).flat_map(group).collect();
    bytes.extend(message::sync());
    let answers = wire.ask(&bytes);
    assert_eq!(
        outcome(&answers),
        format!("{}EZ", "TDC".repeat(5)),
        "{answers:?}"
    );
    is_refusal(errors(&answers)[0]);
    goes_on(&mut wire);
}

/// A pipelined transaction: the good writes around the bad one are not kept.
pub(crate) fn pipeline_transaction(address: SocketAddr) {
    let mut wire = Wire::open(address);
    let statements = [
        "BEGIN",
        "INSERT INTO invoices VALUES (5006, 1, 1)",
        DROP,
        "INSERT INTO invoices VALUES (5007, 1, 1)",
        "COMMIT",
    ];
    let group = |sql: &&str| [message::extended(sql), message::sync()].concat();
    wire.send(&statements.iter().flat_map(group).collect::<Vec<u8>>());
    let answers: Vec<_> = statements.iter().map(|_| wire.until_ready()).collect();
    is_refusal(errors(&answers[2])[0]);
    assert_eq!(errors(&answers[3])[0].field(b'C'), "25P02");
    goes_on(&mut wire);
    // And as one implicit transaction, up to a single Sync.
    let implicit = [
        message::extended("INSERT INTO invoices VALUES (5008, 1, 1)"),
        message::extended(DROP),
        message::extended("INSERT INTO invoices VALUES (5009, 1, 1)"),
        message::sync(),
    ];
    let answers = wire.ask(&implicit.concat());
    assert_eq!(errors(&answers).len(), 1, "{answers:?}");
    is_refusal(errors(&answers)[0]);
    goes_on(&mut wire);
}

/// A client that sends Flush expects the error at once, and Ready only after Sync.
pub(crate) fn flush_without_sync(address: SocketAddr) {
    let mut wire = Wire::open(address);
    wire.send(&[message::parse("", DROP), message::flush()].concat());
    loop {
        match wire.receive() {
            Next::Answer(answer) if matches!(answer.tag, b'1' | b'2' | b'N') => {}
            Next::Answer(answer) => break is_refusal(&answer),
            Next::End => panic!("the connection ended"),
        }
    }
    let ready = wire.ask(&message::sync());
    assert_eq!(tags(&ready), "Z", "{ready:?}");
    goes_on(&mut wire);
    // A good statement between Flushes is answered at once as well.
    wire.send(&[message::parse("", "SELECT 1"), message::flush()].concat());
    assert!(matches!(wire.receive(), Next::Answer(answer) if answer.tag == b'1'));
    let rest = [message::bind("", &[]), message::execute(), message::sync()].concat();
    assert_eq!(tags(&wire.ask(&rest)), "2DCZ");
}

/// A refused Parse leaves no statement under its name; a good one stays good.
pub(crate) fn named_statements(address: SocketAddr) {
    let mut wire = Wire::open(address);
    let run = |name: &str| {
        [
            message::bind(name, &[]),
            message::execute(),
            message::sync(),
        ]
        .concat()
    };
    let good = [message::parse("good", "SELECT 1"), message::sync()].concat();
    assert_eq!(tags(&wire.ask(&good)), "1Z");
    let bad = [
        message::parse("bad", DROP),
        message::describe_statement("bad"),
        message::sync(),
    ]
    .concat();
    let answers = wire.ask(&bad);
    assert_eq!(errors(&answers).len(), 1, "{answers:?}");
    is_refusal(errors(&answers)[0]);
    assert_eq!(tags(&wire.ask(&run("good"))), "2DCZ");
    let answers = wire.ask(&run("bad"));
    assert_eq!(outcome(&answers), "EZ", "{answers:?}");
    assert_eq!(tags(&wire.ask(&run("good"))), "2DCZ");
    goes_on(&mut wire);
}

/// Parameters of a good statement are data; those of a refused one do not matter.
pub(crate) fn parameters(address: SocketAddr) {
    let mut wire = Wire::open(address);
    let run = |sql: &str, parameters: &[&str]| {
        [
            message::parse("", sql),
            message::bind("", parameters),
            message::describe(),
            message::execute(),
            message::sync(),
        ]
        .concat()
    };
    let good = run(
        "SELECT name FROM customers WHERE name = $1",
        &["'; DROP TABLE customers; --"],
    );
    assert_eq!(tags(&wire.ask(&good)), "12TCZ");
    // No WHERE that limits anything: refused as a mass delete.
    let answers = wire.ask(&run(
        "DELETE FROM customers WHERE true OR name = $1",
        &["nobody"],
    ));
    assert_eq!(errors(&answers).len(), 1, "{answers:?}");
    assert_eq!(errors(&answers)[0].field(b'C'), "42501", "{answers:?}");
    goes_on(&mut wire);
    let scoped = run("DELETE FROM customers WHERE id = $1", &["-1"]);
    assert_eq!(tags(&wire.ask(&scoped)), "12nCZ");
}
