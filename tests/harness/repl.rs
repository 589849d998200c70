//! A guarded client with one long connection, told statement by statement.

use crate::process::Server;
use crate::stand::Stand;
use crate::{paths, wait};
use rustix::process::Signal;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::process::Stdio;

/// A session that stays while the test goes on.
///
/// `guard-wire repl` sends each line that it reads as one query and answers
/// with one line.
#[derive(Debug)]
pub struct Repl {
    _server: Server,
    lines: BufReader<UnixStream>,
}

impl Repl {
    /// Starts the client as the agent `name`; it is connected when this returns.
    ///
    /// # Panics
    /// If it does not connect.
    #[must_use]
    #[track_caller]
    pub fn start(stand: &Stand, name: &str) -> Self {
        let (ours, theirs) = UnixStream::pair().expect("a pair of sockets");
        ours.set_read_timeout(Some(wait::PATIENCE))
            .expect("a socket takes a time limit");
        let mut command = stand.guarded(name, paths::program("guard-wire"));
        command
            .arg("repl")
            .arg(stand.postgres.address().to_string());
        let both = std::os::fd::OwnedFd::from(theirs);
        command
            .stdin(both.try_clone().expect("a socket can be shared"))
            .stdout(both)
            .stderr(Stdio::inherit());
        let server = Server::start(command, Signal::TERM);
        let mut repl = Self {
            _server: server,
            lines: BufReader::new(ours),
        };
        let ready = repl.line();
        assert_eq!(ready, "connected", "the client does not connect");
        repl
    }

    /// Sends one statement; gives what the server said in one line: errors as
    /// SQLSTATE and text, else the first value or the completed command.
    ///
    /// # Panics
    /// If no answer comes in time.
    #[track_caller]
    pub fn ask(&mut self, sql: &str) -> String {
        let sent = self
            .lines
            .get_mut()
            .write_all(format!("{sql}\n").as_bytes());
        sent.expect("the client reads");
        self.line()
    }

    #[track_caller]
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.lines
            .read_line(&mut line)
            .expect("the client answers in time");
        line.trim_end().to_owned()
    }
}
