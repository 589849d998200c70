//! Ties the names of a policy together and writes the kernel's tables.

mod about;
mod rules;

use super::datasets;
use super::denial;
use super::launchers;
use super::model::{DatasetInfo, SubjectInfo};
use super::raw::{RawDataset, RawPolicy, RawSubject};
use super::selectors::Selectors;
use super::when::SubjectIs;
use super::{Capabilities, Compiled};
use crate::yaml::diagnostic::{Place, Report, Spot, shown};
use guard_common::abi::policy::{Endpoint, Policy, Program};
use guard_common::hash;
use guard_common::limits::{MAX_DATASETS, MAX_ENDPOINTS, MAX_LAUNCHERS, MAX_PROGRAMS};
use guard_common::verdict::Verdict;
use std::collections::HashMap;

/// Compiles a policy, or notes why it cannot be.
pub(crate) fn compile(
    raw: &RawPolicy,
    capabilities: Capabilities,
    report: &mut Report,
) -> Option<Compiled> {
    let mut writer = Writer::new(report);
    let subjects = writer.subjects(&raw.subjects);
    let datasets = writer.datasets(&raw.datasets);
    writer.launchers(&raw.launchers);
    let rules = writer.rules(&raw.rules, &subjects, &datasets);
    writer.unlisted(&subjects);
    writer.programs(&subjects);
    let or_block = |given: &Option<Spot<Verdict>>| {
        given.as_ref().map_or(Verdict::Block, |spot| spot.value) as u8
    };
    writer.policy.on_opaque = or_block(&raw.on_opaque);
    writer.policy.on_fault = or_block(&raw.on_fault);
    datasets::check_unix(
        &datasets,
        writer.policy.statement_datasets,
        capabilities,
        writer.report,
    );
    if writer.report.failed() {
        return None;
    }
    let Writer {
        policy,
        selectors,
        launchers,
        ..
    } = writer;
    let denials = denial::render_all(&rules);
    Some(Compiled {
        policy,
        denials,
        rules,
        datasets,
        subjects,
        launchers,
        selectors,
    })
}

struct Writer<'a> {
    policy: Box<Policy>,
    selectors: Selectors,
    launchers: Vec<String>,
    /// Keys in `policy.names`.
    keys: usize,
    names_full: bool,
    report: &'a mut Report,
}

impl<'a> Writer<'a> {
    fn new(report: &'a mut Report) -> Self {
        Self {
            policy: Box::new(Policy::empty()),
            selectors: Selectors::default(),
            launchers: Vec::new(),
            keys: 0,
            names_full: false,
            report,
        }
    }

    fn subjects(&mut self, raw: &[RawSubject]) -> Vec<SubjectInfo> {
        distinct(
            raw.iter().map(|subject| &subject.name),
            "subject",
            self.report,
        );
        let programs = raw.iter().flat_map(|subject| &subject.programs);
        distinct(programs, "program", self.report);
        raw.iter()
            .map(|subject| SubjectInfo {
                name: subject.name.value.clone(),
                kind: subject.kind,
                programs: subject
                    .programs
                    .iter()
                    .map(|program| program.value.clone())
                    .collect(),
                deny_unlisted: subject.deny_unlisted,
                place: subject.name.place.clone(),
            })
            .collect()
    }

    fn datasets(&mut self, raw: &[RawDataset]) -> Vec<DatasetInfo> {
        distinct(
            raw.iter().map(|dataset| &dataset.name),
            "dataset",
            self.report,
        );
        let places = raw.iter().map(|dataset| &dataset.name.place);
        self.limit(places, MAX_DATASETS, "datasets");
        datasets::check_overlaps(raw, self.report);
        let infos: Vec<DatasetInfo> = raw
            .iter()
            .map(|dataset| datasets::info(dataset, self.report))
            .collect();
        for (slot, dataset) in self.policy.accepted.iter_mut().zip(raw) {
            *slot = dataset.accepted;
        }
        for (index, info) in infos.iter().take(MAX_DATASETS).enumerate() {
            for range in &info.ranges {
                let mut entry = range.entry();
                entry.dataset = index as u8;
                self.endpoint(entry, &info.place);
            }
            if let Some(slot) = self.policy.protocols.get_mut(index) {
                *slot = info.protocol as u8;
            }
            if info.tls_decline {
                self.policy.tls_decline |= 1 << index;
            }
        }
        infos
    }

