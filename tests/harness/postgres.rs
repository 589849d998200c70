//! A throw-away PostgreSQL server: real, on loopback, with a little shop in it.

use crate::owner::{as_owner, writable};
use crate::process::{Finished, Server, run};
use crate::{paths, scratch::Scratch, wait};
use rustix::process::Signal;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

mod template;

/// The database of the shop.
pub const DATABASE: &str = "shop";
/// An ordinary user who owns the tables and may do anything to them.
pub const USER: &str = "app";

/// Whether the server speaks TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// Plain only.
    Off,
    /// Both, with a self-signed certificate: Debian's default.
    On,
}

/// The data folder that servers get a copy of, made if it is not there.
///
/// # Panics
/// If it cannot be made.
#[must_use]
pub fn prepared() -> PathBuf {
    template::cached()
}

/// A running server.
#[derive(Debug)]
pub struct Postgres {
    // Dropped in this order: the server before its files.
    server: Server,
    scratch: Scratch,
    port: u16,
}

impl Postgres {
    /// Starts a server on a free port of 127.0.0.1 and ::1, and on a unix socket.
    ///
    /// # Panics
    /// If it cannot be started; the message holds its log.
    #[must_use]
    #[track_caller]
    pub fn start(tls: Tls) -> Self {
        let scratch = Scratch::new();
        let data = scratch.join("data");
        template::copy_to(&data, tls == Tls::On);
        let mut log = String::new();
        // Between finding a free port and using it another program may take it.
        for _ in 0..3 {
            let port = free_port();
            let server = Server::start(command(scratch.path(), port, tls), Signal::INT);
            match wait_until_ready(server, &scratch.join("log")) {
                Ok(server) => {
                    return Self {
                        server,
                        scratch,
                        port,
                    };
                }
                Err(text) => log = text,
            }
        }
        panic!("PostgreSQL does not start:\n{log}");
    }

    /// The process id of the server's first process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.server.pid()
    }

    /// The port it listens on.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Its address on 127.0.0.1.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// The folder of its unix socket.
    #[must_use]
    pub fn socket_folder(&self) -> &Path {
        self.scratch.path()
    }

    /// Everything it has logged: every statement it was sent is there.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read(self.scratch.join("log"))
            .map(|log| String::from_utf8_lossy(&log).into_owned())
            .unwrap_or_default()
    }

    /// A psql command that prints bare rows, to the server over TCP.
    #[must_use]
    pub fn psql(&self) -> Command {
        let mut command = Command::new(paths::which("psql").unwrap_or_else(|| "psql".into()));
        command
            .args([
                "-X",
                "-q",
                "-A",
                "-t",
                "-h",
                "127.0.0.1",
                "-U",
                USER,
                "-d",
                DATABASE,
                "-p",
            ])
            .arg(self.port.to_string());
        command
    }

    /// Runs SQL as the administrator over the unix socket, from outside every
    /// session: the catalog as it is.
    ///
    /// # Panics
    /// If the server refuses the statement.
    #[track_caller]
    pub fn admin(&self, sql: &str) -> String {
        self.try_admin(sql).success().stdout.trim_end().to_owned()
    }

    /// Like [`Postgres::admin`], with errors as an answer.
    #[track_caller]
    pub fn try_admin(&self, sql: &str) -> Finished {
        let mut command = Command::new(paths::which("psql").unwrap_or_else(|| "psql".into()));
        command.args([
            "-X",
            "-q",
            "-A",
            "-t",
            "-v",
            "ON_ERROR_STOP=1",
            "-U",
            "postgres",
            "-d",
            DATABASE,
        ]);
        command
            .args(["-p", &self.port.to_string(), "-c", sql, "-h"])
            .arg(self.scratch.path());
        run(&mut command, Duration::from_secs(30))
    }

    /// Tells whether a table is there.
    #[track_caller]
    pub fn has_table(&self, table: &str) -> bool {
        self.admin(&format!("SELECT to_regclass('{table}') IS NOT NULL")) == "t"
    }

    /// Counts the rows of a table.
    #[track_caller]
    pub fn rows(&self, table: &str) -> u64 {
        self.admin(&format!("SELECT count(*) FROM {table}"))
            .parse()
            .unwrap_or(0)
    }

    /// How many clients are connected to the shop, beside the one that asks.
    #[track_caller]
    pub fn clients(&self) -> u64 {
        let count = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'";
        self.admin(count).parse().unwrap_or(0)
    }
}

fn command(folder: &Path, port: u16, tls: Tls) -> Command {
    let mut command = as_owner(&paths::postgres_program("postgres").unwrap_or_default());
    let log = std::fs::File::create(folder.join("log")).expect("the log can be made");
    command
        .arg("-D")
        .arg(folder.join("data"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(log);
    let settings = [
        format!("port={port}"),
        format!("ssl={}", if tls == Tls::On { "on" } else { "off" }),
        format!("unix_socket_directories={}", writable(folder).display()),
        "listen_addresses=127.0.0.1,::1".to_owned(),
        "log_statement=all".to_owned(),
        "max_connections=200".to_owned(),
        "fsync=off".to_owned(),
        "jit=off".to_owned(),
    ];
    for setting in settings {
        command.args(["-c", &setting]);
    }
    command
}

fn wait_until_ready(mut server: Server, log: &Path) -> Result<Server, String> {
    let text = || std::fs::read_to_string(log).unwrap_or_default();
    let ready = wait::try_until(Duration::from_secs(30), || {
        let ready = text().contains("ready to accept connections");
        (ready || server.ended().is_some()).then_some(ready)
    });
    if ready == Some(true) {
        Ok(server)
    } else {
        Err(text())
    }
}

/// A port that nothing listens on, found by asking the kernel for one.
///
/// # Panics
/// If loopback has no free port.
#[must_use]
#[track_caller]
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    listener
        .local_addr()
        .expect("a listener has an address")
        .port()
}

/// Where the certificate of a server with TLS is.
#[must_use]
pub fn certificate(data: &Path) -> (PathBuf, PathBuf) {
    (data.join("server.crt"), data.join("server.key"))
}
