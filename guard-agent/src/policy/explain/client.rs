//! What a client of each protocol sends.

use super::Connection;
use guard_common::class::Opaque;
use guard_common::mysql::version;
use guard_common::protocol::Protocol;
use guard_common::stream::Stream;

/// One statement as a message.
pub(super) fn statement(protocol: Protocol, text: &str) -> Vec<u8> {
    match protocol {
        Protocol::Postgres => query(text),
        Protocol::Mysql => packet(0, &[b"\x03", text.as_bytes()].concat()),
        Protocol::Redis => [text.as_bytes(), b"\r\n"].concat(),
    }
}

/// What comes before the first statement.
pub(super) fn opening(connection: &Connection) -> Vec<u8> {
    match connection.protocol {
        Protocol::Postgres => startup(connection),
        Protocol::Mysql => login(connection),
        Protocol::Redis => Vec::new(),
    }
}

/// What is known of the server before the client says anything: MySQL's greeting.
pub(super) fn greeting(connection: &Connection, stream: &mut Stream) {
    if connection.protocol != Protocol::Mysql {
        return;
    }
    if let Some(text) = connection.startup.get("server_version") {
        stream.scan.server = version::server(text);
    }
    let modes = connection.startup.get("sql_mode");
    let modes = modes.map_or("", String::as_str).to_ascii_uppercase();
    let reads_otherwise = |mode: &str| UNUSUAL_MODES.contains(&mode.trim());
    if modes.split(',').any(reads_otherwise) {
        stream.opaque |= Opaque::Setting.bit();
    }
}

/// SQL modes in which statements are read in another way than by default.
const UNUSUAL_MODES: [&str; 10] = [
    "ANSI_QUOTES",
    "NO_BACKSLASH_ESCAPES",
    "PIPES_AS_CONCAT",
    "HIGH_NOT_PRECEDENCE",
    "ANSI",
    "ORACLE",
    "MSSQL",
    "DB2",
    "MAXDB",
    "POSTGRESQL",
];

/// A MySQL packet.
fn packet(sequence: u8, payload: &[u8]) -> Vec<u8> {
    const FULL: usize = 0x00ff_ffff;
    let mut bytes = Vec::new();
    let mut rest = payload;
    let mut number = sequence;
    loop {
        let (piece, more) = rest.split_at(rest.len().min(FULL));
        let length = u32::try_from(piece.len()).unwrap_or(0).to_le_bytes();
        bytes.extend([length[0], length[1], length[2], number]);
        bytes.extend(piece);
        if piece.len() < FULL {
            return bytes;
        }
        number = number.wrapping_add(1);
        rest = more;
    }
}

/// MySQL's answer to the greeting: protocol 4.1, with a database, without a
/// password. The setting `charset` is the character set.
fn login(connection: &Connection) -> Vec<u8> {
    const CAPABILITIES: u32 = 1 << 3 | 1 << 9 | 1 << 13 | 1 << 15;
    let charset = connection.startup.get("charset");
    let collation = match charset.map_or("utf8mb4", String::as_str) {
        "utf8mb4" => 45,
        "utf8" | "utf8mb3" => 33,
        "latin1" => 8,
        "ascii" => 11,
        "binary" => 63,
        // big5: one that is not safe.
        _ => 1,
    };
    let mut payload = CAPABILITIES.to_le_bytes().to_vec();
    payload.extend([0, 0, 0, 1, collation]);
    payload.extend([0; 23]);
    payload.extend(b"guard\0\0");
    let database = connection.database.as_deref().unwrap_or("");
    payload.extend(database.bytes().filter(|byte| *byte != 0));
    payload.push(0);
    packet(1, &payload)
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
