//! The commands of Redis: from the server's own metadata to the engine's table.
//!
//! `commands.tsv` is what a server says of itself. Its flags of keys (`RO access`,
//! `RW update`, `OW insert`, `RM delete`) give the classes; [`classify`] holds
//! what they cannot say.

use guard_common::class::{Class, Opaque, Where};
use guard_common::facts::COMMANDS;
use guard_common::hash;
use guard_common::redis::commands::{PROBES, SLOTS, first_slot, form};
use guard_common::redis::{Command, Commands};
use std::sync::OnceLock;
use zerocopy::FromZeros;

/// A command as a server describes it.
struct Row {
    name: &'static str,
    flags: &'static str,
    categories: &'static str,
    keys: &'static str,
}

/// All commands; a command's number is its place here, counted from 1.
fn rows() -> impl Iterator<Item = Row> {
    let files = [
        include_str!("redis/commands.tsv"),
        include_str!("redis/later.tsv"),
    ];
    let lines = files.into_iter().flat_map(str::lines);
    lines
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .map(|line| {
            let mut columns = line.split('\t');
            let mut next = || columns.next().unwrap_or("");
            Row {
                name: next(),
                flags: next(),
                categories: next(),
                keys: next(),
            }
        })
}

/// Why the table cannot be made: more commands than slots around one hash.
#[derive(Debug, thiserror::Error)]
#[error("the table of Redis commands has no room for `{0}`; raise guard_common::redis::commands")]
pub struct NoSlot(String);

/// The table of commands.
///
/// # Errors
///
/// When a command finds no slot, or there is no memory.
pub fn commands() -> Result<Box<Commands>, NoSlot> {
    let mut table =
        Commands::new_box_zeroed().map_err(|_error| NoSlot("any: out of memory".to_owned()))?;
    for (number, row) in (1..).zip(rows()) {
        let command = Command {
            key: hash::of(row.name.as_bytes()),
            number,
            ..classify(&row)
        };
        let first = first_slot(command.key);
        let free = (0..PROBES)
            .map(|probe| (first + probe) & (SLOTS - 1))
            .find(|slot| table.slots[*slot].key == 0);
        let slot = free.ok_or_else(|| NoSlot(row.name.to_owned()))?;
        table.slots[slot] = command;
    }
    Ok(table)
}

/// The name of a command by its number in [`guard_common::facts::Facts::verbs`];
/// `None`: that is no command's number.
#[must_use]
pub fn name(verb: u16) -> Option<&'static str> {
    static NAMES: OnceLock<Vec<String>> = OnceLock::new();
    let names = NAMES.get_or_init(|| {
        let known = rows().map(|row| row.name.to_uppercase().replace('|', " "));
        std::iter::once("unknown command".to_owned())
            .chain(known)
            .collect()
    });
    let number = verb.checked_sub(COMMANDS)?;
    Some(names.get(usize::from(number))?)
}

/// What a command does. The number and the key are not filled in.
fn classify(row: &Row) -> Command {
    let keys = of_keys(row);
    let has = |category: &str| row.categories.split(',').any(|given| given == category);
    let scoped = |class: Class| class.bit() | class.where_bit(Where::Scoped);
    let plain = |classes: &[Class]| Command {
        hits: classes.iter().fold(0, |hits, class| hits | class.bit()),
        ..Command::default()
    };
    let read = |at, form| Command {
        form,
        at,
        ..Command::default()
    };
    let dynamic = |at| Command {
        opaque: Opaque::Dynamic.bit(),
        hits: Class::Dynamic.bit(),
        ..read(at, form::SCRIPT)
    };
    match row.name {
        _ if row.flags.ends_with("container") => Command {
            form: form::CONTAINER,
            ..plain(&[Class::Session])
        },
        name if name.ends_with("|help") => plain(&[Class::Session]),
        "swapdb" => plain(&[Class::Admin]),
        // A key that others know by its name is gone there.
        "rename" | "renamenx" | "move" => Command {
            hits: keys | Class::Alter.bit(),
            ..Command::default()
        },
        "flushall" | "flushdb" | "sflush" => plain(&[Class::Truncate]),
        "keys" => Command {
            hits: Class::Select.bit(),
            ..read(1, form::PATTERN)
        },
        "scan" => Command {
            hits: Class::Select.bit(),
            ..read(2, form::OPTIONS)
        },
        "randomkey" => Command {
            hits: Class::Select.bit() | Class::Select.where_bit(Where::None),
            ..Command::default()
        },
        // What makes them write is an option: STORE, GET.
        "sort" => Command {
            hits: scoped(Class::Select),
            ..read(2, form::OPTIONS)
        },
        "georadius" => Command {
            hits: scoped(Class::Select),
            ..read(6, form::OPTIONS)
        },
        "georadiusbymember" => Command {
            hits: scoped(Class::Select),
            ..read(5, form::OPTIONS)
        },
        "set" => Command {
            hits: Class::Insert.bit() | scoped(Class::Update),
            ..read(3, form::OPTIONS)
        },
        // A time that has passed deletes at once.
        "expire" | "pexpire" => Command {
            hits: scoped(Class::Update),
            ..read(2, form::EXPIRY)
        },
        "hexpire" | "hpexpire" => Command {
            hits: scoped(Class::Update),
            ..read(2, form::EXPIRY)
        },
        "expireat" | "pexpireat" | "hexpireat" | "hpexpireat" | "getex" | "hgetex" => Command {
            hits: keys | scoped(Class::Delete),
            ..Command::default()
        },
        "eval" | "eval_ro" => dynamic(1),
        "evalsha" | "evalsha_ro" | "fcall" | "fcall_ro" => dynamic(0),
        "script|load" => dynamic(2),
        "function|load" | "function|restore" => Command {
            hits: Class::Dynamic.bit() | Class::Create.bit(),
            ..dynamic(0)
        },
        "function|delete" | "function|flush" => plain(&[Class::Drop]),
        "function|kill" | "script|kill" | "script|flush" | "script|debug" => plain(&[Class::Admin]),
        "acl|setuser" | "acl|deluser" | "acl|load" | "acl|save" => {
            plain(&[Class::Grant, Class::Admin])
        }
        "replicaof" | "slaveof" | "sync" | "psync" | "replconf" | "failover" => {
            plain(&[Class::Replication, Class::Admin])
        }
        // The server calls them dangerous; they only tell.
        "info"
        | "role"
        | "lastsave"
        | "client|list"
        | "slowlog|len"
        | "module|list"
        | "latency|doctor"
        | "latency|graph"
        | "latency|histogram"
        | "latency|history"
        | "latency|latest"
        | "cluster|replicas"
        | "cluster|slaves"
        | "cluster|count-failure-reports"
        | "dbsize" => plain(&[Class::Session]),
        "memory|purge" => plain(&[Class::Admin]),
        _ if has("@transaction") => plain(&[Class::Transaction]),
        "sort_ro" => Command {
            hits: keys,
            ..Command::default()
        },
        _ if has("@dangerous") => Command {
            hits: keys | Class::Admin.bit(),
            ..Command::default()
        },
        _ if keys == 0 => plain(&[Class::Session]),
        _ => Command {
            hits: keys,
            ..Command::default()
        },
    }
}

