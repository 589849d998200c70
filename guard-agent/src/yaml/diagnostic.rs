//! What is wrong with a file: place, cause and remedy, several at once.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// Mistakes that are told of one set of files.
const MOST: usize = 50;

/// A position in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file as it was named.
    pub file: Arc<Path>,
    /// Line, from 1; 0 for the file as a whole.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl Place {
    /// A file as a whole.
    #[must_use]
    pub fn file(path: &Path) -> Self {
        Self {
            file: path.into(),
            line: 0,
            column: 0,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.file.display())?;
        match self.line {
            0 => Ok(()),
            line => write!(f, ":{line}:{}", self.column),
        }
    }
}

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spot<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub place: Place,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where.
    pub place: Place,
    /// What, in one line.
    pub cause: String,
    /// What to do about it.
    pub help: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}\n  help: {}", self.place, self.cause, self.help)
    }
}

/// Everything that is wrong, in the order of files and lines. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistakes {
    /// The first of them.
    pub problems: Vec<Problem>,
    /// How many more there are.
    pub more: usize,
}

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, problem) in self.problems.iter().enumerate() {
            let separator = if number == 0 { "" } else { "\n" };
            write!(f, "{separator}error: {problem}")?;
        }
        match self.more {
            0 => Ok(()),
            more => write!(
                f,
                "\nerror: {more} more mistakes\n  help: correct these first"
            ),
        }
    }
}

impl std::error::Error for Mistakes {}

/// Collects problems and warnings while a policy is read.
#[derive(Debug, Default)]
pub(crate) struct Report {
    problems: Vec<Problem>,
    /// What is worth a word but does not stop the policy.
    pub(crate) warnings: Vec<String>,
}

impl Report {
    /// Notes a mistake with its remedy.
    pub(crate) fn error(
        &mut self,
        place: &Place,
        cause: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.problems.push(Problem {
            place: place.clone(),
            cause: one_line(&cause.into()),
            help: one_line(&help.into()),
        });
    }

    /// Notes a warning.
    pub(crate) fn warn(&mut self, place: &Place, text: &str) {
        self.warnings.push(format!("{place}: {text}"));
    }

    /// Tells whether anything is wrong so far.
    pub(crate) fn failed(&self) -> bool {
        !self.problems.is_empty()
    }

    /// The result with its warnings, or the mistakes in the order in which they
    /// stand in the files: of very many the first.
    pub(crate) fn finish<T>(mut self, result: Option<T>) -> Result<(T, Vec<String>), Mistakes> {
        match result {
            Some(result) if self.problems.is_empty() => return Ok((result, self.warnings)),
            None if self.problems.is_empty() => {
                let place = Place::file(Path::new("policy"));
                self.error(&place, "cannot be compiled", "please report this");
            }
            _ => {}
        }
        self.problems.sort_by(|a, b| a.place.cmp(&b.place));
        self.problems.dedup();
        let more = self.problems.len().saturating_sub(MOST);
        self.problems.truncate(MOST);
        Err(Mistakes {
            problems: self.problems,
            more,
        })
    }
}

/// What steers a terminal must not reach one out of a quoted value: control
/// characters, and those that hide letters or turn their direction.
pub(crate) fn one_line(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    text.chars()
        .map(|c| if steers(c) { '\u{fffd}' } else { c })
        .collect()
}

/// The word of `known` that `wrong` was most likely meant to be.
pub(crate) fn nearest<'a>(
    wrong: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let wrong = wrong.to_lowercase().replace('_', "-");
    let bound = (wrong.chars().count() / 3).clamp(1, 3);
    known
        .into_iter()
        .map(|word| {
            let plain = word.to_lowercase().replace('_', "-");
            (strsim::damerau_levenshtein(&wrong, &plain), word)
        })
        .filter(|(distance, _)| *distance <= bound)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// A `help:` text for a wrong word: the nearest right one, else all of them.
pub(crate) fn suggest(wrong: &str, known: &[&str]) -> String {
    match nearest(wrong, known.iter().copied()) {
        Some(word) => format!("did you mean `{word}`?"),
        None => format!("one of: {}", known.join(", ")),
    }
}

/// A value of a policy file as it is shown in an error: bounded.
pub(crate) fn shown(text: &str) -> String {
    const SHOWN_CHARS: usize = 60;
    let mut cut: String = text.chars().take(SHOWN_CHARS).collect();
    if text.chars().nth(SHOWN_CHARS).is_some() {
        cut.push('…');
    }
    format!("`{cut}`")
}
