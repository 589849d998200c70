//! The harness itself: what other tests rely on.

use guard_tests::need::{Need, listed_reason, require};
use guard_tests::postgres::{Postgres, Tls};
use guard_tests::process::run;
use guard_tests::wire::{self, Wire, message};
use std::process::Command;
use std::time::Duration;

#[test]
fn a_server_starts_holds_the_shop_and_is_gone_afterwards() {
    if !require(&[Need::Postgres]) {
        return;
    }
    let postgres = Postgres::start(Tls::Off);
    assert_eq!(postgres.rows("customers"), 100);
    assert!(postgres.has_table("invoices") && !postgres.has_table("nothing"));
    let rows = run(
        postgres
            .psql()
            .args(["-c", "SELECT count(*) FROM invoices"]),
        Duration::from_secs(10),
    );
    assert_eq!(rows.success().stdout, "1000\n");
    assert!(postgres.log().contains("SELECT count(*) FROM invoices"));
    let (port, folder) = (postgres.port(), postgres.socket_folder().to_owned());
    drop(postgres);
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
    assert!(!folder.exists());
}

#[test]
fn a_server_with_tls_takes_both_kinds_of_clients() {
    if !require(&[Need::Postgres]) {
        return;
    }
    let postgres = Postgres::start(Tls::On);
    for (mode, speaks_tls) in [("disable", "f"), ("require", "t")] {
        let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
        let answer = run(
            postgres.psql().env("PGSSLMODE", mode).args(["-c", sql]),
            Duration::from_secs(10),
        );
        assert_eq!(answer.success().stdout.trim(), speaks_tls);
    }
}

#[test]
fn the_client_of_bytes_speaks_both_protocols() {
    if !require(&[Need::Postgres]) {
        return;
    }
    let postgres = Postgres::start(Tls::Off);
    let mut wire = Wire::open(postgres.address());
    let simple = wire.ask(&message::query("SELECT 1; SELECT 2"));
    assert_eq!(wire::tags(&simple), "TDCTDCZ");
    let extended = [message::extended("SELECT 3"), message::sync()].concat();
    assert_eq!(wire::tags(&wire.ask(&extended)), "12TDCZ");
    let refused = wire.ask(&message::query("SELECT nothing"));
    assert_eq!(wire::errors(&refused)[0].field(b'C'), "42703");
}

#[test]
fn a_command_that_hangs_is_ended() {
    let hung = std::panic::catch_unwind(|| {
        run(Command::new("sleep").arg("60"), Duration::from_millis(50))
    });
    assert!(hung.is_err());
}

#[test]
fn a_list_of_skips_is_read_by_need() {
    let list = "# java: a comment\nnode: no node here\n";
    assert_eq!(listed_reason(list, "node"), Some("no node here"));
    assert_eq!(listed_reason(list, "java"), None);
}
