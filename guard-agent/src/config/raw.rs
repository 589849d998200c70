//! The file as it is written: every key typed and in bounds.

use super::OnStop;
use crate::yaml::diagnostic::{Report, shown};
use crate::yaml::fields::{Fields, count, duration, items, text, word};
use crate::yaml::tree::{self, Node, Value, is_null};
use crate::yaml::{self, Mistakes, Place};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Keys of the file; all are optional.
#[derive(Debug, Default)]
pub(super) struct Raw {
    pub(super) socket: Option<PathBuf>,
    pub(super) group: Option<String>,
    pub(super) journal: Option<PathBuf>,
    pub(super) pin_dir: Option<PathBuf>,
    pub(super) policy: Vec<PathBuf>,
    pub(super) scope: Option<PathBuf>,
    pub(super) on_stop: Option<OnStop>,
    pub(super) ring_kib: Option<u32>,
    pub(super) session_grace: Option<Duration>,
    pub(super) kill_limit: Option<u32>,
    pub(super) kill_window: Option<Duration>,
    pub(super) journal_queue: Option<u32>,
    pub(super) max_connections: Option<u32>,
}

/// Whether the kernel takes a ring buffer of this size.
pub(super) fn is_ring_size(kib: u32) -> bool {
    kib.is_power_of_two() && (4..=1 << 20).contains(&kib)
}

/// What a size of the ring buffer must be.
pub(super) const RING_HELP: &str = "a power of two from 4 to 1048576, such as 16384";

impl Raw {
    /// Reads a file.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub(super) fn read(path: &Path) -> Result<Self, Mistakes> {
        let mut report = Report::default();
        let raw = match yaml::read_file(path) {
            Ok(text) => Self::parse(path, &text, &mut report),
            Err(error) => {
                let cause = format!("cannot be read: {error}");
                report.error(&Place::file(path), cause, yaml::remedy(&error));
                Self::default()
            }
        };
        Ok(report.finish(Some(raw))?.0)
    }

    /// Parses a file's text; an empty file is a valid one.
    fn parse(path: &Path, text: &str, report: &mut Report) -> Self {
        let bare = |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#');
        if text.lines().all(bare) {
            return Self::default();
        }
        let root = tree::read(path, text, report);
        let fields =
            root.and_then(|root| Some(Self::of(Fields::open(&root, WHOLE, report)?, report)));
        fields.unwrap_or_default()
    }

    fn of(mut fields: Fields<'_>, report: &mut Report) -> Self {
        if let Some(version) = fields.take("version") {
            word(
                version,
                "a version of the configuration",
                &[("1", ())],
                report,
            );
        }
        let on_stop = [("keep", OnStop::Keep), ("detach", OnStop::Detach)];
        let raw = Self {
            socket: path(fields.take("socket"), report),
            group: fields.take("group").and_then(|node| group(node, report)),
            journal: path(fields.take("journal"), report),
            pin_dir: path(fields.take("pin_dir"), report),
            policy: fields.take("policy").map_or_else(Vec::new, |node| {
                let all = items(node, "policy files", report).iter();
                all.filter_map(|node| path(Some(node), report)).collect()
            }),
            scope: path(fields.take("scope"), report),
            on_stop: fields
                .take("on_stop")
                .and_then(|node| word(node, "a value of on_stop", &on_stop, report))
                .map(|spot| spot.value),
            ring_kib: fields.take("ring_kib").and_then(|node| ring(node, report)),
            session_grace: span(fields.take("session_grace"), report),
            kill_limit: number(&mut fields, "kill_limit", 0..=1_000_000, report),
            kill_window: span(fields.take("kill_window"), report),
            journal_queue: number(&mut fields, "journal_queue", 16..=1 << 20, report),
            max_connections: number(&mut fields, "max_connections", 1..=4096, report),
        };
        fields.close(report);
        raw
    }
}

/// What the file as a whole is called in errors.
const WHOLE: &str = "the configuration";

/// A path of the file must be absolute: a daemon has no folder of its own.
fn path(node: Option<&Node>, report: &mut Report) -> Option<PathBuf> {
    let given = text(node?, "a path", report)?;
    if given.value.starts_with('/') && !given.value.contains(char::is_control) {
        return Some(given.value.into());
    }
    let cause = format!("{} is not an absolute path", shown(&given.value));
    report.error(&given.place, cause, "start it with /");
    None
}

/// The name of a group; empty for none.
fn group(node: &Node, report: &mut Report) -> Option<String> {
    match &node.value {
        Value::Text { text, plain } if !(*plain && is_null(text)) => Some(text.clone()),
        _ => {
            let cause = format!("expected the name of a group, found {}", node.shape());
            report.error(&node.place, cause, "name a group, or write \"\" for none");
            None
        }
    }
}

fn ring(node: &Node, report: &mut Report) -> Option<u32> {
    let given = text(node, "a size of ring_kib", report)?;
    let size = given.value.parse().ok().filter(|kib| is_ring_size(*kib));
    if size.is_none() {
        let cause = format!("{} is not a size of ring_kib", shown(&given.value));
        report.error(&given.place, cause, RING_HELP);
    }
    size
}

fn span(node: Option<&Node>, report: &mut Report) -> Option<Duration> {
    duration(node?, report)
}

fn number(
    fields: &mut Fields<'_>,
    key: &'static str,
    bounds: std::ops::RangeInclusive<u32>,
    report: &mut Report,
) -> Option<u32> {
    let node = fields.take(key)?;
    count(node, &format!("a value of {key}"), bounds, report)
}
