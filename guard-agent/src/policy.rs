//! Policy: YAML files → types that cannot be wrong → the kernel's tables.
//!
//! [`load`] reads files and folders as one policy. Either all of it is valid,
//! or every mistake is reported with place, cause and remedy and nothing
//! changes. The steps: [`crate::yaml`] (text → tree), [`raw`] (tree → typed values),
//! [`compile`] (names → tables). [`explain`] judges actions by the result.

mod address;
mod compile;
mod compiled;
mod datasets;
mod denial;
pub mod explain;
mod launchers;
mod model;
mod names;
mod pattern;
mod raw;
mod rule;
mod selectors;
mod statement;
#[cfg(test)]
mod tests;
mod when;

pub use address::{AddressError, Listen, Range, parse as parse_endpoint};
pub use compiled::Compiled;
pub use model::{
    Context, DatasetInfo, KillScope, Record, RuleInfo, RuleKind, SubjectInfo, SubjectKind, Then,
    Who,
};
pub use selectors::EVERYONE;

use crate::yaml::diagnostic::Report;
use crate::yaml::{self, Mistakes, Place, tree};
use raw::RawPolicy;
use sha2::{Digest, Sha256};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What the kernel offers, as far as a policy depends on it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Capabilities {
    /// BPF LSM programs can be loaded.
    pub lsm: bool,
}

/// A policy that is ready to be enforced.
#[derive(Debug)]
pub struct Loaded {
    /// The tables and what is known about them.
    pub compiled: Compiled,
    /// SHA-256 of the files' contents one after the other, in hexadecimal:
    /// `cat FILES | sha256sum`.
    pub sha256: String,
    /// The files in the order in which they were read.
    pub files: Vec<PathBuf>,
    /// What is worth a word but is not wrong.
    pub warnings: Vec<String>,
}

/// One file in memory.
#[derive(Clone, Debug)]
pub struct Source {
    /// Name for errors.
    pub path: PathBuf,
    /// YAML.
    pub text: String,
}

/// Reads files, and the `*.yaml` files of folders in the order of their names,
/// as one policy.
///
/// # Errors
///
/// Everything that is wrong, in all files.
pub fn load(paths: &[PathBuf], capabilities: Capabilities) -> Result<Loaded, Mistakes> {
    let mut report = Report::default();
    let mut sources = Vec::new();
    for path in paths {
        match files_of(path) {
            Ok(files) if files.is_empty() => report.error(
                &Place::file(path),
                "the folder holds no *.yaml file",
                "put a policy there; examples are in examples/policies",
            ),
            Ok(files) => sources.extend(files.iter().filter_map(|file| read(file, &mut report))),
            Err(error) => unreadable(path, &error, &mut report),
        }
    }
    if paths.is_empty() {
        let place = Place::file(Path::new("policy"));
        report.error(
            &place,
            "no policy is given",
            "name a file or folder with --policy",
        );
    }
    build(sources, capabilities, report)
}

/// Reads sources in memory as one policy.
///
/// # Errors
///
/// Everything that is wrong, in all sources.
pub fn parse(sources: Vec<Source>, capabilities: Capabilities) -> Result<Loaded, Mistakes> {
    build(sources, capabilities, Report::default())
}

fn build(
    sources: Vec<Source>,
    capabilities: Capabilities,
    mut report: Report,
) -> Result<Loaded, Mistakes> {
    let mut raw = RawPolicy::default();
    let mut hash = Sha256::new();
    for source in &sources {
        hash.update(source.text.as_bytes());
        if let Some(root) = tree::read(&source.path, &source.text, &mut report) {
            raw.add(&root, &mut report);
        }
    }
    let compiled = compile::compile(&raw, capabilities, &mut report);
    let (compiled, warnings) = report.finish(compiled)?;
    Ok(Loaded {
        compiled,
        sha256: format!("{:x}", hash.finalize()),
        files: sources.into_iter().map(|source| source.path).collect(),
        warnings,
    })
}

fn files_of(path: &Path) -> io::Result<Vec<PathBuf>> {
    if !fs::metadata(path)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path)? {
        let path = entry?.path();
        let hidden = path
            .file_name()
            .is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
        if !hidden
            && path
                .extension()
                .is_some_and(|extension| extension == "yaml")
        {
            // A pipe would make the daemon wait for ever.
            if fs::metadata(&path).is_ok_and(|meta| !meta.is_file()) {
                let message = format!("{} is not a file", path.display());
                return Err(io::Error::other(message));
            }
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn read(path: &Path, report: &mut Report) -> Option<Source> {
    match yaml::read_file(path) {
        Ok(text) => Some(Source {
            path: path.to_owned(),
            text,
        }),
        Err(error) => {
            unreadable(path, &error, report);
            None
        }
    }
}

fn unreadable(path: &Path, error: &io::Error, report: &mut Report) {
    let cause = format!("cannot be read: {error}");
    report.error(&Place::file(path), cause, yaml::remedy(error));
}
