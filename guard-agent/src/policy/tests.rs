//! The whole way from YAML to tables, and every error text.

mod errors;
mod mutation;

use super::*;
use guard_common::abi::names::{Key, name_hash};
use guard_common::abi::policy::{KIND_STATEMENT, NONE, RULE_CONTEXT, RULE_KILL_TREE};
use guard_common::class::{Class, Opaque, Where};
use guard_common::verdict::{Cause, Decision, Verdict};
use std::collections::BTreeMap;

fn source(text: &str) -> Source {
    Source {
        path: "p.yaml".into(),
        text: text.to_owned(),
    }
}

#[track_caller]
fn good(text: &str) -> Loaded {
    parse(vec![source(text)], Capabilities::default()).unwrap_or_else(|error| panic!("{error}"))
}

#[track_caller]
fn bad(text: &str) -> String {
    let result = parse(vec![source(text)], Capabilities::default());
    result.expect_err("this policy is wrong").to_string()
}

/// A policy with one dataset and the given rules.
fn with_rules(rules: &str) -> String {
    format!(
        "version: 1\ndatasets:\n  - {{ name: db, protocol: postgres, endpoints: [\"127.0.0.1:5432\"], labels: [pii] }}\nrules:\n{rules}\n"
    )
}

fn who(kind: SubjectKind, name: &str) -> Who {
    Who {
        kind,
        name: name.to_owned(),
        labels: BTreeMap::new(),
        program: None,
    }
}

#[test]
fn the_example_of_the_design_compiles_into_its_masks() {
    let loaded = good(include_str!("../../../examples/policies/demo.yaml"));
    let compiled = &loaded.compiled;
    let [drops, delete, resets, metadata, budget, ..] = compiled.policy.rules;
    assert_eq!(
        drops.hits,
        Class::Drop.bit() | Class::Truncate.bit() | Class::AlterDrop.bit()
    );
    assert_eq!(
        (drops.kind, drops.datasets, drops.opaque),
        (KIND_STATEMENT, 1, 0)
    );
    let pairs = [Class::Delete, Class::Update]
        .map(|class| class.where_bit(Where::None) | class.where_bit(Where::Tautology));
    assert_eq!(delete.hits, pairs[0] | pairs[1]);
    assert_eq!(delete.subjects, u64::MAX);
    assert_eq!((resets.action, resets.flags), (Verdict::Kill as u8, 0));
    assert_eq!(metadata.datasets, u64::MAX);
    assert_eq!(budget.flags, RULE_CONTEXT);
    assert_eq!(compiled.policy.rule_count, 5);
    assert_eq!(compiled.policy.statement_datasets, 1);
    assert_eq!(compiled.policy.enforced_datasets, 1);
    assert_eq!(compiled.policy.tls_decline, 1);
    assert_eq!(compiled.policy.pattern_count, 2);
    assert_eq!(compiled.policy.program_count, 7);
    assert_eq!(compiled.policy.on_opaque, Verdict::Block as u8);
    assert_eq!(compiled.rules[4].context.expect("context").more_than, 20);
    assert_eq!(loaded.warnings, Vec::<String>::new());
}

#[test]
fn a_session_carries_the_selectors_that_fit_it() {
    let compiled = good(include_str!("../../../examples/policies/demo.yaml")).compiled;
    let drops = compiled.policy.rules[0].subjects;
    assert_ne!(
        compiled.selectors(&who(SubjectKind::Agent, "demo")) & drops,
        0
    );
    assert_eq!(
        compiled.selectors(&who(SubjectKind::Human, "demo")) & drops,
        0
    );
    assert_eq!(
        compiled.selectors(&who(SubjectKind::Human, "demo")) & EVERYONE,
        1
    );
    assert_ne!(compiled.policy.programs[0].selectors & drops, 0);
}

#[test]
fn a_declared_subject_is_found_by_its_name_and_by_its_programs() {
    let text = "version: 1\nsubjects: [{ name: bots, kind: agent, match: { programs: [claude] } }]\nrules:\n  - { name: r, when: { subject: bots, exec: { program: [rm] } }, action: block }\n  - { name: s, when: { subject: [{ name: mia, kind: human }], exec: { program: [rm] } }, action: block }\n";
    let compiled = good(text).compiled;
    let [bots, mia, ..] = compiled.policy.rules;
    let fits = |rule: guard_common::abi::policy::Rule, who: &Who| {
        compiled.selectors(who) & rule.subjects != 0
    };
    assert!(fits(bots, &who(SubjectKind::Agent, "bots")));
    assert!(fits(bots, &who(SubjectKind::Agent, "claude")));
    assert!(!fits(bots, &who(SubjectKind::Agent, "other")));
    assert!(fits(mia, &who(SubjectKind::Human, "mia")));
    assert!(!fits(mia, &who(SubjectKind::Agent, "mia")));
}