    fn launchers(&mut self, added: &[Spot<String>]) {
        let builtin = launchers::DEFAULT.iter().map(|name| (*name).to_owned());
        self.launchers.extend(builtin);
        for name in added {
            if self.launchers.contains(&name.value) {
                continue;
            }
            if self.launchers.len() >= MAX_LAUNCHERS {
                let room = MAX_LAUNCHERS - launchers::DEFAULT.len();
                let cause = format!("more than {room} launchers are added");
                self.report.error(&name.place, cause, "remove some");
                return;
            }
            self.launchers.push(name.value.clone());
        }
        for (slot, name) in self.policy.launchers.iter_mut().zip(&self.launchers) {
            *slot = hash::of(name.as_bytes());
        }
        self.policy.launcher_count = self.launchers.len() as u32;
    }

    /// Subjects that may reach listed endpoints only.
    fn unlisted(&mut self, subjects: &[SubjectInfo]) {
        for subject in subjects.iter().filter(|subject| subject.deny_unlisted) {
            let condition = Spot {
                value: SubjectIs::Declared(subject.name.clone()),
                place: subject.place.clone(),
            };
            self.policy.unlisted_selectors |= self.selectors.bit(&condition, self.report);
        }
    }

    /// Programs whose start begins a session; after all selectors are known.
    fn programs(&mut self, subjects: &[SubjectInfo]) {
        let all = subjects.iter().enumerate().flat_map(|(index, subject)| {
            let names = subject.programs.iter();
            names.map(move |name| (index, subject, name))
        });
        for (index, subject, name) in all {
            let slot = self.policy.program_count as usize;
            let Some(entry) = self.policy.programs.get_mut(slot) else {
                let cause = format!("more than {MAX_PROGRAMS} programs begin a session");
                self.report.error(&subject.place, cause, "remove some");
                return;
            };
            *entry = Program {
                name: hash::of(name.as_bytes()),
                selectors: self.selectors.of(&subject.who(name), subjects),
                subject: index as u32,
                reserved: 0,
            };
            self.policy.program_count += 1;
        }
    }

    fn endpoint(&mut self, entry: Endpoint, place: &Place) {
        let slot = self.policy.endpoint_count as usize;
        let Some(free) = self.policy.endpoints.get_mut(slot) else {
            let cause = format!("more than {MAX_ENDPOINTS} endpoints");
            let help = "cover several addresses by one network, such as 10.0.0.0/8:5432";
            self.report.error(place, cause, help);
            return;
        };
        *free = entry;
        self.policy.endpoint_count += 1;
    }

    fn limit<'p>(&mut self, mut places: impl Iterator<Item = &'p Place>, limit: usize, what: &str) {
        if let Some(place) = places.nth(limit) {
            let cause = format!("more than {limit} {what}");
            self.report
                .error(place, cause, "one policy holds no more; merge some");
        }
    }
}

/// Reports names that stand twice, with both places.
fn distinct<'n>(names: impl Iterator<Item = &'n Spot<String>>, what: &str, report: &mut Report) {
    let mut seen: HashMap<&str, &Place> = HashMap::new();
    for name in names {
        if let Some(first) = seen.insert(&name.value, &name.place) {
            let cause = format!("the {what} {} is declared twice", shown(&name.value));
            let help = format!("the first one is at {first}; rename or remove one of them");
            report.error(&name.place, cause, help);
        }
    }
}
