//! Who asks, and under which policy.

use super::{Failure, INVALID, USAGE, wrong};
use crate::policy::{self, Capabilities, Compiled, SubjectKind, Who};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where the daemon's policy lives.
const DEFAULT_POLICY: &str = "/etc/guard/policy.d";

/// How to print an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Output {
    /// For people
    Text,
    /// One JSON object a line
    Json,
}

/// Options of every question.
#[derive(Debug, clap::Args)]
pub(super) struct Asker {
    /// Policy file or folder; several are one policy [default: /etc/guard/policy.d]
    #[arg(long, value_name = "FILE", env = "GUARD_POLICY", value_delimiter = ':')]
    policy: Vec<PathBuf>,
    /// Name of the session that asks
    #[arg(long, value_name = "NAME", default_value = "agent")]
    agent: String,
    /// Kind of the session: agent, human or service
    #[arg(long, value_name = "KIND", default_value = "agent", value_parser = kind)]
    kind: SubjectKind,
    /// Label of the session
    #[arg(long, value_name = "K=V", value_parser = pair)]
    label: Vec<(String, String)>,
    /// How to print the answer
    #[arg(short, long, value_enum, default_value_t = Output::Text)]
    pub(super) output: Output,
}

fn kind(text: &str) -> Result<SubjectKind, String> {
    let mut words = SubjectKind::WORDS.into_iter();
    words
        .find_map(|(word, kind)| (word == text).then_some(kind))
        .ok_or_else(|| "one of: agent, human, service".to_owned())
}

/// `KEY=VALUE`.
pub(super) fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write KEY=VALUE".to_owned()),
    }
}

impl Asker {
    /// The policy that is asked: the one that is named, else that of the
    /// daemon, else none.
    pub(super) fn load(&self) -> Result<Option<Compiled>, Failure> {
        let default = Path::new(DEFAULT_POLICY);
        let paths = match self.policy.as_slice() {
            [] if !default.exists() => return Ok(None),
            [] => vec![default.to_owned()],
            paths => paths.to_vec(),
        };
        match policy::load(&paths, Capabilities::default()) {
            Ok(loaded) => Ok(Some(loaded.compiled)),
            Err(errors) => {
                eprintln!("{errors}");
                Err(Failure::Told(INVALID))
            }
        }
    }

    /// The policy, which must be there.
    pub(super) fn require(&self) -> Result<Compiled, Failure> {
        self.load()?.ok_or_else(|| {
            let cause = format!("there is no policy: {DEFAULT_POLICY} does not exist");
            wrong(USAGE, &cause, "name one with --policy FILE")
        })
    }

    /// The session in whose name is asked.
    pub(super) fn who(&self) -> Who {
        Who {
            kind: self.kind,
            name: self.agent.clone(),
            labels: self.label.iter().cloned().collect::<BTreeMap<_, _>>(),
            program: None,
        }
    }
}