#[test]
fn labels_of_a_session_select_it() {
    let text = "version: 1\nrules:\n  - { name: r, when: { subject: { labels: { team: ops } }, exec: { program: [rm] } }, action: block }\n";
    let compiled = good(text).compiled;
    let mut who = who(SubjectKind::Agent, "x");
    assert_eq!(compiled.selectors(&who), EVERYONE);
    who.labels.insert("team".into(), "ops".into());
    assert_ne!(compiled.selectors(&who), EVERYONE);
}

#[test]
fn opaque_reasons_and_all_become_masks() {
    let compiled = good(&with_rules(
        "  - { name: a, when: { statement: { opaque: [tls, gap] } }, action: block }\n  - { name: b, when: { statement: { all: true } }, action: audit }",
    ))
    .compiled;
    let [opaque, all, ..] = compiled.policy.rules;
    assert_eq!(
        (opaque.hits, opaque.opaque),
        (0, Opaque::Tls.bit() | Opaque::Gap.bit())
    );
    assert!(Class::ALL.iter().all(|class| all.hits & class.bit() != 0));
}

#[test]
fn names_become_keys_that_a_statement_is_looked_up_by() {
    let compiled = good(&with_rules(
        "  - { name: a, when: { statement: { tables: { names: [pay, hr.staff], access: [write] } } }, action: block }\n  - { name: b, when: { statement: { tables: { except: [pay] } } }, action: block }\n  - { name: c, when: { statement: { functions: { lists: [files], names: [random] } } }, action: block }",
    ))
    .compiled;
    let about = &compiled.policy.about;
    assert_eq!((about.tables, about.tables_except), (0b011, 0b010));
    assert_eq!(
        (about.calls, about.calls_except, about.safe_calls),
        (0b100, 0, 0b100)
    );
    let rules = |key: Key, schema: &str, name: &str| {
        let [name, schema] = name_hash(schema.as_bytes(), name.as_bytes());
        compiled.policy.names.find(key.of(name, schema))
    };
    assert_eq!(rules(Key::TableBare, "", "pay"), 0b011);
    assert_eq!(rules(Key::TableAny, "", "pay"), 0b001);
    assert_eq!(rules(Key::TableExact, "public", "pay"), 0b010);
    assert_eq!(rules(Key::TableBare, "", "staff"), 0b001);
    assert_eq!(rules(Key::TableExact, "hr", "staff"), 0b001);
    assert_eq!(rules(Key::CallAny, "", "pg_read_file"), 0b100);
    assert_eq!(rules(Key::CallAny, "", "pg_terminate_backend"), 0);
}

#[test]
fn tables_of_the_mysql_schema_are_not_those_of_an_application() {
    let compiled = good(&with_rules(
        "  - { name: a, when: { statement: { tables: [mysql.user] } }, action: block }",
    ))
    .compiled;
    let rules = |key: Key, schema: &str, name: &str| {
        let [name, schema] = name_hash(schema.as_bytes(), name.as_bytes());
        compiled.policy.names.find(key.of(name, schema))
    };
    assert_eq!(rules(Key::TableExact, "mysql", "user"), 1);
    assert_eq!(rules(Key::TableBare, "", "user"), 0);
    assert_eq!(rules(Key::TableExact, "shop", "user"), 0);
}

#[test]
fn tables_and_functions_of_redis_are_errors() {
    let policy = |dataset: &str| {
        format!(
            "version: 1\ndatasets:\n  - {{ name: db, protocol: mysql, endpoints: [\"127.0.0.1:3306\"] }}\n  - {{ name: cache, protocol: redis, endpoints: [\"127.0.0.1:6379\"] }}\nrules:\n  - name: a\n    when: {{ dataset: {dataset}, statement: {{ class: [select], tables: [pay] }} }}\n    action: block\n  - name: b\n    when: {{ dataset: {dataset}, statement: {{ functions: [purge] }} }}\n    action: block\n"
        )
    };
    let error = bad(&policy("cache"));
    assert_eq!(error.matches("error:").count(), 2, "{error}");
    assert!(error.contains("Redis has no tables"), "{error}");
    assert!(error.contains("Redis has no functions"), "{error}");
    assert!(error.contains("name a dataset that has tables"), "{error}");
    good(&policy("[db, cache]"));
}

