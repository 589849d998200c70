//! What outlives the daemon: links and maps, pinned below one folder.
//!
//! The folder is `<pin_dir>/v<ABI_VERSION>`, with `maps/` and `links/` inside. It
//! is filled under another name and renamed when it is complete, so a folder
//! with that name is whole.

use super::BpfError;
use super::object::{self, Attached, PROGRAMS, VOICE};
use super::tables::Tables;
use aya::Ebpf;
use aya::programs::links::PinnedLink;
use guard_common::abi::ABI_VERSION;
use rustix::fs::{FlockOperation, FsWord, flock, statfs};
use rustix::io::Errno;
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// `BPF_FS_MAGIC`.
const BPF_FS_MAGIC: FsWord = 0xcafe_4a11;

/// Where a BPF file system is by convention. On some hosts nobody has mounted it.
const USUAL_MOUNT: &str = "/sys/fs/bpf";

/// The source that our own mounts name in `/proc/self/mountinfo`, by which a
/// later daemon knows them.
const SOURCE: &str = "guard-agent";

/// A folder of pins.
pub(crate) struct Pins {
    /// The configured folder.
    root: PathBuf,
    /// Whether this process mounted the file system there.
    mounted: bool,
    /// Held until this process lets go of the pins, however it ends.
    _lock: Lock,
}

/// Why the guard in a folder is not taken over, and how to be rid of it.
fn refuse(folder: PathBuf, reason: &str) -> BpfError {
    let reason = format!(
        "{reason}; to end it by force, which frees every guarded session: rm -r {}",
        folder.display()
    );
    BpfError::Adopt {
        path: folder,
        reason,
    }
}

/// A locked folder.
struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing is not enough where a child holds a copy until it executes.
        let _held = flock(&self.0, FlockOperation::Unlock);
    }
}

impl Pins {
    /// Makes sure that `root` is a folder of a BPF file system. Mounts one when
    /// there is none: at the usual place where `root` is below it, else at `root`.
    pub(crate) fn open(root: &Path) -> Result<Self, BpfError> {
        let usual = Path::new(USUAL_MOUNT);
        let mut mounted = root.starts_with(usual) && usual.is_dir() && mount_at(usual)?;
        fs::create_dir_all(root).map_err(|error| BpfError::file(root, error))?;
        mounted |= mount_at(root)?;
        Ok(Self {
            root: root.to_owned(),
            mounted,
            _lock: lock(root)?,
        })
    }

    /// Whether [`Pins::open`] had to mount a BPF file system.
    pub(crate) const fn mounted(&self) -> bool {
        self.mounted
    }

    /// The folder of this ABI version.
    fn folder(&self) -> PathBuf {
        self.root.join(format!("v{ABI_VERSION}"))
    }

