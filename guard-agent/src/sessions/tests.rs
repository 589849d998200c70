use super::*;
use crate::daemon::kernel::memory::Memory;
use crate::daemon::rules::fixture::Fixture;
use guard_common::abi::session::Task;

const GRACE: Duration = Duration::from_secs(60);

fn sessions() -> (Memory, Sessions) {
    let memory = Memory::default();
    let kernel = Kernel::new(Box::new(memory.clone()));
    let sessions = Sessions::adopt(kernel, GRACE, HashMap::new()).expect("in memory");
    (memory, sessions)
}

fn open(sessions: &mut Sessions, tgid: u32) -> u64 {
    let registration = Registration {
        tgid,
        identity: Identity::unknown(),
    };
    let (id, _) = sessions
        .register(&registration, &Fixture::default())
        .expect("in memory");
    id
}

#[test]
fn a_registered_process_is_guarded_under_a_random_id() {
    let (memory, mut sessions) = sessions();
    let id = open(&mut sessions, 100);
    assert!(id != 0 && id >> 63 == 0);
    assert_eq!(memory.state().tasks[&100].session, id);
    assert_eq!(memory.state().sessions[&id].selectors[0] & 1, 1);
}

#[test]
fn a_nested_session_keeps_what_held_for_its_parent() {
    let (memory, mut sessions) = sessions();
    let outer = open(&mut sessions, 100);
    memory
        .state()
        .sessions
        .get_mut(&outer)
        .expect("known")
        .selectors = [0b1001; 4];
    let inner = open(&mut sessions, 100);
    assert_eq!(
        memory.state().sessions[&inner].selectors[0] & 0b1001,
        0b1001
    );
    assert_eq!(sessions.lineage(inner), [inner, outer]);
    assert!(sessions.tree(outer).contains(&inner));
    assert_eq!(
        sessions.get(inner).expect("known").facts.parent,
        Some(hex(outer))
    );
}

#[test]
fn quarantine_holds_for_the_tree_and_for_what_is_started_in_it_later() {
    let (memory, mut sessions) = sessions();
    let outer = open(&mut sessions, 100);
    let other = open(&mut sessions, 500);
    let inner = open(&mut sessions, 100);
    assert_eq!(sessions.quarantine(outer).expect("in memory"), 2);
    assert_eq!(sessions.quarantine(outer).expect("in memory"), 0);
    let later = open(&mut sessions, 100);
    for (id, flags) in [(outer, 1), (inner, 1), (later, 1), (other, 0)] {
        assert_eq!(memory.state().sessions[&id].flags, flags);
    }
}

#[test]
fn a_session_ends_after_its_last_task_and_the_time_of_grace() {
    let (memory, mut sessions) = sessions();
    let start = Instant::now();
    let outer = open(&mut sessions, 100);
    let inner = open(&mut sessions, 200);
    sessions.entries.get_mut(&inner).expect("known").parent = outer;
    memory.state().tasks.remove(&100);
    assert!(sessions.sweep(start).expect("in memory").is_empty());
    assert!(
        sessions.sweep(start + GRACE).expect("in memory").is_empty(),
        "a child lives"
    );
    memory.state().tasks.remove(&200);
    sessions.emptied(inner, start + GRACE);
    let ended = sessions.sweep(start + 2 * GRACE).expect("in memory");
    assert_eq!(ended.len(), 2);
    assert!(sessions.is_empty() && memory.state().sessions.is_empty());
}

#[test]
fn a_task_that_comes_back_keeps_the_session() {
    let (memory, mut sessions) = sessions();
    let start = Instant::now();
    let id = open(&mut sessions, 100);
    sessions.emptied(id, start);
    let task = Task {
        session: id,
        since_ns: 1,
    };
    memory.state().tasks.insert(100, task);
    assert!(
        sessions
            .sweep(start + 2 * GRACE)
            .expect("in memory")
            .is_empty()
    );
}

#[test]
fn a_restarted_daemon_takes_sessions_over_with_their_names() {
    let (memory, mut sessions) = sessions();
    let known = open(&mut sessions, 100);
    let forgotten = open(&mut sessions, 200);
    let mut identity = Identity::unknown();
    identity.subject.name = "claude".to_owned();
    let kernel = Kernel::new(Box::new(memory));
    let remembered = HashMap::from([(known, identity)]);
    let adopted = Sessions::adopt(kernel, GRACE, remembered).expect("in memory");
    assert_eq!(
        adopted.get(known).expect("known").facts.subject.name,
        "claude"
    );
    assert_eq!(
        adopted.get(forgotten).expect("known").facts.subject.name,
        "unknown"
    );
}
