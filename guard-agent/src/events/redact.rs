//! Hides what process arguments say.
//!
//! What stays: the name of the program, the names of options, and words that a
//! matching rule names itself, since they stand in the policy (of a path its last
//! part). Everything else
//! becomes `‹…›`: a value may be a password, a statement or a person's name.

use guard_common::hash;
use std::collections::HashSet;

/// In place of what is hidden.
pub const HIDDEN: &str = "‹…›";

/// Longest option name that is shown. Real ones are shorter; what is longer may
/// be a value that begins with dashes.
const OPTION_BYTES: usize = 32;

/// Arguments shown of one process; the rest is not recorded.
const SHOWN: usize = 64;

/// Words that may be shown, by their hashes ([`hash::of`]).
#[derive(Clone, Debug, Default)]
pub struct Words {
    /// Those that a matching rule names, wherever they stand.
    pub named: HashSet<u64>,
    /// Interpreters and launchers, as the name of the program.
    pub launchers: HashSet<u64>,
}

/// Redacts a whole argument list.
///
/// `program` is the path the process was started by; `words` are those that a
/// matching rule names.
#[must_use]
pub fn arguments<'a>(
    program: &[u8],
    argv: impl IntoIterator<Item = &'a [u8]>,
    words: &Words,
) -> Vec<String> {
    let mut ended = false;
    let mut shown = Vec::new();
    for (index, token) in argv.into_iter().take(SHOWN).enumerate() {
        let text =
            if is_program(index, token, program, words) || words.named.contains(&hash::of(token)) {
                lossy(token)
            } else if is_path_to(token, words) {
                format!("{HIDDEN}/{}", lossy(file_name(token)))
            } else if ended {
                HIDDEN.to_owned()
            } else {
                option(token)
            };
        ended |= token == b"--";
        shown.push(text);
    }
    shown
}

/// Tells whether a token is a path to something that a matching rule names.
fn is_path_to(token: &[u8], words: &Words) -> bool {
    token.contains(&b'/') && words.named.contains(&hash::of(file_name(token)))
}

/// Tells whether a token only says which program runs: `argv[0]` by the name of
/// its file, or the path itself where an interpreter was put in front.
fn is_program(index: usize, token: &[u8], program: &[u8], words: &Words) -> bool {
    if token == program && !program.is_empty() {
        return true;
    }
    if index != 0 {
        return false;
    }
    let name = file_name(token);
    let name = name.strip_prefix(b"-").unwrap_or(name);
    name == file_name(program)
        || words.named.contains(&hash::of(name))
        || words.launchers.contains(&hash::of(name))
}

/// The name of an option without its value; anything else is hidden.
fn option(token: &[u8]) -> String {
    if token == b"-" || token == b"--" {
        return lossy(token);
    }
    if let Some(rest) = token.strip_prefix(b"--") {
        let (name, valued) = match rest.iter().position(|byte| *byte == b'=') {
            Some(at) => (rest.get(..at).unwrap_or_default(), true),
            None => (rest, false),
        };
        return match (is_option_name(name), valued) {
            (false, _) => HIDDEN.to_owned(),
            (true, false) => lossy(token),
            (true, true) => format!("--{}={HIDDEN}", lossy(name)),
        };
    }
    match token {
        [b'-', letter] if letter.is_ascii_alphabetic() => lossy(token),
        [b'-', letter, ..] if letter.is_ascii_alphabetic() => {
            format!("-{}{HIDDEN}", char::from(*letter))
        }
        _ => HIDDEN.to_owned(),
    }
}

