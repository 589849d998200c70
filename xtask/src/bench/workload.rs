//! The workloads, each a command whose times are read from what it writes.

use super::State;
use anyhow::{Context, Result, bail};
use guard_tests::paths::{program, which};
use guard_tests::process::run;
use guard_tests::stand::Stand;
use std::net::TcpListener;
use std::process::Command;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(120);
/// Starts or connects in a turn.
const LOOP: u32 = 100;
/// Clock ticks a second, as `/proc` counts them on Linux.
const TICKS: f64 = 100.0;

/// What is timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Workload {
    /// Starting `/bin/true`.
    Exec,
    /// A TCP connection to an address that no rule names.
    Connect,
    /// `pgbench -S`: one SELECT by key.
    Select,
}

/// One measurement.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    /// Tenth percentile in microseconds.
    pub(crate) p10: f64,
    /// Median in microseconds.
    pub(crate) p50: f64,
    /// Processor time of client and server for each of them, in microseconds.
    pub(crate) cpu: f64,
    /// Processor time of the daemon for each of them, in microseconds; 0: no daemon.
    pub(crate) daemon: f64,
}

/// What the turns of one workload in one state took, in a round.
#[derive(Default)]
pub(crate) struct Turns {
    /// Of each transaction, start or connect, in microseconds.
    times: Vec<f64>,
    /// Processor time of client and server in seconds.
    used: f64,
    /// Processor time of the daemon in seconds.
    daemon: f64,
}

impl Turns {
    pub(super) fn sample(mut self) -> Result<Sample> {
        let count = self.times.len();
        if count < 100 {
            bail!("a workload was measured {count} times only");
        }
        self.times.sort_by(f64::total_cmp);
        let at = |share: usize| self.times[count * share / 100];
        Ok(Sample {
            p10: at(10),
            p50: at(50),
            cpu: self.used * 1e6 / count as f64,
            daemon: self.daemon * 1e6 / count as f64,
        })
    }
}

/// Makes pgbench's tables and pins the server to the first processor; clients
/// run on the second.
pub(super) fn prepare(stand: &Stand) -> Result<()> {
    let mut init = pgbench(stand)?;
    run(init.args(["-i", "-q", "-s", "1", "shop"]), LIMIT).success();
    let pid = stand.postgres.pid().to_string();
    run(
        Command::new("taskset").args(["-a", "-c", "-p", "0", &pid]),
        LIMIT,
    )
    .success();
    Ok(())
}

impl Workload {
    pub(crate) const ALL: [Self; 3] = [Self::Exec, Self::Connect, Self::Select];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Exec => "exec `/bin/true`",
            Self::Connect => "connect",
            Self::Select => "`pgbench -S -M simple -c 1`",
        }
    }

    /// Runs the workload for one turn and adds what it took.
    pub(super) fn measure(
        self,
        stand: &Stand,
        state: State,
        transactions: u32,
        all: &mut Turns,
    ) -> Result<()> {
        let count = match self {
            Self::Exec | Self::Connect => LOOP,
            Self::Select => transactions,
        };
        // What it takes to start the processes is in both, and taken off.
        let idle = self.spent(stand, state, 1)?;
        let turn = self.spent(stand, state, count)?;
        all.times.extend(turn.times);
        all.used += turn.used - idle.used;
        all.daemon += turn.daemon - idle.daemon;
        Ok(())
    }

    /// Runs the workload `count` times over.
    fn spent(self, stand: &Stand, state: State, count: u32) -> Result<Turns> {
        let (before, daemon_before) = (processor_time(stand), daemon_time(stand));
        let times = self.times(stand, state, count)?;
        // The server's process ends, and the daemon reads what the ring still holds,
        // within this time: both before the next turn.
        std::thread::sleep(Duration::from_millis(match state {
            State::Guarded => 100,
            _ => 20,
        }));
        let used = processor_time(stand) - before;
        let daemon = daemon_time(stand) - daemon_before;
        Ok(Turns {
            times,
            used,
            daemon,
        })
    }

    /// The time of each transaction, start or connect in microseconds.
    fn times(self, stand: &Stand, state: State, count: u32) -> Result<Vec<f64>> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?.to_string();
        match self {
            Self::Exec => loop_times(pinned(stand, state).arg(program("guard-wire")).args([
                "bench-exec",
                &address,
                &count.to_string(),
            ])),
            Self::Connect => {
                std::thread::spawn(move || listener.incoming().for_each(drop));
                loop_times(pinned(stand, state).arg(program("guard-wire")).args([
                    "bench-connect",
                    &address,
                    &count.to_string(),
                ]))
            }
            Self::Select => {
                let logs = stand.scratch.join("pgbench");
                std::fs::create_dir_all(&logs)?;
                let client = pgbench(stand)?;
                let mut command = pinned(stand, state);
                command.arg(client.get_program()).args(client.get_args());
                command.args([
                    "-S",
                    "-n",
                    "-M",
                    "simple",
                    "-c",
                    "1",
                    "-l",
                    "-t",
                    &count.to_string(),
                ]);
                command.arg("--log-prefix").arg(logs.join("t")).arg("shop");
                run(&mut command, LIMIT).success();
                transaction_times(&logs)
            }
        }
    }
}