#[test]
fn more_names_than_fit_are_one_error() {
    let names: Vec<String> = (0..3000).map(|number| format!("t{number}")).collect();
    let error = bad(&with_rules(&format!(
        "  - {{ name: a, when: {{ statement: {{ tables: [{}] }} }}, action: block }}",
        names.join(", ")
    )));
    assert_eq!(error.matches("error:").count(), 1);
    assert!(error.contains("more names of tables and functions than a policy can hold"));
}

#[test]
fn observe_rules_do_not_give_a_dataset_a_voice() {
    let compiled = good(&with_rules(
        "  - { name: a, when: { statement: drop }, action: block, mode: observe }",
    ))
    .compiled;
    assert_eq!(compiled.policy.statement_datasets, 1);
    assert_eq!(compiled.policy.enforced_datasets, 0);
}

#[test]
fn connect_rules_own_their_endpoints_and_datasets_theirs() {
    let compiled = good(&with_rules(
        "  - { name: a, when: { connect: { endpoints: [\"10.0.0.0/8:*\"] } }, action: block }\n  - { name: b, when: { dataset: db, connect: { all: true } }, action: block }",
    ))
    .compiled;
    let used = &compiled.policy.endpoints[..compiled.policy.endpoint_count as usize];
    let owners: Vec<(u8, u8)> = used
        .iter()
        .map(|entry| (entry.dataset, entry.rule))
        .collect();
    assert_eq!(owners, [(0, NONE), (NONE, 0)]);
    assert_eq!(compiled.policy.rules[0].datasets, u64::MAX);
    assert_eq!(compiled.policy.rules[1].datasets, 1);
    assert_eq!(compiled.dataset_for([127, 0, 0, 1].into(), 5432), Some(0));
    assert_eq!(compiled.dataset_for([127, 0, 0, 1].into(), 5433), None);
}

#[test]
fn the_narrower_dataset_counts() {
    let text = "version: 1\ndatasets:\n  - { name: pii, protocol: postgres, endpoints: [\"10.1.2.3:5432\"] }\n  - { name: all, protocol: postgres, endpoints: [\"10.0.0.0/8:5432\"] }\n";
    let compiled = good(text).compiled;
    assert_eq!(compiled.dataset_for([10, 1, 2, 3].into(), 5432), Some(0));
    assert_eq!(compiled.dataset_for([10, 1, 2, 4].into(), 5432), Some(1));
}

#[test]
fn a_rule_that_counts_kills_the_tree_by_default() {
    let compiled = good(&with_rules(
        "  - { name: a, when: { statement: delete }, action: kill, more_than: 5, within: 30s }\n  - { name: b, when: { statement: drop }, action: kill }",
    ))
    .compiled;
    assert_eq!(
        compiled.policy.rules[0].flags,
        RULE_CONTEXT | RULE_KILL_TREE
    );
    assert_eq!(compiled.policy.rules[1].flags, 0);
    let context = compiled.rules[0].context.expect("context");
    assert_eq!(context.then, Then::Kill(KillScope::Tree));
    assert_eq!(context.within.as_secs(), 30);
}

#[test]
fn deny_unlisted_is_a_selector_of_its_subject() {
    let compiled =
        good("version: 1\nsubjects: [{ name: bots, kind: agent, connect: deny-unlisted }]\n")
            .compiled;
    let bots = compiled.selectors(&who(SubjectKind::Agent, "bots"));
    assert_ne!(compiled.policy.unlisted_selectors & bots, 0);
    let other = compiled.selectors(&who(SubjectKind::Agent, "x"));
    assert_eq!(compiled.policy.unlisted_selectors & other, 0);
}

#[test]
fn several_files_are_one_policy() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let data = "version: 1\ndatasets: [{ name: db, protocol: postgres, endpoints: [\"localhost:5432\"] }]\n";
    let rules =
        "version: 1\nrules: [{ name: r, when: { dataset: db, statement: drop }, action: block }]\n";
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("write");
    write("20-rules.yaml", rules);
    write("10-data.yaml", data);
    write("ignored.txt", "not a policy");
    write(".hidden.yaml", "not a policy");
    let loaded = load(&[folder.path().to_owned()], Capabilities::default()).expect("policy");
    assert_eq!(loaded.compiled.policy.rule_count, 1);
    let names: Vec<_> = loaded
        .files
        .iter()
        .filter_map(|file| file.file_name())
        .collect();
    assert_eq!(names, ["10-data.yaml", "20-rules.yaml"]);
    let both = Sha256::digest(format!("{data}{rules}"));
    assert_eq!(loaded.sha256, format!("{both:x}"));
}

