//! The scope: the cgroup below which sockets are judged and programs begin
//! sessions.

use super::BpfError;
use rustix::fs::{FsWord, fstatfs};
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

/// `CGROUP2_SUPER_MAGIC`.
const CGROUP2_MAGIC: FsWord = 0x6367_7270;

/// A cgroup as the kernel names it.
#[derive(Debug)]
pub(crate) struct Scope {
    /// The open folder.
    pub(crate) folder: File,
    /// Its id.
    pub(crate) id: u64,
    /// Its depth below the root of all cgroups.
    pub(crate) level: u32,
}

impl Scope {
    /// Opens the cgroup at `path`.
    pub(crate) fn open(path: &Path) -> Result<Self, BpfError> {
        let refuse = |reason: &str| BpfError::Scope {
            path: path.to_owned(),
            reason: reason.to_owned(),
        };
        let path = path
            .canonicalize()
            .map_err(|error| BpfError::file(path, error))?;
        let folder = File::open(&path).map_err(|error| BpfError::file(&path, error))?;
        let kind = fstatfs(&folder).map_err(|error| BpfError::file(&path, error.into()))?;
        if kind.f_type != CGROUP2_MAGIC {
            return Err(refuse(
                "not a cgroup v2 folder; the mount is listed in /proc/self/mountinfo as cgroup2",
            ));
        }
        let id = folder
            .metadata()
            .map_err(|error| BpfError::file(&path, error))?
            .ino();
        let mounts = std::fs::read_to_string("/proc/self/mountinfo")
            .map_err(|error| BpfError::file(Path::new("/proc/self/mountinfo"), error))?;
        let level = level(&mounts, &path).ok_or_else(|| {
            refuse(
                "its depth cannot be told inside a cgroup namespace; run the daemon in the host's",
            )
        })?;
        Ok(Self { folder, id, level })
    }
}

/// Finds where cgroup v2 is mounted.
#[must_use]
pub fn mount_point() -> Option<PathBuf> {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    cgroup2_mounts(&mounts).map(|(_, point)| point).next()
}

/// Depth of a folder below the root of all cgroups.
fn level(mounts: &str, path: &Path) -> Option<u32> {
    cgroup2_mounts(mounts).find_map(|(root, point)| {
        let below = path.strip_prefix(&point).ok()?;
        let mut depth = 0;
        for part in root.components().chain(below.components()) {
            match part {
                Component::RootDir => {}
                Component::Normal(_) => depth += 1,
                _ => return None,
            }
        }
        Some(depth)
    })
}

/// Root and mount point of each cgroup v2 mount.
fn cgroup2_mounts(mounts: &str) -> impl Iterator<Item = (PathBuf, PathBuf)> {
    mounts.lines().filter_map(|line| {
        let (left, right) = line.split_once(" - ")?;
        if right.split(' ').next() != Some("cgroup2") {
            return None;
        }
        let mut words = left.split(' ').skip(3);
        Some((words.next()?.into(), words.next()?.into()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
24 1 0:22 / /proc rw - proc proc rw
40 30 0:35 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw
41 30 0:36 /box /box rw shared:1 - cgroup2 cgroup2 rw
42 30 0:36 /.. /up rw - cgroup2 cgroup2 rw
";

    #[test]
    fn depth_counts_from_the_root_of_all_cgroups() {
        let level = |path: &str| level(MOUNTS, Path::new(path));
        assert_eq!(level("/sys/fs/cgroup/unified"), Some(0));
        assert_eq!(level("/sys/fs/cgroup/unified/a/b"), Some(2));
        assert_eq!(level("/box/a"), Some(2));
        assert_eq!(level("/up/a"), None);
        assert_eq!(level("/proc"), None);
    }
}
