//! What a client of each protocol sends.

use super::Connection;
use guard_common::protocol::Protocol;

/// One statement as a message.
pub(super) fn statement(protocol: Protocol, text: &str) -> Vec<u8> {
    match protocol {
        Protocol::Postgres => query(text),
        Protocol::Mysql => Vec::new(),
        Protocol::Redis => [text.as_bytes(), b"\r\n"].concat(),
    }
}

/// What comes before the first statement.
pub(super) fn opening(connection: &Connection) -> Vec<u8> {
    match connection.protocol {
        Protocol::Postgres => startup(connection),
        Protocol::Mysql | Protocol::Redis => Vec::new(),
    }
}

/// PostgreSQL's `Query` message.
fn query(sql: &str) -> Vec<u8> {
    let length = u32::try_from(sql.len() + 5).unwrap_or(u32::MAX);
    [b"Q", &length.to_be_bytes()[..], sql.as_bytes(), b"\0"].concat()
}

/// PostgreSQL's startup packet, of protocol 3.0.
fn startup(connection: &Connection) -> Vec<u8> {
    let mut body = vec![0, 3, 0, 0];
    let mut add = |text: &str| {
        body.extend(text.bytes().filter(|byte| *byte != 0));
        body.push(0);
    };
    for (key, value) in &connection.startup {
        add(key);
        add(value);
    }
    if let Some(database) = &connection.database {
        add("database");
        add(database);
    }
    add("");
    let length = u32::try_from(body.len() + 4).unwrap_or(u32::MAX);
    [&length.to_be_bytes()[..], &body].concat()
}
