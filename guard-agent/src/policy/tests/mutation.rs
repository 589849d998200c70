//! Damaged policies: an error or a policy, never a panic, hang or growth.

use super::*;
use std::time::{Duration, Instant};

/// A small generator with a fixed start, so that a failure comes back.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }
}

const EXAMPLES: [&str; 3] = [
    include_str!("../../../../examples/policies/demo.yaml"),
    include_str!("../../../../examples/policies/balanced.yaml"),
    include_str!("../../../../examples/policies/strict.yaml"),
];

/// What editors and mistakes put into YAML.
const PIECES: [&str; 24] = [
    "[",
    "]",
    "{",
    "}",
    ":",
    ": ",
    "- ",
    "\n",
    "\n  ",
    "\t",
    "\"",
    "'",
    "*",
    "&a ",
    "*a",
    "!!str ",
    "---\n",
    "|\n",
    ">-\n",
    "#",
    "null",
    "~",
    "99999999999999999999",
    "\u{0}\u{fffd}é",
];

fn mutate(text: &str, dice: &mut Dice) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    for _ in 0..=dice.below(4) {
        let at = dice.below(chars.len());
        let to = (at + dice.below(40)).min(chars.len());
        match dice.below(6) {
            0 => drop(chars.drain(at..to)),
            1 => drop(chars.splice(at..at, PIECES[dice.below(PIECES.len())].chars())),
            2 => {
                let copy: Vec<char> = chars[at..to].to_vec();
                let target = dice.below(chars.len());
                drop(chars.splice(target..target, copy));
            }
            3 if at < chars.len() => chars[at] = char::from(dice.below(256) as u8),
            4 => chars.truncate(at),
            _ => {
                let lines: Vec<String> = chars
                    .iter()
                    .collect::<String>()
                    .lines()
                    .map(str::to_owned)
                    .collect();
                let mut lines = lines;
                if lines.len() > 1 {
                    let (a, b) = (dice.below(lines.len()), dice.below(lines.len()));
                    lines.swap(a, b);
                }
                chars = lines.join("\n").chars().collect();
            }
        }
    }
    chars.into_iter().collect()
}

#[test]
fn three_thousand_damaged_policies_give_errors_or_policies() {
    let mut dice = Dice(0x5eed_0123_4567_89ab);
    let (mut refused, mut loaded) = (0, 0);
    for round in 0..3000 {
        let text = mutate(EXAMPLES[round % 3], &mut dice);
        let begin = Instant::now();
        match parse(vec![source(&text)], Capabilities::default()) {
            Ok(policy) => {
                loaded += 1;
                assert_eq!(
                    policy.compiled.rules.len(),
                    policy.compiled.policy.rule_count as usize
                );
            }
            Err(errors) => {
                refused += 1;
                assert!(!errors.problems.is_empty());
                assert!(!errors.to_string().contains('\u{0}'), "{errors:?}");
            }
        }
        assert!(begin.elapsed() < Duration::from_secs(5), "slow: {text}");
    }
    assert!(
        refused > 500 && loaded > 100,
        "{refused} refused, {loaded} loaded"
    );
}

#[test]
fn an_avalanche_of_aliases_is_refused_at_once() {
    let mut text = "version: 1\na0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let below = level - 1;
        let line: Vec<String> = (0..9).map(|_| format!("*a{below}")).collect();
        text += &format!("a{level}: &a{level} [{}]\n", line.join(", "));
    }
    let begin = Instant::now();
    assert!(bad(&text).contains("aliases"));
    assert!(begin.elapsed() < Duration::from_secs(1));
}

#[test]
fn deep_and_wide_files_end_in_an_error() {
    for text in [
        "[".repeat(100_000),
        "{a: ".repeat(100_000),
        "- ".repeat(100_000),
        format!("version: 1\nrules: [{}]", "{},".repeat(50_000)),
        format!("version: 1\nlaunchers: [{}]", "x,".repeat(50_000)),
        format!(
            "version: 1\n{}",
            (0..20_000)
                .map(|n| format!("k{n}: 1\n"))
                .collect::<String>()
        ),
    ] {
        let begin = Instant::now();
        let errors = parse(vec![source(&text)], Capabilities::default());
        assert!(errors.is_err() || text.contains("launchers"));
        let told = errors.map_or_else(|errors| errors.to_string().len(), |_| 0);
        assert!(told < 100_000, "{told} bytes of errors");
        assert!(
            begin.elapsed() < Duration::from_secs(20),
            "slow: {}",
            &text[..40]
        );
    }
}

#[test]
fn every_bound_of_the_tables_is_an_error_and_not_a_cut() {
    let many = |count: usize, line: fn(usize) -> String| (0..count).map(line).collect::<String>();
    let rule = |n: usize| {
        format!("  - {{ name: r{n}, when: {{ exec: {{ program: [p{n}] }} }}, action: block }}\n")
    };
    let rules = |count| format!("version: 1\nrules:\n{}", many(count, rule));
    assert_eq!(good(&rules(64)).compiled.rules.len(), 64);
    assert!(bad(&rules(65)).contains("more than 64 rules"));

    let program = |n: usize| format!("p{n}, ");
    let patterns = |count| {
        format!(
            "version: 1\nrules: [{{ name: r, when: {{ exec: {{ program: [{}] }} }}, action: block }}]",
            many(count, program)
        )
    };
    assert_eq!(good(&patterns(128)).compiled.policy.pattern_count, 128);
    assert!(bad(&patterns(129)).contains("more than 128 exec patterns"));

    let address = |n: usize| format!("\"10.0.{}.{}:5432\", ", n / 256, n % 256);
    let endpoints = |count| {
        format!(
            "version: 1\nrules: [{{ name: r, when: {{ connect: {{ endpoints: [{}] }} }}, action: block }}]",
            many(count, address)
        )
    };
    assert_eq!(good(&endpoints(256)).compiled.policy.endpoint_count, 256);
    assert!(bad(&endpoints(257)).contains("more than 256 endpoints"));

    let dataset = |n: usize| {
        format!("  - {{ name: d{n}, protocol: postgres, endpoints: [\"10.0.0.{n}:1\"] }}\n")
    };
    let datasets = |count| format!("version: 1\ndatasets:\n{}", many(count, dataset));
    assert_eq!(good(&datasets(64)).compiled.datasets.len(), 64);
    assert!(bad(&datasets(65)).contains("more than 64 datasets"));

    let name = |n: usize| format!("{{ name: s{n}x }}, ");
    let selectors = |count| {
        format!(
            "version: 1\nrules: [{{ name: r, when: {{ subject: [{}], exec: {{ program: [x] }} }}, action: block }}]",
            many(count, name)
        )
    };
    good(&selectors(63));
    assert!(bad(&selectors(64)).contains("more than 63 different subjects"));

    let launchers = |count| format!("version: 1\nlaunchers: [{}]", many(count, program));
    assert!(bad(&launchers(200)).contains("launchers are added"));
    let subject = |count| {
        format!(
            "version: 1\nsubjects: [{{ name: a, kind: agent, match: {{ programs: [{}] }} }}]",
            many(count, program)
        )
    };
    assert_eq!(good(&subject(256)).compiled.policy.program_count, 256);
    assert!(bad(&subject(257)).contains("more than 256 programs"));
}
