//! Exec patterns as policy files write them.

use guard_common::abi::policy::{
    ExecPattern, PATTERN_ARGV, PATTERN_DIRECTORY, PATTERN_NAME, PATTERN_PATH,
};
use guard_common::hash;
use guard_common::limits::{PATH_BYTES, PATTERN_TOKENS};
use zerocopy::FromZeros;

/// Why a text is not a pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PatternError {
    /// No words.
    #[error("the pattern is empty")]
    Empty,
    /// A quote that does not end.
    #[error("a quote in the pattern does not end")]
    Quote,
    /// `*` beside other characters.
    #[error("`*` inside the word `{0}`: it stands for whole arguments only")]
    Star(String),
    /// More words than are compared.
    #[error("the pattern has {0} words; {PATTERN_TOKENS} are compared")]
    Long(usize),
    /// A program that is neither a name nor an absolute path.
    #[error("`{0}` is neither a program's name nor an absolute path")]
    Program(String),
    /// A path that the kernel never shows in this form.
    #[error("the path `{0}` cannot be the path of a started program")]
    Path(String),
}

impl PatternError {
    /// What to do about it.
    #[must_use]
    pub(crate) fn help(&self) -> &'static str {
        match self {
            Self::Empty => "write the command as in a shell, such as \"terraform destroy *\"",
            Self::Quote => "close the quote, or double the other kind around it",
            Self::Star(_) => {
                "a `*` of its own stands for any one argument, at the end for zero or more; \
                 quote it ('*') where the character itself is meant"
            }
            Self::Long(_) => "keep the words that tell the command and end it with `*`",
            Self::Program(_) => {
                "write a file name (psql), a path (/usr/bin/psql) or a folder (/opt/tools/*)"
            }
            Self::Path(_) => "write an absolute path without `.`, `..` and `//`, at most 255 bytes",
        }
    }
}

/// A word of an argv pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Word {
    text: String,
    star: bool,
}

impl Word {
    /// Whether it is an option; `--` is none.
    fn is_option(&self) -> bool {
        self.text.starts_with('-') && self.text != "--" && self.text != "-"
    }
}

/// Reads an argv pattern: shell-like words, `*` for any one argument, a
/// trailing `*` for zero or more. Options stand behind the words: they are looked
/// for anywhere.
pub(crate) fn argv(text: &str) -> Result<ExecPattern, PatternError> {
    let mut words = words(text)?;
    let mut pattern = ExecPattern {
        kind: PATTERN_ARGV,
        ..ExecPattern::new_zeroed()
    };
    // A lone `*` is any program with any arguments.
    if words.len() > 1 && words.last().is_some_and(|word| word.star) {
        words.pop();
        pattern.rest = 1;
    } else if words.len() == 1 && words.iter().all(|word| word.star) {
        pattern.rest = 1;
    }
    if words.is_empty() {
        return Err(PatternError::Empty);
    }
    if words.len() > PATTERN_TOKENS {
        return Err(PatternError::Long(words.len()));
    }
    let program = words.remove(0);
    pattern.whole_path = u8::from(program.text.contains('/'));
    let (options, words): (Vec<_>, Vec<_>) = words.into_iter().partition(Word::is_option);
    let ordered = std::iter::once(program).chain(words);
    for (index, (word, token)) in ordered.zip(&mut pattern.tokens).enumerate() {
        pattern.count += 1;
        if word.star {
            pattern.any |= 1 << index;
        } else {
            *token = hash::of(word.text.as_bytes());
        }
    }
    let behind = pattern.tokens.iter_mut().skip(usize::from(pattern.count));
    for (option, token) in options.iter().zip(behind) {
        pattern.options += 1;
        *token = hash::of(option.text.as_bytes());
    }
    Ok(pattern)
}

/// Reads a program pattern: a file name, a path, or a folder with `/*`.
pub(crate) fn program(text: &str) -> Result<ExecPattern, PatternError> {
    let (kind, hashed) = match text.strip_suffix('*') {
        Some(folder) if folder.ends_with('/') => (PATTERN_DIRECTORY, folder),
        _ if text.contains('*') => return Err(PatternError::Star(text.to_owned())),
        _ if text.contains('/') => (PATTERN_PATH, text),
        _ => (PATTERN_NAME, text),
    };
    if hashed.is_empty() {
        return Err(PatternError::Empty);
    }
    if kind != PATTERN_NAME {
        if !hashed.starts_with('/') {
            return Err(PatternError::Program(text.to_owned()));
        }
        let inner = hashed.strip_suffix('/').unwrap_or(hashed);
        let odd = |part: &str| matches!(part, "" | "." | "..");
        if hashed.len() >= PATH_BYTES || (!inner.is_empty() && inner.split('/').skip(1).any(odd)) {
            return Err(PatternError::Path(text.to_owned()));
        }
    }
    let mut pattern = ExecPattern {
        count: 1,
        kind,
        ..ExecPattern::new_zeroed()
    };
    let [first, ..] = &mut pattern.tokens;
    *first = hash::of(hashed.as_bytes());
    Ok(pattern)
}

