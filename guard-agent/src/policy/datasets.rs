//! Datasets and address lists: checks that need to see several of them.

use super::Capabilities;
use super::address::{Listen, Range};
use super::model::DatasetInfo;
use super::raw::RawDataset;
use crate::yaml::diagnostic::{Place, Report, Spot};
use guard_common::protocol::Protocol;

/// The public form of a dataset.
pub(crate) fn info(raw: &RawDataset, report: &mut Report) -> DatasetInfo {
    let mut ranges = Vec::new();
    let mut unix = Vec::new();
    for endpoint in &raw.endpoints {
        match &endpoint.value {
            Listen::Ip(more) => ranges.extend(more),
            Listen::Unix(path) => unix.push(path.clone()),
        }
    }
    if let Some(place) = &raw.tls_decline
        && !(unix.is_empty() && ranges.iter().all(Range::is_loopback))
    {
        let cause = "`tls: decline` would make a connection over a network unencrypted";
        let help = "it is for loopback endpoints (127.0.0.0/8, [::1]) only; elsewhere TLS is \
                    opaque and on_opaque decides";
        report.error(place, cause, help);
    }
    if let Some(place) = &raw.tls_decline
        && raw.protocol == Protocol::Redis
    {
        let cause = "a Redis client does not ask for TLS, it begins with it";
        let help = "remove the key: there is nothing to decline; TLS is opaque";
        report.error(place, cause, help);
    }
    DatasetInfo {
        name: raw.name.value.clone(),
        protocol: raw.protocol,
        labels: raw.labels.iter().map(|label| label.value.clone()).collect(),
        ranges,
        unix,
        tls_decline: raw.tls_decline.is_some(),
        place: raw.name.place.clone(),
    }
}

/// Of two datasets that share an address the narrower one counts there; where
/// neither is narrower, the policy does not say which rules hold.
pub(crate) fn check_overlaps(datasets: &[RawDataset], report: &mut Report) {
    let all: Vec<(&RawDataset, &Spot<Listen>)> = datasets
        .iter()
        .flat_map(|dataset| dataset.endpoints.iter().map(move |spot| (dataset, spot)))
        .collect();
    for (number, (dataset, endpoint)) in all.iter().enumerate() {
        let first = all.iter().take(number).find(|(other, known)| {
            !std::ptr::eq(*other, *dataset)
                && ranges(&known.value).iter().any(|known| {
                    ranges(&endpoint.value)
                        .iter()
                        .any(|range| range.is_ambiguous_with(known))
                })
        });
        if let Some((other, known)) = first {
            let cause = format!(
                "this address belongs to the dataset `{}` already",
                other.name.value
            );
            let help = format!(
                "it is at {}; make one of them narrower, or join the datasets",
                known.place
            );
            report.error(&endpoint.place, cause, help);
        }
    }
}

fn ranges(listen: &Listen) -> &[Range] {
    match listen {
        Listen::Ip(ranges) => ranges,
        Listen::Unix(_) => &[],
    }
}

/// A rule that cannot be kept is an error; a path that no rule covers is worth
/// a word.
pub(crate) fn check_unix(
    datasets: &[DatasetInfo],
    covered: u64,
    capabilities: Capabilities,
    report: &mut Report,
) {
    for (index, dataset) in datasets.iter().take(64).enumerate() {
        let Some(path) = dataset.unix.first() else {
            continue;
        };
        let path = path.display();
        if covered & (1 << index) == 0 {
            let text = format!("unix:{path} is not guarded: connections there are not seen");
            report.warn(&dataset.place, &text);
        } else if capabilities.lsm {
            let cause = format!("statements on unix:{path} cannot be judged by this version");
            report.error(&dataset.place, cause, "guard a TCP endpoint instead");
        } else {
            let cause =
                format!("statements on unix:{path} cannot be judged: this kernel runs no BPF LSM");
            let help = "guard a TCP endpoint, and take the socket away from guarded users \
                        (unix_socket_permissions, or no unix_socket_directories at all)";
            report.error(&dataset.place, cause, help);
        }
    }
}

/// The endpoints of a connect rule.
pub(crate) fn connect_ranges(
    endpoints: &[Spot<Listen>],
    report: &mut Report,
) -> Vec<(Range, Place)> {
    let mut all = Vec::new();
    for endpoint in endpoints {
        match &endpoint.value {
            Listen::Ip(ranges) => {
                all.extend(ranges.iter().map(|range| (*range, endpoint.place.clone())));
            }
            Listen::Unix(_) => report.error(
                &endpoint.place,
                "connections to Unix sockets are not judged",
                "remove the entry; file permissions decide who may connect there",
            ),
        }
    }
    all
}
