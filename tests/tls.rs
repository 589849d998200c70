//! Clients that ask for TLS: what Guard cannot read, policy decides.

use guard_tests::daemon::OnStop;
use guard_tests::need::{STAND, require};
use guard_tests::postgres::Tls;
use guard_tests::process::{Finished, run};
use guard_tests::stand::{NO_HANG, Stand};

const POLICY: &str = include_str!("policies/shop.yaml");

fn declining() -> String {
    POLICY.replace(
        "labels: [pii, soc2]",
        "labels: [pii, soc2]\n    tls: decline",
    )
}

/// psql with a TLS mode, as an agent named after it.
fn psql(stand: &Stand, mode: &str, statements: &[&str]) -> Finished {
    let psql = stand.postgres.psql();
    let mut command = stand.guarded(mode, psql.get_program());
    command.args(psql.get_args()).env("PGSSLMODE", mode);
    for statement in statements {
        command.args(["-c", statement]);
    }
    run(&mut command, NO_HANG)
}

#[test]
fn a_loopback_dataset_declines_tls_and_the_story_goes_on_in_plain() {
    if !require(STAND) {
        return;
    }
    let stand = Stand::with(&declining(), Tls::On, OnStop::Detach);
    let ssl = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let finished = psql(&stand, "prefer", &[ssl, "DROP TABLE customers", "SELECT 1"]);
    assert_eq!(finished.stdout, "f\n1\n", "{}", finished.report());
    assert!(
        finished.stderr.contains("no-schema-drops"),
        "{}",
        finished.report()
    );
    assert!(stand.postgres.has_table("customers"));
    // Who insists on TLS is told that there is none.
    let finished = psql(&stand, "require", &["SELECT 1"]);
    assert!(!finished.status.success());
    assert!(
        finished.stderr.contains("does not support SSL"),
        "{}",
        finished.report()
    );
}

#[test]
fn without_decline_tls_is_opaque_and_refused() {
    if !require(STAND) {
        return;
    }
    let stand = Stand::with(POLICY, Tls::On, OnStop::Detach);
    let finished = psql(&stand, "require", &["DROP TABLE customers"]);
    assert!(!finished.status.success(), "{}", finished.report());
    assert!(stand.postgres.has_table("customers"));
    let opaque = |d: &serde_json::Value| {
        d["session"]["subject"]["name"] == "require" && d["facts"]["opaque"] == "tls"
    };
    let decision = stand.daemon.decision("opaque", opaque);
    assert_eq!(decision["verdict"], "block", "{decision}");
    assert!(
        decision["reason"].to_string().contains("sslmode=disable"),
        "{decision}"
    );
    // Plain connections are judged as ever.
    let plain = psql(&stand, "disable", &["SELECT 1", "DROP TABLE customers"]);
    assert_eq!(plain.stdout, "1\n", "{}", plain.report());
    assert!(
        plain.stderr.contains("no-schema-drops"),
        "{}",
        plain.report()
    );
}

#[test]
fn opaque_traffic_passes_where_the_policy_says_so() {
    if !require(STAND) {
        return;
    }
    let policy = POLICY.replace("on_opaque: block", "on_opaque: audit");
    let stand = Stand::with(&policy, Tls::On, OnStop::Detach);
    let finished = psql(&stand, "require", &["SELECT 1"]).success();
    assert_eq!(finished.stdout, "1\n");
    let audited = |d: &serde_json::Value| {
        d["session"]["subject"]["name"] == "require" && d["facts"]["opaque"] == "tls"
    };
    assert_eq!(stand.daemon.decision("audit", audited)["verdict"], "audit");
}