fn is_option_name(name: &[u8]) -> bool {
    name.len() <= OPTION_BYTES
        && name.first().is_some_and(u8::is_ascii_alphabetic)
        && name
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// What follows the last separator.
#[must_use]
pub fn file_name(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or(path)
}

/// Bytes as text for a record: control characters are escaped, so that a line
/// stays a line and a terminal is not steered.
#[must_use]
pub fn lossy(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut clean = String::with_capacity(text.len());
    for letter in text.chars() {
        if letter.is_control() {
            clean.extend(letter.escape_default());
        } else {
            clean.push(letter);
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(list: &[&str]) -> Words {
        let hashes = list.iter().map(|word| hash::of(word.as_bytes()));
        Words {
            named: hashes.collect(),
            launchers: [hash::of(b"node"), hash::of(b"exec")].into(),
        }
    }

    fn redacted(program: &str, argv: &[&str], named: &[&str]) -> String {
        let argv = argv.iter().map(|token| token.as_bytes());
        arguments(program.as_bytes(), argv, &words(named)).join(" ")
    }

    #[test]
    fn names_stay_and_values_go() {
        for (program, argv, shown) in [
            (
                "/usr/bin/psql",
                vec!["psql", "-h", "db", "-c", "DROP x"],
                "psql -h ‹…› -c ‹…›",
            ),
            (
                "/usr/bin/psql",
                vec!["/usr/bin/psql", "--dbname=shop"],
                "/usr/bin/psql --dbname=‹…›",
            ),
            ("/usr/bin/mysql", vec!["mysql", "-psecret"], "mysql -p‹…›"),
            (
                "/usr/bin/curl",
                vec!["curl", "--user", "a:b", "https://x"],
                "curl --user ‹…› ‹…›",
            ),
            ("/bin/sh", vec!["sh", "-c", "echo s3cret"], "sh -c ‹…›"),
            ("/bin/bash", vec!["-bash"], "-bash"),
            ("/bin/bash", vec!["s3cret", "-c"], "‹…› -c"),
            ("/bin/x", vec!["x", "--", "-v", "--long"], "x -- ‹…› ‹…›"),
            ("/bin/x", vec!["x", "-- s3cret\nDROP"], "x ‹…›"),
            ("/bin/x", vec!["x", "--pass word"], "x ‹…›"),
            ("/bin/x", vec!["x", "-1234"], "x ‹…›"),
            ("/bin/x", vec!["x", "-"], "x -"),
            (
                "/opt/run.sh",
                vec!["/bin/sh", "/opt/run.sh", "arg"],
                "‹…› /opt/run.sh ‹…›",
            ),
            ("/bin/x", vec!["x", "--=s3cret"], "x ‹…›"),
            ("/bin/x", vec!["x", ""], "x ‹…›"),
        ] {
            assert_eq!(redacted(program, &argv, &[]), shown);
        }
    }

    #[test]
    fn words_of_a_matching_rule_are_shown() {
        let named = ["prisma", "migrate", "reset", "--force", "-auto-approve"];
        let argv = [
            "node",
            "/app/bin/prisma",
            "migrate",
            "reset",
            "--force",
            "s3cret",
        ];
        assert_eq!(
            redacted("/usr/bin/node", &argv, &named),
            "node ‹…›/prisma migrate reset --force ‹…›"
        );
        assert_eq!(
            redacted(
                "/usr/bin/terraform",
                &["terraform", "-auto-approve"],
                &named
            ),
            "terraform -auto-approve"
        );
    }

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(lossy(b"a\x1b[31m\nb"), "a\\u{1b}[31m\\nb");
        assert_eq!(lossy(&[0xff, b'a']), "\u{fffd}a");
    }

    proptest! {
        /// A secret of eight letters and digits is never shown, wherever it
        /// stands and whatever surrounds it.
        #[test]
        fn a_secret_is_never_shown(
            before in "(|-p|--pass=|--x-y=|=|-|https://u:|postgres://a:|SELECT ')",
            after in "(|'|@host/db|\n|=x| y)",
            position in 1_usize..6,
            filler in prop::collection::vec("[a-z-]{0,6}", 6),
        ) {
            let secret = "CANARY77x";
            prop_assume!(!(before == "-" && after.is_empty()) || position > 0);
            let mut argv: Vec<String> = filler;
            argv.insert(position, format!("{before}{secret}{after}"));
            let tokens = argv.iter().map(String::as_bytes);
            let shown = arguments(b"/bin/x", tokens, &Words::default()).join(" ");
            prop_assert!(!shown.contains("CANARY"), "{}", shown);
        }
    }
}
