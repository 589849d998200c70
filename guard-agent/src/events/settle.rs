//! What became of statements that the kernel allowed.
//!
//! An allowed message does not leave when a later one of the same packet is
//! refused. The kernel has written its record by then, and tells of the end in a
//! record of its own. So an allowed statement is looked at only once its packet
//! must have been judged as a whole.

use super::decode::{self, Event};
use guard_common::abi::event::{EVENT_POISONED, EVENT_STATEMENT, JUDGE_AUTHORITY, Statement};
use guard_common::verdict::Effect;
use std::collections::HashMap;
use std::time::Duration;

/// How long the kernel may take for a packet. The largest one takes about 1 ms.
pub const SETTLE: Duration = Duration::from_millis(5);

/// Records in their order, until they are settled.
#[derive(Debug, Default)]
pub struct Settling {
    held: Vec<Box<[u8]>>,
}

/// What was allowed and did not leave: by socket, from which TCP sequence number
/// on.
#[derive(Debug, Default)]
pub struct Withheld(HashMap<u64, u32>);

impl Settling {
    /// Takes records and gives those that are settled at `now` (boot time): all up
    /// to the first that is not, so that their order stays.
    pub fn add(&mut self, records: Vec<Box<[u8]>>, now_ns: u64) -> (Vec<Box<[u8]>>, Withheld) {
        let mut all = std::mem::take(&mut self.held);
        all.extend(records);
        let withheld = Withheld::among(&all);
        let first = all.iter().position(|bytes| {
            fresh_and_allowed(bytes, now_ns).is_some_and(|statement| !withheld.has(&statement))
        });
        self.held = all.split_off(first.unwrap_or(all.len()));
        (all, withheld)
    }

    /// Gives all that is left, for the end.
    pub fn rest(&mut self) -> (Vec<Box<[u8]>>, Withheld) {
        let all = std::mem::take(&mut self.held);
        let withheld = Withheld::among(&all);
        (all, withheld)
    }

    /// Whether there are records that are not settled.
    #[must_use]
    pub const fn is_waiting(&self) -> bool {
        !self.held.is_empty()
    }
}

/// A time in the future is nothing to wait for.
fn is_fresh(time_ns: u64, now_ns: u64) -> bool {
    now_ns
        .checked_sub(time_ns)
        .is_some_and(|age| u128::from(age) < SETTLE.as_nanos())
}

impl Withheld {
    fn among(records: &[Box<[u8]>]) -> Self {
        let ends = records.iter().filter_map(|bytes| {
            let header = decode::header(bytes).ok()?;
            match (header.kind == EVENT_POISONED).then(|| decode::body(&header, bytes))? {
                Ok(Event::Poisoned(end)) => Some((end.socket, end.withheld_from)),
                _ => None,
            }
        });
        Self(ends.collect())
    }

    /// Whether a statement that was allowed did not leave.
    #[must_use]
    pub fn has(&self, statement: &Statement) -> bool {
        // Serial arithmetic (RFC 1982).
        let behind = |from: &u32| statement.sequence.wrapping_sub(*from).cast_signed() >= 0;
        passes(statement) && self.0.get(&statement.socket).is_some_and(behind)
    }
}

/// A statement that the authority let pass a moment ago.
fn fresh_and_allowed(bytes: &[u8], now_ns: u64) -> Option<Box<Statement>> {
    let header = decode::header(bytes).ok()?;
    let wanted = header.kind == EVENT_STATEMENT && is_fresh(header.time_ns, now_ns);
    match wanted.then(|| decode::body(&header, bytes))? {
        Ok(Event::Statement(statement)) => passes(&statement).then_some(statement),
        _ => None,
    }
}

fn passes(statement: &Statement) -> bool {
    statement.judge == JUDGE_AUTHORITY && statement.effect == Effect::None as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use guard_common::abi::ABI_VERSION;
    use guard_common::abi::event::{Header, JUDGE_VOICE, Poisoned};
    use zerocopy::{FromZeros, IntoBytes};

    const MS: u64 = 1_000_000;

    fn header(kind: u16, length: usize, time_ns: u64) -> Header {
        let mut header = Header::new_zeroed();
        header.kind = kind;
        header.version = ABI_VERSION as u16;
        header.length = length as u32;
        header.time_ns = time_ns;
        header
    }

    fn statement(sequence: u32, judge: u8, time_ns: u64) -> Box<[u8]> {
        let mut record = Statement::new_zeroed();
        record.header = header(EVENT_STATEMENT, size_of::<Statement>(), time_ns);
        record.socket = 7;
        record.sequence = sequence;
        record.judge = judge;
        record.as_bytes().into()
    }

    fn end(withheld_from: u32, time_ns: u64) -> Box<[u8]> {
        let mut record = Poisoned::new_zeroed();
        record.header = header(EVENT_POISONED, size_of::<Poisoned>(), time_ns);
        record.socket = 7;
        record.withheld_from = withheld_from;
        record.as_bytes().into()
    }

    fn read(bytes: &[u8]) -> Statement {
        zerocopy::FromBytes::read_from_bytes(bytes).expect("a statement")
    }

    #[test]
    fn an_allowed_statement_waits_for_the_end_of_its_packet() {
        let mut settling = Settling::default();
        let (before, allowed) = (u32::MAX - 50, u32::MAX - 10);
        let first = vec![
            statement(before, JUDGE_AUTHORITY, 10 * MS),
            statement(allowed, JUDGE_AUTHORITY, 10 * MS),
        ];
        let (ready, _) = settling.add(first, 11 * MS);
        assert!(ready.is_empty() && settling.is_waiting());
        // Sequence numbers may wrap between what left and what did not.
        let (ready, withheld) = settling.add(vec![end(allowed, 12 * MS)], 15 * MS);
        assert_eq!(ready.len(), 3);
        let held_back: Vec<bool> = ready
            .iter()
            .take(2)
            .map(|r| withheld.has(&read(r)))
            .collect();
        assert_eq!(held_back, [false, true]);
        assert!(!settling.is_waiting());
    }

    #[test]
    fn order_stays_and_nothing_waits_for_ever() {
        let mut settling = Settling::default();
        let records = vec![
            statement(1, JUDGE_VOICE, 10 * MS),
            statement(2, JUDGE_AUTHORITY, 4 * MS),
            // Not of this time, so not to be waited for.
            statement(3, JUDGE_AUTHORITY, u64::MAX),
            vec![1, 2, 3].into(),
            statement(4, JUDGE_AUTHORITY, 9 * MS),
            statement(5, JUDGE_VOICE, 9 * MS),
        ];
        let (ready, _) = settling.add(records, 10 * MS);
        assert_eq!(ready.len(), 4);
        let (ready, _) = settling.add(Vec::new(), 14 * MS);
        assert_eq!(ready.len(), 2);
        assert!(!settling.is_waiting());
    }

    #[test]
    fn the_end_waits_for_nothing() {
        let mut settling = Settling::default();
        let record = statement(1, JUDGE_AUTHORITY, 10 * MS);
        assert!(settling.add(vec![record], 10 * MS).0.is_empty());
        assert_eq!(settling.rest().0.len(), 1);
    }
}
