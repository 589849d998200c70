//! The words that a refused client reads, rendered once at load.
//!
//! The kernel puts one of these frames in place of a refused message; what the
//! *server* then says is an error with the text from here.
//!
//! PostgreSQL raises it, with SQLSTATE 42501. The SQL must mean the same under
//! every setting of the session: ASCII only, no backslash (so
//! `standard_conforming_strings` does not matter), no `$` inside the dollar
//! quotes, one line, and nothing that depends on `search_path`.
//!
//! Redis does not know a command of that name, and says the name and the first
//! arguments. It shows 128 bytes of the one and about as many of the others.

mod frame;
#[cfg(test)]
mod tests;

use super::compiled::cause_text;
use super::model::RuleInfo;
use frame::{command, extended, mysql_command, query};
use guard_common::class::Opaque;
use guard_common::denial::Denial;
use guard_common::limits::MAX_DENIALS;
use guard_common::verdict::Cause;

/// Digits of the decision id before the kernel fills them in.
const NO_ID: &str = "0000000000000000";

/// What the client may ask next.
const HINT: &str = "guardctl explain statement --protocol postgres tells why";

/// Longest message in bytes, quotes counted twice: with this, every frame fits
/// into `DENIAL_BYTES`.
const MAX_MESSAGE: usize = 700;

/// Bytes of an unknown command's name that Redis shows.
const SHOWN_NAME: usize = 128;

/// Bytes of the argument behind it that it shows together with the decision's id.
const SHOWN_REST: usize = 96;

/// First numbers of the groups of texts; see [`guard_common::denial::index`].
const OPAQUE_BASE: usize = 64;
const CAUSE_BASE: usize = 96;

/// All texts of a policy, by [`guard_common::denial::index`].
pub(crate) fn render_all(rules: &[RuleInfo]) -> Vec<Denial> {
    (0..MAX_DENIALS)
        .map(|index| render(&message(index, rules)))
        .collect()
}

/// The message for one number.
fn message(index: usize, rules: &[RuleInfo]) -> String {
    if let Some(rule) = rules.get(index).filter(|_| index < OPAQUE_BASE) {
        return match rule.reason.as_str() {
            "" => format!("guard: refused by rule \"{}\"", rule.name),
            reason => format!("guard: refused by rule \"{}\": {reason}", rule.name),
        };
    }
    let cause = match index {
        CAUSE_BASE.. => match Cause::from_raw((index - CAUSE_BASE) as u8) {
            // Refuses nothing, and is nothing for a client to read.
            Cause::Disarmed => "",
            cause => cause_text(cause, 0),
        },
        OPAQUE_BASE.. => Opaque::ALL
            .get(index - OPAQUE_BASE)
            .map_or("this cannot be read with certainty", |reason| reason.help()),
        _ => "",
    };
    match cause {
        "" => "guard: refused by policy".to_owned(),
        cause => format!("guard: refused: {cause}"),
    }
}

/// MySQL's statement that raises an error: its text has 128 characters at most.
fn signal(message: &str) -> String {
    const MOST: usize = 128 - NO_ID.len() - 3;
    let text: String = message.chars().take(MOST).collect();
    let text = text.replace('\'', "''");
    format!("SIGNAL SQLSTATE '42000' SET MESSAGE_TEXT='{text} [{NO_ID}]'")
}

/// The frames of one message.
fn render(message: &str) -> Denial {
    let message = cut(&ascii(message), MAX_MESSAGE);
    let id = format!("decision {NO_ID}");
    let (name, rest) = halves(&message);
    let statement = format!(
        "DO $guard$BEGIN RAISE EXCEPTION USING ERRCODE='42501', MESSAGE='{}', \
         DETAIL='decision {NO_ID}', HINT='{HINT}';END$guard$",
        message.replace('\'', "''")
    );
    let signal = signal(&message);
    Denial {
        query: query(&statement),
        extended: extended(&statement),
        redis: match rest {
            "" => command(&[name, &id]),
            rest => command(&[name, &cut(rest, SHOWN_REST), &id]),
        },
        mysql: mysql_command(&signal, &[]),
        mysql_attributes: mysql_command(&signal, &[0, 1]),
    }
}

/// What Redis shows of a command's name, and the rest of the text.
fn halves(message: &str) -> (&str, &str) {
    if message.len() <= SHOWN_NAME {
        return (message, "");
    }
    let end = message
        .get(..=SHOWN_NAME)
        .and_then(|head| head.rfind(' '))
        .filter(|end| *end > 0)
        .unwrap_or(SHOWN_NAME);
    let (name, rest) = message.split_at(end);
    (name, rest.trim_start())
}

/// Printable ASCII without `\` and `$`. Common typography gets its plain form,
/// what has none becomes `?`.
fn ascii(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{2018}' | '\u{2019}' | '\u{201a}' => plain.push('\''),
            '\u{201c}' | '\u{201d}' | '\u{201e}' => plain.push('"'),
            '\u{2010}'..='\u{2015}' | '\u{2212}' => plain.push('-'),
            '\u{2026}' => plain.push_str("..."),
            'ä' => plain.push_str("ae"),
            'ö' => plain.push_str("oe"),
            'ü' => plain.push_str("ue"),
            'ß' => plain.push_str("ss"),
            '\\' => plain.push('/'),
            '$' => plain.push('?'),
            c if c.is_whitespace() || c.is_control() => plain.push(' '),
            ' '..='~' => plain.push(c),
            _ => plain.push('?'),
        }
    }
    plain
}

/// Cuts a plain text so that it has at most `room` bytes when its quotes are
/// doubled.
fn cut(text: &str, room: usize) -> String {
    const ELLIPSIS: &str = "...";
    let weight = |c: char| if c == '\'' { 2 } else { 1 };
    if text.chars().map(weight).sum::<usize>() <= room {
        return text.to_owned();
    }
    let mut left = room - ELLIPSIS.len();
    let mut short: String = text
        .chars()
        .take_while(|c| {
            let fits = weight(*c) <= left;
            left = left.saturating_sub(weight(*c));
            fits
        })
        .collect();
    short.push_str(ELLIPSIS);
    short
}
