//! The data folder, made once under `target/` and copied for each server.

use crate::owner::{as_owner, writable};
use crate::process::run;
use crate::{paths, scratch::Scratch};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// One statement a line: `--bootstrap` reads it so.
const SHOP: &str = "\
FLUSH PRIVILEGES;
CREATE USER app@'%' IDENTIFIED VIA mysql_native_password USING '';
GRANT ALL ON *.* TO app@'%' WITH GRANT OPTION;
CREATE DATABASE shop;
USE shop;
CREATE TABLE customers (id int PRIMARY KEY, name varchar(40) NOT NULL, email varchar(60));
INSERT INTO customers SELECT seq, concat('customer ', seq), concat(seq, '@example.org') FROM seq_1_to_100;
CREATE TABLE invoices (id int PRIMARY KEY, customer int, total decimal(10,2));
INSERT INTO invoices SELECT seq, seq % 100 + 1, seq * 10 FROM seq_1_to_1000;
";

/// Copies the template to `data`, for the server's user.
pub(super) fn copy_to(data: &Path) {
    let mut copy = Command::new("cp");
    copy.args(["-a", "--sparse=always"]).arg(cached()).arg(data);
    run(&mut copy, Duration::from_secs(60)).success();
}

/// The template under `target/`, made if it is not there. A lock keeps two test
/// processes from making it at once.
fn cached() -> PathBuf {
    let cache = paths::target().join("mariadb");
    fs::create_dir_all(&cache).expect("target can be written");
    // Its name changes with its content, so that an old one is never used.
    let server = paths::mariadb_server().unwrap_or_default();
    let version = run(
        Command::new(server).arg("--version"),
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
        make(&template);
    }
    template
}

fn make(template: &Path) {
    let scratch = Scratch::new();
    let data = writable(scratch.path()).join("data");
    let mut install = as_owner(&paths::which("mariadb-install-db").unwrap_or_default());
    install
        .args(["--no-defaults", "--auth-root-authentication-method=normal"])
        .args(["--skip-test-db", "--innodb-log-file-size=4M"])
        .arg(format!("--datadir={}", data.display()));
    run(&mut install, Duration::from_secs(120)).success();
    bootstrap(&data);
    // A rename is whole or not at all.
    let partial = template.with_extension("partial");
    let mut remove = Command::new("rm");
    run(remove.arg("-rf").arg(&partial), Duration::from_secs(30)).success();
    let mut copy = Command::new("cp");
    copy.args(["-a", "--sparse=always"])
        .arg(&data)
        .arg(&partial);
    run(&mut copy, Duration::from_secs(60)).success();
    fs::rename(partial, template).expect("a folder can be renamed");
}

/// Runs statements, one a line, in a server without network.
fn bootstrap(data: &Path) {
    let mut command = super::program(data);
    command
        .arg("--bootstrap")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("mariadbd can be started");
    if let Some(mut stdin) = child.stdin.take() {
        stdin
            .write_all(SHOP.as_bytes())
            .expect("mariadbd reads its input");
    }
    let output = child.wait_with_output().expect("mariadbd ends");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && !errors.contains("ERROR"),
        "the template cannot be made:\n{errors}"
    );
}
