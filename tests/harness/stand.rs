//! The whole stand: a server, a scope, a daemon, and guarded commands.

use crate::cgroup::Cgroup;
use crate::daemon::{Daemon, Files, OnStop};
use crate::postgres::{Postgres, Tls};
use crate::process::{Finished, run};
use crate::scratch::Scratch;
use crate::{paths, wait};
use serde_json::Value;
use std::ffi::OsStr;
use std::process::Command;
use std::time::Duration;

/// How long one guarded command may take: a client that hangs is a failure.
pub const NO_HANG: Duration = Duration::from_secs(10);

/// A server, a scope and a daemon that guards it.
///
/// The fields are dropped in order: the daemon goes before the scope it is
/// attached to, and both before their files.
#[derive(Debug)]
pub struct Stand {
    /// The daemon under test.
    pub daemon: Daemon,
    /// Its scope.
    pub cgroup: Cgroup,
    /// The server it guards.
    pub postgres: Postgres,
    /// Files of the test.
    pub scratch: Scratch,
    files: Pins,
}

/// Takes away pins after everything else, whatever happened before.
#[derive(Debug)]
struct Pins(Files);

impl Drop for Pins {
    fn drop(&mut self) {
        self.0.unpin();
    }
}

impl Stand {
    /// A stand with a plain server and a daemon that detaches when it stops.
    /// `policy` is text with `{port}` where the server's port belongs.
    #[must_use]
    #[track_caller]
    pub fn new(policy: &str) -> Self {
        Self::with(policy, Tls::Off, OnStop::Detach)
    }

    /// A stand of any kind.
    #[must_use]
    #[track_caller]
    pub fn with(policy: &str, tls: Tls, on_stop: OnStop) -> Self {
        Self::set(policy, tls, on_stop, |_| {})
    }

    /// A stand whose daemon is set otherwise.
    #[must_use]
    #[track_caller]
    pub fn set(policy: &str, tls: Tls, on_stop: OnStop, change: impl FnOnce(&mut Files)) -> Self {
        let scratch = Scratch::new();
        let postgres = Postgres::start(tls);
        let cgroup = Cgroup::new();
        let mut files = Files::new(&scratch);
        change(&mut files);
        let pins = Pins(files.clone());
        let policy = for_server(policy, &postgres);
        let daemon = Daemon::start(&files, &policy, cgroup.path(), on_stop);
        Self {
            daemon,
            cgroup,
            postgres,
            scratch,
            files: pins,
        }
    }

    /// The paths of the daemon.
    #[must_use]
    pub const fn files(&self) -> &Files {
        &self.files.0
    }

    /// A command inside the scope and outside every session.
    #[must_use]
    pub fn inside_scope(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", "echo $$ > \"$0\" && exec \"$@\""])
            .arg(self.cgroup.path().join("cgroup.procs"))
            .arg(program);
        command
    }

    /// A command that `guardctl run` starts as the agent `name`; append its
    /// arguments.
    #[must_use]
    pub fn guarded(&self, name: &str, program: impl AsRef<OsStr>) -> Command {
        let mut command = self.guarded_for(name, "a test", program);
        // libpq asks for TLS first, and a guarded dataset that does not decline
        // it refuses to be asked; tests/tls.rs is about that.
        command.env("PGSSLMODE", "disable");
        command
    }

    /// The same with a purpose.
    #[must_use]
    pub fn guarded_for(&self, name: &str, purpose: &str, program: impl AsRef<OsStr>) -> Command {
        let mut command = self.inside_scope(paths::program("guardctl"));
        command.env("GUARD_SOCKET", self.files().socket());
        command
            .args(["run", "--agent", name, "--purpose", purpose, "--"])
            .arg(program);
        command
    }

    /// psql as the agent `name`, with one `-c` for each statement: all on one
    /// connection, going on after an error.
    #[track_caller]
    pub fn psql(&self, name: &str, statements: &[&str]) -> Finished {
        let psql = self.postgres.psql();
        let mut command = self.guarded(name, psql.get_program());
        command.args(psql.get_args());
        for statement in statements {
            command.args(["-c", statement]);
        }
        run(&mut command, NO_HANG)
    }

    /// Runs a scenario of `guard-wire` as the agent of the same name.
    #[track_caller]
    pub fn wire(&self, scenario: &str) -> Finished {
        let mut command = self.guarded(scenario, paths::program("guard-wire"));
        run(
            command
                .arg(scenario)
                .arg(self.postgres.address().to_string()),
            Duration::from_secs(60),
        )
    }

    /// The decisions on record of one agent.
    #[track_caller]
    pub fn decisions_of(&self, name: &str) -> Vec<Value> {
        let mut decisions = self.daemon.decisions();
        decisions.retain(|decision| decision["session"]["subject"]["name"] == name);
        decisions
    }

    /// Waits for a statement decision of an agent with this verdict.
    #[track_caller]
    pub fn statement(&self, name: &str, verdict: &str) -> Value {
        self.daemon
            .decision(&format!("{verdict} statement of {name}"), |decision| {
                decision["session"]["subject"]["name"] == name
                    && decision["action"] == "statement"
                    && decision["verdict"] == verdict
            })
    }

    /// The decisions of an agent up to and with its latest action: a marker is
    /// sent last and awaited, so that what was recorded before it is complete.
    #[track_caller]
    pub fn settled(&self, name: &str) -> Vec<Value> {
        let marker = format!("marker-{}", self.daemon.decisions().len());
        run(
            self.guarded(&marker, "/bin/true").arg("end"),
            wait::PATIENCE,
        )
        .success();
        self.daemon.decision("the marker", |decision| {
            decision["session"]["subject"]["name"] == *marker
        });
        self.decisions_of(name)
    }
}

/// Fills the server's port into a policy text.
#[must_use]
pub fn for_server(policy: &str, postgres: &Postgres) -> String {
    policy.replace("{port}", &postgres.port().to_string())
}
