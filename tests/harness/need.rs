//! What a test needs of the machine, and what happens when it is not there.
//!
//! For someone without root or tools the test says why it does not run and
//! passes. Where everything must run (`cargo xtask test` sets
//! `GUARD_REQUIRE_ALL`; CI), it fails, unless `tests/skips.txt` lists the need.

use crate::{cgroup, paths};
use std::io::Write;
use std::path::Path;

/// Something that not every machine has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Root: loading BPF programs, starting servers as another user.
    Root,
    /// A mounted cgroup v2 hierarchy.
    Cgroup2,
    /// The programs of `guard-agent`, built.
    Agent,
    /// A PostgreSQL server and psql.
    Postgres,
    /// A Redis server and redis-cli.
    Redis,
    /// A MariaDB server and its client.
    MariaDb,
    /// Python with psycopg, asyncpg, redis-py, PyMySQL, MySQL's connector and pglast.
    Python,
    /// PostgreSQL's regression suite.
    RegressionSuite,
    /// Node with node-postgres and mysql2.
    Node,
    /// A Java runtime with the JDBC driver.
    Java,
}

impl Need {
    /// The word in `tests/skips.txt`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Cgroup2 => "cgroup2",
            Self::Agent => "agent",
            Self::Postgres => "postgres",
            Self::Redis => "redis",
            Self::MariaDb => "mariadb",
            Self::Python => "python",
            Self::RegressionSuite => "regression-suite",
            Self::Node => "node",
            Self::Java => "java",
        }
    }

    /// Why the need is not met, or nothing.
    #[must_use]
    pub fn lacking(self) -> Option<&'static str> {
        let (met, reason) = match self {
            Self::Root => (rustix::process::geteuid().is_root(), "not root"),
            Self::Cgroup2 => (
                cgroup::root().is_some(),
                "no cgroup v2 hierarchy is mounted",
            ),
            Self::Agent => (
                paths::program("guard-agent").is_file() && paths::program("guardctl").is_file(),
                "guard-agent is not built: cargo build -p guard-agent",
            ),
            Self::Postgres => (
                paths::postgres_program("postgres").is_some() && paths::which("psql").is_some(),
                "PostgreSQL is not installed: cargo xtask setup",
            ),
            Self::Redis => (
                paths::redis_server().is_some() && paths::which("redis-cli").is_some(),
                "Redis is not installed: cargo xtask setup",
            ),
            Self::MariaDb => (
                paths::mariadb_server().is_some()
                    && paths::which("mariadb-install-db").is_some()
                    && paths::which("mariadb").is_some(),
                "MariaDB is not installed: cargo xtask setup",
            ),
            Self::Python => (
                paths::python().is_file(),
                "no Python clients: cargo xtask setup",
            ),
            Self::RegressionSuite => (
                paths::regression_suite().is_dir(),
                "no regression suite of PostgreSQL: cargo xtask setup",
            ),
            Self::Node => (
                paths::which("node").is_some()
                    && ["pg", "mysql2"]
                        .iter()
                        .all(|name| paths::node_modules().join(name).is_dir()),
                "no node clients: cargo xtask setup",
            ),
            Self::Java => (
                paths::which("java").is_some() && paths::jdbc_driver().is_file(),
                "no Java runtime with the PostgreSQL driver",
            ),
        };
        (!met).then_some(reason)
    }
}

/// What every test of the whole path needs.
pub const STAND: &[Need] = &[Need::Root, Need::Cgroup2, Need::Agent, Need::Postgres];

/// Tells whether the test can run. If not: prints why, and fails where every
/// test must run.
///
/// # Panics
/// If a need is not met, everything must run, and `tests/skips.txt` does not
/// list the need.
#[must_use]
#[track_caller]
pub fn require(needs: &[Need]) -> bool {
    let Some((need, reason)) = needs.iter().find_map(|need| Some((need, need.lacking()?))) else {
        return true;
    };
    let must_run = ["CI", "GUARD_REQUIRE_ALL"]
        .iter()
        .any(|name| std::env::var_os(name).is_some());
    let listed = listed_reason(include_str!("../skips.txt"), need.name());
    assert!(
        !must_run || listed.is_some(),
        "cannot run: {reason} (and tests/skips.txt does not list `{}`)",
        need.name()
    );
    let thread = std::thread::current();
    let line = format!(
        "{}: {}",
        thread.name().unwrap_or("test"),
        listed.unwrap_or(reason)
    );
    // Not `eprintln!`: the test passes, and what it prints would not be shown.
    if let Err(error) = writeln!(std::io::stderr(), "skipped: {line}") {
        eprintln!("{error}");
    }
    note(&line);
    false
}

/// Tells `cargo xtask test`, which counts.
fn note(line: &str) {
    let Some(file) = std::env::var_os("GUARD_SKIPS") else {
        return;
    };
    let opened = std::fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(Path::new(&file));
    let written = opened.and_then(|mut file| writeln!(file, "{line}"));
    written.expect("the list of skipped tests can be written");
}

/// The reason that a list like `tests/skips.txt` gives for a need.
#[must_use]
pub fn listed_reason<'a>(list: &'a str, need: &str) -> Option<&'a str> {
    list.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(':'))
        .find_map(|(name, reason)| (name.trim() == need).then_some(reason.trim()))
}
