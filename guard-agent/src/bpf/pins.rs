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
use rustix::fs::{FsWord, statfs};
use rustix::mount::{MountFlags, UnmountFlags, mount, unmount};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// `BPF_FS_MAGIC`.
const BPF_FS_MAGIC: FsWord = 0xcafe_4a11;

/// A folder of pins.
pub(crate) struct Pins {
    /// The configured folder.
    root: PathBuf,
    /// Whether this process mounted the file system there.
    mounted: bool,
}

impl Pins {
    /// Makes sure that `root` is a folder of a BPF file system; mounts one there
    /// when it is not.
    pub(crate) fn open(root: &Path) -> Result<Self, BpfError> {
        let file = |error: io::Error| BpfError::file(root, error);
        fs::create_dir_all(root).map_err(file)?;
        let kind = statfs(root).map_err(|error| file(error.into()))?;
        let mounted = kind.f_type != BPF_FS_MAGIC;
        if mounted {
            mount("bpf", root, "bpf", MountFlags::empty(), Some(c"mode=0700"))
                .map_err(|error| file(error.into()))?;
        }
        Ok(Self {
            root: root.to_owned(),
            mounted,
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
                return Err(self.cannot_adopt(&format!(
                    "it is of ABI {name}, this agent of v{ABI_VERSION}; stop it with its own agent (on_stop: detach)"
                )));
            }
        }
        Ok(())
    }

    /// Why a take-over is refused.
    pub(crate) fn cannot_adopt(&self, reason: &str) -> BpfError {
        BpfError::Adopt {
            path: self.folder(),
            reason: format!(
                "{reason}; to end it by force, which frees every guarded session: rm -r {}",
                self.folder().display()
            ),
        }
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

    /// Removes every pin, and the file system where this process mounted it. The
    /// programs are detached when the last handle is closed.
    pub(crate) fn remove(self) -> Result<(), BpfError> {
        remove(&self.folder())?;
        if self.mounted {
            unmount(&self.root, UnmountFlags::DETACH)
                .map_err(|error| BpfError::file(&self.root, error.into()))?;
        }
        Ok(())
    }
}

/// Removes a folder of pins; one that is not there is fine.
fn remove(folder: &Path) -> Result<(), BpfError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(BpfError::file(folder, error)),
        _ => Ok(()),
    }
}
