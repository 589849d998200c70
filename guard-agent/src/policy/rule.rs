//! One rule as a file says it.

use super::model::{Context, KillScope, Record, Then};
use super::when::{self, When};
use crate::yaml::diagnostic::{Report, Spot};
use crate::yaml::fields::{Fields, count, duration, name, text, word};
use crate::yaml::tree::{Node, Value};
use guard_common::verdict::{Mode, Verdict};

/// Most matches that a context rule can count.
const MAX_COUNT: u32 = 1_000_000;

/// Longest `reason`, in characters; an error text has room for about 500.
const MAX_REASON: usize = 1000;

/// A rule.
#[derive(Debug)]
pub(crate) struct RawRule {
    pub(crate) name: Spot<String>,
    pub(crate) when: When,
    pub(crate) action: Spot<Verdict>,
    pub(crate) mode: Mode,
    pub(crate) reason: String,
    pub(crate) kill_scope: KillScope,
    pub(crate) context: Option<Context>,
    pub(crate) record: Record,
}

/// Reads a rule.
pub(crate) fn read(node: &Node, report: &mut Report) -> Option<RawRule> {
    let mut fields = Fields::open(node, "a rule", report)?;
    let name_help = "every decision names its rule: give it a short name";
    let named = fields
        .require("name", name_help, report)
        .and_then(|node| name(node, "the name of a rule", true, report));
    let when_help = "say when it applies, such as when: { statement: [drop] }";
    let when = fields
        .require("when", when_help, report)
        .and_then(|node| when::read(node, report));
    let action = fields
        .require("action", "one of: allow, audit, block, kill", report)
        .and_then(|node| verdict(node, report));
    let modes = [("enforce", Mode::Enforce), ("observe", Mode::Observe)];
    let mode = fields
        .take("mode")
        .map(|node| word(node, "a mode", &modes, report));
    let reason = fields.take("reason").and_then(|node| reason(node, report));
    let scopes = [("process", KillScope::Process), ("tree", KillScope::Tree)];
    let scope = fields
        .take("scope")
        .and_then(|node| word(node, "a scope", &scopes, report));
    let records = [
        ("all", Record::All),
        ("refused", Record::Refused),
        ("aggregate", Record::Aggregate),
    ];
    let record = fields
        .take("record")
        .and_then(|node| word(node, "a value of `record`", &records, report));
    let more_than = fields.take("more_than");
    let within = fields.take("within");
    fields.close(report);

    let action = action?;
    let counts = more_than.is_some() || within.is_some();
    let kill_scope = kill_scope(scope, &action, counts, report);
    let context = context(more_than, within, &action, kill_scope, report);
    Some(RawRule {
        name: named?,
        when: when?,
        action,
        mode: match mode {
            None => Mode::Enforce,
            Some(given) => given?.value,
        },
        reason: reason.unwrap_or_default(),
        kill_scope,
        context,
        record: record.map_or(Record::All, |spot| spot.value),
    })
}

fn verdict(node: &Node, report: &mut Report) -> Option<Spot<Verdict>> {
    let words = [
        ("allow", Verdict::Allow),
        ("audit", Verdict::Audit),
        ("block", Verdict::Block),
        ("kill", Verdict::Kill),
    ];
    let planned = [Verdict::Hold, Verdict::Rewrite];
    if let Value::Text { text, .. } = &node.value
        && planned.iter().any(|verdict| verdict.name() == text)
    {
        let cause = format!("the action `{text}` is not yet supported");
        report.error(&node.place, cause, "one of: allow, audit, block, kill");
        return None;
    }
    word(node, "an action", &words, report)
}

fn reason(node: &Node, report: &mut Report) -> Option<String> {
    let given = text(node, "a reason", report)?;
    if given.value.chars().count() > MAX_REASON {
        let cause = format!("the reason is longer than {MAX_REASON} characters");
        report.error(&given.place, cause, "say it in one or two sentences");
        return None;
    }
    // Errors of a database are one line; a folded or literal block is not.
    let words: Vec<&str> = given.value.split_whitespace().collect();
    Some(words.join(" "))
}

fn kill_scope(
    scope: Option<Spot<KillScope>>,
    action: &Spot<Verdict>,
    counts: bool,
    report: &mut Report,
) -> KillScope {
    match scope {
        Some(spot) if action.value != Verdict::Kill => {
            report.error(
                &spot.place,
                format!(
                    "`scope` says what is killed, but the action is `{}`",
                    action.value.name()
                ),
                "remove `scope`, or write `action: kill`",
            );
            spot.value
        }
        Some(spot) => spot.value,
        None if counts => KillScope::Tree,
        None => KillScope::Process,
    }
}

/// `more_than` with `within`: the rule acts on the number of matches.
fn context(
    more_than: Option<&Node>,
    within: Option<&Node>,
    action: &Spot<Verdict>,
    kill_scope: KillScope,
    report: &mut Report,
) -> Option<Context> {
    let (more_than, within) = match (more_than, within) {
        (None, None) => return None,
        (Some(more_than), Some(within)) => (more_than, within),
        (Some(node), None) => {
            let cause = "`more_than` needs the window that it counts in";
            report.error(&node.place, cause, "add `within: 1m`");
            return None;
        }
        (None, Some(node)) => {
            let cause = "`within` needs the number of matches that is allowed";
            report.error(&node.place, cause, "add `more_than: 100`");
            return None;
        }
    };
    let then = match action.value {
        Verdict::Block => Then::Quarantine,
        Verdict::Kill => Then::Kill(kill_scope),
        other => {
            let cause = format!("a rule that counts cannot `{}`", other.name());
            let help = "`block` quarantines the session, `kill` kills its processes too";
            report.error(&action.place, cause, help);
            return None;
        }
    };
    let more_than = count(more_than, "a number of matches", 1..=MAX_COUNT, report);
    let within = duration(within, report);
    Some(Context {
        more_than: more_than?,
        within: within?,
        then,
    })
}
