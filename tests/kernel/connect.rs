//! Connections and datagrams of a guarded session, against a real kernel.

use crate::guarded::Guard;
use guard_common::abi::event::Connect;
use guard_common::abi::policy::NONE;
use guard_common::verdict::{Cause, Effect};
use guard_tests::need::{Need, require};
use std::net::{Ipv6Addr, SocketAddr, TcpListener, UdpSocket};

const NEEDS: &[Need] = &[Need::Root, Need::Cgroup2];

/// Does one thing to a socket and says what came of it.
const REACH: &str = env!("CARGO_BIN_EXE_guard-reach");

/// `EPERM`.
const REFUSED: &str = "error 1\n";

/// Servers on both loopbacks at the same port, TCP and UDP.
struct Servers {
    port: u16,
    _tcp: [TcpListener; 2],
    _udp: [UdpSocket; 2],
}

impl Servers {
    fn new() -> Self {
        for port in 21_000..21_099 {
            let at = |address: &str| -> SocketAddr {
                format!("{address}:{port}").parse().expect("address")
            };
            let (v4, v6) = (at("127.0.0.1"), at("[::1]"));
            let made = (
                TcpListener::bind(v4),
                TcpListener::bind(v6),
                UdpSocket::bind(v4),
                UdpSocket::bind(v6),
            );
            if let (Ok(tcp4), Ok(tcp6), Ok(udp4), Ok(udp6)) = made {
                return Self {
                    port,
                    _tcp: [tcp4, tcp6],
                    _udp: [udp4, udp6],
                };
            }
        }
        panic!("no free port");
    }
}

/// A rule against the servers' addresses.
fn policy(servers: &Servers) -> String {
    format!(
        r#"
version: 1
rules:
  - name: no-servers
    when: {{ connect: {{ endpoints: ["127.0.0.1:{port}", "[::1]:{port}"] }} }}
    action: block
    reason: Not these.
"#,
        port = servers.port
    )
}

fn address(connect: &Connect) -> Ipv6Addr {
    connect.address.into()
}

#[test]
fn every_way_to_a_refused_endpoint_fails_with_eperm() {
    if !require(NEEDS) {
        return;
    }
    let servers = Servers::new();
    let mut guard = Guard::new(&policy(&servers));
    let port = servers.port;
    let ways = [
        ("tcp", format!("127.0.0.1:{port}")),
        ("tcp", format!("[::1]:{port}")),
        ("tcp", format!("[::ffff:127.0.0.1]:{port}")),
        ("tcp", format!("0.0.0.0:{port}")),
        ("tcp", format!("[::]:{port}")),
        ("tcp", format!("[::ffff:0.0.0.0]:{port}")),
        ("udp", format!("127.0.0.1:{port}")),
        ("udp", format!("[::1]:{port}")),
        ("udp", format!("[::ffff:127.0.0.1]:{port}")),
        ("sendto", format!("127.0.0.1:{port}")),
        ("sendto", format!("[::1]:{port}")),
        ("sendto", format!("[::ffff:127.0.0.1]:{port}")),
        ("sendto", format!("0.0.0.0:{port}")),
        ("fastopen", format!("127.0.0.1:{port}")),
        ("fastopen", format!("[::1]:{port}")),
        ("mptcp", format!("127.0.0.1:{port}")),
    ];
    for (how, to) in &ways {
        if *how == "mptcp" && !multipath() {
            eprintln!("not tried: this kernel has no Multipath TCP");
            continue;
        }
        let (id, _, output) = guard.run(&[REACH, how, to]);
        assert_eq!(output, REFUSED, "{how} {to}");
        let [record] = guard.connects(id)[..] else {
            panic!("{how} {to}: {} records", guard.connects(id).len());
        };
        assert_eq!(record.effect, Effect::Eperm as u8);
        assert_eq!(guard.rule(record.decision.rule), "no-servers");
        assert_eq!(record.port, port);
        let local = [
            Ipv6Addr::LOCALHOST,
            "::ffff:127.0.0.1".parse().expect("address"),
        ];
        assert!(
            local.contains(&address(&record)),
            "{how} {to}: {}",
            address(&record)
        );
        assert_ne!((record.socket, record.netns), (0, 0));
    }
    guard.assert_no_faults();
}

/// Whether the kernel makes sockets of Multipath TCP.
fn multipath() -> bool {
    std::fs::read_to_string("/proc/sys/net/mptcp/enabled").is_ok_and(|text| text.trim() == "1")
}

