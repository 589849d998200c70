//! What a guest has on board: this machine's own programs with the libraries
//! they need, PostgreSQL, and what was built here, all at the paths that they
//! have on this machine.

use super::cpio::Archive;
use crate::{cmd, paths};
use anyhow::{Context, Result, bail};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Programs that tests and servers start.
const PROGRAMS: &[&str] = &[
    "bash", "basename", "cat", "chmod", "chown", "cp", "cut", "date", "dd", "dirname", "echo",
    "env", "expr", "false", "find", "grep", "head", "id", "ip", "kill", "ln", "ls", "mkdir",
    "mknod", "mount", "mv", "nohup", "openssl", "printf", "pwd", "readlink", "rm", "rmdir", "sed",
    "seq", "setsid", "sh", "sleep", "sort", "stat", "tail", "tee", "test", "timeout", "touch",
    "tr", "true", "umount", "uname", "unshare", "wc", "xargs",
];

/// Folders and files that programs look for by name; what a machine lacks of
/// them, a guest lacks too.
const DATA: &[&str] = &[
    "/etc/passwd",
    "/etc/group",
    "/etc/nsswitch.conf",
    "/etc/hosts",
    "/etc/protocols",
    "/etc/services",
    "/etc/ld.so.cache",
    "/etc/ssl/openssl.cnf",
    "/usr/lib/ssl/openssl.cnf",
    "/usr/lib/locale/C.utf8",
    "/usr/share/zoneinfo/UTC",
    "/usr/share/zoneinfo/Etc/UTC",
];

/// Links at the root that a Debian system has to folders below /usr.
const ROOT_LINKS: &[&str] = &["/bin", "/sbin", "/lib", "/lib64", "/lib32"];

/// An image being put together.
pub(super) struct Image {
    archive: Archive,
    /// Programs whose libraries are to be added.
    programs: BTreeSet<PathBuf>,
}

impl Image {
    /// One with everything that does not change from build to build.
    pub(super) fn create(file: &Path) -> Result<Self> {
        let mut archive = Archive::create(file)?;
        archive.device(Path::new("/dev/console"), (5, 1))?;
        for link in ROOT_LINKS {
            if let Ok(target) = std::fs::read_link(link) {
                archive.link(Path::new(link), &target)?;
            }
        }
        for folder in ["/proc", "/sys", "/tmp", "/run", "/root", "/var/tmp"] {
            archive.folder(Path::new(folder))?;
        }
        let mut image = Self {
            archive,
            programs: BTreeSet::new(),
        };
        for name in PROGRAMS {
            let program = guard_tests::paths::which(name)
                .with_context(|| format!("guests need `{name}`, and this machine lacks it"))?;
            image.program(&program)?;
        }
        for path in DATA.iter().map(Path::new).filter(|path| path.exists()) {
            image.tree(path)?;
        }
        Ok(image)
    }

    /// A program or library with the libraries it needs.
    pub(super) fn program(&mut self, path: &Path) -> Result<()> {
        self.tree(path)?;
        self.programs.insert(path.to_owned());
        Ok(())
    }

    /// A program that has another name in the guest.
    pub(super) fn program_as(&mut self, path: &Path, name: &Path) -> Result<()> {
        self.archive.file(&real(name)?, path)?;
        self.programs.insert(path.to_owned());
        Ok(())
    }

    /// A folder, empty so far.
    pub(super) fn folder(&mut self, path: &Path) -> Result<()> {
        self.archive.folder(path)
    }

    /// The content of one file under the name of another.
    pub(super) fn file_as(&mut self, source: &Path, name: &Path) -> Result<()> {
        self.archive.file(&real(name)?, source)
    }