#[test]
fn the_same_name_in_two_files_names_both_places() {
    let one =
        "version: 1\nrules: [{ name: r, when: { exec: { program: [rm] } }, action: block }]\n";
    let sources = ["a.yaml", "b.yaml"].map(|path| Source {
        path: path.into(),
        text: one.to_owned(),
    });
    let error = parse(sources.into(), Capabilities::default()).expect_err("duplicate");
    assert_eq!(
        error.to_string(),
        "error: b.yaml:2:17: the rule `r` is declared twice\n  help: the first one is at a.yaml:2:17; rename or remove one of them"
    );
}

#[test]
fn a_missing_file_is_an_error_with_its_path() {
    let error = load(&["/nowhere/p.yaml".into()], Capabilities::default()).expect_err("missing");
    assert!(
        error
            .to_string()
            .starts_with("error: /nowhere/p.yaml: cannot be read: ")
    );
}

#[test]
fn reasons_are_told_for_rules_and_for_other_causes() {
    let compiled = good(include_str!("../../../examples/policies/demo.yaml")).compiled;
    let mut decision = Decision::without_rule(Verdict::Block, Cause::Rule);
    decision.rule = 0;
    assert_eq!(compiled.rule_name(&decision), Some("no-schema-drops"));
    assert_eq!(
        compiled.reason(&decision, 0),
        "Schema changes go through migrations."
    );
    let opaque = Decision::without_rule(Verdict::Block, Cause::Opaque);
    assert_eq!(compiled.rule_name(&opaque), None);
    assert!(
        compiled
            .reason(&opaque, Opaque::Tls.bit())
            .contains("sslmode=disable")
    );
}

#[test]
fn every_shipped_policy_loads_without_a_warning() {
    for text in [
        include_str!("../../../examples/policies/demo.yaml"),
        include_str!("../../../examples/policies/balanced.yaml"),
        include_str!("../../../examples/policies/strict.yaml"),
    ] {
        assert_eq!(good(text).warnings, Vec::<String>::new());
    }
}

#[test]
fn every_example_of_the_manual_loads() {
    let manual = include_str!("../../../docs/policy.md");
    let blocks = manual.split("```yaml\n").skip(1);
    let mut count = 0;
    for block in blocks.filter_map(|block| block.split("```").next()) {
        if block.starts_with("version") {
            good(block);
        } else {
            let rules: String = block.lines().map(|line| format!("  {line}\n")).collect();
            good(&with_rules(&rules).replace("name: db,", "name: customers,"));
        }
        count += 1;
    }
    assert!(count > 5, "only {count} examples were found");
}

#[test]
fn the_manual_names_every_word_of_the_language() {
    let manual = include_str!("../../../docs/policy.md");
    let words = Class::ALL.map(Class::name).into_iter();
    let words = words.chain(Opaque::ALL.map(Opaque::name));
    for word in words.chain(Where::ALL.map(Where::name)) {
        assert!(manual.contains(&format!("`{word}`")), "{word}");
    }
}

#[test]
fn what_is_no_small_text_file_is_refused_and_never_waited_for() {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    let folder = tempfile::tempdir().expect("a scratch folder");
    let load = |path: &Path| {
        let errors = load(&[path.to_owned()], Capabilities::default()).expect_err("refused");
        errors.to_string()
    };
    for (bytes, cause) in [
        (vec![b' '; (1 << 20) + 1], "larger than 1048576 bytes"),
        (vec![b'x', 0xff], "utf-8"),
    ] {
        let path = folder.path().join("p.yaml");
        fs::write(&path, bytes).expect("a scratch file");
        let said = load(&path);
        assert!(said.contains(cause) && said.contains("help: "), "{said}");
        fs::remove_file(&path).expect("ours");
    }
    let said = load(Path::new("/dev/zero"));
    assert!(said.contains("larger than"), "{said}");
    let pipe = folder.path().join("pipe.yaml");
    mknodat(CWD, &pipe, FileType::Fifo, Mode::RUSR, 0).expect("a pipe");
    let said = load(folder.path());
    assert!(said.contains("pipe.yaml is not a file"), "{said}");
}
