//! What a client must see of a refusal.

use guard_tests::wire::{Answer, Wire, errors, message, tags};

/// The statement that the test policy refuses.
pub(crate) const DROP: &str = "DROP TABLE customers";

/// Fails unless `answer` is Guard's error: its code, rule and reason.
#[track_caller]
pub(crate) fn is_refusal(answer: &Answer) {
    let text = format!(
        "{}\n{}\n{}",
        answer.field(b'M'),
        answer.field(b'D'),
        answer.field(b'H')
    );
    assert_eq!(answer.field(b'C'), "42501", "{text}");
    assert_eq!(answer.field(b'S'), "ERROR", "{text}");
    assert!(
        text.contains("no-schema-drops"),
        "the rule's name is missing: {text}"
    );
    assert!(
        text.contains("Schema changes go through migrations."),
        "the reason is missing: {text}"
    );
}

/// Tags without what says nothing about an outcome: notices, and the completion
/// of the Parse and Bind by which a refusal reaches the client.
pub(crate) fn outcome(answers: &[Answer]) -> String {
    let means_nothing = |tag: &char| matches!(tag, 'N' | '1' | '2');
    tags(answers)
        .chars()
        .filter(|tag| !means_nothing(tag))
        .collect()
}

/// Fails unless the answers are one refusal and nothing else but `ReadyForQuery`.
#[track_caller]
pub(crate) fn refused(answers: &[Answer]) {
    assert_eq!(outcome(answers), "EZ", "{answers:?}");
    is_refusal(errors(answers)[0]);
}

/// Fails unless a SELECT is answered on this connection.
#[track_caller]
pub(crate) fn goes_on(wire: &mut Wire) {
    let answers = wire.ask(&message::query("SELECT count(*) FROM customers"));
    assert_eq!(
        tags(&answers),
        "TDCZ",
        "the connection does not go on: {answers:?}"
    );
}

/// How a refusal of a message that spans writes may end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The server's error; the connection goes on.
    Error,
    /// The connection is destroyed.
    Reset,
}

/// Reads how a refusal ended; anything else fails.
#[track_caller]
pub(crate) fn refused_or_reset(wire: &mut Wire) -> End {
    let answers = wire.until_ready();
    if tags(&answers).ends_with('Z') {
        refused(&answers);
        goes_on(wire);
        return End::Error;
    }
    // A last word before the end must be ours.
    for error in errors(&answers) {
        assert_eq!(error.field(b'C'), "42501", "{answers:?}");
    }
    assert!(
        !tags(&answers).contains('C'),
        "something was completed: {answers:?}"
    );
    End::Reset
}
