//! Program starts of a guarded session, against a real kernel.

use crate::guarded::{Gate, Guard, LIMIT, Record, finish};
use guard_common::abi::event::ARGV_CUT;
use guard_common::verdict::{Cause, Effect, Verdict};
use guard_tests::need::{Need, require};
use guard_tests::scratch::Scratch;
use guard_tests::wait;
use std::path::Path;
use std::process::Command;

const NEEDS: &[Need] = &[Need::Root, Need::Cgroup2];

const POLICY: &str = r#"
version: 1
rules:
  - name: no-resets
    when: { exec: { argv: ["prisma migrate reset *"] } }
    action: block
    reason: Resets are done by people.
"#;

const KILLED: i32 = 128 + 9;

/// A script named `prisma` that leaves a file, and that file's path.
fn prisma(scratch: &Scratch) -> (String, String) {
    let trace = scratch.join("trace").display().to_string();
    let text = format!("#!/bin/sh\ntouch {trace}\necho ran\n");
    (scratch.script("prisma", &text).display().to_string(), trace)
}

/// Whether a file exists; it is removed.
fn left(trace: &str) -> bool {
    std::fs::remove_file(trace).is_ok()
}

#[test]
fn three_hundred_refused_starts_leave_nothing() {
    if !require(NEEDS) {
        return;
    }
    let scratch = Scratch::new();
    let (script, trace) = prisma(&scratch);
    // The kernel's first write of a copied program is its own: no shell between.
    let binary = scratch.join("bin-prisma");
    std::fs::create_dir(&binary).expect("folder");
    let binary = binary.join("prisma");
    std::fs::copy("/usr/bin/touch", &binary).expect("copy");
    let binary = binary.display().to_string();
    let mut guard = Guard::new(POLICY);
    let rounds = wait::rounds(150);
    let text = format!(
        "i=0; while [ $i -lt {rounds} ]; do {script} migrate reset; a=$?; \
         (cd {folder} && exec {binary} migrate reset trace2); echo $a $?; i=$((i+1)); done 2>/dev/null",
        folder = scratch.path().display()
    );
    let (id, status, output) = guard.run(&["/bin/sh", "-c", &text]);
    assert_eq!(status, 0, "{output}");
    assert_eq!(output, "137 137\n".repeat(rounds as usize));
    assert!(!left(&trace));
    for name in ["migrate", "reset", "trace2"] {
        assert!(!scratch.join(name).exists(), "{name} was touched");
    }
    let killed = guard.execs(id);
    let killed = killed
        .iter()
        .filter(|exec| exec.effect == Effect::Sigkill as u32);
    assert_eq!(killed.count(), 2 * rounds as usize);
    guard.assert_no_faults();
}

/// Every way to start the same program.
#[test]
fn no_way_to_start_a_program_hides_it() {
    if !require(NEEDS) {
        return;
    }
    let scratch = Scratch::new();
    let (script, trace) = prisma(&scratch);
    let link = scratch.join("innocent").display().to_string();
    std::os::unix::fs::symlink(&script, &link).expect("link");
    let folder = scratch.path().display();
    let ways = [
        format!("{script} migrate reset"),
        format!("cd {folder}; ./prisma migrate reset --force"),
        format!("PATH={folder}:$PATH; prisma migrate reset"),
        format!("env -i A=b {script} migrate reset"),
        format!("/usr/bin/env {script} migrate reset ''"),
        format!("sh {script} migrate reset"),
        format!("sh -x {script} migrate reset"),
        format!("bash -c 'exec -a ls {script} migrate reset'"),
        format!("nohup {script} migrate reset"),
        format!("setsid -w {script} migrate reset"),
        format!("(({script} migrate reset &); wait) ; sleep 0.1"),
        format!("xargs {script} migrate </dev/null reset"),
        format!("{script} migrate reset {}", "x".repeat(9000)),
    ];
    let mut guard = Guard::new(POLICY);
    for way in &ways {
        let (id, _, output) = guard.run(&["/bin/bash", "-c", way]);
        guard.ended(id);
        assert!(!left(&trace), "{way}: {output}");
        let refused = guard.execs(id);
        let refused = refused.iter().filter(|exec| exec.decision.denies());
        assert_eq!(refused.count(), 1, "{way}");
    }
    // A link with a harmless name to a script: the script's own name is gone.
    let (_, _, output) = guard.run(&["/bin/sh", "-c", &format!("{link} migrate status")]);
    assert_eq!(output, "ran\n");
    assert!(left(&trace));
    guard.assert_no_faults();
}

