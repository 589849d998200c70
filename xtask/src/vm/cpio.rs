//! Writing an initramfs: the `newc` form of cpio, which the kernel unpacks.
//!
//! Format: Documentation/driver-api/early-userspace/buffer-format.rst of the
//! kernel. Archives may follow one another in a file.

use anyhow::{Context, Result};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

const FOLDER: u32 = 0o040_000;
const FILE: u32 = 0o100_000;
const LINK: u32 = 0o120_000;
const DEVICE: u32 = 0o020_000;

/// An archive being written. What is added twice is written once.
pub(super) struct Archive {
    out: BufWriter<File>,
    names: BTreeSet<PathBuf>,
    inode: u32,
    written: u64,
}

/// Who may do what with an entry.
#[derive(Clone, Copy)]
struct Access {
    mode: u32,
    uid: u32,
    gid: u32,
    /// Major and minor number of a device.
    device: (u32, u32),
}

impl Access {
    const fn root(mode: u32) -> Self {
        Self {
            mode,
            uid: 0,
            gid: 0,
            device: (0, 0),
        }
    }

    fn of(metadata: &std::fs::Metadata, kind: u32) -> Self {
        Self {
            mode: kind | metadata.mode() & 0o7777,
            uid: metadata.uid(),
            gid: metadata.gid(),
            device: (0, 0),
        }
    }
}

impl Archive {
    pub(super) fn create(path: &Path) -> Result<Self> {
        let out = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self {
            out: BufWriter::with_capacity(1 << 20, out),
            names: BTreeSet::new(),
            inode: 0,
            written: 0,
        })
    }

    /// Tells whether something has this path already.
    pub(super) fn has(&self, path: &Path) -> bool {
        self.names.contains(path)
    }

    /// A folder that exists on this machine, or root's.
    pub(super) fn folder(&mut self, path: &Path) -> Result<()> {
        if path == Path::new("/") || self.has(path) {
            return Ok(());
        }
        let access = path
            .metadata()
            .map_or(Access::root(FOLDER | 0o755), |metadata| {
                Access::of(&metadata, FOLDER)
            });
        self.entry(path, access, b"")
    }

    /// The content of `source` at `path`.
    pub(super) fn file(&mut self, path: &Path, source: &Path) -> Result<()> {
        if self.has(path) {
            return Ok(());
        }
        let read = || Ok::<_, std::io::Error>((source.metadata()?, std::fs::read(source)?));
        let (metadata, content) =
            read().with_context(|| format!("cannot read {}", source.display()))?;
        self.entry(path, Access::of(&metadata, FILE), &content)
    }

    /// A file of root's with this content.
    pub(super) fn text(&mut self, path: &Path, text: &str) -> Result<()> {
        self.entry(path, Access::root(FILE | 0o644), text.as_bytes())
    }

    pub(super) fn link(&mut self, path: &Path, target: &Path) -> Result<()> {
        let target = target.as_os_str().as_encoded_bytes();
        self.entry(path, Access::root(LINK | 0o777), target)
    }

    /// A character device: the kernel opens `/dev/console` before anything is
    /// mounted.
    pub(super) fn device(&mut self, path: &Path, device: (u32, u32)) -> Result<()> {
        let access = Access {
            device,
            ..Access::root(DEVICE | 0o600)
        };
        self.entry(path, access, b"")
    }

    /// Writes the end. Returns the size in bytes.
    pub(super) fn finish(mut self) -> Result<u64> {
        self.raw("TRAILER!!!", Access::root(0), b"")?;
        // What follows in the same file begins at a multiple of 4.
        self.pad()?;
        self.out.flush()?;
        Ok(self.written)
    }

    fn entry(&mut self, path: &Path, access: Access, content: &[u8]) -> Result<()> {
        if !self.names.insert(path.to_owned()) {
            return Ok(());
        }
        if let Some(parent) = path.parent() {
            self.folder(parent)?;
        }
        let name = path.strip_prefix("/").unwrap_or(path);
        let name = name.to_str().context("a path that is not UTF-8")?;
        self.raw(name, access, content)
    }

    fn raw(&mut self, name: &str, access: Access, content: &[u8]) -> Result<()> {
        self.inode += 1;
        let size = u32::try_from(content.len()).context("a file above 4 GiB")?;
        let links = if access.mode & FOLDER == FOLDER { 2 } else { 1 };
        let fields = [
            self.inode,
            access.mode,
            access.uid,
            access.gid,
            links,
            // Time of change, device of the file.
            0,
            size,
            0,
            0,
            access.device.0,
            access.device.1,
            name.len() as u32 + 1,
            // Checksum: none in this form.
            0,
        ];
        let mut header = String::from("070701");
        for field in fields {
            header.push_str(&format!("{field:08x}"));
        }
        self.bytes(header.as_bytes())?;
        self.bytes(name.as_bytes())?;
        self.bytes(b"\0")?;
        self.pad()?;
        self.bytes(content)?;
        self.pad()
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        self.written += bytes.len() as u64;
        Ok(self.out.write_all(bytes)?)
    }

    fn pad(&mut self) -> Result<()> {
        let missing = self.written.next_multiple_of(4) - self.written;
        self.bytes(&[0; 3][..missing as usize])
    }
}
