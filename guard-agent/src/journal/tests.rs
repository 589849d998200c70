use super::*;
use crate::decision::{Gap, GapRecord, Stage};
use crate::events::clock;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Names the journal that the writing child fills.
const CHILD: &str = "GUARD_TEST_JOURNAL_CHILD";

fn gap(lost: u64) -> Record {
    Record::Gap(GapRecord {
        v: 1,
        seq: 0,
        time: clock::now(),
        gap: Gap {
            lost,
            stage: Stage::Ring,
        },
    })
}

fn scratch() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let path = folder.path().join("journal.db");
    (folder, path)
}

fn rows(path: &Path) -> Vec<(u64, String)> {
    let reader = Reader::open(path).expect("opens");
    let mut rows = Vec::new();
    let mut after = 0;
    loop {
        let page = reader
            .after(&Filter::default(), after, u64::MAX >> 1)
            .expect("reads");
        let Some((last, _)) = page.rows.last() else {
            return rows;
        };
        after = *last;
        rows.extend(page.rows);
    }
}

#[test]
fn rows_are_numbered_without_holes_over_restarts() {
    let (_folder, path) = scratch();
    for round in 0..3_u64 {
        let (journal, _) = Journal::open(&path, 64).expect("opens");
        for count in 1..=10 {
            journal.write(gap(round * 10 + count), None);
        }
        journal.close();
    }
    let rows = rows(&path);
    let numbers: Vec<u64> = rows.iter().map(|(seq, _)| *seq).collect();
    assert_eq!(numbers, (1..=30).collect::<Vec<u64>>());
    for (seq, json) in rows {
        let value: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!(value["seq"], seq);
        assert_eq!(value["gap"]["lost"], seq);
    }
}

#[test]
fn a_second_daemon_is_kept_out() {
    let (_folder, path) = scratch();
    let (first, _) = Journal::open(&path, 16).expect("opens");
    let second = Journal::open(&path, 16);
    assert!(matches!(second, Err(JournalError::Locked(_))));
    first.close();
    Journal::open(&path, 16).expect("free again").0.close();
}

#[test]
fn cursors_and_identities_are_there_after_a_restart() {
    let (_folder, path) = scratch();
    let (journal, _) = Journal::open(&path, 64).expect("opens");
    journal.write(gap(1), Some((2, 40)));
    journal.passed(2, 39);
    journal.passed(3, 7);
    journal.remember(u64::MAX, &Identity::unknown());
    journal.remember(5, &Identity::unknown());
    journal.forget(5);
    journal.policy(3, "abc".into());
    journal.close();
    let (journal, past) = Journal::open(&path, 64).expect("opens");
    assert_eq!(past.cursors, [(2, 40), (3, 7)]);
    assert_eq!(past.identities.len(), 1);
    assert_eq!(past.policies, [(3, "abc".to_owned())]);
    assert!(past.identities.contains_key(&u64::MAX));
    journal.forget_cursors();
    journal.close();
    let (journal, past) = Journal::open(&path, 64).expect("opens");
    assert!(past.cursors.is_empty());
    journal.close();
}

#[test]
fn a_full_queue_is_counted_and_becomes_a_gap() {
    let (_folder, path) = scratch();
    let (journal, _) = Journal::open(&path, 1).expect("opens");
    let deadline = Instant::now() + Duration::from_secs(20);
    while journal.counters().lost_queue.load(Ordering::Relaxed) < 5 {
        journal.write(gap(0), None);
        assert!(Instant::now() < deadline, "the queue never fills");
    }
    let lost = journal.counters().lost_queue.load(Ordering::Relaxed);
    let deadline = Instant::now() + Duration::from_secs(20);
    while journal.counters.untold_queue.load(Ordering::Relaxed) > 0 {
        assert!(Instant::now() < deadline, "the gap is never told");
        std::thread::yield_now();
    }
    journal.close();
    let told = rows(&path).into_iter().map(|(_, json)| {
        let value: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        let queue = value["gap"]["stage"] == "queue";
        if queue {
            value["gap"]["lost"].as_u64().unwrap_or(0)
        } else {
            0
        }
    });
    assert_eq!(told.sum::<u64>(), lost);
}

