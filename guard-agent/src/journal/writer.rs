//! The thread that writes.

use super::schema::Store;
use super::{Counters, Message};
use crate::decision::{ActionFacts, Gap, GapRecord, Record, Stage, VERSION};
use crate::events::clock;
use rusqlite::{Connection, params};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;
use tokio::sync::watch;

/// Most messages of one transaction.
const GROUP: usize = 1024;

/// Tries of one transaction before its records are given up.
const TRIES: u32 = 4;
/// Pause before the second try; doubles with each. All tries take 350 ms.
const PAUSE: Duration = Duration::from_millis(50);

/// How long records that nobody waits for are gathered: a commit costs as much as
/// many records. A queue with little room is emptied sooner, so that it loses
/// nothing at [`RATE`] that it would keep otherwise.
const GATHER: Duration = Duration::from_millis(50);

/// Records a second that fill the queue while records are gathered, at the least.
const RATE: u32 = 200_000;

/// How long losses of the queue may wait for a record that tells of them.
const IDLE: Duration = Duration::from_millis(500);

pub(super) struct Writer {
    store: Store,
    last: u64,
    head: watch::Sender<u64>,
    counters: Arc<Counters>,
    gather: Duration,
    /// Records lost on the disk that no gap record tells of yet.
    untold_disk: u64,
}

impl Writer {
    pub(super) fn new(
        store: Store,
        last: u64,
        head: watch::Sender<u64>,
        counters: Arc<Counters>,
        room: usize,
    ) -> Self {
        let room = u32::try_from(room).unwrap_or(u32::MAX);
        let fills = Duration::from_secs(room.into()) / RATE;
        Self {
            store,
            last,
            head,
            counters,
            gather: fills.min(GATHER),
            untold_disk: 0,
        }
    }

