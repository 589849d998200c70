//! `cargo xtask bench`: what Guard costs, with a control beside each figure.
//!
//! Each round measures the same workload in four states: twice without a daemon
//! (the A/A control), and with one: outside of any session, and inside one. Both
//! states of a pair take short turns, each with processes of its own, and the order
//! is turned round every time: what drifts within seconds, or comes from where one
//! process lies in memory, is in both. A ratio is taken within a round.

use crate::setup::{self, Part};
use crate::{cmd, paths};
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use guard_tests::daemon::{Daemon, OnStop};
use guard_tests::postgres::Tls;
use guard_tests::stand::{Stand, for_server};
use std::collections::BTreeMap;

mod engine;
mod report;
mod workload;

use workload::{Sample, Turns, Workload};

/// Options of `bench`.
#[derive(Args)]
pub(crate) struct Options {
    #[command(subcommand)]
    what: Option<What>,
    /// Rounds; a median of fewer than 9 means little
    #[arg(long, default_value_t = 11)]
    rounds: usize,
    /// Turns of each state in a round
    #[arg(long, default_value_t = 10)]
    turns: usize,
    /// Transactions of pgbench in each turn
    #[arg(long, default_value_t = 500)]
    transactions: u32,
    /// Measure the development build, whose daemon is slower
    #[arg(long)]
    dev: bool,
}

/// What is measured instead of whole workloads.
#[derive(Subcommand)]
enum What {
    /// The statement engine alone, in the kernel and on the host
    Engine {
        /// Samples of each figure; the least counts
        #[arg(long, default_value_t = 300)]
        samples: usize,
    },
}

/// What a workload runs under.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    /// No daemon.
    Off,
    /// No daemon, measured again: the control.
    OffAgain,
    /// A daemon, and a process that it does not guard.
    Unguarded,
    /// A guarded process.
    Guarded,
}

impl State {
    /// The states without a daemon, and those with one.
    const PAIRS: [[Self; 2]; 2] = [
        [Self::Off, Self::OffAgain],
        [Self::Unguarded, Self::Guarded],
    ];
}

/// Samples by workload and state, one a round.
pub(crate) type Samples = BTreeMap<(Workload, State), Vec<Sample>>;

/// Measures and prints a table in Markdown.
pub(crate) fn run(options: &Options) -> Result<()> {
    if !rustix::process::geteuid().is_root() {
        bail!("the benchmark loads programs into the kernel: run it as root");
    }
    if let Some(What::Engine { samples }) = options.what {
        setup::ensure(&[Part::Build])?;
        return if cfg!(debug_assertions) {
            again(&["engine", "--samples", &samples.to_string()])
        } else {
            engine::run(samples)
        };
    }
    setup::ensure(&[Part::Build, Part::Server])?;
    if options.dev {
        cmd::run(cmd::cargo().args([
            "build",
            "--package",
            "guard-agent",
            "--package",
            "guard-tests",
        ]))?;
    } else if cfg!(debug_assertions) {
        return released(options);
    }
    let policy = paths::root().join("examples/policies/demo.yaml");
    let policy = std::fs::read_to_string(&policy)
        .with_context(|| format!("cannot read {}", policy.display()))?;
    let mut bench = Bench::new(
        &policy.replace(":5432", ":{port}"),
        options.turns,
        options.transactions,
    )?;
    let mut samples = Samples::new();
    for round in 0..options.rounds {
        eprintln!("round {} of {}", round + 1, options.rounds);
        bench.round(round % 2 == 1, &mut samples)?;
    }
    print!("{}", report::table(&samples));
    Ok(())
}

/// Builds everything in release mode and measures there.
fn released(options: &Options) -> Result<()> {
    cmd::run(cmd::cargo().args([
        "build",
        "--release",
        "--package",
        "guard-agent",
        "--package",
        "guard-tests",
    ]))?;
    let (rounds, turns, transactions) = (
        options.rounds.to_string(),
        options.turns.to_string(),
        options.transactions.to_string(),
    );
    again(&[
        "--rounds",
        &rounds,
        "--turns",
        &turns,
        "--transactions",
        &transactions,
    ])
}

/// Runs this program again, built in release mode.
fn again(arguments: &[&str]) -> Result<()> {
    cmd::run(
        cmd::cargo()
            .args(["run", "--quiet", "--release", "--package", "xtask", "--"])
            .arg("bench")
            .args(arguments),
    )
}

/// A stand whose daemon comes and goes.
struct Bench {
    stand: Stand,
    policy: String,
    turns: usize,
    transactions: u32,
    runs: bool,
}

impl Bench {
    fn new(policy: &str, turns: usize, transactions: u32) -> Result<Self> {
        let stand = Stand::with(policy, Tls::Off, OnStop::Detach);
        let policy = for_server(policy, &stand.postgres);
        workload::prepare(&stand)?;
        Ok(Self {
            stand,
            policy,
            turns,
            transactions,
            runs: true,
        })
    }

    fn round(&mut self, turned: bool, samples: &mut Samples) -> Result<()> {
        let mut turns: BTreeMap<(Workload, State), Turns> = BTreeMap::new();
        let mut pairs = State::PAIRS;
        if turned {
            pairs.reverse();
        }
        for mut pair in pairs {
            self.set(pair.contains(&State::Guarded));
            for _ in 0..self.turns {
                for state in pair {
                    for workload in Workload::ALL {
                        let all = turns.entry((workload, state)).or_default();
                        workload.measure(&self.stand, state, self.transactions, all)?;
                    }
                }
                pair.reverse();
            }
        }
        for (of, turns) in turns {
            samples.entry(of).or_default().push(turns.sample()?);
        }
        Ok(())
    }

    /// Starts or stops the daemon, if it is not as wanted.
    fn set(&mut self, runs: bool) {
        if self.runs == runs {
            return;
        }
        self.runs = runs;
        if runs {
            let scope = self.stand.cgroup.path().to_owned();
            self.stand.daemon =
                Daemon::start(self.stand.files(), &self.policy, &scope, OnStop::Detach);
        } else {
            self.stand.daemon.stop();
        }
    }
}
