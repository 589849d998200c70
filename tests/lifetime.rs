//! Who belongs to a session, from its begin to its end.

mod guarded;

use guard_tests::need::{Need, require};
use guarded::Guard;

const NEEDS: &[Need] = &[Need::Root, Need::Cgroup2];
const POLICY: &str = "version: 1\nrules:\n  - name: no-prisma\n    when: { exec: { argv: [\"prisma *\"] } }\n    action: block\n    reason: Not here.\n";

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
    let paths: Vec<_> = execs.iter().map(guarded::path).collect();
    assert_eq!(paths, ["/bin/sh", "/bin/true", "/bin/echo"]);
    assert_eq!(guard.kernel.tasks().expect("tasks").len(), 0);
    guard.assert_no_faults();
}
