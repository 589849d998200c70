//! Which facts of a complete message are to be judged, and what of it must be
//! remembered.
//!
//! A prepared statement keeps its facts: they are judged when it is prepared, and
//! again by the live policy at each execution. Its identifier is in the server's
//! answer, but servers count, also where preparing fails: with one identifier
//! ([`super::answers`]) all are known. Where something else may have counted (SQL's
//! PREPARE, a procedure), they are not known any more.

use super::{command, kind, transaction};
use crate::class::{Class, Opaque};
use crate::engine::{AFTER_MODED, AFTER_NOT_UTF8};
use crate::facts::IN_MYSQL;
use crate::stream::{Names, Stream, what};

/// [`Names`] kind of a prepared statement.
pub const STATEMENT: u32 = 0;
/// The identifier by which MariaDB means the statement prepared last.
const LAST: u64 = 0xffff_ffff;

/// See [`crate::stream::settle`].
#[inline(always)]
pub fn settle<N: Names>(stream: &mut Stream, names: &mut N) -> u32 {
    super::count_command(stream);
    match stream.kind {
        command::QUERY => {
            stream.scan.facts.opaque |= stream.opaque;
            stream.scan.facts.session |= stream.moved;
            what::RUN
        }
        command::PREPARE => {
            stream.scan.facts.opaque |= stream.opaque;
            stream.scan.facts.session |= stream.moved;
            what::PREPARE
        }
        command::EXECUTE | command::BULK_EXECUTE => {
            execute(stream, names);
            what::RUN
        }
        command::CLOSE => {
            names.remove(STATEMENT, key(stream));
            what::NOTHING
        }
        kind::DATA | command::LONG_DATA => {
            stream.scan.facts.clear();
            what::DATA
        }
        kind::LOGIN | command::QUIT | command::PING | command::STATISTICS => what::NOTHING,
        command::RESET | command::FETCH | command::SET_OPTION => what::NOTHING,
        command::CHANGE_USER => what::NOTHING,
        command::RESET_CONNECTION => {
            stream.mysql.transaction = transaction::NONE;
            stream.mysql.manual = 0;
            // MariaDB goes on counting (10.11).
            if stream.scan.server.maria == 0 {
                stream.mysql.uncounted = 1;
            }
            what::NOTHING
        }
        kind => {
            stream.scan.facts.clear();
            stream.scan.facts.hits = classes(kind);
            stream.scan.facts.opaque = stream.opaque;
            if stream.scan.facts.hits & Class::Unreadable.bit() != 0 {
                stream.scan.facts.add_opaque(Opaque::Protocol);
            }
            stream.scan.facts.statements = 1;
            what::RUN
        }
    }
}

/// The key of the statement that the message means.
#[inline(always)]
const fn key(stream: &Stream) -> u64 {
    numbered((stream.name as u32).wrapping_sub(stream.mysql.first))
}

/// The key of a statement by its number. Never 0, which stands for "none" where names
/// are kept.
#[inline(always)]
const fn numbered(number: u32) -> u64 {
    (number as u64) << 8 | 1
}

/// The facts of the statement that is executed.
#[inline(always)]
fn execute<N: Names>(stream: &mut Stream, names: &mut N) {
    let last = stream.name == LAST && stream.scan.server.maria != 0;
    let key = key(stream);
    let uncertain = stream.mysql.uncounted != 0 || stream.mysql.unnumbered != 0;
    let facts = &mut stream.scan.facts;
    if last {
        names.copy(&stream.unnamed, facts);
    } else if uncertain || !names.load(STATEMENT, key, facts) {
        facts.set_unknown();
    }
    facts.opaque |= stream.opaque;
}

/// What a command without text does.
#[inline(always)]
const fn classes(kind: u8) -> u64 {
    match kind {
        command::INIT_DB | command::FIELD_LIST | command::PROCESS_INFO => Class::Session.bit(),
        command::CREATE_DB => Class::Create.bit() | Class::Admin.bit(),
        command::DROP_DB => Class::Drop.bit() | Class::Admin.bit(),
        command::REFRESH | command::SHUTDOWN | command::PROCESS_KILL | command::DEBUG => {
            Class::Admin.bit()
        }
        command::BINLOG_DUMP
        | command::BINLOG_DUMP_GTID
        | command::TABLE_DUMP
        | command::REGISTER_SLAVE
        | command::CLONE => Class::Replication.bit(),
        _ => Class::Unreadable.bit(),
    }
}

/// See [`crate::stream::commit`].
#[inline(always)]
pub fn commit<N: Names>(stream: &mut Stream, names: &mut N) {
    match stream.kind {
        command::PREPARE => {
            names.copy(&stream.scan.facts, &mut stream.unnamed);
            stream.mysql.prepared = stream.mysql.prepared.wrapping_add(1);
            stream.mysql.asked = stream.mysql.commands;
            let number = stream.mysql.prepared;
            names.store(STATEMENT, numbered(number), &stream.scan.facts);
        }
        command::QUERY | command::EXECUTE | command::BULK_EXECUTE => {
            let after = stream.scan.facts.opaque_after;
            stream.opaque |= after & !(AFTER_MODED | AFTER_NOT_UTF8);
            stream.scan.server = stream.scan.server.after(after);
            stream.moved |= stream.scan.facts.session & IN_MYSQL;
            if stream.scan.facts.hits & (Class::Dynamic.bit() | Class::Call.bit()) != 0 {
                stream.mysql.uncounted = 1;
            }
            transaction::follow(stream);
        }
        _ => {}
    }
}
