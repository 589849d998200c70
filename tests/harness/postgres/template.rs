//! What the data folder holds: `initdb` takes a second, a copy a twentieth of it.

use super::certificate;
use crate::owner::{as_owner, give_to_owner};
use crate::paths;
use crate::process::run;
use crate::template::{Template, feed};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const SHOP: &str = "\
CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, email text);
INSERT INTO customers SELECT n, 'customer ' || n, n || '@example.org' FROM generate_series(1, 100) n;
CREATE TABLE invoices (id int PRIMARY KEY, customer int, total numeric);
INSERT INTO invoices SELECT n, n % 100 + 1, n * 10 FROM generate_series(1, 1000) n;
ALTER TABLE customers OWNER TO app;
ALTER TABLE invoices OWNER TO app;
GRANT CREATE ON SCHEMA public TO app;
";

/// Copies the template to `data`, for the server's user.
pub(super) fn copy_to(data: &Path, tls: bool) {
    template(&server()).copy_to(data);
    if tls {
        let (certificate, key) = certificate(data);
        let mut openssl = Command::new("openssl");
        openssl.args([
            "req", "-new", "-x509", "-days", "30", "-nodes", "-newkey", "ec", "-pkeyopt",
        ]);
        openssl
            .args(["ec_paramgen_curve:P-256", "-subj", "/CN=localhost", "-out"])
            .arg(certificate);
        run(openssl.arg("-keyout").arg(key), Duration::from_secs(30)).success();
    }
    give_to_owner(data);
}

/// The template's folder.
pub(super) fn cached() -> PathBuf {
    template(&server()).cached()
}

fn server() -> PathBuf {
    paths::postgres_program("postgres").unwrap_or_default()
}

fn template(server: &Path) -> Template<'_> {
    Template {
        name: "postgres",
        server,
        content: SHOP,
        make,
    }
}

fn make(data: &Path) {
    let initdb = paths::postgres_program("initdb").unwrap_or_default();
    let mut command = as_owner(&initdb);
    command.arg("-D").arg(data).args([
        "-A",
        "trust",
        "-N",
        "--locale=C",
        "-E",
        "UTF8",
        "--wal-segsize=1",
    ]);
    run(command.args(["-U", "postgres"]), Duration::from_secs(120)).success();
    single_user(
        data,
        "postgres",
        "CREATE ROLE app LOGIN;\nCREATE DATABASE shop OWNER app;\n",
    );
    single_user(data, "shop", SHOP);
}

/// Runs statements, one a line.
fn single_user(data: &Path, database: &str, sql: &str) {
    let mut command = as_owner(&server());
    command
        .args(["--single", "-F", "-j", "-D"])
        .arg(data)
        .arg(database);
    // With -j a statement ends at a semicolon and an empty line.
    feed(command, &sql.replace(";\n", ";\n\n"));
}
