//! Poisoned connections are ended, wherever they are.

use crate::guarded::{Guard, finish};
use guard_common::abi::event::Poisoned;
use guard_tests::need::{Need, require};
use std::io::{BufRead, BufReader};
use std::process::Child;
use zerocopy::FromZeros;

const NEEDS: &[Need] = &[Need::Root, Need::Cgroup2];

/// Does one thing to a socket and says what came of it.
const REACH: &str = env!("CARGO_BIN_EXE_guard-reach");

/// `ECONNABORTED`: what the owner of a destroyed socket reads.
const ABORTED: &str = "error 103\n";

/// Starts a guarded program that holds a connection to itself; returns the
/// connection as the kernel side would report it when it is poisoned.
fn hold(
    guard: &mut Guard,
    command: &[&str],
) -> (Child, BufReader<std::process::ChildStdout>, Poisoned) {
    let (id, mut child) = guard.start(command);
    let mut output = BufReader::new(child.stdout.take().expect("stdout"));
    let mut line = String::new();
    output.read_line(&mut line).expect("two ports");
    let ports: Vec<u16> = line.split_whitespace().flat_map(str::parse).collect();
    let [local, remote] = ports[..] else {
        panic!("{line:?}: {:?}", finish(child));
    };
    let [connect] = guard.connects(id)[..] else {
        panic!("one connection");
    };
    assert_eq!(connect.port, remote);
    let mut poisoned = Poisoned::new_zeroed();
    poisoned.socket = connect.socket;
    poisoned.netns = connect.netns;
    poisoned.local = connect.address;
    poisoned.remote = connect.address;
    poisoned.local_port = local;
    poisoned.remote_port = remote;
    (child, output, poisoned)
}

/// Destroys it and asserts that its owner sees that at once.
#[track_caller]
fn destroyed(guard: &mut Guard, command: &[&str]) {
    let (mut child, mut output, poisoned) = hold(guard, command);
    guard.kernel.destroy(&poisoned).expect("destroy");
    let mut line = String::new();
    output.read_line(&mut line).expect("a word");
    assert_eq!(line, ABORTED, "{command:?}");
    child.wait().expect("it ends");
    guard
        .kernel
        .destroy(&poisoned)
        .expect("gone already is fine");
}

#[test]
fn a_connection_of_any_family_is_ended_at_once() {
    if !require(NEEDS) {
        return;
    }
    let mut guard = Guard::new("version: 1\n");
    for address in ["127.0.0.1:0", "[::1]:0", "[::ffff:127.0.0.1]:0"] {
        destroyed(&mut guard, &[REACH, "hold", address]);
    }
}

/// The kernel finds such a socket only with the device's number.
#[test]
fn a_socket_bound_to_a_device_does_not_escape() {
    if !require(NEEDS) {
        return;
    }
    let mut guard = Guard::new("version: 1\n");
    for address in ["127.0.0.1:0", "[::1]:0", "[::ffff:127.0.0.1]:0"] {
        destroyed(&mut guard, &[REACH, "hold-on-lo", address]);
    }
}

#[test]
fn a_connection_in_another_network_namespace_is_ended_too() {
    if !require(NEEDS) {
        return;
    }
    let mut guard = Guard::new("version: 1\n");
    let text = format!("ip link set lo up && exec {REACH} hold 127.0.0.1:0");
    let command = ["/usr/bin/unshare", "-n", "/bin/sh", "-c", &text];
    destroyed(&mut guard, &command);
    destroyed(&mut guard, &command);
}

#[test]
fn another_socket_at_the_same_address_is_not_touched() {
    if !require(NEEDS) {
        return;
    }
    let mut guard = Guard::new("version: 1\n");
    let (mut child, _output, poisoned) = hold(&mut guard, &[REACH, "hold", "127.0.0.1:0"]);
    let mut other = poisoned;
    other.socket += 1 << 40;
    guard.kernel.destroy(&other).expect("nothing to destroy");
    assert!(child.try_wait().expect("wait").is_none(), "it goes on");
    child.kill().expect("kill");
    child.wait().expect("it ends");
    other.netns = 0x1234_5678_9abc;
    let error = guard.kernel.destroy(&other).expect_err("no such namespace");
    assert!(error.to_string().contains("network namespace"), "{error}");
}