#[test]
fn a_link_or_a_descriptor_does_not_hide_the_file_that_runs() {
    if !require(NEEDS) {
        return;
    }
    let scratch = Scratch::new();
    let tool = scratch.join("prisma");
    std::fs::copy("/bin/echo", &tool).expect("copy");
    let link = scratch.join("innocent");
    std::os::unix::fs::symlink(&tool, &link).expect("link");
    let link = link.display().to_string();
    let mut guard = Guard::new(POLICY);
    let (_, status, output) = guard.run(&[&link, "migrate", "reset"]);
    assert_eq!((status, output.as_str()), (KILLED, ""));
    let (_, status, _) = guard.run(&[&link, "migrate", "status"]);
    assert_eq!(status, 0);
    let text = format!(
        "exec 9<{}; exec /proc/self/fd/9 migrate reset",
        tool.display()
    );
    let (_, status, output) = guard.run(&["/bin/sh", "-c", &text]);
    assert_eq!((status, output.as_str()), (KILLED, ""), "by descriptor");
    guard.assert_no_faults();
}

#[test]
fn rules_about_paths_and_folders_see_the_real_path() {
    if !require(NEEDS) {
        return;
    }
    let scratch = Scratch::new();
    let folder = scratch.join("tools");
    std::fs::create_dir(&folder).expect("folder");
    let tool = folder.join("tool");
    std::fs::copy("/bin/echo", &tool).expect("copy");
    let real = folder.canonicalize().expect("path");
    let policy = format!(
        "version: 1\nrules:\n  - name: folder\n    when: {{ exec: {{ program: [\"{}/*\"] }} }}\n    action: block\n    reason: No tools.\n",
        real.display()
    );
    let mut guard = Guard::new(&policy);
    let relative = format!("cd {} && ./tool hi", folder.display());
    let around = format!("cd /; {}/../tools/./tool hi", folder.display());
    for text in [&relative, &around] {
        let (_, status, output) = guard.run(&["/bin/sh", "-c", text]);
        assert_eq!(status, KILLED, "{text}: {output}");
    }
    let (id, status, _) = guard.run(&["/bin/sh", "-c", "cd /bin && ./true"]);
    assert_eq!(status, 0);
    let last = guard.execs(id).pop().expect("record");
    let real = Path::new("/bin/true").canonicalize().expect("path");
    assert_eq!(
        crate::guarded::path(&last),
        real.display().to_string(),
        "made whole"
    );
    guard.assert_no_faults();
}

#[test]
fn a_record_holds_path_arguments_and_ids() {
    if !require(NEEDS) {
        return;
    }
    let mut guard = Guard::new(POLICY);
    let (id, child) = guard.start(&["/bin/echo", "a", "", "b c"]);
    let tgid = child.id();
    assert_eq!(finish(child), (0, "a  b c\n".to_owned()));
    guard.ended(id);
    let [exec] = guard.execs(id)[..] else {
        panic!("one record");
    };
    assert_eq!(crate::guarded::path(&exec), "/bin/echo");
    assert_eq!(crate::guarded::argv(&exec), ["/bin/echo", "a", "", "b c"]);
    assert_eq!((exec.header.tgid, exec.header.uid), (tgid, 0));
    assert_eq!(exec.parent, std::process::id());
    assert_eq!(exec.argv_flags, 0);
    let (id, status, _) = guard.run(&["/bin/echo", &"y".repeat(20_000)]);
    assert_eq!(status, 0, "long arguments of another program are harmless");
    let exec = guard.execs(id).pop().expect("record");
    assert_eq!((exec.argv_flags, exec.argv_len), (ARGV_CUT, 4096));
}

