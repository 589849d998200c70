//! YAML text → a tree of nodes that know their place.
//!
//! Guard's files need maps, lists and plain words only. Anchors, aliases and
//! tags are refused by name instead of being expanded, so a small file cannot
//! grow into a large one, and nothing in a file means more than it shows.

use super::diagnostic::{Place, Report, Spot, shown};
use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

/// Nested collections in one file; the language itself needs six.
const MAX_DEPTH: u32 = 32;

/// One value of a file.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    /// Where it begins.
    pub(crate) place: Place,
    /// What it is.
    pub(crate) value: Value,
}

/// The three shapes of YAML.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// A scalar; `plain` when written without quotes.
    Text { text: String, plain: bool },
    /// A sequence.
    List(Vec<Node>),
    /// A mapping in the order of the file; keys are distinct.
    Map(Vec<(Spot<String>, Node)>),
}

impl Node {
    /// What a person would call this value, for "expected …, found …".
    pub(crate) fn shape(&self) -> String {
        match &self.value {
            Value::Text { text, plain: true } if is_null(text) => "nothing".to_owned(),
            Value::Text { text, .. } => shown(text),
            Value::List(_) => "a list".to_owned(),
            Value::Map(_) => "a map".to_owned(),
        }
    }
}

/// The ways to write "no value".
pub(crate) fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

/// Reads the one document of a file. Problems go to `report`; `None` when
/// nothing usable remains.
pub(crate) fn read(path: &Path, text: &str, report: &mut Report) -> Option<Node> {
    let mut builder = Builder {
        parser: Parser::new_from_str(text),
        file: path.into(),
        report,
    };
    match builder.document() {
        Ok(node) => node,
        Err(Stop::Reported) => None,
        Err(Stop::Scan(error)) => {
            let marker = *error.marker();
            let place = builder.place_of(marker.line(), marker.col());
            let cause = format!("not valid YAML: {}", error.info());
            report.error(
                &place,
                cause,
                "check indentation, quotes and brackets just before this place",
            );
            None
        }
    }
}

/// Why building a tree ended early.
enum Stop {
    Scan(ScanError),
    Reported,
}

impl From<ScanError> for Stop {
    fn from(error: ScanError) -> Self {
        Self::Scan(error)
    }
}

struct Builder<'a, I> {
    parser: I,
    file: Arc<Path>,
    report: &'a mut Report,
}

impl<'i, I> Builder<'_, I>
where
    I: Iterator<Item = Result<(Event<'i>, Span), ScanError>>,
{
    fn document(&mut self) -> Result<Option<Node>, Stop> {
        let mut root = None;
        loop {
            let (event, span) = self.next()?;
            let place = self.place(&span);
            match event {
                Event::StreamEnd => break,
                Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => {}
                other if root.is_none() => root = Some(self.node(other, place, 0)?),
                _ => {
                    self.report.error(
                        &place,
                        "a second YAML document begins here",
                        "put it into a file of its own",
                    );
                    return Err(Stop::Reported);
                }
            }
        }
        if root.is_none() {
            self.report.error(
                &Place::file(&self.file),
                "the file is empty",
                "start it with `version: 1`",
            );
        }
        Ok(root)
    }

    fn node(&mut self, event: Event<'i>, place: Place, depth: u32) -> Result<Node, Stop> {
        if depth > MAX_DEPTH {
            let help = "nothing in these files is nested deeper than six times";
            self.report.error(&place, "nested too deeply", help);
            return Err(Stop::Reported);
        }
        let value = match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.refuse_extras(&place, anchor, tag.is_some());
                Value::Text {
                    text: text.into_owned(),
                    plain: style == ScalarStyle::Plain,
                }
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.refuse_extras(&place, anchor, tag.is_some());
                Value::List(self.list(depth)?)
            }
            Event::MappingStart(_, anchor, tag) => {
                self.refuse_extras(&place, anchor, tag.is_some());
                Value::Map(self.map(depth)?)
            }
            Event::Alias(_) => {
                self.report.error(
                    &place,
                    "aliases (`*name`) are not part of the language",
                    "write the value out in full",
                );
                return Err(Stop::Reported);
            }
            _ => {
                self.report
                    .error(&place, "expected a value", "give one, or remove the key");
                return Err(Stop::Reported);
            }
        };
        Ok(Node { place, value })
    }

    fn list(&mut self, depth: u32) -> Result<Vec<Node>, Stop> {
        let mut items = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::SequenceEnd) {
                return Ok(items);
            }
            let place = self.place(&span);
            items.push(self.node(event, place, depth + 1)?);
        }
    }

    fn map(&mut self, depth: u32) -> Result<Vec<(Spot<String>, Node)>, Stop> {
        let mut entries = Vec::new();
        let mut seen: HashMap<String, Place> = HashMap::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                return Ok(entries);
            }
            let place = self.place(&span);
            let key = self.node(event, place, depth + 1)?;
            let (event, span) = self.next()?;
            let place = self.place(&span);
            let value = self.node(event, place, depth + 1)?;
            let Value::Text { text, .. } = key.value else {
                let cause = format!("a key must be a word, found {}", key.shape());
                self.report.error(&key.place, cause, "write `key: value`");
                continue;
            };
            if let Some(first) = seen.get(&text) {
                let cause = format!("the key {} is given twice", shown(&text));
                let help = format!("the first one is at {first}; keep one of them");
                self.report.error(&key.place, cause, help);
                continue;
            }
            seen.insert(text.clone(), key.place.clone());
            let key = Spot {
                value: text,
                place: key.place,
            };
            entries.push((key, value));
        }
    }

    fn refuse_extras(&mut self, place: &Place, anchor: usize, tag: bool) {
        if anchor != 0 {
            self.report.error(
                place,
                "anchors (`&name`) are not part of the language",
                "remove the anchor and write the value out where it is needed",
            );
        }
        if tag {
            self.report.error(
                place,
                "tags (`!name`) are not part of the language",
                "remove the tag, or quote the value if the `!` belongs to it",
            );
        }
    }

    fn next(&mut self) -> Result<(Event<'i>, Span), Stop> {
        match self.parser.next() {
            Some(Ok(next)) => Ok(next),
            Some(Err(error)) => Err(error.into()),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    fn place(&self, span: &Span) -> Place {
        self.place_of(span.start.line(), span.start.col())
    }
}

impl<I> Builder<'_, I> {
    fn place_of(&self, line: usize, column: usize) -> Place {
        Place {
            file: Arc::clone(&self.file),
            line: u32::try_from(line).unwrap_or(u32::MAX),
            column: u32::try_from(column).unwrap_or(u32::MAX).saturating_add(1),
        }
    }
}
