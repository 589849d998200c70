//! A client's stream is cut into the same messages, with the same facts and
//! verdicts, however it arrives.

use crate::split::cut;
use guard_agent::facts::StatementWords;
use guard_agent::policy::explain::{Connection, Judge, Judgement};
use guard_agent::policy::{Capabilities, Loaded, Source, parse};
use guard_common::engine::Tables;
use guard_common::verdict::Decision;
use std::sync::LazyLock;

static TABLES: LazyLock<Box<Tables>> =
    LazyLock::new(|| guard_agent::dialect::postgresql().expect("there is memory for the tables"));

/// Everything that the strict policy names is looked at.
static POLICY: LazyLock<Loaded> = LazyLock::new(|| {
    let source = Source {
        path: "strict.yaml".into(),
        text: include_str!("../../examples/policies/strict.yaml").to_owned(),
    };
    parse(vec![source], Capabilities::default()).expect("the strict policy is valid")
});

/// Data: a byte that chooses the writes, then the bytes behind the handshake.
///
/// # Panics
/// When the writes are not judged as the whole is.
pub fn check(data: &[u8]) {
    let (bytes, pieces) = cut(data);
    let whole = judge(vec![bytes.to_vec()]);
    let writes = judge(pieces.into_iter().map(<[u8]>::to_vec).collect());
    assert_eq!(told(&whole), told(&writes));
    assert_eq!(whole.missing, writes.missing);
}

fn judge(writes: Vec<Vec<u8>>) -> Judgement {
    let judge = Judge {
        compiled: Some(&POLICY.compiled),
        tables: &TABLES,
        selectors: u64::MAX,
        dataset: Some(0),
    };
    judge.judge(&Connection {
        writes,
        ..Connection::default()
    })
}

fn told(judgement: &Judgement) -> Vec<(u8, StatementWords, Decision)> {
    let messages = judgement.messages.iter();
    messages
        .map(|judged| {
            let facts = StatementWords::from(&judged.facts);
            (judged.message, facts, judged.decision)
        })
        .collect()
}
