//! A client's stream is cut into the same messages, with the same facts and
//! verdicts, however it arrives.

use crate::split::cut;
use guard_agent::dialect::Dialects;
use guard_agent::facts::StatementWords;
use guard_agent::policy::explain::{Connection, Judge, Judgement};
use guard_agent::policy::{Capabilities, Loaded, Source, parse};
use guard_common::protocol::Protocol;
use guard_common::verdict::Decision;
use std::sync::LazyLock;

static DIALECTS: LazyLock<Dialects> =
    LazyLock::new(|| Dialects::load().expect("there is memory for the tables"));

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
    for protocol in Protocol::ALL {
        let whole = judge(protocol, vec![bytes.to_vec()]);
        let writes = judge(
            protocol,
            pieces.iter().map(|piece| piece.to_vec()).collect(),
        );
        assert_eq!(told(&whole), told(&writes), "{protocol:?}");
        assert_eq!(whole.incomplete, writes.incomplete, "{protocol:?}");
    }
}

fn judge(protocol: Protocol, writes: Vec<Vec<u8>>) -> Judgement {
    let judge = Judge {
        compiled: Some(&POLICY.compiled),
        dialects: &DIALECTS,
        selectors: u64::MAX,
        dataset: None,
    };
    judge.judge(&Connection {
        protocol,
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
