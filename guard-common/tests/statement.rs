//! Decisions about statements: tables, functions, LIMIT and length.

use guard_common::abi::names::{Key, name_hash};
use guard_common::abi::policy::{KIND_STATEMENT, Policy, Rule};
use guard_common::class::{Class, Opaque, UNLIMITED, Where};
use guard_common::decide::statement::{Sender, decide};
use guard_common::facts::{
    Access, Facts, LOST_CALL, LOST_SAFE, LOST_TABLE, LOST_WORDS, NO_WHERE, table_tag,
};
use guard_common::repeat::Host;
use guard_common::verdict::{Cause, Decision, Mode, Verdict};

const SENDER: Sender = Sender {
    selectors: 1,
    quarantined: 0,
    dataset: 0,
};

/// A policy with one blocking rule about every statement.
fn policy() -> Box<Policy> {
    let mut policy = Box::new(Policy::empty());
    policy.on_opaque = Verdict::Block as u8;
    policy.rules[0] = Rule {
        subjects: u64::MAX,
        datasets: u64::MAX,
        hits: u64::MAX,
        requires: 0,
        more_bytes: 0,
        opaque: 0,
        kind: KIND_STATEMENT,
        action: Verdict::Block as u8,
        mode: Mode::Enforce as u8,
        flags: 0,
    };
    policy.rule_count = 1;
    policy
}

/// Facts of a SELECT that touches tables: schema, name, tag.
fn touching(tables: &[(&str, &str, u8)]) -> Facts {
    let mut facts = Facts::NEW;
    facts.add(Class::Select);
    for (index, (schema, name, tag)) in tables.iter().enumerate() {
        facts.table_names[index] = name_hash(schema.as_bytes(), name.as_bytes());
        facts.table_access[index] = *tag & 3;
        facts.table_where &= !(u32::from(tag >> 2 ^ NO_WHERE) << (index * 2));
        facts.table_count += 1;
    }
    facts
}

fn calling(functions: &[(&str, &str)]) -> Facts {
    let mut facts = touching(&[]);
    for (index, (schema, name)) in functions.iter().enumerate() {
        facts.calls[index] = name_hash(schema.as_bytes(), name.as_bytes());
        facts.call_count += 1;
    }
    facts
}

fn judge(policy: &Policy, facts: &Facts) -> Decision {
    let mut decision = Decision::OPEN;
    decide::<Host>(policy, facts, SENDER, &mut decision);
    decision
}

fn refused(policy: &Policy, facts: &Facts) -> bool {
    judge(policy, facts).denies()
}

fn list(policy: &mut Policy, key: Key, schema: &str, name: &str) {
    let [name, schema] = name_hash(schema.as_bytes(), name.as_bytes());
    assert!(policy.names.insert(key.of(name, schema), 1));
}

const READ: u8 = table_tag(Access::Read as u8, Where::Scoped as u8);
const WRITE: u8 = table_tag(Access::Write as u8, NO_WHERE);

/// A rule about `hr.pay` however it is touched.
fn about_pay() -> Box<Policy> {
    let mut policy = policy();
    policy.about.tables = 1;
    policy.about.tags = [1; 16];
    list(&mut policy, Key::TableBare, "", "pay");
    list(&mut policy, Key::TableExact, "hr", "pay");
    policy
}

#[test]
fn a_table_is_found_without_schema_and_in_its_own() {
    let policy = about_pay();
    assert!(refused(&policy, &touching(&[("", "pay", READ)])));
    assert!(refused(&policy, &touching(&[("hr", "pay", READ)])));
    assert!(!refused(&policy, &touching(&[("shop", "pay", READ)])));
    assert!(!refused(&policy, &touching(&[("", "pays", READ)])));
    assert!(!refused(&policy, &touching(&[])));
    let behind = [("", "a", READ), ("", "b", READ), ("hr", "pay", READ)];
    assert!(refused(&policy, &touching(&behind)));
}

#[test]
fn access_and_where_are_those_of_the_listed_table() {
    let mut policy = about_pay();
    policy.about.tags = [0; 16];
    policy.about.tags[usize::from(WRITE)] = 1;
    assert!(!refused(&policy, &touching(&[("", "pay", READ)])));
    assert!(refused(&policy, &touching(&[("", "pay", WRITE)])));
    let other = [("", "pay", READ), ("", "audit", WRITE)];
    assert!(!refused(&policy, &touching(&other)));
}

