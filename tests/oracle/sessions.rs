//! What a session's state does to later statements, at a real server and under the
//! shipped policies: `tests/cases/sessions-postgresql.jsonl`.
//!
//! A row is a connection: parameters of its startup packet, and the texts that it sends.
//! `harm` asks the server afterwards whether harm was done (by default: are rows of
//! `victim` gone?). A row that a policy is to refuse must do harm, unless it is `unshown`;
//! any other must do none, and get no error.

use super::verdict::{answers, refused};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use guard_tests::need::{Need, require};
use guard_tests::paths;
use guard_tests::postgres::{DATABASE, Postgres, Tls};
use guard_tests::wire::{Wire, errors, message};
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    #[serde(default)]
    startup: BTreeMap<String, String>,
    messages: Vec<String>,
    harm: Option<String>,
    #[serde(default)]
    unshown: bool,
    strict: String,
    balanced: String,
}

/// Everything as it was.
const CLEAN: &str = "
    SET client_min_messages = error;
    ALTER ROLE postgres RESET ALL;
    ALTER ROLE ALL RESET ALL;
    ALTER ROLE app IN DATABASE shop RESET ALL;
    ALTER DATABASE shop RESET ALL;
    DROP VIEW IF EXISTS w;
    DROP TABLE IF EXISTS victim, seen, watched, plain CASCADE;
    DROP SCHEMA IF EXISTS hidden CASCADE;
    CREATE TABLE victim AS SELECT generate_series(1, 10) id;
    CREATE TABLE seen (who text);
    GRANT ALL ON seen TO app;
    CREATE TABLE watched (id int);
    CREATE OR REPLACE FUNCTION note() RETURNS trigger LANGUAGE plpgsql
        AS 'BEGIN INSERT INTO seen VALUES (current_user); RETURN NEW; END';
    CREATE TRIGGER note BEFORE INSERT ON watched FOR EACH ROW EXECUTE FUNCTION note();
    CREATE TABLE plain (id int, whose text);
    INSERT INTO plain VALUES (1, 'mine');
    CREATE SCHEMA hidden;
    CREATE TABLE hidden.plain AS SELECT 1 id, 'x'::text whose;";

const GONE: &str = "SELECT count(*) < 10 FROM victim";

#[test]
fn what_a_session_sets_hides_nothing() {
    if !require(&[Need::Root, Need::Agent, Need::Postgres]) {
        return;
    }
    let file = paths::root().join("tests/cases/sessions-postgresql.jsonl");
    let text = std::fs::read_to_string(file).expect("the cases can be read");
    let rows: Vec<Row> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect(line))
        .collect();
    let questions: Vec<_> = rows
        .iter()
        .map(|row| {
            let texts = row.messages.iter();
            let wire: Vec<_> = texts
                .map(|text| STANDARD.encode(message::query(text)))
                .collect();
            json!({ "startup": row.startup, "wire": wire })
        })
        .collect();
    let strict = answers("strict.yaml", "postgres", &questions);
    let balanced = answers("balanced.yaml", "postgres", &questions);
    let postgres = Postgres::start(Tls::Off);
    let mut admin = connect(&postgres, &BTreeMap::new()).expect("the administrator may log in");
    let mut wrong = Vec::new();
    let mut harmed = 0;
    for (at, row) in rows.iter().enumerate() {
        let cleaned = admin.ask(&message::query(CLEAN));
        assert!(errors(&cleaned).is_empty(), "{cleaned:?}");
        let mut fail = |what: &str| {
            wrong.push(format!("{what}: {:?} {:?}", row.startup, row.messages));
        };
        let clean_run = play(&postgres, row);
        let harm = did_harm(&mut admin, row.harm.as_deref().unwrap_or(GONE));
        let attack = row.strict == "deny";
        harmed += usize::from(harm);
        if !row.unshown && harm != attack {
            fail(if harm { "does harm" } else { "does no harm" });
        }
        if !attack && !clean_run {
            fail("the server refuses it");
        }
        if refused(&strict[at]) != attack {
            fail("strict is wrong");
        }
        if refused(&balanced[at]) != (row.balanced == "deny") {
            fail("balanced is wrong");
        }
    }
    println!("{} connections, {harmed} did harm", rows.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(harmed > 100);
}

/// Logs in as the administrator.
fn connect(postgres: &Postgres, parameters: &BTreeMap<String, String>) -> Option<Wire> {
    let mut wire = Wire::connect(postgres.address());
    let given = parameters
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()));
    let parameters: Vec<_> = [("user", "postgres"), ("database", DATABASE)]
        .into_iter()
        .chain(given)
        .collect();
    let answers = wire.ask(&message::startup_with(&parameters));
    answers
        .last()
        .is_some_and(|answer| answer.tag == b'Z')
        .then_some(wire)
}

/// Sends the texts; was there no error?
fn play(postgres: &Postgres, row: &Row) -> bool {
    let Some(mut wire) = connect(postgres, &row.startup) else {
        return false;
    };
    let mut clean = true;
    for text in &row.messages {
        clean &= errors(&wire.ask(&message::query(text))).is_empty();
    }
    wire.send(&message::terminate());
    // Its end is seen when the server has let go of all that it held.
    wire.until_ready();
    clean
}

/// Is the answer true? A table that is gone is harm.
fn did_harm(admin: &mut Wire, question: &str) -> bool {
    let answers = admin.ask(&message::query(question));
    let row = answers.iter().find(|answer| answer.tag == b'D');
    !errors(&answers).is_empty() || row.is_some_and(|row| row.body.ends_with(b"t"))
}
