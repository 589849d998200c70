//! The file as it is written: the serde view of `guard.yaml`.

use super::{ConfigError, DEFAULT_RING_KIB, OnStop, check_ring};
use serde_saphyr::Spanned;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Longest duration that a key may set.
const LONGEST: Duration = Duration::from_secs(86_400);

/// Keys of the file; all are optional.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    pub(super) version: Option<Spanned<u32>>,
    pub(super) socket: Option<Spanned<PathBuf>>,
    pub(super) group: Option<String>,
    pub(super) journal: Option<Spanned<PathBuf>>,
    pub(super) pin_dir: Option<Spanned<PathBuf>>,
    pub(super) policy: Option<Vec<Spanned<PathBuf>>>,
    pub(super) scope: Option<Spanned<PathBuf>>,
    pub(super) on_stop: Option<OnStop>,
    pub(super) ring_kib: Option<Spanned<u32>>,
    pub(super) session_grace: Option<Spanned<String>>,
    pub(super) kill_limit: Option<u32>,
    pub(super) kill_window: Option<Spanned<String>>,
    pub(super) journal_queue: Option<Spanned<usize>>,
    pub(super) max_connections: Option<Spanned<usize>>,
}

/// The keys, to suggest the nearest one.
const KEYS: [&str; 14] = [
    "version",
    "socket",
    "group",
    "journal",
    "pin_dir",
    "policy",
    "scope",
    "on_stop",
    "ring_kib",
    "session_grace",
    "kill_limit",
    "kill_window",
    "journal_queue",
    "max_connections",
];

impl Raw {
    /// Parses a file's text; an empty file is a valid one.
    pub(super) fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        let bare = |line: &str| line.trim().is_empty() || line.trim_start().starts_with('#');
        if text.lines().all(bare) {
            return Ok(Self::default());
        }
        serde_saphyr::from_str(text).map_err(|error| {
            let line = error.location().map_or(0, |place| place.line());
            let message = error.without_snippet().to_string();
            ConfigError::Invalid {
                path: path.to_owned(),
                line,
                help: nearest(&message),
                message,
            }
        })
    }

    pub(super) fn check_version(&self, path: &Path) -> Result<(), ConfigError> {
        match &self.version {
            Some(version) if version.value != 1 => Err(invalid(
                path,
                version,
                format!("version {} is not known", version.value),
                "this program reads version 1",
            )),
            _ => Ok(()),
        }
    }

    /// A path of the file must be absolute: a daemon has no folder of its own.
    pub(super) fn path(
        &self,
        file: &Path,
        key: Option<&Spanned<PathBuf>>,
    ) -> Result<Option<PathBuf>, ConfigError> {
        let Some(path) = key else { return Ok(None) };
        if path.value.is_absolute() {
            return Ok(Some(path.value.clone()));
        }
        let message = format!("path {:?} is not absolute", path.value);
        Err(invalid(file, path, message, "start it with /"))
    }

    pub(super) fn policy(&self, file: &Path) -> Result<Option<Vec<PathBuf>>, ConfigError> {
        let Some(list) = &self.policy else {
            return Ok(None);
        };
        let paths: Result<Vec<_>, _> = list
            .iter()
            .map(|entry| self.path(file, Some(entry)))
            .collect();
        Ok(Some(paths?.into_iter().flatten().collect()))
    }

    pub(super) fn ring_kib(&self, file: &Path) -> Result<u32, ConfigError> {
        let Some(ring) = &self.ring_kib else {
            return Ok(DEFAULT_RING_KIB);
        };
        check_ring(ring.value)
            .map_err(|error| invalid(file, ring, error.to_string(), "for example 16384"))
    }

    pub(super) fn duration(
        &self,
        file: &Path,
        key: Option<&Spanned<String>>,
        default: Duration,
    ) -> Result<Duration, ConfigError> {
        let Some(text) = key else { return Ok(default) };
        let parsed: Option<jiff::SignedDuration> = text.value.parse().ok();
        parsed
            .and_then(|duration| Duration::try_from(duration).ok())
            .filter(|duration| !duration.is_zero() && *duration <= LONGEST)
            .ok_or_else(|| {
                let message = format!("{:?} is not a duration up to a day", text.value);
                invalid(file, text, message, "write for example 30s, 10m or 1h")
            })
    }

    pub(super) fn journal_queue(&self, file: &Path) -> Result<Option<usize>, ConfigError> {
        between(file, self.journal_queue.as_ref(), 16, 1 << 20)
    }

    pub(super) fn connections(&self, file: &Path) -> Result<Option<usize>, ConfigError> {
        between(file, self.max_connections.as_ref(), 1, 4096)
    }
}

/// A number with bounds.
fn between(
    file: &Path,
    key: Option<&Spanned<usize>>,
    low: usize,
    high: usize,
) -> Result<Option<usize>, ConfigError> {
    match key {
        Some(number) if !(low..=high).contains(&number.value) => {
            let message = format!("{} is not from {low} to {high}", number.value);
            Err(invalid(file, number, message, "choose a number in between"))
        }
        Some(number) => Ok(Some(number.value)),
        None => Ok(None),
    }
}

fn invalid<T>(path: &Path, at: &Spanned<T>, message: String, help: &str) -> ConfigError {
    ConfigError::Invalid {
        path: path.to_owned(),
        line: at.referenced.line(),
        message,
        help: Some(help.to_owned()),
    }
}

/// The right key beside a wrong one that is quoted in `message`.
fn nearest(message: &str) -> Option<String> {
    if !message.contains("unknown field") {
        return None;
    }
    let wrong = message.split(['`', '\'', '"']).nth(1)?;
    KEYS.into_iter()
        .map(|key| (strsim::damerau_levenshtein(key, wrong), key))
        .filter(|(distance, _)| *distance <= 3)
        .min()
        .map(|(_, key)| format!("did you mean `{key}`?"))
}