    /// Takes over what a former daemon left; `None` when there is nothing.
    pub(crate) fn adopt(&self) -> Result<Option<(Tables, Vec<PinnedLink>)>, BpfError> {
        self.refuse_other_versions()?;
        let folder = self.folder();
        if !folder.exists() {
            return Ok(None);
        }
        let tables = Tables::of_pins(&folder.join("maps"))
            .map_err(|error| self.cannot_adopt(&error.to_string()))?;
        let links = PROGRAMS
            .into_iter()
            .filter(|name| *name != VOICE)
            .map(|name| {
                PinnedLink::from_pin(folder.join("links").join(name))
                    .map_err(|error| self.cannot_adopt(&format!("link {name}: {error}")))
            })
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Some((tables, links)))
    }

    /// Two guards side by side would judge everything twice.
    fn refuse_other_versions(&self) -> Result<(), BpfError> {
        let entries =
            fs::read_dir(&self.root).map_err(|error| BpfError::file(&self.root, error))?;
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let version = name.strip_prefix('v').and_then(|text| text.parse().ok());
            if version.is_some_and(|version: u32| version != ABI_VERSION) {
                let reason = format!(
                    "it is of ABI {name}, this agent of v{ABI_VERSION}; stop it with its own agent (on_stop: detach)"
                );
                return Err(refuse(self.root.join(name), &reason));
            }
        }
        Ok(())
    }

    /// Why a take-over is refused.
    pub(crate) fn cannot_adopt(&self, reason: &str) -> BpfError {
        refuse(self.folder(), reason)
    }

    /// Pins everything. An error leaves no pin.
    pub(crate) fn make(
        &self,
        object: &mut Ebpf,
        attached: Vec<Attached>,
    ) -> Result<Vec<PinnedLink>, BpfError> {
        let unfinished = self.root.join("unfinished");
        remove(&unfinished)?;
        fs::create_dir(&unfinished).map_err(|error| BpfError::file(&unfinished, error))?;
        let pinned = object::pin(&unfinished, object, attached).and_then(|links| {
            fs::rename(&unfinished, self.folder())
                .map_err(|error| BpfError::file(&unfinished, error))?;
            Ok(links)
        });
        if pinned.is_err() {
            remove(&unfinished)?;
        }
        pinned
    }

    /// Removes every pin, and the file system where Guard mounted it and nobody
    /// else uses it. The programs are detached when the last handle is closed.
    pub(crate) fn remove(self) -> Result<(), BpfError> {
        remove(&self.folder())?;
        let is_bare = self.root != Path::new(USUAL_MOUNT) && !is_own_mount(&self.root);
        if is_bare && is_unused(&self.root) {
            fs::remove_dir(&self.root).map_err(|error| BpfError::file(&self.root, error))?;
        }
        for place in [self.root.as_path(), Path::new(USUAL_MOUNT)] {
            if self.root.starts_with(place) && is_own_mount(place) && is_unused(place) {
                unmount(place, UnmountFlags::DETACH)
                    .map_err(|error| BpfError::file(place, error.into()))?;
            }
        }
        Ok(())
    }
}

/// Keeps other daemons out: two of them would both write the tables.
fn lock(root: &Path) -> Result<Lock, BpfError> {
    let folder = File::open(root).map_err(|error| BpfError::file(root, error))?;
    match flock(&folder, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Lock(folder)),
        Err(Errno::WOULDBLOCK) => Err(BpfError::InUse(root.to_owned())),
        Err(error) => Err(BpfError::file(root, error.into())),
    }
}

/// Mounts a BPF file system at a folder that is not of one; tells whether it had
/// to.
fn mount_at(folder: &Path) -> Result<bool, BpfError> {
    let file = |error: Errno| BpfError::file(folder, error.into());
    if statfs(folder).map_err(file)?.f_type == BPF_FS_MAGIC {
        return Ok(false);
    }
    mount(
        SOURCE,
        folder,
        "bpf",
        MountFlags::empty(),
        Some(c"mode=0700"),
    )
    .map_err(file)?;
    Ok(true)
}

/// Whether a folder is where this daemon or a former one mounted a BPF file
/// system.
fn is_own_mount(folder: &Path) -> bool {
    let Ok(mounts) = fs::read_to_string("/proc/self/mountinfo") else {
        return false;
    };
    mounts.lines().any(|line| {
        line.split_once(" - ").is_some_and(|(left, right)| {
            left.split(' ').nth(4).map(Path::new) == Some(folder)
                && right.starts_with(&format!("bpf {SOURCE} "))
        })
    })
}

/// Whether a folder holds nothing but what the kernel itself puts into every BPF
/// file system (`maps.debug`, `progs.debug`).
fn is_unused(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|entries| {
        entries
            .flatten()
            .all(|entry| entry.file_name().to_string_lossy().ends_with(".debug"))
    })
}

/// Removes a folder of pins; one that is not there is fine.
fn remove(folder: &Path) -> Result<(), BpfError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(BpfError::file(folder, error)),
        _ => Ok(()),
    }
}
