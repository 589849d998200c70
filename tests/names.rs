//! Rules that name tables and functions, and prepared statements by their SQL
//! names, against a real server.

use guard_tests::need::{STAND, require};
use guard_tests::repl::Repl;
use guard_tests::stand::{Stand, for_server};
use std::fs;

const POLICY: &str = include_str!("policies/names.yaml");

/// Statements with the rule that refuses them; none: they go through.
const STATEMENTS: &[(&str, Option<&str>)] = &[
    ("SELECT name FROM customers WHERE id = 1", None),
    (
        "SELECT c.name FROM public.customers c JOIN invoices i ON i.customer = c.id WHERE c.id = 1 LIMIT 5",
        None,
    ),
    (
        "SELECT name FROM customers LIMIT 1",
        Some("customers-row-by-row"),
    ),
    ("SELECT total FROM invoices LIMIT 3", None),
    ("SELECT total FROM invoices", Some("bounded")),
    ("(SELECT total FROM invoices)", Some("bounded")),
    (
        "SELECT total FROM invoices ORDER BY id FETCH FIRST 3 ROWS ONLY",
        None,
    ),
    (
        "UPDATE invoices SET total = 0 WHERE id = 1",
        Some("invoices-are-read-only"),
    ),
    (
        "UPDATE \"invoices\" SET total = 0 WHERE id = 1",
        Some("invoices-are-read-only"),
    ),
    (
        "UPDATE shop.public.INVOICES SET total = 0 WHERE id = 1",
        Some("invoices-are-read-only"),
    ),
    ("TRUNCATE invoices", Some("invoices-are-read-only")),
    ("UPDATE customers SET name = 'x' WHERE id = 1", None),
    (
        "SELECT count(*) FROM pg_catalog.pg_class WHERE relname = 'x'",
        None,
    ),
    ("SELECT 1 FROM pg_stat_activity", Some("known-tables")),
    (
        "SELECT pg_read_file('/etc/hostname')",
        Some("no-reaching-out"),
    ),
    (
        "SELECT pg_catalog.\"pg_read_file\"('/etc/hostname')",
        Some("no-reaching-out"),
    ),
    ("SELECT random()", Some("no-reaching-out")),
    ("SELECT lower('A')", None),
    ("SELECT 'pg_read_file(1)'", None),
];

#[test]
fn tables_and_functions_are_refused_by_name() {
    if !require(STAND) {
        return;
    }
    let stand = Stand::new(POLICY);
    let statements: Vec<&str> = STATEMENTS.iter().map(|(sql, _)| *sql).collect();
    let long = format!("SELECT '{}'", "x".repeat(2000));
    let told = stand.psql("names", &[statements.as_slice(), &[&long]].concat());
    let decisions = stand.settled("names");
    let decisions: Vec<_> = decisions
        .iter()
        .filter(|decision| decision["action"] == "statement")
        .collect();
    let rules: Vec<_> = decisions
        .iter()
        .map(|decision| decision["rule"].as_str())
        .collect();
    let expected = STATEMENTS.iter().map(|(_, rule)| *rule);
    let expected: Vec<_> = expected.chain([Some("no-novels")]).collect();
    assert_eq!(rules, expected, "{told:?}");
    for decision in &decisions {
        let effect = if decision["rule"].is_null() {
            "none"
        } else {
            "error-frame"
        };
        assert_eq!(decision["effect"], effect, "{decision}");
    }
    let refusals = told.stderr.matches("guard: refused by rule").count();
    let refused = expected.iter().filter(|rule| rule.is_some()).count();
    assert_eq!(refusals, refused, "{told:?}");
}

/// Statements of one connection with what the server answers: a part of it.
const PREPARED: &[(&str, &str)] = &[
    (
        "PREPARE one AS SELECT name FROM customers WHERE id = $1",
        "PREPARE",
    ),
    ("EXECUTE one(1)", "customer 1"),
    ("EXECUTE \"one\"(2)", "customer 2"),
    // Refused when it is prepared, and so not known to the server.
    (
        "PREPARE all_of_them AS SELECT name FROM customers",
        "customers-row-by-row",
    ),
    ("EXECUTE all_of_them", "not seen being prepared"),
    // Its text was never seen.
    (
        "DO $$ BEGIN EXECUTE 'PREPARE hidden AS SELECT name FROM customers'; END $$",
        "refused",
    ),
    // The server keeps the first one.
    ("PREPARE one AS SELECT 'other'", "already exists"),
    ("EXECUTE one(3)", "not seen being prepared"),
    ("DEALLOCATE one", "DEALLOCATE"),
    ("PREPARE one AS SELECT 'other'", "PREPARE"),
    ("EXECUTE one", "other"),
    ("DISCARD ALL", "DISCARD"),
    ("EXECUTE one", "not seen being prepared"),
    (
        "PREPARE write AS UPDATE invoices SET total = 0 WHERE id = 1",
        "invoices-are-read-only",
    ),
];

#[test]
fn execute_is_judged_by_what_was_prepared() {
    if !require(STAND) {
        return;
    }
    let stand = Stand::new(POLICY);
    let mut client = Repl::start(&stand, "prepared");
    for (sql, expected) in PREPARED {
        let answer = client.ask(sql);
        assert!(answer.contains(expected), "{sql}\n{answer}");
    }
}

#[test]
fn a_name_is_judged_by_the_policy_of_the_moment() {
    if !require(STAND) {
        return;
    }
    let stand = Stand::new(POLICY);
    let mut client = Repl::start(&stand, "later");
    let answer = client.ask("PREPARE total AS SELECT total FROM invoices LIMIT 1");
    assert!(answer.contains("PREPARE"), "{answer}");
    assert!(!client.ask("EXECUTE total").contains("guard"));
    let stricter = POLICY.replace("limit: absent", "bytes: { more_than: 1 }");
    fs::write(
        stand.files().policy(),
        for_server(&stricter, &stand.postgres),
    )
    .expect("the policy can be written");
    stand.daemon.ctl(&["policy", "reload"]).success();
    let answer = client.ask("EXECUTE total");
    assert!(answer.contains("refused by rule \"bounded\""), "{answer}");
}
