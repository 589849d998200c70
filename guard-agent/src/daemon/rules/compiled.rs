//! The policy compiler's result as the daemon asks for it.

use super::{DatasetView, Loader, MoreThan, PolicyFailure, RuleView, Rules, Then};
use crate::decision::Subject;
use crate::policy::{self, Capabilities, KillScope, Loaded, Record, SubjectKind, Who};
use crate::sessions::Identity;
use guard_common::abi::policy::Policy;
use guard_common::denial::Denial;
use guard_common::verdict::Decision;
use std::path::PathBuf;
use std::sync::Arc;

/// Loads these files and folders, each time it is called.
#[must_use]
pub fn loader(paths: Vec<PathBuf>, capabilities: Capabilities) -> Loader {
    Box::new(move || load(&paths, capabilities))
}

/// Loads files and folders as one policy.
///
/// # Errors
/// The policy is not valid; every mistake stands in the message.
pub fn load(
    paths: &[PathBuf],
    capabilities: Capabilities,
) -> Result<Arc<dyn Rules>, PolicyFailure> {
    match policy::load(paths, capabilities) {
        Ok(loaded) => Ok(Arc::new(View::of(loaded))),
        Err(errors) => Err(PolicyFailure {
            message: errors.to_string(),
            help: None,
        }),
    }
}

/// A loaded policy with names that records can share.
struct View {
    loaded: Loaded,
    sha256: Arc<str>,
    rules: Vec<RuleView>,
    datasets: Vec<DatasetView>,
}

impl View {
    fn of(loaded: Loaded) -> Self {
        let compiled = &loaded.compiled;
        let rules = compiled.rules.iter().map(|rule| RuleView {
            name: rule.name.as_str().into(),
            action: rule.kind.name(),
            verdict: rule.action,
            mode: rule.mode,
            refused_only: rule.record != Record::All,
            context: rule.context.map(|context| MoreThan {
                count: context.more_than,
                within: context.within,
                then: match context.then {
                    policy::Then::Quarantine => Then::Quarantine,
                    policy::Then::Kill(KillScope::Process) => Then::KillProcess,
                    policy::Then::Kill(KillScope::Tree) => Then::KillTree,
                },
            }),
        });
        let datasets = compiled.datasets.iter().map(|dataset| DatasetView {
            name: dataset.name.as_str().into(),
            protocol: Some(dataset.protocol.name().into()),
        });
        Self {
            sha256: loaded.sha256.as_str().into(),
            rules: rules.collect(),
            datasets: datasets.collect(),
            loaded,
        }
    }
}

impl Rules for View {
    fn table(&self) -> &Policy {
        &self.loaded.compiled.policy
    }

    fn denials(&self) -> &[Denial] {
        &self.loaded.compiled.denials
    }

    fn sha256(&self) -> Arc<str> {
        Arc::clone(&self.sha256)
    }

    fn files(&self) -> Vec<PathBuf> {
        self.loaded.files.clone()
    }

    fn rules(&self) -> &[RuleView] {
        &self.rules
    }

    fn datasets(&self) -> &[DatasetView] {
        &self.datasets
    }

    fn subject(&self, index: u32) -> Option<Subject> {
        let index = usize::try_from(index).ok()?;
        let subject = self.loaded.compiled.subjects.get(index)?;
        Some(Subject {
            kind: subject.kind.name().to_owned(),
            name: subject.name.clone(),
        })
    }

    fn selectors(&self, who: &Identity) -> u64 {
        let kinds = SubjectKind::WORDS.into_iter();
        let kind = kinds.filter(|(word, _)| *word == who.subject.kind);
        self.loaded.compiled.selectors(&Who {
            kind: kind
                .map(|(_, kind)| kind)
                .next()
                .unwrap_or(SubjectKind::Agent),
            name: who.subject.name.clone(),
            labels: who.labels.clone(),
            program: who.program.clone(),
        })
    }

    fn reason(&self, decision: &Decision, opaque: u32) -> String {
        self.loaded.compiled.reason(decision, opaque)
    }

    fn warnings(&self) -> Vec<String> {
        self.loaded.warnings.clone()
    }
}
