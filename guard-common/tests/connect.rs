//! Connections against connect rules and closed lists.

use guard_common::abi::policy::{Endpoint, KIND_CONNECT, KIND_EXEC, NONE, Policy, Rule};
use guard_common::decide::connect::{self, Caller, MAPPED, Outcome, Target};
use guard_common::repeat::Host;
use guard_common::verdict::{Cause, Decision, Mode, Verdict};
use std::net::{IpAddr, Ipv6Addr};

/// A target from text; IPv4 as the kernel's IPv4 hook gives it.
fn target(address: &str, port: u16) -> Target {
    match address.parse().expect("address") {
        IpAddr::V4(address) => Target::v4(u32::from(address), port),
        IpAddr::V6(address) => Target {
            net: halves(address),
            port,
        },
    }
}

fn halves(address: Ipv6Addr) -> [u64; 2] {
    let bits = u128::from(address);
    [(bits >> 64) as u64, bits as u64]
}

struct Table(Box<Policy>);

impl Table {
    fn new() -> Self {
        let mut policy = Box::new(Policy::empty());
        policy.on_fault = Verdict::Block as u8;
        Self(policy)
    }

    fn rule(mut self, action: Verdict, mode: Mode, datasets: u64) -> Self {
        self.0.rules[self.0.rule_count as usize] = Rule {
            subjects: 1,
            datasets,
            hits: 0,
            requires: 0,
            more_bytes: 0,
            opaque: 0,
            kind: KIND_CONNECT,
            action: action as u8,
            mode: mode as u8,
            flags: 0,
        };
        self.0.rule_count += 1;
        self
    }

    /// An endpoint of a dataset, or of the last rule.
    fn endpoint(mut self, net: &str, bits: u32, ports: (u16, u16), dataset: Option<u8>) -> Self {
        let base = target(net, 0).net;
        let mapped = net.contains('.') && !net.contains(':');
        let bits = if mapped { bits + 96 } else { bits };
        let mask = u128::MAX.checked_shl(128 - bits).unwrap_or(0);
        self.0.endpoints[self.0.endpoint_count as usize] = Endpoint {
            net: base,
            mask: [(mask >> 64) as u64, mask as u64],
            port_first: ports.0,
            port_last: ports.1,
            dataset: dataset.unwrap_or(NONE),
            rule: dataset.map_or_else(|| self.0.rule_count as u8 - 1, |_| NONE),
            reserved: [0; 2],
        };
        self.0.endpoint_count += 1;
        self
    }

    fn judge(&self, target: Target) -> Outcome {
        self.judge_as(target, 1, 0)
    }

    fn judge_as(&self, target: Target, selectors: u64, quarantined: u32) -> Outcome {
        let mut outcome = Outcome {
            decision: Decision::OPEN,
            dataset: 0,
        };
        let caller = Caller {
            selectors,
            quarantined,
        };
        connect::decide::<Host>(&self.0, target, caller, &mut outcome);
        outcome
    }

    fn refuses(&self, address: &str, port: u16) -> bool {
        self.judge(target(address, port)).decision.denies()
    }
}

#[test]
fn a_range_of_addresses_and_ports_is_refused_in_both_forms_of_ipv4() {
    let table = Table::new()
        .rule(Verdict::Block, Mode::Enforce, u64::MAX)
        .endpoint("10.0.0.0", 8, (5000, 6000), None);
    for (address, port) in [
        ("10.1.2.3", 5432),
        ("::ffff:10.1.2.3", 5000),
        ("10.0.0.0", 6000),
    ] {
        assert!(table.refuses(address, port), "{address}:{port}");
    }
    for (address, port) in [
        ("11.0.0.1", 5432),
        ("10.1.2.3", 4999),
        ("10.1.2.3", 6001),
        ("::10.1.2.3", 5432),
        ("fe80::1", 5432),
    ] {
        assert!(!table.refuses(address, port), "{address}:{port}");
    }
}

#[test]
fn a_rule_with_a_dataset_matches_its_endpoints_only() {
    let table = Table::new()
        .rule(Verdict::Block, Mode::Enforce, 1 << 3)
        .endpoint("127.0.0.1", 32, (5432, 5432), Some(3))
        .endpoint("::1", 128, (5432, 5432), Some(3))
        .endpoint("127.0.0.1", 32, (6379, 6379), Some(4));
    assert!(table.refuses("127.0.0.1", 5432));
    assert!(table.refuses("::1", 5432));
    assert!(!table.refuses("127.0.0.1", 6379));
    assert_eq!(table.judge(target("127.0.0.1", 6379)).dataset, 4);
    assert_eq!(table.judge(target("127.0.0.2", 6379)).dataset, NONE);
}

#[test]
fn a_rule_without_any_endpoint_is_about_every_connection() {
    let table = Table::new().rule(Verdict::Block, Mode::Enforce, u64::MAX);
    assert!(table.refuses("192.0.2.1", 1));
    assert!(table.refuses("2001:db8::1", 1));
}

