//! Who belongs to a session, from its begin to its end.

use crate::guarded::{Gate, Guard, LIMIT, finish};
use guard_agent::bpf::{Kernel, OnStop, Options};
use guard_common::abi::session::Session;
use guard_tests::cgroup::Cgroup;
use guard_tests::need::{Need, require};
use guard_tests::scratch::Scratch;
use guard_tests::wait;
use std::process::{Command, Stdio};
use zerocopy::FromZeros;

const NEEDS: &[Need] = &[Need::Root, Need::Cgroup2];

const POLICY: &str = r#"
version: 1
rules:
  - name: no-date
    when: { exec: { argv: ["date *"] } }
    action: block
    reason: Not here.
"#;

/// Does one thing to a thread.
const REACH: &str = env!("CARGO_BIN_EXE_guard-reach");

const KILLED: i32 = 128 + 9;

#[test]
fn a_session_lasts_from_its_first_to_its_last_task() {
    if !require(NEEDS) {
        return;
    }
    let mut guard = Guard::new(POLICY);
    let (id, status, output) = guard.run(&["/bin/sh", "-c", "/bin/true; /bin/echo hi"]);
    assert_eq!((status, output.as_str()), (0, "hi\n"));
    guard.ended(id);
    let execs = guard.execs(id);
    let paths: Vec<_> = execs.iter().map(crate::guarded::path).collect();
    assert_eq!(paths, ["/bin/sh", "/bin/true", "/bin/echo"]);
    assert_eq!(guard.kernel.tasks().expect("tasks").len(), 0);
    guard.assert_no_faults();
}

/// A grandchild in a session of its own (`setsid`), whose parents are gone, in
/// the background of a process that has ended.
#[test]
fn an_orphan_in_its_own_process_session_stays_guarded() {
    if !require(NEEDS) {
        return;
    }
    let scratch = Scratch::new();
    let (go, out) = (scratch.join("go"), scratch.join("out"));
    let inner = format!(
        "while [ ! -e {go} ]; do sleep 0.01; done; date >/dev/null; echo $? $(ps -o ppid= -p $$) > {out}.part; mv {out}.part {out}",
        go = go.display(),
        out = out.display()
    );
    let text = format!("(setsid sh -c '{inner}' </dev/null >/dev/null 2>&1 &) & wait");
    let mut guard = Guard::new(POLICY);
    let (id, status, output) = guard.run(&["/bin/sh", "-c", &text]);
    assert_eq!(status, 0, "{output}");
    assert!(guard.kernel.members(id).expect("members") > 0, "it goes on");
    std::fs::write(&go, "").expect("go");
    let text = wait::until("the orphan's word", LIMIT, || {
        std::fs::read_to_string(&out).ok()
    });
    let words: Vec<&str> = text.split_whitespace().collect();
    assert_eq!(words[0], KILLED.to_string(), "its child was refused");
    guard.ended(id);
    assert_eq!(guard.kernel.members(id).expect("members"), 0);
    guard.assert_no_faults();
}

#[test]
fn exec_from_another_thread_keeps_the_session() {
    if !require(NEEDS) {
        return;
    }
    let mut guard = Guard::new(POLICY);
    let (id, _, output) = guard.run(&[REACH, "exec-from-thread", "/bin/sh", "-c", "date; echo $?"]);
    assert!(output.contains("137\n"), "{output}");
    guard.ended(id);
    let (id, child) = guard.start(&[REACH, "exec-from-thread", "/bin/date"]);
    assert_eq!(finish(child).0, KILLED);
    guard.ended(id);
    guard.assert_no_faults();
}

#[test]
fn a_thread_group_stays_guarded_after_its_leader() {
    if !require(NEEDS) {
        return;
    }
    let scratch = Scratch::new();
    let go = scratch.join("go");
    let mut guard = Guard::new(POLICY);
    let (id, child) = guard.start(&[
        REACH,
        "leader-leaves",
        &go.display().to_string(),
        "/bin/sh",
        "-c",
        "date; exit $?",
    ]);
    let stat = format!("/proc/{}/stat", child.id());
    wait::until("the leader's exit", LIMIT, || {
        let stat = std::fs::read_to_string(&stat).expect("it lives");
        stat.rsplit(')').next()?.starts_with(" Z").then_some(())
    });
    assert_eq!(guard.kernel.members(id).expect("members"), 1);
    assert!(guard.kernel.task(child.id()).expect("task").is_some());
    std::fs::write(&go, "").expect("go");
    assert!(finish(child).1.contains("137\n"));
    guard.ended(id);
    guard.assert_no_faults();
}

