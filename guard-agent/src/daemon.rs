//! The daemon: one loop over everything that can happen.
//!
//! [`start`] builds it step by step, [`handle`] takes the kernel's events,
//! [`act`] carries out what context rules ask for, [`answer`] serves the API,
//! and [`crate::shutdown`] ends it.

mod act;
mod answer;
mod begin;
mod handle;
pub mod kernel;
pub mod link;
pub mod reset;
pub mod rules;
pub mod start;
mod status;

use crate::api::Call;
use crate::config::{Config, OnStop};
use crate::decision::{Lifecycle, LifecycleRecord, Record, VERSION};
use crate::evaluator::Evaluator;
use crate::evaluator::kill::Brake;
use crate::events::clock;
use crate::events::numbers::{Numbers, PATIENCE};
use crate::events::processes::Processes;
use crate::events::reader::{BATCH, Reader};
use crate::events::render::Host;
use crate::events::settle::{SETTLE, Settling};
use crate::journal::Journal;
use crate::metrics::{ByRule, Counters};
use crate::sessions::Sessions;
use act::{Done, Running};
pub(crate) use begin::Served;
use kernel::Kernel;
use rules::{History, Loader};
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

/// How often losses, ended sessions and idle counts are looked for.
const TICK: Duration = Duration::from_secs(1);

/// Time for the records that wait when the daemon stops.
const DRAIN: Duration = Duration::from_millis(500);

/// Everything that can happen to the daemon.
enum Input {
    Records(io::Result<Vec<Box<[u8]>>>),
    Call(Call),
    Killed(Done),
    Tick,
    Reload,
    Stop(&'static str),
}

/// The daemon's state; owned by its loop.
pub struct Daemon {
    config: Config,
    host: Host,
    kernel: Kernel,
    journal: Journal,
    sessions: Sessions,
    processes: Processes,
    evaluator: Evaluator,
    brake: Brake,
    history: History,
    loader: Loader,
    settling: Settling,
    numbers: Numbers,
    cursors: BTreeMap<u32, u64>,
    /// Answers of [`Daemon::since`] for the batch at hand.
    births: HashMap<u32, u64>,
    counters: Counters,
    by_rule: ByRule,
    resets: reset::Queue,
    running: Running,
    facts: status::Facts,
    swept: Instant,
}

/// Where the loop hears from.
pub(crate) struct Inputs {
    reader: Reader,
    calls: mpsc::Receiver<Call>,
    killed: mpsc::UnboundedReceiver<Done>,
    tick: tokio::time::Interval,
    signals: Signals,
}

/// Signals the daemon knows.
pub(crate) struct Signals {
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Takes the signals over; from here on none ends the process by itself.
    pub(crate) fn take() -> io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }
}

impl Inputs {
    /// `unsettled`: records wait to be looked at again.
    async fn next(&mut self, unsettled: bool) -> Input {
        tokio::select! {
            biased;
            _ = self.signals.terminate.recv() => Input::Stop("SIGTERM"),
            _ = self.signals.interrupt.recv() => Input::Stop("SIGINT"),
            _ = self.tick.tick() => Input::Tick,
            Some(done) = self.killed.recv() => Input::Killed(done),
            records = self.reader.batch() => Input::Records(records),
            () = tokio::time::sleep(SETTLE), if unsettled => Input::Records(Ok(self.reader.rest())),
            Some(call) = self.calls.recv() => Input::Call(call),
            _ = self.signals.hangup.recv() => Input::Reload,
        }
    }
}