#[test]
fn the_narrowest_dataset_counts() {
    let wide_first = Table::new()
        .endpoint("10.0.0.0", 8, (0, 65535), Some(1))
        .endpoint("10.1.0.0", 16, (5000, 6000), Some(2))
        .endpoint("10.1.0.0", 16, (5432, 5432), Some(3))
        .endpoint("10.1.0.0", 16, (5432, 5432), Some(4));
    let dataset = |port| wide_first.judge(target("10.1.1.1", port)).dataset;
    assert_eq!((dataset(5432), dataset(5433), dataset(80)), (3, 2, 1));
    let narrow_first = Table::new()
        .endpoint("10.1.0.0", 16, (5432, 5432), Some(3))
        .endpoint("10.0.0.0", 8, (0, 65535), Some(1));
    assert_eq!(narrow_first.judge(target("10.1.1.1", 5432)).dataset, 3);
}

#[test]
fn a_closed_list_lets_datasets_and_allowed_endpoints_pass() {
    let mut table = Table::new()
        .endpoint("127.0.0.1", 32, (5432, 5432), Some(0))
        .rule(Verdict::Allow, Mode::Enforce, u64::MAX)
        .endpoint("192.0.2.0", 24, (443, 443), None)
        .rule(Verdict::Allow, Mode::Observe, u64::MAX)
        .endpoint("198.51.100.0", 24, (443, 443), None);
    table.0.unlisted_selectors = 2;
    let judge = |address, port, selectors| {
        let decision = table.judge_as(target(address, port), selectors, 0).decision;
        (decision.denies(), decision.cause == Cause::Unlisted as u8)
    };
    assert_eq!(judge("127.0.0.1", 5432, 3), (false, false));
    assert_eq!(judge("192.0.2.9", 443, 3), (false, false));
    assert_eq!(judge("192.0.2.9", 80, 3), (true, true));
    assert_eq!(judge("127.0.0.2", 5432, 3), (true, true));
    assert_eq!(judge("198.51.100.1", 443, 3), (true, true), "observed");
    assert_eq!(
        judge("127.0.0.2", 5432, 1),
        (false, false),
        "another subject"
    );
}

#[test]
fn a_refusing_rule_beats_a_list_and_quarantine_beats_all() {
    let table = Table::new()
        .endpoint("127.0.0.1", 32, (5432, 5432), Some(0))
        .rule(Verdict::Kill, Mode::Enforce, 1)
        .rule(Verdict::Allow, Mode::Enforce, u64::MAX);
    let decision = table.judge(target("127.0.0.1", 5432)).decision;
    assert_eq!((decision.verdict, decision.rule), (Verdict::Kill as u8, 0));
    let open = Table::new();
    let decision = open.judge_as(target("127.0.0.1", 5432), 1, 1).decision;
    assert_eq!(
        (decision.denies(), decision.cause),
        (true, Cause::Quarantine as u8)
    );
}

#[test]
fn observe_rules_are_reported_and_change_nothing() {
    let table = Table::new().rule(Verdict::Kill, Mode::Observe, u64::MAX);
    let decision = table.judge(target("127.0.0.1", 1)).decision;
    assert!(!decision.denies());
    assert_eq!(
        (decision.observed, decision.observed_verdict),
        (1, Verdict::Kill as u8)
    );
}

/// `connect` to an unspecified address reaches this host: it must not be a
/// second name for a guarded endpoint.
#[test]
fn an_unspecified_address_is_judged_as_what_the_kernel_makes_of_it() {
    let resolve = |address: &str, source: &str| {
        let source = source.parse().map_or([0; 2], halves);
        let net = target(address, 1).resolve(source).net;
        Ipv6Addr::from(u128::from(net[0]) << 64 | u128::from(net[1]))
    };
    let is = |text: &str| text.parse::<Ipv6Addr>().expect("address");
    assert_eq!(resolve("0.0.0.0", "::ffff:0.0.0.0"), is("::ffff:127.0.0.1"));
    assert_eq!(resolve("0.0.0.0", "::ffff:10.0.0.5"), is("::ffff:10.0.0.5"));
    assert_eq!(resolve("::ffff:0.0.0.0", "::"), is("::ffff:127.0.0.1"));
    assert_eq!(resolve("::", "::"), is("::1"));
    assert_eq!(resolve("::", "::ffff:10.0.0.5"), is("::ffff:127.0.0.1"));
    assert_eq!(
        resolve("192.0.2.1", "::ffff:10.0.0.5"),
        is("::ffff:192.0.2.1")
    );
    assert_eq!(resolve("2001:db8::1", "::"), is("2001:db8::1"));
    assert_eq!(MAPPED, 0xffff_0000_0000);
}

#[test]
fn a_fault_is_answered_by_the_policy_only_where_something_enforces() {
    let fault = |table: &Table| connect::fault::<Host>(Some(&table.0)).denies();
    let mut table = Table::new();
    assert!(!fault(&table));
    table.0.unlisted_selectors = 2;
    assert!(fault(&table));
    assert!(fault(&Table::new().rule(
        Verdict::Block,
        Mode::Enforce,
        u64::MAX
    )));
    assert!(!fault(&Table::new().rule(
        Verdict::Block,
        Mode::Observe,
        u64::MAX
    )));
    let mut other = Table::new().rule(Verdict::Block, Mode::Enforce, u64::MAX);
    other.0.rules[0].kind = KIND_EXEC;
    assert!(!fault(&other));
    assert!(connect::fault::<Host>(None).denies());
}
