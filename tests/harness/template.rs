//! Data folders of servers: made once under `target/` and copied for each server,
//! which takes a twentieth of the time.

use crate::owner::writable;
use crate::process::run;
use crate::{paths, scratch::Scratch};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// What a template is made of.
pub(crate) struct Template<'a> {
    /// Folder under `target/`.
    pub(crate) name: &'a str,
    /// The server's program.
    pub(crate) server: &'a Path,
    /// Statements that it holds the effect of.
    pub(crate) content: &'a str,
    /// Makes the data folder at a path.
    pub(crate) make: fn(&Path),
}

impl Template<'_> {
    /// Copies it to `data`.
    pub(crate) fn copy_to(&self, data: &Path) {
        copy(&self.cached(), data);
    }

    /// The folder, made if it is not there. A lock keeps two test processes from
    /// making it at once.
    pub(crate) fn cached(&self) -> PathBuf {
        let cache = paths::target().join(self.name);
        fs::create_dir_all(&cache).expect("target can be written");
        // Its name changes with its content, so that an old one is never used.
        let version = run(
            Command::new(self.server).arg("--version"),
            Duration::from_secs(10),
        )
        .stdout;
        let number: String = version
            .chars()
            .filter(char::is_ascii_digit)
            .take(6)
            .collect();
        let template = cache.join(format!("shop-{number}-{}", self.content.len()));
        let lock = fs::File::create(cache.join("lock")).expect("target can be written");
        lock.lock().expect("a file can be locked");
        if !template.is_dir() {
            let scratch = Scratch::new();
            let data = writable(scratch.path()).join("data");
            (self.make)(&data);
            // A rename is whole or not at all.
            let partial = cache.join("partial");
            let mut remove = Command::new("rm");
            run(remove.arg("-rf").arg(&partial), Duration::from_secs(30)).success();
            copy(&data, &partial);
            fs::rename(partial, &template).expect("a folder can be renamed");
        }
        template
    }
}

fn copy(from: &Path, to: &Path) {
    let mut copy = Command::new("cp");
    copy.args(["-a", "--sparse=always"]).arg(from).arg(to);
    run(&mut copy, Duration::from_secs(60)).success();
}

/// Lets a server without network run statements from its input.
pub(crate) fn feed(mut server: Command, statements: &str) {
    server
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut child = server.spawn().expect("the server can be started");
    if let Some(mut stdin) = child.stdin.take() {
        stdin
            .write_all(statements.as_bytes())
            .expect("the server reads its input");
    }
    let output = child.wait_with_output().expect("the server ends");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && !errors.contains("ERROR"),
        "the template cannot be made:\n{errors}"
    );
}
