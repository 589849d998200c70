//! An answer in JSON and in words.

use crate::facts::StatementWords;
use crate::policy::explain::{Connection, Judge, Judged, Judgement};
use crate::policy::{Compiled, Who};
use guard_common::verdict::{Decision, NO_RULE, Verdict};
use serde::Serialize;
use serde_json::Value;
use std::io::{self, Write};

/// What policy says of one question.
#[derive(Debug, Serialize)]
pub(super) struct Answer {
    v: u32,
    id: Value,
    facts: Option<FactsJson>,
    #[serde(flatten)]
    outcome: Outcome,
    /// Present when more than one message was judged.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    messages: Vec<MessageJson>,
    /// The last message is not complete; a server waits for the rest.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    incomplete: bool,
    #[serde(skip)]
    pub(super) refused: bool,
}

#[derive(Debug, Serialize)]
struct FactsJson {
    protocol: &'static str,
    dataset: Option<String>,
    database: Option<String>,
    #[serde(flatten)]
    words: StatementWords,
}

/// One message of several.
#[derive(Debug, Serialize)]
struct MessageJson {
    message: String,
    facts: StatementWords,
    #[serde(flatten)]
    outcome: Outcome,
}

/// A decision in words.
#[derive(Debug, Serialize)]
struct Outcome {
    /// Null without a policy.
    verdict: Option<&'static str>,
    rule: Option<String>,
    reason: Option<String>,
    /// What observe rules would have said.
    observed: Vec<Observed>,
    /// Rules that would count it.
    counted: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Observed {
    rule: Option<String>,
    verdict: &'static str,
}

impl Answer {
    /// Judges a connection.
    pub(super) fn new(judge: &Judge<'_>, id: Value, connection: &Connection) -> Self {
        let judgement = judge.judge(connection);
        let deciding = judgement.deciding();
        let dataset = dataset_name(judge, &judgement);
        Self {
            v: 1,
            id,
            facts: deciding.map(|judged| FactsJson {
                protocol: connection.protocol.name(),
                dataset: dataset.map(str::to_owned),
                database: connection.database.clone(),
                words: StatementWords::from(&judged.facts),
            }),
            outcome: Outcome::new(judge, &judgement, deciding),
            messages: match judgement.messages.as_slice() {
                [] | [_] => Vec::new(),
                all => all
                    .iter()
                    .map(|judged| MessageJson {
                        message: char::from(judged.message).to_string(),
                        facts: StatementWords::from(&judged.facts),
                        outcome: Outcome::new(judge, &judgement, Some(judged)),
                    })
                    .collect(),
            },
            incomplete: judgement.incomplete,
            refused: deciding.is_some_and(|judged| judged.decision.denies()),
        }
    }

    /// Writes the answer for people.
    pub(super) fn write_text(
        &self,
        output: &mut impl Write,
        judge: &Judge<'_>,
        who: &Who,
    ) -> io::Result<()> {
        let Some(facts) = &self.facts else {
            return writeln!(output, "nothing to judge");
        };
        let words = &facts.words;
        writeln!(output, "{}: {}", self.outcome.head(), words.summary)?;
        self.outcome.write_text(output, judge.compiled)?;
        let mut row = |name: &str, text: &str| row(output, name, text);
        row("classes", &words.classes.join(", "))?;
        row("where", words.condition.unwrap_or_default())?;
        row("tables", &words.tables.join(", "))?;
        row("opaque", &words.opaque_reasons.join(", "))?;
        row("dataset", facts.dataset.as_deref().unwrap_or_default())?;
        if judge.compiled.is_some() {
            row("session", &format!("{} {}", who.kind.name(), who.name))?;
        }
        row("counted", &self.outcome.counted.join(", "))?;
        let limited = matches!(words.condition, Some("none" | "tautology"));
        if self.refused && limited {
            row(
                "help",
                match facts.protocol {
                    "redis" => "name the keys, or give a pattern with more than wildcards",
                    _ => "compare a column with a value in WHERE, so that the rows are named",
                },
            )?;
        }
        Ok(())
    }
}

/// What policy says of a program start or a connection.
#[derive(Debug, Serialize)]
pub(super) struct ActionAnswer {
    v: u32,
    facts: Value,
    #[serde(flatten)]
    outcome: Outcome,
}

impl ActionAnswer {
    /// Puts a decision into words.
    pub(super) fn new(compiled: &Compiled, facts: Value, decision: &Decision) -> Self {
        Self {
            v: 1,
            facts,
            outcome: Outcome::of(compiled, decision, 0),
        }
    }

