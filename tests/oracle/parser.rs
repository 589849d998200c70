//! PostgreSQL's own parser, over its regression suite and statements made of it.
//!
//! `parser.py` says what the parser sees; here it is compared with the engine's
//! facts. `GUARD_ORACLE_SOUP` sets how many statements are made (20,000).

use guard_common::class::{Class, Where};
use guard_common::facts::Facts;
use guard_tests::engine::Engine;
use guard_tests::need::{Need, require};
use guard_tests::paths;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

/// One statement with the parser's opinion.
#[derive(Deserialize)]
struct Row {
    file: String,
    sql: String,
    parsed: Option<Parsed>,
}

#[derive(Deserialize)]
struct Parsed {
    /// Classes that it has; classes that it may be given as well.
    must: BTreeSet<String>,
    may: BTreeSet<String>,
    /// Pairs of a class and whether there is a WHERE.
    r#where: BTreeSet<(String, String)>,
    /// Pairs of access and name; those that may be reported or not.
    tables: BTreeSet<(String, String)>,
    optional: BTreeSet<(String, String)>,
}

/// How often each difference was seen, with examples.
#[derive(Default)]
struct Differences(BTreeMap<String, Vec<String>>);

impl Differences {
    fn add(&mut self, kind: String, row: &Row) {
        let sql = format!("{}: {}", row.file, row.sql.replace('\n', " "));
        self.0.entry(kind).or_default().push(sql);
    }

    fn count(&self, start: &str) -> usize {
        let found = self.0.iter().filter(|(kind, _)| kind.starts_with(start));
        found.map(|(_, examples)| examples.len()).sum()
    }

    fn print(&self) {
        for (kind, examples) in &self.0 {
            println!("{}: {}", kind, examples.len());
            for example in examples.iter().take(3) {
                println!("    {example:.300}");
            }
        }
    }
}

#[derive(Default)]
struct Seen {
    suite: usize,
    parsed: usize,
    unreadable: usize,
    truncated: usize,
    right_tables: usize,
    wrong_tables: usize,
    differences: Differences,
}

fn classes(facts: &Facts) -> BTreeSet<String> {
    let present = Class::ALL.into_iter();
    let present = present.filter(|class| facts.hits & class.bit() != 0);
    present.map(|class| class.name().to_owned()).collect()
}

fn conditions(facts: &Facts) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    for class in Class::ALL {
        for condition in Where::ALL {
            if facts.hits & class.where_bit(condition) != 0 {
                let some = if condition == Where::None {
                    "none"
                } else {
                    "some"
                };
                found.insert((class.name().to_owned(), some.to_owned()));
            }
        }
    }
    found
}

fn tables(facts: &Facts) -> BTreeSet<(String, String)> {
    let tables = facts.touched();
    tables
        .map(|(access, _, name)| {
            let name = String::from_utf8_lossy(name.as_bytes()).into_owned();
            (access.name().to_owned(), name)
        })
        .collect()
}

impl Seen {
    fn compare(&mut self, row: &Row, facts: &Facts) {
        let classes = classes(facts);
        let unreadable = classes.contains("unreadable");
        if row.file != "soup" {
            self.suite += 1;
            self.unreadable += usize::from(unreadable);
        }
        let Some(parsed) = &row.parsed else {
            return;
        };
        self.parsed += 1;
        self.truncated += usize::from(facts.truncated != 0);
        let differences = &mut self.differences;
        if unreadable {
            differences.add("unreadable though it parses".to_owned(), row);
        }
        for class in parsed.must.difference(&classes) {
            differences.add(format!("class missing: {class}"), row);
        }
        for class in classes.difference(&parsed.may) {
            differences.add(format!("class added: {class}"), row);
        }
        let conditions = conditions(facts);
        for (class, some) in parsed.r#where.difference(&conditions) {
            differences.add(format!("where missing: {class} {some}"), row);
        }
        for (class, some) in conditions.difference(&parsed.r#where) {
            differences.add(format!("where added: {class} {some}"), row);
        }
        let tables = tables(facts);
        for (access, _) in parsed.tables.difference(&tables) {
            if facts.truncated == 0 {
                differences.add(format!("table missing: {access}"), row);
            }
        }
        for (access, name) in &tables {
            let known = parsed.tables.contains(&(access.clone(), name.clone()));
            if known || parsed.optional.iter().any(|(_, other)| other == name) {
                self.right_tables += 1;
            } else {
                self.wrong_tables += 1;
                differences.add(format!("table added: {access}"), row);
            }
        }
    }
}

#[test]
fn postgresqls_own_parser_sees_the_same() {
    if !require(&[Need::Python, Need::RegressionSuite]) {
        return;
    }
    let folder = paths::root().join("tests/oracle");
    let soup = std::env::var("GUARD_ORACLE_SOUP").unwrap_or_else(|_| "20000".to_owned());
    let mut python = Command::new(paths::python())
        .arg("-B")
        .arg(folder.join("parser.py"))
        .arg(paths::regression_suite())
        .arg(paths::root().join("guard-dialect/src/safe_functions.txt"))
        .args([&soup, "1"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("python starts");
    let lines = BufReader::new(python.stdout.take().expect("its stdout is a pipe"));
    let mut engine = Engine::new();
    let mut seen = Seen::default();
    for line in lines.lines() {
        let line = line.expect("python writes lines");
        let row: Row = serde_json::from_str(&line).expect("a line is a row");
        let facts = engine.facts(row.sql.as_bytes(), &[]);
        seen.compare(&row, &facts);
    }
    assert!(python.wait().expect("python ends").success());
    seen.differences.print();
    let precision = seen.right_tables as f64 / (seen.right_tables + seen.wrong_tables) as f64;
    println!(
        "{} statements of the suite, {} unreadable; {} parsed, {} with truncated facts; tables: precision {precision:.5}",
        seen.suite, seen.unreadable, seen.parsed, seen.truncated
    );
    assert!(seen.suite > 40_000, "the suite is there");
    assert!(seen.unreadable * 200 <= seen.suite, "99.5 % are readable");
    assert!(precision >= 0.95);
    for kind in [
        "unreadable",
        "class missing",
        "where missing: update",
        "where missing: delete",
        "where missing: merge",
        "where added: update",
        "where added: delete",
        "where added: merge",
        "where missing: select none",
        "table missing: write",
        "table missing: destroy",
    ] {
        assert_eq!(seen.differences.count(kind), 0, "{kind}");
    }
    // What is left errs on the strict side, and rarely: a WITH query that is used
    // before its declaration counts as a table, `ROWS (…)` as a call.
    for kind in ["class added", "where added", "table missing: read"] {
        assert!(
            seen.differences.count(kind) * 2_000 <= seen.parsed,
            "{kind}"
        );
    }
}