/// The classes that the flags of the keys give. The keys are named, so what is
/// read, changed or deleted is limited to them.
fn of_keys(row: &Row) -> u64 {
    let mut classes = Vec::new();
    for key in row.keys.split(';') {
        let flags: Vec<&str> = key.split(' ').collect();
        let has = |flag| flags.contains(&flag);
        if has("not_key") {
            continue;
        }
        classes.extend((has("access") || has("RO")).then_some(Class::Select));
        classes.extend((has("insert") || has("OW")).then_some(Class::Insert));
        classes.extend(has("update").then_some(Class::Update));
        classes.extend((has("delete") || has("RM")).then_some(Class::Delete));
    }
    let writes = [Class::Insert, Class::Update, Class::Delete];
    let writes = classes.iter().any(|class| writes.contains(class));
    if row.flags.split(',').any(|flag| flag == "write") && !writes {
        classes.push(Class::Update);
    }
    let pairs = classes
        .into_iter()
        .map(|class| class.bit() | class.where_bit(Where::Scoped));
    pairs.fold(0, |all, pair| all | pair)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the table says of a command, in words.
    fn told(name: &str) -> String {
        let table = commands().expect("the table has room");
        let mut command = Command::default();
        assert!(
            table.find(hash::of(name.as_bytes()), &mut command),
            "{name}"
        );
        let classes = Class::ALL
            .into_iter()
            .filter(|class| command.hits & class.bit() != 0);
        let words: Vec<&str> = classes.map(Class::name).collect();
        words.join(" ")
    }

    #[test]
    fn every_command_has_a_class_and_its_own_name() {
        let table = commands().expect("the table has room");
        for (number, row) in (1_u16..).zip(rows()) {
            let mut command = Command::default();
            let key = hash::of(row.name.as_bytes());
            assert!(table.find(key, &mut command), "{}", row.name);
            assert_eq!(command.number, number, "{}", row.name);
            assert!(command.hits != 0, "{}", row.name);
            assert_eq!(
                name(COMMANDS + number).map(str::to_lowercase),
                Some(row.name.replace('|', " "))
            );
        }
    }

    #[test]
    fn classes_follow_the_server_s_own_words() {
        for (name, expected) in [
            ("get", "select"),
            ("set", "insert update"),
            ("incr", "select update"),
            ("lpush", "insert"),
            ("del", "delete"),
            ("getdel", "select delete"),
            ("rename", "select insert update delete alter"),
            ("copy", "select insert update"),
            ("flushall", "truncate"),
            ("swapdb", "admin"),
            ("restore", "insert update admin"),
            ("migrate", "select delete admin"),
            ("config|set", "admin"),
            ("debug", "admin"),
            ("shutdown", "admin"),
            ("monitor", "admin"),
            ("replicaof", "admin replication"),
            ("acl|setuser", "grant admin"),
            ("acl|whoami", "session"),
            ("module|load", "admin"),
            ("eval", "dynamic"),
            ("function|load", "create dynamic"),
            ("function|delete", "drop"),
            ("multi", "transaction"),
            ("watch", "transaction"),
            ("publish", "session"),
            ("ping", "session"),
            ("client|kill", "admin"),
            ("client|setname", "session"),
        ] {
            assert_eq!(told(name), expected, "{name}");
        }
    }
}
