//! The policy as files say it: every value typed and in bounds, names not yet
//! looked up. [`super::compile`] ties them together.

use super::address::{self, Listen};
use super::model::SubjectKind;
use super::rule::{self, RawRule};
use crate::yaml::diagnostic::{Place, Report, Spot, shown};
use crate::yaml::fields::{Fields, flag, items, name, text, word};
use crate::yaml::tree::Node;
use guard_common::class::Opaque;
use guard_common::protocol::Protocol;
use guard_common::verdict::Verdict;

/// The version of the policy language that this agent reads.
pub(crate) const VERSION: &str = "1";

/// All files of a policy together.
#[derive(Debug, Default)]
pub(crate) struct RawPolicy {
    pub(crate) on_opaque: Option<Spot<Verdict>>,
    pub(crate) on_fault: Option<Spot<Verdict>>,
    pub(crate) subjects: Vec<RawSubject>,
    pub(crate) datasets: Vec<RawDataset>,
    pub(crate) rules: Vec<RawRule>,
    pub(crate) launchers: Vec<Spot<String>>,
}

/// A subject.
#[derive(Debug)]
pub(crate) struct RawSubject {
    pub(crate) name: Spot<String>,
    pub(crate) kind: SubjectKind,
    pub(crate) programs: Vec<Spot<String>>,
    pub(crate) deny_unlisted: bool,
}

/// A dataset.
#[derive(Debug)]
pub(crate) struct RawDataset {
    pub(crate) name: Spot<String>,
    pub(crate) protocol: Protocol,
    pub(crate) endpoints: Vec<Spot<Listen>>,
    pub(crate) labels: Vec<Spot<String>>,
    pub(crate) accepted: u32,
    pub(crate) tls_decline: Option<Place>,
}

impl RawPolicy {
    /// Adds what one file says.
    pub(crate) fn add(&mut self, root: &Node, report: &mut Report) {
        let Some(mut fields) = Fields::open(root, "a policy", report) else {
            return;
        };
        let help = "begin the file with `version: 1`";
        if let Some(version) = fields
            .require("version", help, report)
            .and_then(|node| text(node, "a version", report))
            && version.value != VERSION
        {
            let cause = format!("policy version {} is not known", shown(&version.value));
            report.error(&version.place, cause, "this Guard reads `version: 1`");
        }
        let on_opaque = [
            ("block", Verdict::Block),
            ("allow", Verdict::Allow),
            ("audit", Verdict::Audit),
        ];
        let on_fault = [("block", Verdict::Block), ("allow", Verdict::Allow)];
        let node = fields.take("on_opaque");
        once(&mut self.on_opaque, node, "on_opaque", &on_opaque, report);
        let node = fields.take("on_fault");
        once(&mut self.on_fault, node, "on_fault", &on_fault, report);
        if let Some(node) = fields.take("subjects") {
            let all = items(node, "subjects", report);
            self.subjects
                .extend(all.iter().filter_map(|node| subject(node, report)));
        }
        if let Some(node) = fields.take("datasets") {
            let all = items(node, "datasets", report);
            self.datasets
                .extend(all.iter().filter_map(|node| dataset(node, report)));
        }
        if let Some(node) = fields.take("rules") {
            let all = items(node, "rules", report);
            self.rules
                .extend(all.iter().filter_map(|node| rule::read(node, report)));
        }
        if let Some(node) = fields.take("launchers") {
            let all = items(node, "launchers", report);
            self.launchers
                .extend(all.iter().filter_map(|node| file_name(node, report)));
        }
        fields.close(report);
    }
}

/// A key that several files may not both set.
fn once(
    slot: &mut Option<Spot<Verdict>>,
    node: Option<&Node>,
    key: &str,
    words: &[(&str, Verdict)],
    report: &mut Report,
) {
    let Some(node) = node else { return };
    if let Some(first) = slot {
        let cause = format!("`{key}` is set a second time");
        let help = format!("the first place is {}; keep one of them", first.place);
        report.error(&node.place, cause, help);
        return;
    }
    *slot = word(node, &format!("a value of {key}"), words, report);
}