    /// A file, or a folder with all that is in it. Links are kept, and what they
    /// lead to comes along.
    pub(super) fn tree(&mut self, path: &Path) -> Result<()> {
        let path = real(path)?;
        if self.archive.has(&path) {
            return Ok(());
        }
        let metadata = path
            .symlink_metadata()
            .with_context(|| format!("no {}", path.display()))?;
        if metadata.is_symlink() {
            let target = std::fs::read_link(&path)?;
            self.archive.link(&path, &target)?;
            let target = path.parent().unwrap_or(Path::new("/")).join(target);
            return if target.exists() {
                self.tree(&target)
            } else {
                Ok(())
            };
        }
        if metadata.is_dir() {
            self.archive.folder(&path)?;
            for entry in path.read_dir()? {
                self.tree(&entry?.path())?;
            }
            return Ok(());
        }
        if metadata.is_file() {
            self.archive.file(&path, &path)?;
        }
        Ok(())
    }

    /// Adds the libraries and writes the end.
    pub(super) fn finish(mut self) -> Result<u64> {
        for library in libraries(&self.programs)? {
            self.tree(&library)?;
        }
        self.archive.finish()
    }
}

/// A path whose folders are no links: an archive cannot write through a link.
fn real(path: &Path) -> Result<PathBuf> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        return Ok(path.to_owned());
    };
    match parent.canonicalize() {
        Ok(parent) => Ok(parent.join(name)),
        // A folder that the guest alone has.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(path.to_owned()),
        Err(error) => Err(error).with_context(|| format!("cannot find {}", parent.display())),
    }
}

/// What the dynamic loader opens for these programs.
fn libraries(programs: &BTreeSet<PathBuf>) -> Result<BTreeSet<PathBuf>> {
    let listed = Command::new("ldd")
        .args(programs)
        .output()
        .context("ldd does not start")?;
    let mut found = BTreeSet::new();
    for line in String::from_utf8_lossy(&listed.stdout).lines() {
        if line.contains("not found") {
            bail!("a library is missing: {}", line.trim());
        }
        // `libc.so.6 => /lib/…/libc.so.6 (0x…)`, `/lib64/ld-linux… (0x…)`.
        let path = line.rsplit("=> ").next().unwrap_or(line).trim();
        if let Some((path, _)) = path.split_once(" (0x")
            && path.starts_with('/')
        {
            found.insert(PathBuf::from(path));
        }
    }
    if found.is_empty() {
        bail!("ldd finds no libraries");
    }
    Ok(found)
}

/// A copy of a program without what is for debuggers: a tenth of its size.
pub(super) fn stripped(program: &Path) -> Result<PathBuf> {
    let folder = super::folder().join("stripped");
    std::fs::create_dir_all(&folder)?;
    let copy = folder.join(program.file_name().context("a program has a name")?);
    let made = |path: &Path| path.metadata().and_then(|metadata| metadata.modified());
    let is_fresh = made(&copy).is_ok_and(|copy| made(program).is_ok_and(|program| program < copy));
    if !is_fresh {
        cmd::quiet(
            Command::new("strip")
                .arg("--strip-debug")
                .arg("-o")
                .arg(&copy)
                .arg(program),
        )?;
    }
    Ok(copy)
}

/// PostgreSQL's server with the data folder that tests copy.
pub(super) fn add_postgres(image: &mut Image) -> Result<()> {
    let server = guard_tests::paths::postgres_program("postgres")
        .context("no PostgreSQL: cargo xtask setup")?;
    let client = guard_tests::paths::postgres_program("psql").context("no psql")?;
    let bin = server.parent().unwrap_or(Path::new("/"));
    let version = bin.parent().and_then(Path::file_name).unwrap_or_default();
    image.program(&server)?;
    // Debian's /usr/bin/psql is a script that chooses a version; a guest has one.
    image.program_as(&client, Path::new("/usr/bin/psql"))?;
    for module in ["plpgsql.so", "dict_snowball.so"] {
        image.program(&bin.with_file_name("lib").join(module))?;
    }
    image.tree(&Path::new("/usr/share/postgresql").join(version))?;
    image.tree(&guard_tests::postgres::prepared())?;
    image.tree(&paths::target().join("postgres/lock"))
}