#[test]
fn arguments_too_long_to_judge_are_opaque() {
    if !require(NEEDS) {
        return;
    }
    let scratch = Scratch::new();
    let (script, trace) = prisma(&scratch);
    let mut guard = Guard::new(POLICY);
    let way = format!("env A={} {script} migrate reset", "x".repeat(5000));
    let (id, status, _) = guard.run(&["/bin/sh", "-c", &way]);
    assert_eq!(status, KILLED);
    let exec = guard.execs(id).pop().expect("record");
    assert_eq!(exec.decision.cause, Cause::Opaque as u8);
    assert!(!left(&trace));
}

#[test]
fn observe_rules_refuse_nothing_and_are_recorded() {
    if !require(NEEDS) {
        return;
    }
    let scratch = Scratch::new();
    let (script, trace) = prisma(&scratch);
    let policy = POLICY.replace("action: block", "action: kill\n    mode: observe");
    let mut guard = Guard::new(&policy);
    let (id, status, output) = guard.run(&[&script, "migrate", "reset"]);
    assert_eq!((status, output.as_str()), (0, "ran\n"));
    assert!(left(&trace));
    let first = guard.execs(id)[0];
    assert_eq!(first.decision.verdict, Verdict::Allow as u8);
    assert_eq!(first.decision.observed_verdict, Verdict::Kill as u8);
    assert_eq!(guard.rule(first.decision.observed_rule), "no-resets");
    assert_eq!(guard.kernel.rule_matches().expect("matches")[0], 1);
}

#[test]
fn outside_of_every_session_nothing_is_touched() {
    if !require(NEEDS) {
        return;
    }
    let scratch = Scratch::new();
    let (script, trace) = prisma(&scratch);
    let mut guard = Guard::new(POLICY);
    let outside = Command::new(&script).args(["migrate", "reset"]).output();
    assert!(outside.expect("starts").status.success());
    assert!(left(&trace));
    let mut inside_scope = Gate::new(&[&script, "migrate", "reset"]);
    guard.admit(inside_scope.child.id());
    inside_scope.open();
    assert_eq!(finish(inside_scope.child).0, 0);
    assert!(left(&trace));
    assert!(guard.records().is_empty());
}

#[test]
fn a_quarantined_session_starts_nothing_more() {
    if !require(NEEDS) {
        return;
    }
    let mut guard = Guard::new(POLICY);
    let mut gate = Gate::new(&["/bin/sh", "-c", "echo never"]);
    let id = guard.guard(gate.child.id());
    let known = guard.kernel.update_session(id, |session| {
        session.flags |= guard_common::abi::session::SESSION_QUARANTINED;
    });
    assert!(known.expect("update"));
    gate.open();
    assert_eq!(finish(gate.child), (KILLED, String::new()));
    let exec = guard.execs(id).pop().expect("record");
    assert_eq!(exec.decision.cause, Cause::Quarantine as u8);
}

#[test]
fn a_new_policy_and_a_disarm_hold_for_sessions_that_run() {
    if !require(NEEDS) {
        return;
    }
    let scratch = Scratch::new();
    let (script, trace) = prisma(&scratch);
    let mut guard = Guard::new("version: 1\n");
    let mut gate = Gate::new(&[&script, "migrate", "reset"]);
    let id = guard.guard(gate.child.id());
    guard.reload(POLICY);
    gate.open();
    assert_eq!(finish(gate.child).0, KILLED);
    let exec = guard.execs(id).pop().expect("record");
    assert_eq!(exec.header.epoch, 2);
    for _ in 0..9 {
        guard.reload(POLICY);
    }
    let (_, status, _) = guard.run(&[&script, "migrate", "reset"]);
    assert_eq!(status, KILLED, "slots are used again");
    assert!(!left(&trace));
    guard.kernel.set_disarmed(u64::MAX).expect("disarm");
    let (id, status, _) = guard.run(&[&script, "migrate", "reset"]);
    assert_eq!(status, 0);
    assert!(left(&trace));
    let disarmed = guard.execs(id);
    assert!(
        disarmed
            .iter()
            .any(|exec| exec.decision.cause == Cause::Disarmed as u8)
    );
    guard.kernel.set_disarmed(1).expect("arm");
    let (_, status, _) = guard.run(&[&script, "migrate", "reset"]);
    assert_eq!(status, KILLED, "a disarm that is over");
}

