use super::*;
use crate::daemon::kernel::memory::Memory;
use guard_common::abi::session::Task;
use std::process::{Child, Command};

fn sleeper() -> Child {
    Command::new("sleep")
        .arg("1000")
        .spawn()
        .expect("sleep starts")
}

fn task(session: u64) -> Task {
    Task {
        session,
        since_ns: 0,
    }
}

/// Takes exited children out of the table, as the exit hook does.
fn reap(memory: &Memory, children: &[Child]) {
    for child in children {
        let pid = child.id();
        let gone = Process::new(pid as i32)
            .and_then(|process| process.stat())
            .map_or(true, |stat| stat.state == 'Z');
        if gone {
            memory.state().tasks.remove(&pid);
        }
    }
}

#[test]
fn a_tree_is_killed_and_nothing_beside_it() {
    let memory = Memory::default();
    let kernel = Kernel::new(Box::new(memory.clone()));
    let inside = vec![sleeper(), sleeper(), sleeper()];
    let mut outside = sleeper();
    let sessions = [5, 5, 6];
    for (child, session) in inside.iter().zip(sessions) {
        memory.state().tasks.insert(child.id(), task(session));
    }
    memory.state().tasks.insert(outside.id(), task(9));
    for rail in [1, std::process::id(), std::os::unix::process::parent_id()] {
        memory.state().tasks.insert(rail, task(5));
    }
    let target = Target {
        sessions: vec![5, 6],
        only: None,
    };
    let killer = std::thread::spawn({
        let kernel = kernel.clone();
        move || kill(&kernel, &target)
    });
    while !killer.is_finished() {
        reap(&memory, &inside);
        std::thread::yield_now();
    }
    let result = killer.join().expect("no panic");
    let mut pids: Vec<u32> = inside.iter().map(Child::id).collect();
    pids.sort_unstable();
    assert_eq!(result.killed, pids);
    assert!(result.complete);
    let spared: Vec<u32> = result.spared.iter().map(|spared| spared.pid).collect();
    assert!(spared.contains(&1) && spared.contains(&std::process::id()));
    for mut child in inside {
        child.wait().expect("killed");
    }
    assert!(outside.try_wait().expect("a child of ours").is_none());
    outside.kill().expect("a child of ours");
    outside.wait().expect("a child of ours");
}

#[test]
fn only_the_process_that_acted_is_killed() {
    let memory = Memory::default();
    let kernel = Kernel::new(Box::new(memory.clone()));
    let (mut one, mut other) = (sleeper(), sleeper());
    for child in [&one, &other] {
        memory.state().tasks.insert(child.id(), task(5));
    }
    let target = Target {
        sessions: vec![5],
        only: Some(one.id()),
    };
    assert!(kill_one(&kernel, &target, one.id()));
    assert_eq!(members(&kernel, &target), [one.id()]);
    one.wait().expect("killed");
    assert!(other.try_wait().expect("a child of ours").is_none());
    other.kill().expect("a child of ours");
    other.wait().expect("a child of ours");
}

#[test]
fn a_number_that_left_the_table_is_not_signalled() {
    let memory = Memory::default();
    let kernel = Kernel::new(Box::new(memory));
    let mut child = sleeper();
    let target = Target {
        sessions: vec![5],
        only: None,
    };
    assert!(!kill_one(&kernel, &target, child.id()));
    assert!(child.try_wait().expect("a child of ours").is_none());
    child.kill().expect("a child of ours");
    child.wait().expect("a child of ours");
}

#[test]
fn a_rule_that_kills_too_often_is_stopped_until_the_next_policy() {
    let mut brake = Brake::new(2, Duration::from_secs(60));
    let start = Instant::now();
    assert_eq!(brake.ask("a", start), Go::Ahead);
    assert_eq!(brake.ask("a", start), Go::Ahead);
    assert_eq!(brake.ask("b", start), Go::Ahead);
    assert_eq!(brake.ask("a", start), Go::Stopped);
    assert_eq!(brake.ask("a", start + Duration::from_secs(90)), Go::Off);
    assert_eq!(brake.off().collect::<Vec<_>>(), ["a"]);
    brake.release();
    assert_eq!(brake.ask("a", start), Go::Ahead);
}
