//! The statement engine: what it says of statements, on the host and in the
//! kernel. The cases are data: `cases/engine.jsonl`.

#[path = "engine/generator.rs"]
mod generator;
#[path = "engine/kernel.rs"]
mod kernel;
#[path = "engine/mysql.rs"]
mod mysql;
#[path = "engine/redis.rs"]
mod redis;

use generator::Random;
use guard_common::class::{Class, Opaque, Where};
use guard_common::facts::Facts;
use guard_dialect::Dialect;
use guard_tests::engine::Engine;
use serde_json::Value;

/// One statement with what is expected of it.
struct Case {
    sql: String,
    expected: Told,
}

/// Facts in words, to compare and to print.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    classes: String,
    opaque: String,
    after: String,
    tables: String,
    statements: u64,
    params: u64,
}

fn cases() -> Vec<Case> {
    read(include_str!("cases/engine.jsonl"))
}

fn read(file: &str) -> Vec<Case> {
    file.lines().map(|line| case(line).expect(line)).collect()
}

fn case(line: &str) -> Option<Case> {
    let row: Value = serde_json::from_str(line).ok()?;
    let text = |key: &str| {
        row.get(key)
            .and_then(Value::as_str)
            .unwrap_or("")
            .to_owned()
    };
    let number = |key: &str, default| row.get(key).and_then(Value::as_u64).unwrap_or(default);
    Some(Case {
        sql: row.get("sql")?.as_str()?.to_owned(),
        expected: Told {
            classes: text("classes"),
            opaque: text("opaque"),
            after: text("after"),
            tables: text("tables"),
            statements: number("statements", 1),
            params: number("params", 0),
        },
    })
}

fn told(facts: &Facts) -> Told {
    let classes = Class::ALL
        .into_iter()
        .filter(|class| facts.hits & class.bit() != 0)
        .map(|class| {
            let conditions: Vec<_> = Where::ALL
                .into_iter()
                .filter(|condition| facts.hits & class.where_bit(*condition) != 0)
                .map(Where::name)
                .collect();
            match conditions.is_empty() {
                true => class.name().to_owned(),
                false => format!("{}:{}", class.name(), conditions.join("+")),
            }
        });
    let reasons = |bits: u32| {
        let reasons = Opaque::ALL
            .into_iter()
            .filter(|reason| bits & reason.bit() != 0);
        reasons.map(Opaque::name).collect::<Vec<_>>().join(",")
    };
    let tables = facts.touched().map(|(access, _, name)| {
        format!(
            "{}:{}",
            access.name(),
            String::from_utf8_lossy(name.as_bytes())
        )
    });
    Told {
        classes: classes.collect::<Vec<_>>().join(" "),
        opaque: reasons(facts.opaque),
        after: reasons(facts.opaque_after),
        tables: tables.collect::<Vec<_>>().join(" "),
        statements: u64::from(facts.statements),
        params: u64::from(facts.params),
    }
}

/// Texts that a test makes: `GUARD_TEXTS`, or `usual`.
fn texts(usual: u32) -> u32 {
    let texts = std::env::var("GUARD_TEXTS").ok();
    texts.map_or(usual, |texts| {
        texts.parse().expect("GUARD_TEXTS is a number")
    })
}

