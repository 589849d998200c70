//! The fingerprint of a message: the same whatever its values, another for what
//! does something else.

use guard_common::engine::{self, Scan, Tables};
use guard_common::limits::CHUNK_BYTES;
use guard_common::repeat::Host;
use guard_dialect::{Dialect, compile, fingerprint};
use std::collections::HashMap;
use zerocopy::FromZeros;

fn of(tables: &Tables, sql: &str) -> String {
    let mut scan = Scan::new_zeroed();
    let mut chunk = [0; CHUNK_BYTES];
    chunk[..sql.len()].copy_from_slice(sql.as_bytes());
    engine::begin(tables, &mut scan);
    engine::feed::<Host>(tables, &mut scan, &chunk, 0, sql.len() as u32);
    engine::end::<Host>(tables, &mut scan);
    fingerprint(&scan.facts)
}

/// Groups of statements that are the same but for values, spaces and letters.
const GROUPS: &[&[&str]] = &[
    &[
        "SELECT name FROM customers WHERE id = 1",
        "SELECT name FROM customers WHERE id = 999999",
        "select  name\nfrom \"customers\" /* why */ where id = 'x' -- so\n",
        "SELECT name FROM customers WHERE id = $1",
        "SELECT name FROM Customers WHERE id = $q$ DROP TABLE x $q$",
    ],
    &[
        "DELETE FROM t WHERE id > 5",
        "DELETE FROM t WHERE id > 0",
        "DELETE FROM t WHERE id > -2147483648",
    ],
    &["DELETE FROM t"],
    &["DELETE FROM u"],
    &["DELETE FROM hr.t"],
    &["UPDATE t SET a = 1", "UPDATE t SET a = 'b'"],
    &["UPDATE t SET a = 1 WHERE id = 1"],
    &["TRUNCATE t"],
    &["DROP TABLE t"],
    &["SELECT 1 FROM t, u", "SELECT 2 FROM t, u"],
    &["SELECT 1 FROM u, t"],
    &["SELECT purge()"],
    &["SELECT purge2()"],
    &["SELECT app.purge()"],
    &["BEGIN"],
    &["COMMIT"],
    &["BEGIN; COMMIT"],
    &["SET a = 1", "SET a = 'x'"],
];

#[test]
fn values_do_not_matter_and_what_is_done_does() {
    let (tables, _) = compile(Dialect::Postgresql).expect("the dialect fits its tables");
    let mut seen: HashMap<String, &str> = HashMap::new();
    for group in GROUPS {
        let first = of(&tables, group[0]);
        assert_eq!(first.len(), 16);
        for sql in *group {
            assert_eq!(of(&tables, sql), first, "{sql}\n{}", group[0]);
        }
        if let Some(other) = seen.insert(first, group[0]) {
            panic!("the same: {other} and {}", group[0]);
        }
    }
}
