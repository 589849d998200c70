//! Conditions made of constants at random: what a real server says is true of every
//! row is not called `scoped`.

use super::verdict::verdicts;
use guard_tests::need::{Need, require};
use guard_tests::postgres::{Postgres, Tls};
use guard_tests::process::run;
use guard_tests::scratch::Scratch;
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

/// Conditions that are tried.
const CONDITIONS: usize = 10_000;

/// Random pieces of a condition (xorshift).
struct Pieces(u64);

impl Pieces {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    fn one_of(&mut self, pieces: &[&str]) -> String {
        pieces[self.below(pieces.len() as u64) as usize].to_owned()
    }

    fn number(&mut self, depth: u32) -> String {
        const NUMBERS: [&str; 14] = [
            "0", "1", "2", "3", "10", "100", "1.0", "0.0", "1.5", "01", "1e0", "0.5", "- 0", "+1",
        ];
        if depth == 0 {
            return self.one_of(&NUMBERS);
        }
        let depth = depth - 1;
        match self.below(10) {
            0..=4 => self.one_of(&NUMBERS),
            5 | 6 => {
                let operator = self.one_of(&["+", "-", "*"]);
                format!("{} {operator} {}", self.number(depth), self.number(depth))
            }
            7 => format!("({})", self.number(depth)),
            8 => format!("abs({})", self.number(depth)),
            _ => format!("coalesce({}, {})", self.number(depth), self.number(depth)),
        }
    }

    fn condition(&mut self, depth: u32) -> String {
        const WORDS: [&str; 6] = ["true", "false", "NOT false", "NOT true", "(true)", "null"];
        const STRINGS: [&str; 5] = ["'a'", "'b'", "''", "'1'", "'%'"];
        const COMPARED: [&str; 8] = [
            "=",
            "<>",
            "!=",
            "<",
            ">",
            "<=",
            "IS NOT DISTINCT FROM",
            "IS DISTINCT FROM",
        ];
        if depth == 0 {
            return self.one_of(&WORDS);
        }
        let depth = depth - 1;
        match self.below(16) {
            0 => self.one_of(&WORDS),
            1..=5 => {
                let operator = self.one_of(&COMPARED);
                format!("{} {operator} {}", self.number(depth), self.number(depth))
            }
            6 => {
                let operator = self.one_of(&["=", "<>", "LIKE", "<"]);
                format!(
                    "{} {operator} {}",
                    self.one_of(&STRINGS),
                    self.one_of(&STRINGS)
                )
            }
            7 => {
                let form = self.one_of(&["IN (0, ", "NOT IN (0, ", "IN (1, ", "NOT IN (1, "]);
                format!("{} {form}{})", self.number(depth), self.number(0))
            }
            8 | 9 => format!("NOT ({})", self.condition(depth)),
            10..=14 => {
                let operator = self.one_of(&["AND", "OR"]);
                let (left, right) = (self.condition(depth), self.condition(depth));
                match self.below(2) {
                    0 => format!("({left}) {operator} {right}"),
                    _ => format!("{left} {operator} {right}"),
                }
            }
            _ => {
                let truth = self.one_of(&["TRUE", "NOT TRUE", "FALSE", "NOT UNKNOWN"]);
                format!("({}) IS {truth}", self.condition(depth))
            }
        }
    }
}

#[test]
fn constants_that_let_every_row_through_are_not_scoped() {
    if !require(&[Need::Root, Need::Agent, Need::Postgres]) {
        return;
    }
    let mut pieces = Pieces(0x9e37_79b9_7f4a_7c15);
    let mut conditions = BTreeSet::new();
    while conditions.len() < CONDITIONS {
        conditions.insert(pieces.condition(3));
    }
    let conditions: Vec<String> = conditions.into_iter().collect();
    let postgres = Postgres::start(Tls::Off);
    let counted: String = conditions
        .iter()
        .enumerate()
        .map(|(row, condition)| {
            format!("SELECT {row}, count(*) FROM customers WHERE {condition};\n")
        })
        .collect();
    let scratch = Scratch::new();
    let file = scratch.join("conditions.sql");
    std::fs::write(&file, counted).expect("a file can be written");
    let output = run(
        postgres.psql().arg("-f").arg(&file),
        Duration::from_secs(60),
    );
    let rows: HashMap<usize, &str> = output
        .stdout
        .lines()
        .filter_map(|line| line.split_once('|'))
        .map(|(row, count)| (row.parse().expect("a number"), count))
        .collect();
    let statements: Vec<String> = conditions
        .iter()
        .map(|condition| format!("DELETE FROM customers WHERE {condition}"))
        .collect();
    let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
    let answers = verdicts("strict.yaml", &statements);
    let mut wrong = Vec::new();
    let mut scoped = 0;
    for (row, answer) in answers.iter().enumerate() {
        if answer["facts"]["where"] == "scoped" {
            scoped += 1;
            if rows.get(&row).is_some_and(|count| *count != "0") {
                wrong.push(statements[row]);
            }
        }
    }
    println!("{} conditions evaluated, {scoped} scoped", rows.len());
    assert!(
        rows.len() * 10 > CONDITIONS * 9,
        "the server understands them"
    );
    assert!(scoped > 50, "`false` and its like are seen");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
