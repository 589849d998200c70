//! The facts of a statement in words.

use crate::daemon::rules::Rules;
use crate::decision::StatementFacts;
use crate::events::redact::lossy;
use crate::events::render::endpoint;
use guard_common::abi::event::Statement;
use guard_common::class::{Class, Opaque, Where};
use guard_common::facts::Facts;
use guard_common::text::Text;
use std::sync::Arc;

/// Renders the facts of a message.
pub(super) fn facts(statement: &Statement, rules: Option<&dyn Rules>) -> StatementFacts {
    let facts = &statement.facts;
    let dataset = rules.and_then(|rules| rules.datasets().get(usize::from(statement.dataset)));
    let reasons: Vec<_> = Opaque::ALL
        .into_iter()
        .filter(|reason| facts.opaque & reason.bit() != 0)
        .map(Opaque::name)
        .collect();
    let tables = facts.tables.iter().take(usize::from(facts.table_count));
    StatementFacts {
        protocol: dataset.and_then(|dataset| dataset.protocol.clone()),
        dataset: dataset.map(|dataset| Arc::clone(&dataset.name)),
        endpoint: endpoint(statement.address, statement.port),
        database: text(&statement.database),
        db_user: text(&statement.user),
        class: facts.class().name(),
        classes: classes(facts),
        tables: tables.map(|name| lossy(name.as_bytes())).collect(),
        condition: condition(facts).map(Where::name),
        opaque: reasons.first().copied(),
        opaque_reasons: reasons,
        statements: facts.statements,
        bytes: facts.bytes,
        message: lossy(&[statement.message]),
        summary: summary(facts),
        fingerprint: fingerprint(facts),
        truncated: facts.truncated != 0,
    }
}

fn classes(facts: &Facts) -> Vec<&'static str> {
    let present = Class::ALL.into_iter();
    let present = present.filter(|class| facts.hits & class.bit() != 0);
    present.map(Class::name).collect()
}

/// The weakest condition of the classes that have one.
fn condition(facts: &Facts) -> Option<Where> {
    let limited = [Class::Select, Class::Update, Class::Delete, Class::Merge];
    Where::ALL.into_iter().find(|condition| {
        let mut bits = limited.iter().map(|class| class.where_bit(*condition));
        bits.any(|bit| facts.hits & bit != 0)
    })
}

fn text<const N: usize>(text: &Text<N>) -> Option<String> {
    let bytes = text.as_bytes();
    (!bytes.is_empty()).then(|| lossy(bytes))
}

fn summary(facts: &Facts) -> String {
    facts.class().name().to_uppercase()
}

fn fingerprint(facts: &Facts) -> String {
    crate::decision::hex(facts.hits)
}