    pub(super) fn run(mut self, queue: &Receiver<Message>) {
        loop {
            let mut group = Vec::new();
            match queue.recv_timeout(IDLE) {
                Ok(message) => {
                    if can_wait(&message) {
                        // Ended by `unpark` for a record that cannot wait.
                        std::thread::park_timeout(self.gather);
                    }
                    group.push(message);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => group.push(Message::Close),
            }
            while group.len() < GROUP
                && let Ok(message) = queue.try_recv()
            {
                group.push(message);
            }
            let close = group
                .iter()
                .any(|message| matches!(message, Message::Close));
            self.store_group(&mut group);
            if close {
                return;
            }
        }
    }

    fn store_group(&mut self, group: &mut Vec<Message>) {
        let lost = self.counters.untold_queue.swap(0, Ordering::Relaxed);
        let gaps = [(self.untold_disk, Stage::Journal), (lost, Stage::Queue)];
        let gaps = gaps.into_iter().filter(|(lost, _)| *lost > 0);
        let gaps = gaps.map(|(lost, stage)| Message::Record(gap(lost, stage), None));
        group.splice(0..0, gaps);
        if group
            .iter()
            .all(|message| matches!(message, Message::Close))
        {
            return;
        }
        let mut pause = PAUSE;
        for attempt in 1..=TRIES {
            match self.commit(group) {
                Ok(last) => {
                    self.counters
                        .written
                        .fetch_add(last - self.last, Ordering::Relaxed);
                    self.last = last;
                    self.untold_disk = 0;
                    self.head.send_replace(last);
                    return;
                }
                Err(error) if attempt == TRIES => {
                    tracing::error!(error = %error, records = group.len(), "records are lost: the journal cannot be written");
                }
                Err(_) => {
                    std::thread::sleep(pause);
                    pause *= 2;
                }
            }
        }
        let records = group.iter().filter(|message| {
            matches!(
                message,
                Message::Record(Record::Decision(_) | Record::Lifecycle(_), _)
            )
        });
        let records = records.count() as u64;
        self.counters
            .lost_disk
            .fetch_add(records, Ordering::Relaxed);
        self.untold_disk += records;
        self.counters
            .untold_queue
            .fetch_add(lost, Ordering::Relaxed);
        self.untold_disk += ring_losses(group);
    }

    /// Writes a group in one transaction; gives the number of its last row.
    fn commit(&mut self, group: &mut [Message]) -> rusqlite::Result<u64> {
        let transaction = self.store.connection.transaction()?;
        let mut last = self.last;
        let mut cursors = BTreeMap::new();
        for message in group {
            match message {
                Message::Record(record, cursor) => {
                    last += 1;
                    record.number(last);
                    insert(&transaction, last, record)?;
                    if let Some((cpu, number)) = cursor {
                        advance(&mut cursors, *cpu, *number);
                    }
                }
                Message::Cursor(cpu, number) => {
                    advance(&mut cursors, *cpu, *number);
                }
                Message::ForgetCursors => {
                    cursors.clear();
                    transaction.execute_batch("DELETE FROM cursors; DELETE FROM policies;")?;
                }
                Message::Remember(id, identity) => {
                    let json = serde_json::to_string(identity).unwrap_or_default();
                    let sql = "INSERT OR REPLACE INTO sessions VALUES (?1, ?2)";
                    transaction.execute(sql, params![id.cast_signed(), json])?;
                }
                Message::Forget(id) => {
                    let sql = "DELETE FROM sessions WHERE id = ?1";
                    transaction.execute(sql, params![id.cast_signed()])?;
                }
                Message::Policy(epoch, sha256) => {
                    let sql = "INSERT OR REPLACE INTO policies VALUES (?1, ?2)";
                    transaction.execute(sql, params![epoch.cast_signed(), &**sha256])?;
                }
                Message::Close => {}
            }
        }
        for (cpu, number) in cursors {
            let sql = "INSERT INTO cursors VALUES (?1, ?2) ON CONFLICT (cpu) \
                       DO UPDATE SET number = MAX(number, excluded.number)";
            let mut statement = transaction.prepare_cached(sql)?;
            statement.execute(params![cpu, number.cast_signed()])?;
        }
        transaction.commit()?;
        Ok(last)
    }
}

fn can_wait(message: &Message) -> bool {
    match message {
        Message::Record(record, _) => record.can_wait(),
        Message::Cursor(..) => true,
        _ => false,
    }
}

/// Records of one CPU may swap places; the cursor is the furthest.
fn advance(cursors: &mut BTreeMap<u32, u64>, cpu: u32, number: u64) {
    let furthest = cursors.entry(cpu).or_default();
    *furthest = number.max(*furthest);
}

/// Losses that gap records of a group that could not be written told of.
fn ring_losses(group: &[Message]) -> u64 {
    let lost = group.iter().map(|message| match message {
        Message::Record(Record::Gap(record), _) if record.gap.stage == Stage::Ring => {
            record.gap.lost
        }
        _ => 0,
    });
    lost.sum()
}

fn gap(lost: u64, stage: Stage) -> Record {
    Record::Gap(GapRecord {
        v: VERSION,
        seq: 0,
        time: clock::now(),
        gap: Gap { lost, stage },
    })
}

fn insert(connection: &Connection, seq: u64, record: &Record) -> rusqlite::Result<()> {
    let json = serde_json::to_string(record)
        .map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    let sql = "INSERT INTO records VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let mut statement = connection.prepare_cached(sql)?;
    let seq = seq.cast_signed();
    let none: Option<&str> = None;
    match record {
        Record::Decision(record) => {
            let session = record.session.as_ref().map(|session| session.id.as_str());
            let dataset = match &record.facts {
                ActionFacts::Exec(_) => None,
                ActionFacts::Connect(facts) => facts.dataset.as_deref(),
                ActionFacts::Statement(facts) => facts.dataset.as_deref(),
            };
            statement.execute(params![
                seq,
                record.time,
                "decision",
                session,
                record.action,
                record.verdict,
                record.rule.as_deref(),
                dataset,
                json
            ])?;
        }
        Record::Gap(record) => {
            let row = params![seq, record.time, "gap", none, none, none, none, none, json];
            statement.execute(row)?;
        }
        Record::Lifecycle(record) => {
            let row = params![
                seq,
                record.time,
                "guard",
                none,
                none,
                none,
                none,
                none,
                json
            ];
            statement.execute(row)?;
        }
    }
    Ok(())
}
