//! Running one job, and burying every process that lost its parent.

use crate::jobs::Job;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// The code of a job that took too long.
const OUT_OF_TIME: i32 = 124;
/// The code of a job that could not be started.
const NOT_STARTED: i32 = 126;

const SIGKILL: i32 = 9;

unsafe extern "C" {
    fn waitpid(pid: i32, status: *mut i32, options: i32) -> i32;
    fn kill(pid: i32, signal: i32) -> i32;
}

/// Runs a job; gives its code, 128 + n for signal n, and its time.
pub(crate) fn to_its_end(job: &Job) -> (i32, Duration) {
    let start = Instant::now();
    let spawned = Command::new(&job.program)
        .args(&job.args)
        .env_clear()
        .envs(job.env.iter().map(|(name, value)| (name, value)))
        .current_dir(&job.dir)
        .stdin(Stdio::null())
        .process_group(0)
        .spawn();
    let child = match spawned {
        Ok(child) => child,
        Err(error) => {
            println!("{}: {error}", job.program);
            return (NOT_STARTED, start.elapsed());
        }
    };
    let pid = i32::try_from(child.id()).unwrap_or(0);
    let (ended, alarm) = mpsc::channel::<()>();
    let limit = job.limit;
    let watch = std::thread::spawn(move || {
        let late = alarm.recv_timeout(limit) == Err(mpsc::RecvTimeoutError::Timeout);
        if late {
            // SAFETY: plain numbers; the group exists until its leader is
            // waited for, which ends this thread first.
            unsafe { kill(-pid, SIGKILL) };
        }
        late
    });
    let code = bury_until(pid);
    drop(ended);
    let late = watch.join().unwrap_or(false);
    (if late { OUT_OF_TIME } else { code }, start.elapsed())
}

/// Waits for any child until it is this one: orphans are ours.
fn bury_until(wanted: i32) -> i32 {
    loop {
        let mut status = 0;
        // SAFETY: the pointer is to a local number.
        let pid = unsafe { waitpid(-1, &raw mut status, 0) };
        if pid == wanted {
            let signal = status & 0x7f;
            return if signal == 0 {
                status >> 8 & 0xff
            } else {
                128 + signal
            };
        }
        if pid < 0 {
            // No child at all: it cannot be that this one was missed.
            return NOT_STARTED;
        }
    }
}