#[test]
fn all_tables_but_the_listed_ones() {
    let mut policy = policy();
    policy.about.tables = 1;
    policy.about.tables_except = 1;
    policy.about.tags = [1; 16];
    list(&mut policy, Key::TableBare, "", "customers");
    list(&mut policy, Key::TableExact, "public", "customers");
    let [_, catalog] = name_hash(b"pg_catalog", b"");
    assert!(policy.names.insert(Key::TableSchema.of(0, catalog), 1));
    assert!(!refused(&policy, &touching(&[])));
    assert!(!refused(&policy, &touching(&[("", "customers", READ)])));
    assert!(!refused(
        &policy,
        &touching(&[("public", "customers", READ)])
    ));
    assert!(!refused(
        &policy,
        &touching(&[("pg_catalog", "pg_class", READ)])
    ));
    assert!(refused(&policy, &touching(&[("evil", "customers", READ)])));
    assert!(refused(
        &policy,
        &touching(&[("", "customers", READ), ("", "x", READ)])
    ));
}

#[test]
fn lost_tables_are_opaque_for_rules_that_ask_for_their_access() {
    let mut policy = about_pay();
    let mut facts = touching(&[("", "a", READ)]);
    facts.truncated = LOST_WORDS;
    assert!(!refused(&policy, &facts));
    facts.truncated = LOST_WORDS | LOST_TABLE;
    let decision = judge(&policy, &facts);
    assert_eq!(Cause::from_raw(decision.cause), Cause::Opaque);
    assert_eq!(decision.opaque(facts.opaque), Opaque::Limit.bit());
    policy.about.tags = [0; 16];
    policy.about.tags[usize::from(WRITE)] = 1;
    assert!(!refused(&policy, &facts), "only reads were lost");
    facts.truncated = LOST_TABLE << Access::Write as u8;
    assert!(refused(&policy, &facts));
    policy.rules[0].datasets = 2;
    assert!(!refused(&policy, &facts), "the rule is about others");
}

#[test]
fn functions_are_found_in_any_schema_and_by_their_own() {
    let mut policy = policy();
    policy.about.calls = 1;
    list(&mut policy, Key::CallBare, "", "purge");
    list(&mut policy, Key::CallAny, "", "purge");
    assert!(refused(&policy, &calling(&[("", "purge")])));
    assert!(refused(&policy, &calling(&[("public", "purge")])));
    assert!(!refused(&policy, &calling(&[("", "total")])));
    assert!(!refused(&policy, &calling(&[])));
    let mut facts = calling(&[]);
    facts.truncated = LOST_SAFE;
    assert!(!refused(&policy, &facts), "no safe function is listed");
    facts.truncated = LOST_CALL;
    assert!(refused(&policy, &facts));
}

#[test]
fn all_functions_but_the_trusted_ones() {
    let mut policy = policy();
    policy.about.calls = 1;
    policy.about.calls_except = 1;
    list(&mut policy, Key::CallBare, "", "total");
    assert!(!refused(&policy, &calling(&[])));
    assert!(!refused(&policy, &calling(&[("", "total")])));
    assert!(refused(&policy, &calling(&[("evil", "total")])));
    assert!(refused(&policy, &calling(&[("", "total"), ("", "purge")])));
}

#[test]
fn a_safe_function_is_found_when_it_is_listed() {
    let mut policy = policy();
    policy.about.calls = 1;
    policy.about.safe_calls = 1;
    let [random, _] = name_hash(b"", b"random");
    let low = u64::from(random as u32);
    assert!(policy.names.insert(Key::CallSafe.of(low, 0), 1));
    let mut facts = calling(&[]);
    assert!(!refused(&policy, &facts));
    facts.safe_calls[7] = random as u32;
    assert!(refused(&policy, &facts));
}

#[test]
fn what_is_required_may_not_be_missing_and_length_must_be_exceeded() {
    let mut policy = policy();
    policy.rules[0].requires = UNLIMITED;
    policy.rules[0].more_bytes = 100;
    let mut facts = touching(&[]);
    facts.bytes = 101;
    assert!(!refused(&policy, &facts));
    facts.hits |= UNLIMITED;
    assert!(refused(&policy, &facts));
    facts.bytes = 100;
    assert!(!refused(&policy, &facts));
}

#[test]
fn a_set_holds_as_many_names_as_a_policy_may_have() {
    let mut policy = policy();
    for number in 0..guard_common::limits::MAX_NAMES as u64 {
        let name = guard_common::hash::of(&number.to_le_bytes());
        let key = Key::TableBare.of(name, 0);
        assert!(policy.names.insert(key, 1 << (number & 63)), "{number}");
    }
    for number in 0..guard_common::limits::MAX_NAMES as u64 {
        let name = guard_common::hash::of(&number.to_le_bytes());
        let found = policy.names.find(Key::TableBare.of(name, 0));
        assert_eq!(found, 1 << (number & 63));
        assert_eq!(policy.names.find(Key::TableAny.of(name, 0)), 0);
    }
}
