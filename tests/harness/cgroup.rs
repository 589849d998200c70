//! A cgroup of the test's own: the scope of the daemon under test, so that a
//! bug can touch nothing else.

use crate::wait;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// The mount point of cgroup v2: it is not always `/sys/fs/cgroup`.
#[must_use]
pub fn root() -> Option<PathBuf> {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    mounts.lines().find_map(|line| {
        let (mount, kind) = line.split_once(" - ")?;
        kind.starts_with("cgroup2 ")
            .then(|| PathBuf::from(mount.split(' ').nth(4).unwrap_or_default()))
    })
}

/// A cgroup that is removed, with all its processes, when it is dropped.
#[derive(Debug)]
pub struct Cgroup(PathBuf);

impl Cgroup {
    /// Makes an empty cgroup below the root.
    ///
    /// # Panics
    /// If there is no cgroup v2, or it cannot be written.
    #[must_use]
    #[track_caller]
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("guard-test-{}-{number}", std::process::id());
        let root = root().expect("cgroup v2 is mounted");
        sweep(&root);
        let path = root.join(name);
        std::fs::create_dir(&path).expect("a cgroup can be made");
        Self(path)
    }

    /// Its folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }
}

/// Removes empty cgroups of test processes that ended without cleaning up.
fn sweep(root: &Path) {
    for entry in root.read_dir().into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let owner = name
            .strip_prefix("guard-test-")
            .and_then(|rest| rest.split('-').next());
        if owner.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            // One that is not empty is somebody's, and stays.
            std::fs::remove_dir(entry.path()).ok();
        }
    }
}

impl Default for Cgroup {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        // Linux 5.14 and later end everything in a cgroup at one word.
        if let Err(error) = std::fs::write(self.0.join("cgroup.kill"), "1") {
            eprintln!("cannot end what runs in {}: {error}", self.0.display());
        }
        let removed = wait::try_until(Duration::from_secs(5), || std::fs::remove_dir(&self.0).ok());
        if removed.is_none() {
            eprintln!("cannot remove {}", self.0.display());
        }
    }
}
