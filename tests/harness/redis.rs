//! A throw-away Redis server: real, on loopback, in memory.

use crate::owner::{as_owner, writable};
use crate::postgres::free_port;
use crate::process::{Finished, Server, run};
use crate::{paths, scratch::Scratch, wait};
use rustix::process::Signal;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::Duration;

/// A running server, with three keys: `a`, `b` and `flushall`.
#[derive(Debug)]
pub struct Redis {
    _server: Server,
    _scratch: Scratch,
    port: u16,
}

impl Redis {
    /// Starts a server on a free port of 127.0.0.1.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    #[track_caller]
    pub fn start() -> Self {
        let scratch = Scratch::new();
        let port = free_port();
        let program = paths::redis_server().unwrap_or_default();
        let mut command = as_owner(&program);
        command
            .arg0("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--enable-debug-command", "yes", "--dir"])
            .arg(writable(scratch.path()))
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        let server = Server::start(command, Signal::TERM);
        let redis = Self {
            _server: server,
            _scratch: scratch,
            port,
        };
        wait::until("Redis answers", wait::PATIENCE, || {
            let mut socket = TcpStream::connect(redis.address()).ok()?;
            socket.write_all(b"PING\r\n").ok()?;
            let mut answer = [0; 7];
            socket.read_exact(&mut answer).ok()
        });
        for key in ["a", "b", "flushall"] {
            redis.admin(&["SET", key, "value"]);
        }
        redis
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    /// The port it listens on.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// `redis-cli` for this server.
    #[must_use]
    pub fn cli(&self) -> Command {
        let mut command = Command::new(paths::which("redis-cli").unwrap_or_default());
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string()]);
        command
    }

    /// Runs a command from outside every session; gives its answer.
    ///
    /// # Panics
    /// If `redis-cli` cannot run it.
    #[track_caller]
    pub fn admin(&self, words: &[&str]) -> String {
        let finished: Finished = run(self.cli().args(words), Duration::from_secs(10));
        finished.success().stdout.trim_end().to_owned()
    }
}