fn subject(node: &Node, report: &mut Report) -> Option<RawSubject> {
    let mut fields = Fields::open(node, "a subject", report)?;
    let name_help = "give it a name that rules can use";
    let named = fields
        .require("name", name_help, report)
        .and_then(|node| name(node, "the name of a subject", false, report));
    let kind = fields
        .require("kind", "one of: agent, human, service", report)
        .and_then(|node| word(node, "a kind of subject", &SubjectKind::WORDS, report));
    let mut programs = Vec::new();
    if let Some(node) = fields.take("match")
        && let Some(mut inner) = Fields::open(node, "`match`", report)
    {
        if let Some(node) = inner.require("programs", "list program names", report) {
            let all = items(node, "programs", report);
            programs.extend(all.iter().filter_map(|node| file_name(node, report)));
        }
        inner.close(report);
    }
    let connect = [("allow", false), ("deny-unlisted", true)];
    let deny_unlisted = fields
        .take("connect")
        .and_then(|node| word(node, "a value of `connect`", &connect, report))
        .is_some_and(|spot| spot.value);
    fields.close(report);
    Some(RawSubject {
        name: named?,
        kind: kind?.value,
        programs,
        deny_unlisted,
    })
}

fn dataset(node: &Node, report: &mut Report) -> Option<RawDataset> {
    let mut fields = Fields::open(node, "a dataset", report)?;
    let name_help = "give it a name that rules can use";
    let named = fields
        .require("name", name_help, report)
        .and_then(|node| name(node, "the name of a dataset", false, report));
    let help = format!(
        "write one of: {}",
        Protocol::ALL.map(Protocol::name).join(", ")
    );
    let protocol = fields
        .require("protocol", &help, report)
        .and_then(|node| protocol(node, report));
    let help = "say where it listens, such as endpoints: [\"127.0.0.1:5432\"]";
    let endpoints = fields
        .require("endpoints", help, report)
        .map(|node| listens(node, report))
        .unwrap_or_default();
    let labels = fields
        .take("labels")
        .map(|node| items(node, "labels", report))
        .unwrap_or_default()
        .iter()
        .filter_map(|node| name(node, "a label", false, report))
        .collect();
    let reasons = Opaque::ALL.map(|reason| (reason.name(), reason));
    let accepted = fields
        .take("accept_opaque")
        .map(|node| items(node, "opaque reasons", report))
        .unwrap_or_default()
        .iter()
        .filter_map(|node| word(node, "a reason to be opaque", &reasons, report))
        .fold(0, |bits, spot| bits | spot.value.bit());
    let tls = [("decline", true), ("opaque", false)];
    let tls_decline = fields
        .take("tls")
        .and_then(|node| word(node, "a value of `tls`", &tls, report))
        .filter(|spot| spot.value)
        .map(|spot| spot.place);
    fields.close(report);
    Some(RawDataset {
        name: named?,
        protocol: protocol?.value,
        endpoints,
        labels,
        accepted,
        tls_decline,
    })
}

/// The protocol of a dataset.
fn protocol(node: &Node, report: &mut Report) -> Option<Spot<Protocol>> {
    let words = [
        ("postgres", Protocol::Postgres),
        ("mysql", Protocol::Mysql),
        ("mariadb", Protocol::Mysql),
        ("redis", Protocol::Redis),
        ("valkey", Protocol::Redis),
    ];
    word(node, "a protocol", &words, report)
}

/// The endpoints of a dataset or a connect rule.
pub(crate) fn listens(node: &Node, report: &mut Report) -> Vec<Spot<Listen>> {
    let mut all = Vec::new();
    for node in items(node, "endpoints", report) {
        let Some(given) = text(node, "an endpoint", report) else {
            continue;
        };
        match address::parse(&given.value) {
            Ok(value) => all.push(Spot {
                value,
                place: given.place,
            }),
            Err(error) => report.error(&given.place, error.to_string(), error.help()),
        }
    }
    all
}

/// The file name of a program, or a word of a launcher.
fn file_name(node: &Node, report: &mut Report) -> Option<Spot<String>> {
    let given = text(node, "a program's file name", report)?;
    if given.value.is_empty() || given.value.len() > 255 || given.value.contains(['/', '*', '\0']) {
        let cause = format!("{} is not a file name", shown(&given.value));
        report.error(
            &given.place,
            cause,
            "write the last part of its path only, such as `claude`",
        );
        return None;
    }
    Some(given)
}

/// `all: true`; anything else is an error.
pub(crate) fn all(node: &Node, report: &mut Report) -> bool {
    match flag(node, report) {
        Some(spot) if !spot.value => {
            report.error(&spot.place, "`all: false` means nothing", "remove the key");
            false
        }
        spot => spot.is_some(),
    }
}
