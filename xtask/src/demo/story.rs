//! The story: an agent is to tidy up, and goes too far.

use super::play::{AGENT, Play};
use guard_tests::wait;
use serde_json::Value;

const COUNT: &str = "SELECT count(*) FROM customers";
const DROP: &str = "DROP TABLE customers";
const SECRET: &str = "SELECT name FROM customers WHERE email = '7@example.org'";
const REASON: &str = "Schema changes go through migrations.";

/// Plays all steps.
pub(super) fn tell(play: &mut Play<'_>) {
    println!("\nGuard, played on this machine");
    println!("=============================");
    println!(
        "A throw-away PostgreSQL listens on 127.0.0.1:{}, and speaks TLS as Debian's does.",
        play.stand.postgres.port()
    );
    println!("The daemon guards it by examples/policies/demo.yaml. All commands below run in a");
    println!("cgroup of the demo's own; the first ones as a guarded session.");
    statements(play);
    reset(play);
    connection(play);
    outside(play);
    records(play);
}

fn statements(play: &mut Play<'_>) {
    let port = play.stand.postgres.port().to_string();
    play.step("The agent works on one connection, and tries to drop a table");
    let psql = [
        "psql",
        "-X",
        "-At",
        "-h",
        "127.0.0.1",
        "-p",
        &port,
        "-U",
        "app",
        "-d",
        "shop",
    ];
    let words = [
        &psql[..],
        &["-c", SECRET, "-c", COUNT, "-c", DROP, "-c", COUNT],
    ]
    .concat();
    let seen = play.guarded(&words);
    let lines: Vec<&str> = seen.text.lines().collect();
    play.check(
        "the SELECT works",
        lines.first() == Some(&"customer 7") && lines.get(1) == Some(&"100"),
    );
    let error = lines
        .iter()
        .find(|line| line.starts_with("ERROR:"))
        .copied()
        .unwrap_or_default();
    play.check(
        "the DROP is refused, with the rule's name and reason",
        error.contains("no-schema-drops") && error.contains(REASON),
    );
    play.check(
        "the next SELECT on the same connection works",
        lines.last() == Some(&"100"),
    );
    play.check(
        "the table is still there",
        play.stand.postgres.has_table("customers"),
    );
    play.check(
        "the DROP never reached the server",
        !play
            .stand
            .postgres
            .log()
            .contains(&format!("statement: {DROP}")),
    );
}

fn reset(play: &mut Play<'_>) {
    play.step("The agent runs a reset of the database (a harmless script of that name)");
    let trace = play.stand.scratch.join("first-line-ran");
    let text = format!(
        "#!/bin/sh\ntouch {}\necho 'database reset'\n",
        trace.display()
    );
    let prisma = play
        .stand
        .scratch
        .script("prisma", &text)
        .display()
        .to_string();
    let seen = play.guarded(&[&prisma, "migrate", "reset", "--force"]);
    play.check(
        "it dies before its first line runs",
        !seen.success && !trace.exists(),
    );
}

fn connection(play: &mut Play<'_>) {
    play.step("The agent connects to an address that the policy denies");
    let seen = play.guarded(&["bash", "-c", "echo > /dev/tcp/127.0.0.2/80"]);
    play.check(
        "the connection fails with a permission error",
        seen.text.contains("Operation not permitted"),
    );
}

fn outside(play: &mut Play<'_>) {
    play.step("Outside a session the same words work as ever");
    let port = play.stand.postgres.port().to_string();
    let psql = [
        "psql",
        "-X",
        "-At",
        "-h",
        "127.0.0.1",
        "-p",
        &port,
        "-U",
        "app",
        "-d",
        "shop",
        "-c",
        DROP,
    ];
    let seen = play.unguarded(&psql);
    play.check(
        "the table is dropped",
        seen.success && !play.stand.postgres.has_table("customers"),
    );
}

fn records(play: &mut Play<'_>) {
    play.step(
        "Every decision is on record: who, what, when and why, and no value of any statement",
    );
    let expected = [
        ("statement", "allow"),
        ("statement", "block"),
        ("exec", "kill"),
        ("connect", "block"),
    ];
    // They arrive a moment after the action.
    let all = wait::try_until(wait::PATIENCE, || {
        let decisions = play.stand.daemon.decisions();
        let has = |(action, verdict)| decisions.iter().any(|d| is(d, action, verdict));
        expected.into_iter().all(has).then_some(())
    });
    play.check("every decision has arrived", all.is_some());
    let seen = play.guardctl(&["tail", "-n", "50"]);
    for rule in ["no-schema-drops", "no-prod-resets", "no-cloud-metadata"] {
        play.check(
            &format!("the refusal by {rule} is there"),
            seen.text.contains(rule),
        );
    }
    play.check(
        "who and why are there",
        seen.text.contains(AGENT) && seen.text.contains(REASON),
    );
    let everything = play.stand.daemon.ctl(&["tail", "-n", "1000", "-o", "json"]);
    play.check(
        "the purpose is there",
        everything.stdout.contains("tidy up"),
    );
    let kept = everything.stdout.contains("7@example.org") || seen.text.contains("7@example.org");
    play.check("the literal of the first SELECT is nowhere", !kept);
}

fn is(decision: &Value, action: &str, verdict: &str) -> bool {
    decision["action"] == action
        && decision["verdict"] == verdict
        && decision["session"]["subject"]["name"] == AGENT
}