impl Daemon {
    /// Runs until a signal ends it; gives the signal's name.
    async fn run(&mut self, inputs: &mut Inputs) -> io::Result<&'static str> {
        let mut calls_waiting = 0_u32;
        loop {
            match inputs.next(self.settling.is_waiting()).await {
                Input::Records(records) => {
                    self.records(records?);
                    // Under a flood of events the API still gets its turn.
                    calls_waiting += 1;
                    if calls_waiting >= 8 {
                        calls_waiting = 0;
                        while let Ok(call) = inputs.calls.try_recv() {
                            self.answer(call);
                        }
                    }
                }
                Input::Call(call) => self.answer(call),
                Input::Killed(done) => self.killed(done),
                Input::Tick => {
                    self.look(&mut inputs.reader);
                    self.tick();
                }
                Input::Reload => self.reload_by_signal(),
                Input::Stop(signal) => return Ok(signal),
            }
        }
    }

    /// What becomes of enforcement when the daemon stops.
    pub(crate) fn on_stop(&self) -> OnStop {
        self.config.on_stop
    }

    /// Records what is left and closes the journal.
    pub(crate) fn close(mut self, mut inputs: Inputs, enforcement: &'static str) {
        self.drain(&mut inputs.reader);
        while let Ok(done) = inputs.killed.try_recv() {
            self.killed(done);
        }
        self.resets.close();
        let used = self.kernel.lock().next_numbers().unwrap_or_default();
        let stopped = self.kernel.lock().stop(self.config.on_stop);
        if let Err(error) = stopped {
            tracing::error!(error = %error, "not everything could be taken away");
        }
        if self.config.on_stop == OnStop::Detach {
            // What was judged until a moment ago has no later reader.
            self.drain(&mut inputs.reader);
            self.used(used);
            let lost = self.numbers.overdue(Instant::now() + PATIENCE);
            self.lost_in_ring(lost);
        }
        self.lifecycle(Lifecycle::Stop { enforcement });
        self.journal.close();
    }

    /// Takes what the ring buffer holds. Guarded processes may add to it faster
    /// than it is read, so this ends after a while.
    fn drain(&mut self, reader: &mut Reader) {
        let started = Instant::now();
        while started.elapsed() < DRAIN {
            let rest = reader.rest();
            if rest.is_empty() {
                break;
            }
            self.records(rest);
        }
        self.rest();
    }

    /// Takes what the ring buffer holds now, and where that is all, finds out what
    /// it had no room for.
    fn look(&mut self, reader: &mut Reader) {
        let used = self.kernel.lock().next_numbers();
        let rest = reader.rest();
        let is_all = rest.len() < BATCH;
        self.records(rest);
        match used {
            Ok(used) if is_all => self.used(used),
            Ok(_) => {}
            Err(error) => tracing::error!(error = %error, "losses cannot be looked for"),
        }
    }

    fn used(&mut self, numbers: Vec<u64>) {
        let at = Instant::now();
        for (cpu, next) in (0..).zip(numbers) {
            self.numbers.used(cpu, next, at);
        }
    }

    fn tick(&mut self) {
        let at = Instant::now();
        let lost = self.numbers.overdue(at);
        self.lost_in_ring(lost);
        if at.saturating_duration_since(self.swept) < Duration::from_secs(5) {
            return;
        }
        self.swept = at;
        self.destroy_poisoned();
        self.evaluator.sweep(clock::boot_ns());
        match self.sessions.sweep(at) {
            Ok(ended) => {
                for session in ended {
                    self.evaluator.forget(session.id);
                    self.journal.forget(session.id);
                    self.lifecycle(Lifecycle::SessionEnd {
                        session: session.name,
                        reason: "its last process has exited",
                    });
                }
            }
            Err(error) => tracing::error!(error = %error, "sessions cannot be swept"),
        }
    }

    /// Ends every socket that is still poisoned: left by an earlier daemon, or one
    /// of which the record was lost.
    fn destroy_poisoned(&self) {
        match self.kernel.lock().poisoned() {
            Ok(sockets) => sockets
                .into_iter()
                .for_each(|socket| self.resets.push(socket)),
            Err(error) => tracing::error!(error = %error, "poisoned sockets cannot be listed"),
        }
    }

    /// Records something that happened to Guard itself.
    fn lifecycle(&self, event: Lifecycle) {
        let record = LifecycleRecord {
            v: VERSION,
            seq: 0,
            time: clock::now(),
            host: Arc::clone(&self.host.name),
            boot_id: Arc::clone(&self.host.boot_id),
            guard: event,
        };
        self.journal
            .write(Record::Lifecycle(Box::new(record)), None);
    }
}

#[cfg(test)]
mod tests;
