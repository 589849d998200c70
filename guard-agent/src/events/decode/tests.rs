use super::*;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use zerocopy::{FromZeros, IntoBytes};

/// Gives `record` a header that fits it.
fn sealed(mut record: Vec<u8>, kind: u16) -> Vec<u8> {
    let mut header = Header::new_zeroed();
    header.kind = kind;
    header.version = ABI_VERSION as u16;
    header.length = u32::try_from(record.len()).expect("short");
    record[..size_of::<Header>()].copy_from_slice(header.as_bytes());
    record
}

fn exec_record(path: &[u8], argv: &[u8]) -> Vec<u8> {
    let mut exec = Exec::new_zeroed();
    exec.path[..path.len()].copy_from_slice(path);
    exec.path_len = u32::try_from(path.len()).expect("short");
    exec.argv_len = u32::try_from(argv.len()).expect("short");
    let mut bytes = exec.as_bytes()[..EXEC_HEAD].to_vec();
    bytes.extend_from_slice(argv);
    sealed(bytes, EVENT_EXEC)
}

fn samples() -> Vec<Vec<u8>> {
    vec![
        exec_record(b"/usr/bin/psql", b"psql\0-c\0SELECT 1\0"),
        sealed(vec![0; size_of::<Connect>()], EVENT_CONNECT),
        sealed(vec![0; size_of::<Statement>()], EVENT_STATEMENT),
        sealed(vec![0; size_of::<Poisoned>()], EVENT_POISONED),
        sealed(vec![0; size_of::<SessionChange>()], EVENT_SESSION_BEGIN),
        sealed(vec![0; size_of::<SessionChange>()], EVENT_SESSION_END),
    ]
}

fn decode(bytes: &[u8]) -> Result<Event, Doubt> {
    let header = header(bytes)?;
    body(&header, bytes)
}

#[test]
fn every_kind_of_record_is_read() {
    for record in samples() {
        decode(&record).expect("a record of the kernel's own making");
    }
}

#[test]
fn a_program_start_keeps_its_path_and_arguments() {
    let record = exec_record(b"/usr/bin/psql", b"psql\0-c\0x\0");
    let Ok(Event::Exec(start)) = decode(&record) else {
        panic!("not read");
    };
    assert_eq!(start.path, b"/usr/bin/psql");
    assert_eq!(start.argv, b"psql\0-c\0x\0");
}

#[test]
fn lengths_that_lie_are_refused() {
    let mut record = exec_record(b"/bin/a", b"a\0");
    record[offset_of!(Exec, argv_len)] = 200;
    assert_eq!(decode(&record).err(), Some(Doubt::Body));
    let mut record = exec_record(b"/bin/a", b"a\0");
    record[offset_of!(Exec, path_len) + 2] = 1;
    assert_eq!(decode(&record).err(), Some(Doubt::Body));
    let record = sealed(vec![0; size_of::<Connect>() + 1], EVENT_CONNECT);
    assert_eq!(decode(&record).err(), Some(Doubt::Body));
    let mut record = samples().remove(1);
    record.push(0);
    assert_eq!(decode(&record).err(), Some(Doubt::Length));
    assert_eq!(decode(&[0; 8]).err(), Some(Doubt::Short));
    let record = sealed(vec![0; size_of::<Connect>()], 99);
    assert_eq!(decode(&record).err(), Some(Doubt::Kind));
}

/// 100,000 records, each changed in up to eight places or cut: the reader gives
/// an event or a doubt for each, and never panics; what it gives is rendered.
#[test]
fn no_change_of_bytes_makes_the_reader_panic() {
    let samples = samples();
    let mut runner = TestRunner::new(Config {
        cases: 100_000,
        failure_persistence: None,
        ..Config::default()
    });
    let change = (any::<prop::sample::Index>(), any::<u8>());
    let input = (
        0..samples.len(),
        prop::collection::vec(change, 1..8),
        prop::option::weighted(0.2, any::<prop::sample::Index>()),
    );
    let tally = std::cell::Cell::new((0_u32, 0_u32));
    runner
        .run(&input, |(which, changes, cut)| {
            let mut record = samples[which].clone();
            for (at, value) in &changes {
                let at = at.index(record.len());
                record[at] = *value;
            }
            if let Some(cut) = cut {
                record.truncate(cut.index(record.len()));
            }
            let (events, doubts) = tally.get();
            match decode(&record) {
                Ok(event) => {
                    crate::events::render::tests::render_any(event);
                    tally.set((events + 1, doubts));
                }
                Err(doubt) => {
                    assert!(Doubt::ALL.contains(&doubt));
                    tally.set((events, doubts + 1));
                }
            }
            Ok(())
        })
        .expect("no panic");
    let (events, doubts) = tally.get();
    assert_eq!(events + doubts, 100_000);
    assert!(events > 1_000 && doubts > 1_000, "{events} {doubts}");
}
