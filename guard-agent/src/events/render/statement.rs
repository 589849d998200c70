//! The facts of a statement in words.

use crate::daemon::rules::Rules;
use crate::decision::StatementFacts;
use crate::events::redact::lossy;
use crate::events::render::endpoint;
use crate::facts::StatementWords;
use guard_common::abi::event::Statement;
use guard_common::text::Text;
use std::sync::Arc;

/// Renders the facts of a message.
pub(super) fn facts(statement: &Statement, rules: Option<&dyn Rules>) -> StatementFacts {
    let dataset = rules.and_then(|rules| rules.datasets().get(usize::from(statement.dataset)));
    StatementFacts {
        protocol: dataset.and_then(|dataset| dataset.protocol.clone()),
        dataset: dataset.map(|dataset| Arc::clone(&dataset.name)),
        endpoint: endpoint(statement.address, statement.port),
        database: text(&statement.database),
        db_user: text(&statement.user),
        message: lossy(&[statement.message]),
        words: StatementWords::from(&statement.facts),
    }
}

fn text<const N: usize>(text: &Text<N>) -> Option<String> {
    let bytes = text.as_bytes();
    (!bytes.is_empty()).then(|| lossy(bytes))
}