#[test]
fn a_thousand_sessions_leave_no_entry() {
    if !require(NEEDS) {
        return;
    }
    let mut guard = Guard::new(POLICY);
    for round in 0..wait::rounds(1000) {
        let text = if round % 3 == 0 {
            "date; (true &)"
        } else {
            "true"
        };
        let (id, child) = guard.start(&["/bin/sh", "-c", text]);
        finish(child);
        guard.ended(id);
        guard.kernel.remove_session(id).expect("remove");
    }
    assert!(guard.kernel.tasks().expect("tasks").is_empty());
    assert!(guard.kernel.sessions().expect("sessions").is_empty());
    assert!(guard.kernel.sweep().expect("sweep").is_empty());
    guard.assert_no_faults();
}

/// A process that gets the number of a guarded one that has ended.
#[test]
fn a_process_with_a_used_number_is_not_guarded() {
    if !require(NEEDS) {
        return;
    }
    let mut guard = Guard::new(POLICY);
    let (id, child) = guard.start(&["/bin/true"]);
    let tgid = child.id();
    finish(child);
    guard.ended(id);
    let last = "/proc/sys/kernel/ns_last_pid";
    let again = wait::until("the same number", LIMIT, || {
        std::fs::write(last, (tgid - 1).to_string()).expect("numbers can be set");
        let child = Command::new("/bin/date")
            .stdout(Stdio::piped())
            .spawn()
            .expect("date starts");
        let same = child.id() == tgid;
        let (status, _) = finish(child);
        same.then_some(status)
    });
    assert_eq!(again, 0, "it is another process");
}

/// What an exit that the kernel side did not see would leave.
#[test]
fn the_sweep_removes_tasks_that_do_not_exist() {
    if !require(NEEDS) {
        return;
    }
    let mut guard = Guard::new(POLICY);
    let mut gone = Command::new("/bin/true").spawn().expect("true starts");
    let tgid = gone.id();
    gone.wait().expect("it ends");
    let mut session = Session::new_zeroed();
    session.selectors = [1; 4];
    guard.kernel.register(tgid, 77, &session).expect("register");
    let gate = Gate::new(&["/bin/true"]);
    let alive = guard.guard(gate.child.id());
    assert_eq!(guard.kernel.sweep().expect("sweep"), [77]);
    assert_eq!(guard.kernel.members(alive).expect("members"), 1);
    let mut gate = gate;
    gate.open();
    finish(gate.child);
    guard.ended(alive);
}

#[test]
fn a_session_nests_sixteen_deep_and_ends_from_the_inside() {
    if !require(NEEDS) {
        return;
    }
    let mut guard = Guard::new(POLICY);
    let gate = Gate::new(&["/bin/true"]);
    let tgid = gate.child.id();
    let ids: Vec<u64> = (0..16).map(|_| guard.guard(tgid)).collect();
    let parent = guard
        .kernel
        .task(tgid)
        .expect("task")
        .expect("guarded")
        .session;
    let mut session = Session::new_zeroed();
    session.parent = parent;
    let error = guard
        .kernel
        .register(tgid, 99, &session)
        .expect_err("too deep");
    assert!(error.to_string().contains("16 deep"), "{error}");
    assert!(guard.kernel.session(99).expect("map").is_none());
    let mut gate = gate;
    gate.open();
    finish(gate.child);
    for id in ids.into_iter().rev() {
        guard.ended(id);
    }
    guard.assert_no_faults();
}

/// Options with pins below a folder of the test's own.
fn pinned(cgroup: &Cgroup, pins: &std::path::Path) -> Options {
    Options {
        scope: cgroup.path().to_owned(),
        pin_dir: Some(pins.to_owned()),
        ring_bytes: 1 << 20,
    }
}