    /// Writes the answer for people; `what` is what was asked about.
    pub(super) fn write_text(
        &self,
        output: &mut impl Write,
        compiled: &Compiled,
        what: &str,
        who: &Who,
    ) -> io::Result<()> {
        writeln!(output, "{}: {what}", self.outcome.head())?;
        self.outcome.write_text(output, Some(compiled))?;
        if let Some(dataset) = self.facts.get("dataset").and_then(Value::as_str) {
            row(output, "dataset", dataset)?;
        }
        row(
            output,
            "session",
            &format!("{} {}", who.kind.name(), who.name),
        )
    }
}

/// One line of an answer; nothing where there is nothing to say.
fn row(output: &mut impl Write, name: &str, text: &str) -> io::Result<()> {
    match text {
        "" => Ok(()),
        text => writeln!(output, "  {name:<10}{text}"),
    }
}

impl Outcome {
    /// The verdict in words.
    fn head(&self) -> &'static str {
        match self.verdict {
            None => "facts",
            Some("kill") => "refused, and the process is killed",
            Some("block" | "hold" | "rewrite") => "refused",
            Some("audit") => "allowed, and recorded",
            Some(_) => "allowed",
        }
    }

    fn write_text(&self, output: &mut impl Write, compiled: Option<&Compiled>) -> io::Result<()> {
        let rule = self.rule.as_deref().unwrap_or_default();
        row(output, "rule", rule)?;
        row(output, "reason", self.reason.as_deref().unwrap_or_default())?;
        row(output, "place", &place(compiled, rule))?;
        for observed in &self.observed {
            let rule = observed.rule.as_deref().unwrap_or("on_opaque");
            row(
                output,
                "observed",
                &format!("{rule} would {}", observed.verdict),
            )?;
        }
        Ok(())
    }

    fn new(judge: &Judge<'_>, judgement: &Judgement, judged: Option<&Judged>) -> Self {
        let Some(compiled) = judge.compiled else {
            return Self {
                verdict: None,
                rule: None,
                reason: None,
                observed: Vec::new(),
                counted: Vec::new(),
            };
        };
        let decision = judged.map_or(Decision::OPEN, |judged| judged.decision);
        let opaque = judged.map_or(0, |judged| judged.facts.opaque);
        let counted = judged.map(|judged| judge.counted(judged, judgement.dataset));
        Self {
            counted: counted
                .iter()
                .flatten()
                .map(|name| (*name).to_owned())
                .collect(),
            ..Self::of(compiled, &decision, opaque)
        }
    }

    fn of(compiled: &Compiled, decision: &Decision, opaque: u32) -> Self {
        let reason = compiled.reason(decision, opaque);
        Self {
            verdict: Some(Verdict::from_raw(decision.verdict).name()),
            rule: compiled.rule_name(decision).map(str::to_owned),
            reason: (!reason.is_empty()).then_some(reason),
            observed: observed(compiled, decision),
            counted: Vec::new(),
        }
    }
}

fn observed(compiled: &Compiled, decision: &Decision) -> Vec<Observed> {
    let rules = compiled.rules.iter().enumerate();
    let mut all: Vec<Observed> = rules
        .filter(|(index, _)| decision.observed & (1 << (index & 63)) != 0)
        .map(|(_, rule)| Observed {
            rule: Some(rule.name.clone()),
            verdict: rule.action.name(),
        })
        .collect();
    let verdict = Verdict::from_raw(decision.observed_verdict);
    let by_opaque = decision.observed_rule == NO_RULE
        || all
            .iter()
            .all(|observed| observed.verdict != verdict.name());
    if verdict != Verdict::Allow && by_opaque {
        all.push(Observed {
            rule: None,
            verdict: verdict.name(),
        });
    }
    all
}

fn dataset_name<'a>(judge: &Judge<'a>, judgement: &Judgement) -> Option<&'a str> {
    let dataset = judge.compiled?.datasets.get(judgement.dataset?)?;
    Some(&dataset.name)
}

/// Where the rule stands, else an empty text.
fn place(compiled: Option<&Compiled>, rule: &str) -> String {
    compiled
        .and_then(|compiled| compiled.rules.iter().find(|info| info.name == rule))
        .map(|info| info.place.to_string())
        .unwrap_or_default()
}
