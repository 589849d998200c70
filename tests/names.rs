//! Rules that name tables and functions, and prepared statements by their SQL
//! names, against a real server.

use guard_tests::need::{STAND, require};
use guard_tests::stand::Stand;

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
