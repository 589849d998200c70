//! What the data folder holds.

use crate::owner::as_owner;
use crate::paths;
use crate::process::run;
use crate::template::{Template, feed};
use std::path::Path;
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
    Template {
        name: "mariadb",
        server: &paths::mariadb_server().unwrap_or_default(),
        content: SHOP,
        make,
    }
    .copy_to(data);
}

fn make(data: &Path) {
    let mut install = as_owner(&paths::which("mariadb-install-db").unwrap_or_default());
    install
        .args(["--no-defaults", "--auth-root-authentication-method=normal"])
        .args(["--skip-test-db", "--innodb-log-file-size=4M"])
        .arg(format!("--datadir={}", data.display()));
    run(&mut install, Duration::from_secs(120)).success();
    let mut bootstrap = super::program(data);
    bootstrap.arg("--bootstrap");
    feed(bootstrap, SHOP);
}