const PROGRAMS: &str = r#"
version: 1
subjects:
  - name: coders
    kind: agent
    match: { programs: [claude] }
rules:
  - name: no-resets
    when: { subject: coders, exec: { argv: ["prisma migrate reset *"] } }
    action: block
    reason: Resets are done by people.
"#;

#[test]
fn a_listed_program_begins_a_session_inside_the_scope_only() {
    if !require(NEEDS) {
        return;
    }
    let scratch = Scratch::new();
    let (script, trace) = prisma(&scratch);
    let text = format!("#!/bin/sh\n{script} migrate reset\necho $?\n");
    let claude = scratch.script("claude", &text).display().to_string();
    let mut guard = Guard::new(PROGRAMS);
    let mut outside = Gate::new(&[&claude]);
    outside.open();
    assert!(finish(outside.child).1.contains("ran"));
    assert!(left(&trace));
    assert!(guard.records().is_empty());

    let mut inside = Gate::new(&[&claude]);
    guard.admit(inside.child.id());
    let tgid = inside.child.id();
    inside.open();
    let (status, output) = finish(inside.child);
    assert_eq!(status, 0);
    assert!(output.contains("137\n"), "{output}");
    assert!(!left(&trace));
    let begun = wait::until("the session's begin", LIMIT, || {
        guard.records().iter().find_map(|record| match record {
            Record::Begin(change) => Some(*change),
            _ => None,
        })
    });
    assert_eq!((begun.header.tgid, begun.parent), (tgid, 0));
    let id = begun.header.session;
    assert_eq!(id >> 63, 1, "the kernel's own ids have the top bit");
    guard.ended(id);
    let paths: Vec<_> = guard.execs(id).iter().map(crate::guarded::path).collect();
    assert_eq!(paths, [claude.as_str(), script.as_str()]);
    guard.kernel.remove_session(id).expect("remove");
    assert!(guard.kernel.sessions().expect("sessions").is_empty());
    guard.assert_no_faults();
}

#[test]
fn a_listed_program_nests_in_a_session_and_sheds_nothing() {
    if !require(NEEDS) {
        return;
    }
    let scratch = Scratch::new();
    let (script, trace) = prisma(&scratch);
    let text = format!("#!/bin/sh\n{script} migrate reset\necho $?\n");
    let claude = scratch.script("claude", &text).display().to_string();
    let policy = format!(
        "{PROGRAMS}  - name: no-date\n    when: {{ subject: {{ name: tester }}, exec: {{ argv: [\"date *\"] }} }}\n    action: block\n    reason: No.\n"
    );
    let mut guard = Guard::new(&policy);
    let text = format!("date; {claude}; (exec {claude}) & wait; echo done");
    let (outer, status, output) = guard.run(&["/bin/sh", "-c", &text]);
    assert_eq!(status, 0, "{output}");
    assert_eq!(output.matches("137").count(), 2, "{output}");
    assert!(!left(&trace));
    let ended = guard.ended(outer);
    assert_eq!(ended.parent, 0);
    let nested: Vec<_> = guard
        .records()
        .iter()
        .filter_map(|record| match record {
            Record::Begin(change) => Some((change.header.session, change.parent)),
            _ => None,
        })
        .collect();
    assert_eq!(nested.len(), 2);
    for (id, parent) in nested {
        assert_eq!(parent, outer);
        guard.ended(id);
        let selectors = |session: u64| {
            let session = guard
                .kernel
                .session(session)
                .expect("map")
                .expect("session");
            session.selectors[guard.kernel.settings().expect("settings").slot as usize]
        };
        let (inner, around) = (selectors(id), selectors(outer));
        assert_eq!(inner & around, around, "what holds around it holds inside");
        assert_ne!(inner, around);
    }
    guard.assert_no_faults();
}
