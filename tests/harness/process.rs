//! Processes that end: commands with a deadline, and servers that do not
//! outlive the test process.

use rustix::process::{
    Pid, Signal, kill_process, kill_process_group, set_parent_process_death_signal,
};
use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, mpsc};
use std::time::{Duration, Instant};

/// What a command did.
#[derive(Debug)]
pub struct Finished {
    /// How it ended.
    pub status: ExitStatus,
    /// What it wrote to stdout.
    pub stdout: String,
    /// What it wrote to stderr.
    pub stderr: String,
    /// How long it took.
    pub took: Duration,
}

impl Finished {
    /// Fails unless the command succeeded; shows what it wrote.
    ///
    /// # Panics
    /// If the exit status is not 0.
    #[track_caller]
    pub fn success(self) -> Self {
        assert!(self.status.success(), "{}", self.report());
        self
    }

    /// The signal that ended it.
    #[must_use]
    pub fn signal(&self) -> Option<i32> {
        self.status.signal()
    }

    /// All of it, for the message of a failed test.
    #[must_use]
    pub fn report(&self) -> String {
        format!(
            "{}\n--- stdout\n{}\n--- stderr\n{}",
            self.status, self.stdout, self.stderr
        )
    }
}

/// Runs a command to its end.
///
/// # Panics
/// If it cannot be started or does not end in time; then its process group is
/// killed.
#[track_caller]
pub fn run(command: &mut Command, limit: Duration) -> Finished {
    let limit = limit * crate::wait::pace();
    let start = Instant::now();
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    let mut child = command
        .spawn()
        .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
    let group = Pid::from_child(&child);
    let stdout = read_all(child.stdout.take());
    let stderr = read_all(child.stderr.take());
    // Both pipes close when the command and all its children have ended.
    let streams =
        take(&stdout, start, limit).and_then(|out| Some((out, take(&stderr, start, limit)?)));
    let Some((stdout, stderr)) = streams else {
        let killed = kill_process_group(group, Signal::KILL);
        panic!(
            "{command:?} did not end within {} s ({killed:?})",
            limit.as_secs()
        );
    };
    let status = child.wait().expect("a child can be waited for");
    Finished {
        status,
        stdout,
        stderr,
        took: start.elapsed(),
    }
}

fn read_all(stream: Option<impl Read + Send + 'static>) -> mpsc::Receiver<String> {
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut stream) = stream {
            // A broken pipe ends the text where it broke.
            let read = stream.read_to_end(&mut bytes);
            debug_assert!(read.is_ok(), "{read:?}");
        }
        send.send(String::from_utf8_lossy(&bytes).into_owned()).ok()
    });
    receive
}

fn take(text: &mpsc::Receiver<String>, start: Instant, limit: Duration) -> Option<String> {
    text.recv_timeout(limit.saturating_sub(start.elapsed()))
        .ok()
}

/// A server process: it is told to stop when this is dropped, and by the kernel
/// when the test process dies.
#[derive(Debug)]
pub struct Server {
    child: Child,
    stop: Signal,
    name: String,
}

impl Server {
    /// Starts `command` in a process group of its own; `stop` is the signal
    /// that ends it.
    ///
    /// # Panics
    /// If it cannot be started.
    #[must_use]
    #[track_caller]
    pub fn start(command: Command, stop: Signal) -> Self {
        let name = command.get_program().to_string_lossy().into_owned();
        let child =
            spawn(command, stop).unwrap_or_else(|error| panic!("cannot start {name}: {error}"));
        Self { child, stop, name }
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Sends a signal to it, unless it has ended.
    pub fn signal(&mut self, signal: Signal) {
        if self.ended().is_none() {
            // It may end between the two calls; nobody reuses its pid before `wait`.
            kill_process(Pid::from_child(&self.child), signal).ok();
        }
    }

    /// Tells it to stop and waits; gives its status and the time it took.
    ///
    /// # Panics
    /// If it does not stop in time.
    #[track_caller]
    pub fn stop(&mut self, limit: Duration) -> (ExitStatus, Duration) {
        let start = Instant::now();
        self.signal(self.stop);
        let status =
            crate::wait::until(&format!("the end of {}", self.name), limit, || self.ended());
        (status, start.elapsed())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.signal(self.stop);
        if crate::wait::try_until(Duration::from_secs(15), || self.ended()).is_none() {
            eprintln!("{} does not stop: killed", self.name);
            self.signal(Signal::KILL);
            self.child.wait().ok();
        }
    }
}

type Order = (Command, Signal, mpsc::Sender<std::io::Result<Child>>);

/// Starts a process from a thread that lives as long as the test process: the
/// kernel sends the death signal when the *thread* that started it ends.
fn spawn(command: Command, on_death: Signal) -> std::io::Result<Child> {
    static ORDERS: Mutex<Option<mpsc::Sender<Order>>> = Mutex::new(None);
    let (answer, answered) = mpsc::channel();
    let mut orders = ORDERS
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let sender = orders.get_or_insert_with(|| {
        let (send, receive) = mpsc::channel::<Order>();
        std::thread::spawn(move || {
            for (mut command, signal, answer) in receive {
                answer
                    .send(start_with_death_signal(&mut command, signal))
                    .ok();
            }
        });
        send
    });
    sender
        .send((command, on_death, answer))
        .expect("the starting thread lives");
    drop(orders);
    answered.recv().expect("the starting thread answers")
}

fn start_with_death_signal(command: &mut Command, signal: Signal) -> std::io::Result<Child> {
    command.process_group(0);
    // SAFETY: between fork and exec the closure makes one system call and
    // touches no memory of the parent.
    unsafe {
        command.pre_exec(move || Ok(set_parent_process_death_signal(Some(signal))?));
    }
    command.spawn()
}