#[test]
fn every_case_has_its_facts() {
    let mut engine = Engine::new();
    let mut wrong = Vec::new();
    for case in cases() {
        let found = told(&engine.facts(case.sql.as_bytes(), &[]));
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
    let mut engine = Engine::new();
    let mut random = Random::new(1);
    for case in cases() {
        let text = case.sql.as_bytes();
        let whole = engine.facts(text, &[]);
        let every_byte: Vec<usize> = (1..text.len()).collect();
        assert_eq!(engine.facts(text, &every_byte), whole, "{}", case.sql);
        for _ in 0..20 {
            let splits = random.splits(text.len());
            assert_eq!(
                engine.facts(text, &splits),
                whole,
                "{} {splits:?}",
                case.sql
            );
        }
    }
}

#[test]
fn a_hundred_thousand_mutated_texts_give_facts_whatever_the_split() {
    let mut engine = Engine::new();
    let mut random = Random::new(2);
    let pool: Vec<String> = cases().into_iter().map(|case| case.sql).collect();
    for _ in 0..texts(100_000) {
        let text = random.text(&pool);
        let whole = engine.facts(&text, &[]);
        let splits = random.splits(text.len());
        assert_eq!(
            engine.facts(&text, &splits),
            whole,
            "{:?} {splits:?}",
            String::from_utf8_lossy(&text)
        );
        assert!(usize::from(whole.table_count) <= whole.table_names.len());
        assert!(whole.bytes <= text.len() as u64);
    }
}

#[test]
fn tokens_that_are_not_reported_change_no_fact() {
    let compiled = guard_dialect::compile_loud(Dialect::Postgresql);
    let (tables, _) = compiled.expect("the dialect fits its tables");
    let (mut quiet, mut loud) = (Engine::new(), Engine::with(tables));
    let mut random = Random::new(4);
    let pool: Vec<String> = cases().into_iter().map(|case| case.sql).collect();
    let mut check = |text: &[u8], splits: &[usize]| {
        assert_eq!(
            quiet.facts(text, splits),
            loud.facts(text, &[]),
            "{:?} {splits:?}",
            String::from_utf8_lossy(text)
        );
    };
    for sql in &pool {
        check(sql.as_bytes(), &[]);
    }
    for _ in 0..texts(100_000) {
        let text = random.text(&pool);
        let splits = random.splits(text.len());
        check(&text, &splits);
    }
}

#[test]
fn what_follows_a_nul_is_ignored() {
    let mut engine = Engine::new();
    let facts = engine.facts(b"DELETE FROM t --\0\nWHERE id = 1", &[]);
    assert_eq!(told(&facts).classes, "delete:none");
    assert_eq!(facts.bytes, 16);
}

#[test]
fn an_empty_text_has_no_statement_and_no_class() {
    let mut engine = Engine::new();
    for text in ["", " ", ";", " ; ; ", "-- x", "/* x */;"] {
        let facts = engine.facts(text.as_bytes(), &[]);
        assert_eq!((facts.hits, facts.statements), (0, 0), "{text:?}");
    }
}

#[test]
fn nesting_beyond_the_bound_is_opaque_and_never_silent() {
    let mut engine = Engine::new();
    let nested = |depth: usize| {
        let (open, close) = ("(".repeat(depth), ")".repeat(depth));
        format!("DELETE FROM t WHERE {open}id = 5{close}")
    };
    let shallow = engine.facts(nested(16).as_bytes(), &[]);
    assert_eq!(told(&shallow).classes, "delete:scoped");
    assert_eq!(told(&shallow).opaque, "");
    let deep = engine.facts(nested(5_000).as_bytes(), &[]);
    assert_eq!(told(&deep).opaque, "limit");
}

#[test]
fn a_long_text_is_read_to_its_end() {
    let mut engine = Engine::new();
    let text = format!("/*{}*/DROP TABLE plain", "a".repeat(1 << 20));
    assert_eq!(told(&engine.facts(text.as_bytes(), &[])).classes, "drop");
    let rows = "(1, 'x; DROP TABLE t'), ".repeat(40_000);
    let text = format!("INSERT INTO t VALUES {rows}(2, 'y')");
    assert_eq!(told(&engine.facts(text.as_bytes(), &[])).classes, "insert");
}

#[test]
fn a_dollar_quote_ends_at_its_own_tag_only() {
    let mut engine = Engine::new();
    for (text, classes) in [
        ("SELECT $a$ $b$ $a $a$; DROP TABLE t", "select drop"),
        ("SELECT $a$ $b$ $$; DROP TABLE t $a$", "select"),
        ("SELECT $$ $a$ $$; DROP TABLE t", "select drop"),
        ("SELECT $a$a$a$; DROP TABLE t", "select drop"),
        ("SELECT a$a$, 1; DROP TABLE t --$a$", "select drop"),
        ("SELECT $1$a$; DROP TABLE t $a$", "select"),
    ] {
        assert_eq!(
            told(&engine.facts(text.as_bytes(), &[])).classes,
            classes,
            "{text}"
        );
    }
}

#[test]
fn no_literal_is_kept() {
    let mut engine = Engine::new();
    for text in [
        "SELECT 'canary' FROM t WHERE a = 'canary' AND b = E'canary'",
        "INSERT INTO t VALUES ($$canary$$, $canary$ x $canary$, U&'canary', B'1', X'canary')",
        "UPDATE t SET a = 'canary' WHERE b IN ('canary') /* canary */ -- canary",
        "COPY t FROM 'canary'",
        "SET a = 'canary'",
        "SELECT * FROM f('canary') WHERE 'canary' = ANY('{canary}')",
        "DO 'canary'",
        "NOTIFY a, 'canary'",
    ] {
        let facts = engine.facts(text.as_bytes(), &[]);
        let kept = told(&facts).tables;
        assert!(!kept.contains("canary"), "{text}: {kept}");
    }
}