/// Splits into words: spaces separate, quotes of both kinds keep together.
fn words(text: &str) -> Result<Vec<Word>, PatternError> {
    let mut all = Vec::new();
    let mut word: Option<(String, bool)> = None;
    let mut quote: Option<char> = None;
    for c in text.chars() {
        match quote {
            Some(end) if c == end => quote = None,
            Some(_) => word.get_or_insert_default().0.push(c),
            None if matches!(c, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default().1 = true;
            }
            None if c.is_whitespace() => all.extend(word.take()),
            None => word.get_or_insert_default().0.push(c),
        }
    }
    if quote.is_some() {
        return Err(PatternError::Quote);
    }
    all.extend(word);
    all.into_iter()
        .map(|(text, quoted)| match (quoted, text.as_str()) {
            (false, "*") => Ok(Word { text, star: true }),
            (false, inner) if inner.contains('*') => Err(PatternError::Star(text)),
            _ => Ok(Word { text, star: false }),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(text: &str) -> u64 {
        hash::of(text.as_bytes())
    }

    #[test]
    fn a_trailing_star_leaves_the_end_open() {
        let pattern = argv("prisma migrate reset *").expect("pattern");
        assert_eq!((pattern.count, pattern.rest, pattern.any), (3, 1, 0));
        assert_eq!(
            pattern.tokens[..3],
            [token("prisma"), token("migrate"), token("reset")]
        );
        assert_eq!(argv("prisma migrate").expect("pattern").rest, 0);
    }

    #[test]
    fn a_star_in_the_middle_is_one_argument() {
        let pattern = argv("git * 'push it' *").expect("pattern");
        assert_eq!((pattern.count, pattern.rest, pattern.any), (3, 1, 0b10));
        assert_eq!(pattern.tokens[2], token("push it"));
    }

    #[test]
    fn options_stand_behind_the_words() {
        let pattern = argv("git push --force * -- x -f").expect("pattern");
        assert_eq!((pattern.count, pattern.options), (5, 2));
        let (words, options) = pattern.tokens.split_at(5);
        assert_eq!(words[4], token("x"));
        assert_eq!(options[..2], [token("--force"), token("-f")]);
        assert_eq!((pattern.any, pattern.rest), (0b100, 0));
    }

    #[test]
    fn a_lone_star_is_any_program() {
        let pattern = argv("*").expect("pattern");
        assert_eq!((pattern.count, pattern.rest, pattern.any), (1, 1, 1));
    }

    #[test]
    fn a_quoted_star_is_the_character() {
        let pattern = argv("rm '*'").expect("pattern");
        assert_eq!((pattern.count, pattern.rest, pattern.any), (2, 0, 0));
        assert_eq!(pattern.tokens[1], token("*"));
    }

    #[test]
    fn a_path_in_the_first_word_is_compared_as_a_whole() {
        assert_eq!(argv("/opt/bin/psql *").expect("pattern").whole_path, 1);
        assert_eq!(argv("psql /tmp/x").expect("pattern").whole_path, 0);
    }

    #[test]
    fn programs_are_names_paths_or_folders() {
        for (text, kind, hashed) in [
            ("psql", PATTERN_NAME, "psql"),
            ("/usr/bin/psql", PATTERN_PATH, "/usr/bin/psql"),
            ("/opt/tools/*", PATTERN_DIRECTORY, "/opt/tools/"),
            ("/*", PATTERN_DIRECTORY, "/"),
        ] {
            let pattern = program(text).expect(text);
            assert_eq!((pattern.kind, pattern.tokens[0]), (kind, token(hashed)));
        }
    }

    #[test]
    fn wrong_patterns_are_refused() {
        for (text, expected) in [
            ("", PatternError::Empty),
            ("  ", PatternError::Empty),
            ("rm -r*", PatternError::Star("-r*".into())),
            ("rm 'x", PatternError::Quote),
            ("a b c d e f g h i", PatternError::Long(9)),
        ] {
            assert_eq!(argv(text).expect_err(text), expected);
        }
        for text in ["bin/x", "/a/../b", "/a//b", "/a/b*", "", "*"] {
            assert!(program(text).is_err(), "{text}");
        }
        assert!(argv("a b c d e f g h *").is_ok());
    }
}