/// A client on the second processor, guarded or not, always inside the scope.
fn pinned(stand: &Stand, state: State) -> Command {
    let mut command = match state {
        State::Guarded => stand.guarded("bench", "taskset"),
        _ => stand.inside_scope("taskset"),
    };
    command.args(["-c", "1"]);
    command
}

fn pgbench(stand: &Stand) -> Result<Command> {
    let mut command = Command::new(which("pgbench").context("pgbench is not installed")?);
    command
        .args(["-h", "127.0.0.1", "-U", "app", "-p"])
        .arg(stand.postgres.port().to_string());
    Ok(command)
}

fn loop_times(command: &mut Command) -> Result<Vec<f64>> {
    let text = run(command, LIMIT).success().stdout;
    let nanoseconds: Result<Vec<f64>, _> = text.lines().map(str::parse).collect();
    Ok(nanoseconds?.into_iter().map(|time| time / 1000.0).collect())
}

/// Reads and removes pgbench's log: client, number, time in microseconds, …
fn transaction_times(logs: &std::path::Path) -> Result<Vec<f64>> {
    let mut times = Vec::new();
    for file in logs.read_dir()?.flatten() {
        for line in std::fs::read_to_string(file.path())?.lines() {
            times.push(
                line.split(' ')
                    .nth(2)
                    .context("a line of pgbench's log has a third field")?
                    .parse()?,
            );
        }
        std::fs::remove_file(file.path())?;
    }
    Ok(times)
}

/// Seconds of processor time of all ended clients and server processes.
fn processor_time(stand: &Stand) -> f64 {
    // User and system time of children that were waited for.
    let of_children = |pid: &str| stat_seconds(pid, [15, 16]);
    of_children("self") + of_children(&stand.postgres.pid().to_string())
}

/// Seconds of processor time of the daemon; 0 when none runs.
fn daemon_time(stand: &Stand) -> f64 {
    stat_seconds(&stand.daemon.pid().to_string(), [13, 14])
}

/// The sum of two times of `/proc/PID/stat`, by their index from 0 (proc(5)
/// counts from 1), in seconds.
fn stat_seconds(pid: &str, fields: [usize; 2]) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name in parentheses may hold spaces; what follows begins with field 2.
    let rest: Vec<&str> = stat
        .rsplit(") ")
        .next()
        .unwrap_or_default()
        .split(' ')
        .collect();
    let ticks = |at: usize| rest.get(at - 2).and_then(|text| text.parse::<f64>().ok());
    fields.into_iter().filter_map(ticks).sum::<f64>() / TICKS
}