#[test]
fn a_bound_socket_reaches_itself_through_the_unspecified_address() {
    if !require(NEEDS) {
        return;
    }
    let servers = Servers::new();
    let mut guard = Guard::new(&policy(&servers));
    let to = format!("0.0.0.0:{}", servers.port);
    // From 127.0.0.2 the kernel goes to 127.0.0.2, where nobody listens.
    let (id, _, output) = guard.run(&[REACH, "tcp", &to, "127.0.0.2:0"]);
    assert_eq!(
        output, "error 111\n",
        "connection refused, by nobody but the peer"
    );
    let record = guard.connects(id)[0];
    assert_eq!(
        address(&record),
        "::ffff:127.0.0.2".parse::<Ipv6Addr>().expect("address")
    );
    let (_, _, output) = guard.run(&[REACH, "tcp", &to, "127.0.0.1:0"]);
    assert_eq!(output, REFUSED);
}

#[test]
fn outside_of_every_session_nothing_is_touched() {
    if !require(NEEDS) {
        return;
    }
    let servers = Servers::new();
    let mut guard = Guard::new(&policy(&servers));
    let to = format!("127.0.0.1:{}", servers.port);
    for how in ["tcp", "udp", "sendto", "fastopen"] {
        let mut gate = crate::guarded::Gate::new(&[REACH, how, &to]);
        guard.admit(gate.child.id());
        gate.open();
        assert_eq!(crate::guarded::finish(gate.child).1, "ok\n", "{how}");
    }
    assert!(guard.records().is_empty());
}

#[test]
fn other_endpoints_stay_open_and_are_recorded_once() {
    if !require(NEEDS) {
        return;
    }
    let (servers, open) = (Servers::new(), Servers::new());
    let mut guard = Guard::new(&policy(&servers));
    let to = format!("127.0.0.1:{}", open.port);
    let (id, _, output) = guard.run(&[REACH, "tcp", &to]);
    assert_eq!(output, "ok\n");
    let [record] = guard.connects(id)[..] else {
        panic!("one record");
    };
    assert_eq!((record.effect, record.dataset), (Effect::None as u8, NONE));
    assert_eq!(record.transport, 6);
    let (id, _, output) = guard.run(&[REACH, "sendto", &to]);
    assert_eq!(output, "ok\n");
    assert!(
        guard.connects(id).is_empty(),
        "an allowed datagram is no record"
    );
}

#[test]
fn observe_rules_let_connect_and_are_recorded() {
    if !require(NEEDS) {
        return;
    }
    let servers = Servers::new();
    let policy = policy(&servers).replace("action: block", "action: block\n    mode: observe");
    let mut guard = Guard::new(&policy);
    let to = format!("127.0.0.1:{}", servers.port);
    for how in ["tcp", "sendto"] {
        let (id, _, output) = guard.run(&[REACH, how, &to]);
        assert_eq!(output, "ok\n");
        let record = guard.connects(id)[0];
        assert_eq!(record.effect, Effect::None as u8);
        assert_eq!(guard.rule(record.decision.observed_rule), "no-servers");
    }
}

#[test]
fn a_closed_list_refuses_what_it_does_not_name() {
    if !require(NEEDS) {
        return;
    }
    let (listed, other) = (Servers::new(), Servers::new());
    let policy = format!(
        r#"
version: 1
subjects:
  - name: tester
    kind: agent
    connect: deny-unlisted
datasets:
  - name: shop
    protocol: postgres
    endpoints: ["127.0.0.1:{}"]
"#,
        listed.port
    );
    let mut guard = Guard::new(&policy);
    let to = |servers: &Servers| format!("127.0.0.1:{}", servers.port);
    let (id, _, output) = guard.run(&[REACH, "tcp", &to(&listed)]);
    assert_eq!(output, "ok\n");
    assert_eq!(guard.connects(id)[0].dataset, 0);
    let (id, _, output) = guard.run(&[REACH, "tcp", &to(&other)]);
    assert_eq!(output, REFUSED);
    assert_eq!(guard.connects(id)[0].decision.cause, Cause::Unlisted as u8);
}

#[test]
fn a_socket_of_another_network_namespace_is_judged_too() {
    if !require(NEEDS) {
        return;
    }
    let servers = Servers::new();
    let mut guard = Guard::new(&policy(&servers));
    let text = format!("exec unshare -n {REACH} tcp 127.0.0.1:{}", servers.port);
    let (id, _, output) = guard.run(&["/bin/sh", "-c", &text]);
    assert_eq!(output, REFUSED);
    let to = format!("127.0.0.1:{}", servers.port);
    let (own, _, _) = guard.run(&[REACH, "tcp", &to]);
    let (there, here) = (guard.connects(id)[0].netns, guard.connects(own)[0].netns);
    assert_ne!(there, here);
}
