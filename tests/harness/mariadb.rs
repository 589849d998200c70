//! A throw-away MariaDB server: real, on loopback, with a little shop in it.

use crate::owner::{as_owner, writable};
use crate::postgres::free_port;
use crate::process::{Finished, Server, run};
use crate::{paths, scratch::Scratch, wait};
use rustix::process::Signal;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

mod template;

/// The database of the shop.
pub const DATABASE: &str = "shop";
/// A user without password over TCP, who may do anything.
pub const USER: &str = "app";

/// A running server.
#[derive(Debug)]
pub struct MariaDb {
    // Dropped in this order: the server before its files.
    _server: Server,
    scratch: Scratch,
    port: u16,
}

impl MariaDb {
    /// Starts a server on a free port of 127.0.0.1 and on a unix socket.
    ///
    /// # Panics
    /// If it cannot be started; the message holds its log.
    #[must_use]
    #[track_caller]
    pub fn start() -> Self {
        let scratch = Scratch::new();
        template::copy_to(&scratch.join("data"));
        writable(scratch.path());
        let mut log = String::new();
        // Between finding a free port and using it another program may take it.
        for _ in 0..3 {
            let port = free_port();
            let server = Server::start(command(scratch.path(), port), Signal::TERM);
            match wait_until_ready(server, &scratch.join("errors")) {
                Ok(server) => {
                    return Self {
                        _server: server,
                        scratch,
                        port,
                    };
                }
                Err(text) => log = text,
            }
        }
        panic!("MariaDB does not start:\n{log}");
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

    /// Its unix socket.
    #[must_use]
    pub fn socket(&self) -> PathBuf {
        self.scratch.join("socket")
    }

    /// The one folder in which it reads and writes files for clients.
    #[must_use]
    pub fn files(&self) -> &Path {
        self.scratch.path()
    }

    /// Every command it was sent (`general_log`).
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read(self.scratch.join("log"))
            .map(|log| String::from_utf8_lossy(&log).into_owned())
            .unwrap_or_default()
    }

    /// The `mariadb` client, to the server over TCP.
    #[must_use]
    pub fn client(&self) -> Command {
        let mut command = Command::new(paths::which("mariadb").unwrap_or_else(|| "mariadb".into()));
        command
            .args(["--no-defaults", "-h", "127.0.0.1", "-u", USER])
            .args(["-P", &self.port.to_string(), DATABASE]);
        command
    }

    /// Runs SQL over the unix socket, from outside every session; gives bare rows.
    ///
    /// # Panics
    /// If the server refuses the statement.
    #[track_caller]
    pub fn admin(&self, sql: &str) -> String {
        let mut command = Command::new(paths::which("mariadb").unwrap_or_else(|| "mariadb".into()));
        command
            .args(["--no-defaults", "-u", USER, "-N", "-B", "-S"])
            .arg(self.socket())
            .args([DATABASE, "-e", sql]);
        let finished: Finished = run(&mut command, Duration::from_secs(30));
        finished.success().stdout.trim_end().to_owned()
    }

    /// Counts the rows of a table.
    ///
    /// # Panics
    /// If there is no such table.
    #[track_caller]
    pub fn rows(&self, table: &str) -> u64 {
        self.admin(&format!("SELECT count(*) FROM {table}"))
            .parse()
            .unwrap_or(0)
    }
}

/// `mariadbd` on a data folder, as the servers' user.
fn program(data: &Path) -> Command {
    let mut command = as_owner(&paths::mariadb_server().unwrap_or_default());
    command.args(["--no-defaults", "--skip-log-bin", "--datadir"]);
    command.arg(data);
    command.args([
        "--innodb-buffer-pool-size=16M",
        "--innodb-log-file-size=4M",
        "--innodb-flush-log-at-trx-commit=0",
        "--innodb-fast-shutdown=2",
        // Nothing here outlives the test.
        "--debug-no-sync",
        "--innodb-flush-method=nosync",
        "--key-buffer-size=1M",
        "--aria-pagecache-buffer-size=1M",
        "--skip-name-resolve",
    ]);
    command
}

fn command(folder: &Path, port: u16) -> Command {
    let errors = std::fs::File::create(folder.join("errors")).expect("the log can be made");
    let mut command = program(&folder.join("data"));
    let path = |name: &str| folder.join(name).display().to_string();
    let settings = [
        format!("--port={port}"),
        format!("--socket={}", path("socket")),
        format!("--pid-file={}", path("pid")),
        format!("--general-log-file={}", path("log")),
        format!("--secure-file-priv={}", folder.display()),
        "--general-log".to_owned(),
        "--bind-address=127.0.0.1".to_owned(),
        "--local-infile=ON".to_owned(),
        "--max-allowed-packet=64M".to_owned(),
        "--character-set-server=utf8mb4".to_owned(),
    ];
    command
        .args(settings)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(errors);
    command
}

fn wait_until_ready(mut server: Server, log: &Path) -> Result<Server, String> {
    let text = || std::fs::read_to_string(log).unwrap_or_default();
    let ready = wait::try_until(Duration::from_secs(30), || {
        let ready = text().contains("ready for connections");
        (ready || server.ended().is_some()).then_some(ready)
    });
    if ready == Some(true) {
        Ok(server)
    } else {
        Err(text())
    }
}
