//! The data folder, made once under `target/` and copied for each server:
//! `initdb` takes a second, a copy a twentieth of it.

use super::certificate;
use crate::owner::{as_owner, give_to_owner, writable};
use crate::process::run;
use crate::{paths, scratch::Scratch};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
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
    let template = cached();
    run(
        Command::new("cp").arg("-a").arg(template).arg(data),
        Duration::from_secs(60),
    )
    .success();
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

/// The template under `target/`, made if it is not there. A lock keeps two test
/// processes from making it at once.
pub(super) fn cached() -> PathBuf {
    let cache = paths::target().join("postgres");
    fs::create_dir_all(&cache).expect("target can be written");
    // Its name changes with its content, so that an old one is never used.
    let server = paths::postgres_program("postgres").unwrap_or_default();
    let version = run(
        Command::new(&server).arg("--version"),
        Duration::from_secs(10),
    )
    .stdout;
    let number: String = version
        .chars()
        .filter(char::is_ascii_digit)
        .take(6)
        .collect();
    let template = cache.join(format!("shop-{number}-{}", SHOP.len()));
    let lock = fs::File::create(cache.join("lock")).expect("target can be written");
    lock.lock().expect("a file can be locked");
    if !template.is_dir() {
        make(&template, &cache);
    }
    template
}

fn make(template: &Path, cache: &Path) {
    let scratch = Scratch::new();
    let data = writable(scratch.path()).join("data");
    let initdb = paths::postgres_program("initdb").unwrap_or_default();
    let mut command = as_owner(&initdb);
    command.arg("-D").arg(&data).args([
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
        &data,
        "postgres",
        "CREATE ROLE app LOGIN;\nCREATE DATABASE shop OWNER app;\n",
    );
    single_user(&data, "shop", SHOP);
    // A rename is whole or not at all.
    let partial = cache.join("partial");
    run(
        Command::new("rm").arg("-rf").arg(&partial),
        Duration::from_secs(30),
    )
    .success();
    run(
        Command::new("cp").arg("-a").arg(&data).arg(&partial),
        Duration::from_secs(60),
    )
    .success();
    fs::rename(partial, template).expect("a folder can be renamed");
}

/// Runs statements, one a line, in a server without network.
fn single_user(data: &Path, database: &str, sql: &str) {
    let mut command = as_owner(&paths::postgres_program("postgres").unwrap_or_default());
    command
        .args(["--single", "-F", "-j", "-D"])
        .arg(data)
        .arg(database);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("postgres can be started");
    if let Some(mut stdin) = child.stdin.take() {
        // With -j a statement ends at a semicolon and an empty line.
        stdin
            .write_all(sql.replace(";\n", ";\n\n").as_bytes())
            .expect("postgres reads its input");
    }
    let output = child.wait_with_output().expect("postgres ends");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && !errors.contains("ERROR"),
        "the template cannot be made:\n{errors}"
    );
}