#[test]
fn what_is_pinned_goes_on_and_is_taken_over_and_detach_leaves_nothing() {
    if !require(NEEDS) {
        return;
    }
    let (cgroup, scratch) = (Cgroup::new(), Scratch::new());
    let pins = scratch.join("pins");
    let options = pinned(&cgroup, &pins);
    let mut first = Kernel::start(&options).expect("start");
    assert!(!first.adopted());
    let mut policy = guard_common::abi::policy::Policy::empty();
    policy.on_opaque = 4;
    let epoch = first.install(&policy, &[], |_, _| 1).expect("install");
    let mut gate = Gate::new(&["/bin/true"]);
    let mut session = Session::new_zeroed();
    session.selectors = [1; 4];
    first
        .register(gate.child.id(), 5, &session)
        .expect("register");
    let secret = first.settings().expect("settings").secret;
    first.stop(OnStop::Keep).expect("stop");

    gate.open();
    finish(gate.child);
    let mut second = Kernel::start(&options).expect("take over");
    assert!(second.adopted());
    let settings = second.settings().expect("settings");
    assert_eq!((settings.epoch, settings.secret), (epoch, secret));
    assert!(second.session(5).expect("map").is_some());
    assert!(
        second.tasks().expect("tasks").is_empty(),
        "the exit was seen"
    );
    let mut events = second.events().expect("events");
    assert!(events.next().is_some(), "records waited");
    drop(events);

    let error = Kernel::start(&options).err().expect("a second one");
    assert!(error.to_string().contains("another daemon"), "{error}");
    second.stop(OnStop::Keep).expect("stop");
    let other = Cgroup::new();
    let error = Kernel::start(&pinned(&other, &pins))
        .err()
        .expect("another scope");
    assert!(error.to_string().contains("another cgroup"), "{error}");
    let second = Kernel::start(&options).expect("take over again");
    second.stop(OnStop::Detach).expect("detach");
    let left = std::fs::read_dir(&pins).expect("folder").count();
    assert_eq!(
        left, 0,
        "the pins, and the file system that was mounted for them"
    );
    let third = Kernel::start(&options).expect("start");
    assert!(!third.adopted());
    third.stop(OnStop::Detach).expect("detach");
}

#[test]
fn a_folder_of_another_version_or_half_a_guard_is_refused_with_a_remedy() {
    if !require(NEEDS) {
        return;
    }
    let (cgroup, scratch) = (Cgroup::new(), Scratch::new());
    let pins = scratch.join("pins");
    let options = pinned(&cgroup, &pins);
    let kernel = Kernel::start(&options).expect("start");
    kernel.stop(OnStop::Keep).expect("stop");
    let folder = std::fs::read_dir(&pins)
        .expect("folder")
        .flatten()
        .next()
        .expect("pins")
        .path();
    let link = folder.join("links/connect4");
    std::fs::remove_file(&link).expect("remove");
    let error = Kernel::start(&options)
        .err()
        .expect("half a guard")
        .to_string();
    assert!(
        error.contains("connect4") && error.contains("rm -r"),
        "{error}"
    );
    std::fs::remove_dir_all(&folder).expect("remove");
    let old = pins.join("v9999");
    std::fs::create_dir(&old).expect("folder");
    let error = Kernel::start(&options)
        .err()
        .expect("another version")
        .to_string();
    assert!(
        error.contains("v9999") && error.contains("rm -r"),
        "{error}"
    );
    std::fs::remove_dir(&old).expect("remove");
    let kernel = Kernel::start(&options).expect("start");
    kernel.stop(OnStop::Detach).expect("detach");
}

#[test]
fn a_scope_that_is_no_cgroup_is_refused() {
    if !require(NEEDS) {
        return;
    }
    let scratch = Scratch::new();
    let options = Options {
        scope: scratch.path().to_owned(),
        pin_dir: None,
        ring_bytes: 1 << 20,
    };
    let error = Kernel::start(&options)
        .err()
        .expect("no cgroup")
        .to_string();
    assert!(error.contains("not a cgroup v2 folder"), "{error}");
}
