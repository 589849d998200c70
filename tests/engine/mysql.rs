//! The dialect of MySQL and MariaDB. The cases are data: `cases/mysql.jsonl`, read
//! as MariaDB 10.11 reads them.

use super::generator::Random;
use super::{Case, read, texts, told};
use guard_common::engine::Server;
use guard_common::facts::Facts;
use guard_common::protocol::Dialect;
use guard_tests::engine::Engine;

pub(super) fn cases() -> Vec<Case> {
    read(include_str!("../cases/mysql.jsonl"))
}

#[test]
fn every_case_has_its_facts() {
    let mut engine = Engine::of(Dialect::Mysql);
    let mut wrong = Vec::new();
    for case in cases() {
        let mut found = told(&engine.facts(case.sql.as_bytes(), &[]));
        found.after.clear();
        if found != case.expected {
            wrong.push(format!(
                "{}\n  expected {:?}\n  found    {found:?}",
                case.sql, case.expected
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn any_split_gives_the_same_facts() {
    let mut engine = Engine::of(Dialect::Mysql);
    let mut random = Random::new(4);
    let pool: Vec<String> = cases().into_iter().map(|case| case.sql).collect();
    for sql in &pool {
        let text = sql.as_bytes();
        let every_byte: Vec<usize> = (1..text.len()).collect();
        let whole = engine.facts(text, &[]);
        assert_eq!(engine.facts(text, &every_byte), whole, "{sql}");
    }
    for _ in 0..texts(60_000) {
        let text = random.text(&pool);
        let splits = random.splits(text.len());
        let whole = engine.facts(&text, &[]);
        assert_eq!(
            engine.facts(&text, &splits),
            whole,
            "{:?} {splits:?}",
            String::from_utf8_lossy(&text)
        );
    }
}

/// The facts that a server reads.
fn facts(engine: &mut Engine, server: Server, text: &[u8]) -> Facts {
    engine.scan.server = server;
    engine.facts(text, &[])
}

#[test]
fn what_a_comment_does_depends_on_the_server() {
    let mut engine = Engine::of(Dialect::Mysql);
    let maria = |version| Server {
        version,
        maria: 1,
        utf8: 1,
        ..Server::UNKNOWN
    };
    let mysql = |version| Server {
        version,
        utf8: 1,
        ..Server::UNKNOWN
    };
    for (server, text, classes, opaque) in [
        (mysql(80_036), "/*!80000 DROP TABLE x */", "drop", ""),
        (mysql(50_744), "/*!80000 DROP TABLE x */", "", ""),
        (maria(101_106), "/*!80000 DROP TABLE x */", "", ""),
        (maria(101_106), "/*!50699 DROP TABLE x */", "drop", ""),
        (maria(101_106), "/*!101106 DROP TABLE x */", "drop", ""),
        (maria(101_106), "/*!101107 DROP TABLE x */", "", ""),
        (maria(101_106), "/*M!50700 DROP TABLE x */", "drop", ""),
        (mysql(80_036), "/*M!50000 DROP TABLE x */", "", ""),
        (mysql(80_036), "/*M! /* */ DROP TABLE x", "drop", ""),
        (mysql(80_036), "/*! DROP TABLE x */", "drop", ""),
        (
            mysql(80_036),
            "/*!080000 DROP TABLE x */",
            "drop",
            "version",
        ),
        (
            Server::UNKNOWN,
            "/*!80000 DROP TABLE x */",
            "drop",
            "version",
        ),
        (Server::UNKNOWN, "/*! DROP TABLE x */", "drop", ""),
        (Server::UNKNOWN, "/*!40101 DROP TABLE x */", "drop", ""),
        (Server::UNKNOWN, "/*!99999 DROP TABLE x */", "", ""),
        (Server::UNKNOWN, "/* DROP TABLE x */", "", ""),
    ] {
        let found = told(&facts(&mut engine, server, text.as_bytes()));
        assert_eq!(
            (found.classes.as_str(), found.opaque.as_str()),
            (classes, opaque),
            "{text} {server:?}"
        );
    }
}

#[test]
fn a_nul_is_a_byte_of_the_text() {
    let mut engine = Engine::of(Dialect::Mysql);
    let server = Server {
        version: 101_119,
        maria: 1,
        utf8: 1,
        ..Server::UNKNOWN
    };
    for (text, classes) in [
        ("SELECT '\0'; DROP TABLE x", "select drop"),
        ("SELECT `\0`; DROP TABLE x", "select drop"),
        ("SELECT 1 /* \0 */; DROP TABLE x", "select drop"),
        ("SELECT 1 -- \0\n; DROP TABLE x", "select drop"),
        ("SELECT 1 /*!99999 \0 */; DROP TABLE x", "select drop"),
        ("SELECT @'\0'; DROP TABLE x", "select drop"),
        ("\0DROP TABLE x", "unreadable"),
    ] {
        assert_eq!(
            told(&facts(&mut engine, server, text.as_bytes())).classes,
            classes,
            "{text:?}"
        );
    }
}

#[test]
fn a_byte_that_is_a_space_elsewhere_is_opaque() {
    let mut engine = Engine::of(Dialect::Mysql);
    let latin = Server {
        version: 101_119,
        maria: 1,
        ..Server::UNKNOWN
    };
    let utf8 = Server { utf8: 1, ..latin };
    let text = b"DROP\xa0TABLE x";
    assert_eq!(told(&facts(&mut engine, latin, text)).opaque, "encoding");
    assert_eq!(told(&facts(&mut engine, utf8, text)).opaque, "");
    let comment = b"DELETE FROM x WHERE id = 5 --\xa0\n OR 1";
    assert_eq!(told(&facts(&mut engine, latin, comment)).opaque, "encoding");
    assert_eq!(
        told(&facts(&mut engine, latin, b"SELECT '\xe9'")).opaque,
        ""
    );
}

#[test]
fn no_literal_is_kept() {
    let mut engine = Engine::of(Dialect::Mysql);
    for text in [
        "SELECT \"canary\", 'canary', N'canary', x'canary' FROM t WHERE a = \"canary\"",
        "INSERT INTO t VALUES ('canary', \"canary\") ON DUPLICATE KEY UPDATE a = 'canary'",
        "UPDATE t SET a = \"canary\" WHERE b IN ('canary') /* canary */ -- canary",
        "LOAD DATA INFILE 'canary' INTO TABLE t",
        "SELECT * FROM t INTO OUTFILE 'canary'",
        "DROP TABLE \"canary\"",
        "SET @a = 'canary', @'canary' = 1",
    ] {
        let kept = told(&engine.facts(text.as_bytes(), &[])).tables;
        assert!(!kept.contains("canary"), "{text}: {kept}");
    }
}
