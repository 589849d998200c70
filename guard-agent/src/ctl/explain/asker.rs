//! Who asks, and under which policy.

use super::{Failure, wrong};
use crate::cli::ctl::{Form, Kind};
use crate::exit::Exit;
use crate::policy::{self, Capabilities, Compiled, SubjectKind, Who};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where the daemon's policy lives.
const DEFAULT_POLICY: &str = "/etc/guard/policy.d";

/// Options of every question.
#[derive(Debug, clap::Args)]
pub(super) struct Asker {
    /// Policy file or folder; several are one policy [default: /etc/guard/policy.d]
    #[arg(long, value_name = "FILE", env = "GUARD_POLICY", value_delimiter = ':')]
    policy: Vec<PathBuf>,
    /// Name of the session that asks
    #[arg(long, value_name = "NAME", default_value = "agent")]
    agent: String,
    /// Kind of the session
    #[arg(long, value_name = "KIND", default_value = "agent")]
    kind: Kind,
    /// Label of the session; may be repeated
    #[arg(long, value_name = "K=V", value_parser = pair)]
    label: Vec<(String, String)>,
    /// Form.
    #[command(flatten)]
    pub(super) form: Form,
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
                Err(Failure::Told(Exit::Invalid))
            }
        }
    }

    /// The policy, which must be there.
    pub(super) fn require(&self) -> Result<Compiled, Failure> {
        self.load()?.ok_or_else(|| {
            let cause = format!("there is no policy: {DEFAULT_POLICY} does not exist");
            wrong(Exit::Usage, &cause, "name one with --policy FILE")
        })
    }

    /// The session in whose name is asked.
    pub(super) fn who(&self) -> Who {
        Who {
            kind: match self.kind {
                Kind::Agent => SubjectKind::Agent,
                Kind::Human => SubjectKind::Human,
                Kind::Service => SubjectKind::Service,
            },
            name: self.agent.clone(),
            labels: self.label.iter().cloned().collect::<BTreeMap<_, _>>(),
            program: None,
        }
    }
}