/// Another process that holds the file's write lock stands for a disk that
/// refuses every write.
#[test]
fn what_the_disk_refuses_is_counted_and_becomes_a_gap() {
    let (_folder, path) = scratch();
    let (journal, _) = Journal::open(&path, 64).expect("opens");
    journal.write(gap(0), None);
    let deadline = Instant::now() + Duration::from_secs(20);
    while *journal.head().borrow() < 1 {
        assert!(
            Instant::now() < deadline,
            "the first record is never written"
        );
        std::thread::yield_now();
    }
    let blocker = rusqlite::Connection::open(&path).expect("opens");
    blocker.execute_batch("BEGIN IMMEDIATE").expect("locked");
    let lost = Record::Lifecycle(Box::new(crate::decision::LifecycleRecord {
        v: 1,
        seq: 0,
        time: clock::now(),
        host: "h".into(),
        boot_id: "b".into(),
        guard: crate::decision::Lifecycle::Stop {
            enforcement: "ends",
        },
    }));
    journal.write(lost, None);
    while journal.counters().lost_disk.load(Ordering::Relaxed) < 1 {
        assert!(Instant::now() < deadline, "the loss is never counted");
        std::thread::yield_now();
    }
    blocker.execute_batch("ROLLBACK").expect("free");
    while *journal.head().borrow() < 2 {
        assert!(Instant::now() < deadline, "the gap is never told");
        std::thread::yield_now();
    }
    journal.close();
    let (_, json) = rows(&path).pop().expect("a row");
    assert!(
        json.contains("\"stage\":\"journal\"") && json.contains("\"lost\":1"),
        "{json}"
    );
}

#[test]
fn a_journal_of_a_later_version_is_refused() {
    let (_folder, path) = scratch();
    Journal::open(&path, 16).expect("opens").0.close();
    let connection = rusqlite::Connection::open(&path).expect("opens");
    connection
        .execute_batch("PRAGMA user_version = 99")
        .expect("set");
    drop(connection);
    let refused = Journal::open(&path, 16).err().expect("refused");
    assert!(matches!(refused, JournalError::Version { found: 99, .. }));
}

#[test]
fn a_file_that_is_no_journal_is_refused_and_kept() {
    let (_folder, path) = scratch();
    let text = "not a database, but long enough to be read as one ".repeat(100);
    std::fs::write(&path, &text).expect("written");
    assert!(Journal::open(&path, 16).is_err());
    assert_eq!(std::fs::read_to_string(&path).expect("still there"), text);
}

/// The child of the next test: writes until it is killed. Alone it does nothing.
#[test]
fn writes_until_it_is_killed() {
    let Some(path) = std::env::var_os(CHILD) else {
        return;
    };
    let (journal, _) = Journal::open(Path::new(&path), 1024).expect("opens");
    println!("writing");
    for count in 1.. {
        journal.write(gap(count), Some((0, count)));
        std::thread::yield_now();
    }
}

#[test]
fn a_journal_survives_kill_9_at_any_moment() {
    let (_folder, path) = scratch();
    let own = std::env::current_exe().expect("this test");
    let mut before = 0;
    for round in 0..12 {
        let mut child = Command::new(&own)
            .args([
                "--exact",
                "journal::tests::writes_until_it_is_killed",
                "--nocapture",
            ])
            .env(CHILD, &path)
            .stdout(Stdio::piped())
            .spawn()
            .expect("starts");
        let mut out = std::io::BufReader::new(child.stdout.take().expect("piped"));
        let mut line = String::new();
        while !line.contains("writing") {
            line.clear();
            std::io::BufRead::read_line(&mut out, &mut line).expect("the child writes");
            assert!(!line.is_empty(), "the child ended early");
        }
        // A different moment each time: after some more rows than last time.
        let target = before + 1 + round * 37;
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let count = Reader::open(&path).and_then(|reader| {
                Ok(reader
                    .after(&Filter::default(), target, u64::MAX >> 1)?
                    .rows
                    .len())
            });
            if count.unwrap_or(0) > 0 {
                break;
            }
            assert!(Instant::now() < deadline, "the child does not write");
        }
        child.kill().expect("killed");
        child.wait().expect("reaped");
        let (journal, past) = Journal::open(&path, 16).expect("opens after kill -9");
        journal.close();
        assert_eq!(past.cursors.len(), 1);
        let rows = rows(&path);
        let numbers: Vec<u64> = rows.iter().map(|(seq, _)| *seq).collect();
        assert_eq!(numbers, (1..=rows.len() as u64).collect::<Vec<u64>>());
        before = rows.len() as u64;
    }
}
