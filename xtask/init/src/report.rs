//! The second serial port: what the host is told.
//!
//! ```text
//! up 6.1.0-1-cloud-amd64     the machine is ready
//! begin NAME                 a job starts
//! end NAME CODE SECONDS      and ends; 128 + n: by signal n; 124: out of time
//! skip TEXT                  a test that did not run
//! broken TEXT                the guest could not go on
//! done                       nothing follows
//! ```

use std::fs::{File, OpenOptions};
use std::io::Write;

const PORT: &str = "/dev/ttyS1";

/// The port, as soon as there is one.
pub(crate) struct Report(Option<File>);

impl Report {
    pub(crate) fn open() -> Self {
        let mut report = Self(None);
        report.reopen();
        report
    }

    /// Opens the port if that was not possible before.
    pub(crate) fn reopen(&mut self) {
        if self.0.is_none() {
            self.0 = OpenOptions::new().write(true).open(PORT).ok();
        }
    }

    /// Writes a line. Without a port there is nobody to tell: the host sees
    /// silence, which is a failure there.
    pub(crate) fn line(&mut self, text: &str) {
        if let Some(port) = &mut self.0 {
            let written = port.write_all(format!("{text}\n").as_bytes());
            if let Err(error) = written.and_then(|()| port.flush()) {
                eprintln!("{PORT}: {error}");
            }
        }
    }
}
