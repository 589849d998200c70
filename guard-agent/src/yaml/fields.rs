//! Typed access to the tree: every reader returns the value or notes what is
//! wrong and returns `None`, so that one pass finds all mistakes of a file.

use super::diagnostic::{Place, Report, Spot, nearest, shown, suggest};
use super::tree::{Node, Value, is_null};
use std::time::Duration;

/// Longest name of a rule, dataset, subject or label.
const NAME_CHARS: usize = 63;

/// Longest window of a context rule.
const MAX_WINDOW: Duration = Duration::from_secs(24 * 60 * 60);

/// The entries of one map, taken out key by key.
pub(crate) struct Fields<'a> {
    owner: &'static str,
    /// Where the map begins.
    pub(crate) place: Place,
    entries: Vec<(&'a Spot<String>, Option<&'a Node>)>,
    known: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    /// Opens a map; `owner` names it in errors ("a rule").
    pub(crate) fn open(node: &'a Node, owner: &'static str, report: &mut Report) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            let cause = format!(
                "{owner} is a map of keys and values, found {}",
                node.shape()
            );
            report.error(&node.place, cause, "write `key: value`, one a line");
            return None;
        };
        Some(Self {
            owner,
            place: node.place.clone(),
            entries: entries
                .iter()
                .map(|(key, node)| (key, Some(node)))
                .collect(),
            known: Vec::new(),
        })
    }

    /// The value of `key`, if it is given.
    pub(crate) fn take(&mut self, key: &'static str) -> Option<&'a Node> {
        self.known.push(key);
        self.entries
            .iter_mut()
            .find(|(name, _)| name.value == key)
            .and_then(|(_, node)| node.take())
    }

    /// The value of `key`, which must be given.
    pub(crate) fn require(
        &mut self,
        key: &'static str,
        help: &str,
        report: &mut Report,
    ) -> Option<&'a Node> {
        let node = self.take(key);
        // A misspelt key is reported by `close`; one error for one mistake.
        if node.is_none() && self.misspelt(key).is_none() {
            let cause = format!("{} needs the key `{key}`", self.owner);
            report.error(&self.place, cause, help);
        }
        node
    }

    fn misspelt(&self, key: &'static str) -> Option<&str> {
        self.entries
            .iter()
            .filter(|(_, node)| node.is_some())
            .map(|(name, _)| name.value.as_str())
            .find(|name| nearest(name, [key]).is_some())
    }

    /// Tells whether a key is left that nobody asked for.
    pub(crate) fn has_unknown(&self) -> bool {
        self.entries.iter().any(|(_, node)| node.is_some())
    }

    /// Reports every key that nobody asked for.
    pub(crate) fn close(self, report: &mut Report) {
        for (key, node) in &self.entries {
            if node.is_some() {
                let cause = format!("unknown key {} in {}", shown(&key.value), self.owner);
                report.error(&key.place, cause, suggest(&key.value, &self.known));
            }
        }
    }
}

/// A piece of text. `what` names it in errors ("a reason").
pub(crate) fn text(node: &Node, what: &str, report: &mut Report) -> Option<Spot<String>> {
    match &node.value {
        Value::Text { text, plain } if !(*plain && is_null(text)) => Some(Spot {
            value: text.clone(),
            place: node.place.clone(),
        }),
        _ => {
            let cause = format!("expected {what}, found {}", node.shape());
            report.error(&node.place, cause, "write one value here");
            None
        }
    }
}

/// A name: letters, digits, `.`, `_`, `-`; in a strict name (of a rule)
/// lower-case letters, digits and `-` only.
pub(crate) fn name(
    node: &Node,
    what: &str,
    strict: bool,
    report: &mut Report,
) -> Option<Spot<String>> {
    let name = text(node, what, report)?;
    let fits = |c: char| {
        if strict {
            matches!(c, 'a'..='z' | '0'..='9' | '-')
        } else {
            c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
        }
    };
    if name.value.is_empty() || name.value.len() > NAME_CHARS || !name.value.chars().all(fits) {
        let letters = if strict {
            "a-z, 0-9 and `-`"
        } else {
            "letters, digits, `.`, `_` and `-`"
        };
        let cause = format!("{} cannot be {what}", shown(&name.value));
        let help = format!("use 1 to {NAME_CHARS} characters of {letters}");
        report.error(&name.place, cause, help);
        return None;
    }
    Some(name)
}

/// One word of a closed list.
pub(crate) fn word<T: Copy>(
    node: &Node,
    what: &str,
    words: &[(&str, T)],
    report: &mut Report,
) -> Option<Spot<T>> {
    let given = text(node, what, report)?;
    if let Some((_, value)) = words.iter().find(|(word, _)| *word == given.value) {
        return Some(Spot {
            value: *value,
            place: given.place,
        });
    }
    let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
    let cause = format!("{} is not {what}", shown(&given.value));
    report.error(&given.place, cause, suggest(&given.value, &known));
    None
}

/// The items of a list that must not be empty; a single value counts as a
/// list of one. `what` names the items in errors ("the rules").
pub(crate) fn items<'a>(node: &'a Node, what: &str, report: &mut Report) -> &'a [Node] {
    match &node.value {
        Value::List(items) if items.is_empty() => {
            let cause = format!("the list of {what} is empty");
            report.error(&node.place, cause, "add an entry, or remove the key");
            &[]
        }
        Value::List(items) => items,
        Value::Text { text, plain: true } if is_null(text) => {
            let cause = format!("expected a list of {what}, found nothing");
            report.error(&node.place, cause, "add an entry, or remove the key");
            &[]
        }
        _ => std::slice::from_ref(node),
    }
}

/// `true` or `false`.
pub(crate) fn flag(node: &Node, report: &mut Report) -> Option<Spot<bool>> {
    word(
        node,
        "`true` or `false`",
        &[("true", true), ("false", false)],
        report,
    )
}

/// A whole number within bounds.
pub(crate) fn count(
    node: &Node,
    what: &str,
    bounds: std::ops::RangeInclusive<u32>,
    report: &mut Report,
) -> Option<u32> {
    let given = text(node, what, report)?;
    match given.value.parse::<u32>() {
        Ok(number) if bounds.contains(&number) => Some(number),
        _ => {
            let cause = format!("{} is not {what}", shown(&given.value));
            let help = format!("a whole number from {} to {}", bounds.start(), bounds.end());
            report.error(&given.place, cause, help);
            None
        }
    }
}

/// A time span with its unit: `30s`, `5m`, `1h`.
pub(crate) fn duration(node: &Node, report: &mut Report) -> Option<Duration> {
    let given = text(node, "a time span", report)?;
    let digits = given.value.trim_end_matches(|c: char| !c.is_ascii_digit());
    let seconds = match given.value.get(digits.len()..) {
        Some("s") => Some(1),
        Some("m") => Some(60),
        Some("h") => Some(3600),
        _ => None,
    };
    let span = seconds
        .zip(digits.parse::<u64>().ok())
        .and_then(|(unit, number)| number.checked_mul(unit))
        .map(Duration::from_secs)
        .filter(|span| !span.is_zero() && *span <= MAX_WINDOW);
    if span.is_none() {
        let cause = format!("{} is not a time span", shown(&given.value));
        report.error(
            &given.place,
            cause,
            "a number with a unit, such as 30s, 5m or 1h; at most 24h",
        );
    }
    span
}
