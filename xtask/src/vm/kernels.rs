//! The kernels that guests run: Debian's own, unmodified.

use super::fetch::Apt;
use crate::cmd;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// A kernel by the suite that has it.
#[derive(Debug)]
pub(super) struct Kernel {
    /// Its version in short: what is said on the command line.
    pub(super) name: &'static str,
    /// Debian's suite.
    suite: &'static str,
    /// Whether Guard works there. Where it does not, probe and daemon are
    /// expected to say so, with exit code 5.
    pub(super) supported: bool,
}

/// The kernels, oldest first.
pub(super) const KERNELS: [Kernel; 4] = [
    Kernel {
        name: "5.10",
        suite: "bullseye-security",
        supported: false,
    },
    Kernel {
        name: "6.1",
        suite: "bookworm-security",
        supported: true,
    },
    Kernel {
        name: "6.12",
        suite: "trixie-security",
        supported: true,
    },
    Kernel {
        name: "7.3",
        suite: "trixie-backports",
        supported: true,
    },
];

/// The package that depends on the newest kernel of its suite: small, and made
/// for virtual machines.
const PACKAGE: &str = "linux-image-cloud-amd64";

/// Packages that a kernel is made of; the rest of its dependencies is for
/// machines that boot from a disk.
const PARTS: [&str; 3] = ["linux-image-", "linux-binary-", "linux-modules-"];

/// Modules in the order in which the guest loads them: `SOCK_DESTROY` is asked
/// for through these. Everything else that Guard needs is built in.
const MODULES: [&str; 2] = ["inet_diag", "tcp_diag"];

impl Kernel {
    /// The kernels that were named, or all.
    pub(super) fn choose(names: &[String]) -> Result<Vec<&'static Self>> {
        if names.is_empty() {
            return Ok(KERNELS.iter().collect());
        }
        let of_name = |name: &String| {
            let found = KERNELS.iter().find(|kernel| kernel.name == name);
            found.with_context(|| {
                let known: Vec<_> = KERNELS.iter().map(|kernel| kernel.name).collect();
                format!("no kernel `{name}`; there are {}", known.join(", "))
            })
        };
        names.iter().map(of_name).collect()
    }

    /// The kernel itself.
    pub(super) fn image(&self) -> PathBuf {
        self.folder().join("vmlinuz")
    }

    /// Files of its modules, in the order in which they are loaded.
    pub(super) fn modules(&self) -> Vec<PathBuf> {
        let file = |name| self.folder().join(format!("{name}.ko"));
        MODULES.iter().map(file).collect()
    }

    /// Fetches the kernel, unless it is there.
    pub(super) fn fetch(&self, again: bool) -> Result<()> {
        let folder = self.folder();
        if self.image().is_file() && !again {
            return Ok(());
        }
        let apt = Apt::of_suite(self.suite)?;
        let packages = parts(&apt)?;
        if packages.is_empty() {
            bail!("{PACKAGE} of {} names no kernel", self.suite);
        }
        let partial = super::folder().join(format!("partial-{}", self.name));
        remove(&partial)?;
        std::fs::create_dir_all(&partial)?;
        for package in apt.download(&packages)? {
            unpack(&package, &partial)?;
        }
        take_modules(&partial)?;
        remove(&folder)?;
        std::fs::create_dir_all(folder.parent().unwrap_or(&folder))?;
        // A rename is whole or not at all.
        Ok(std::fs::rename(&partial, &folder)?)
    }

    fn folder(&self) -> PathBuf {
        super::folder().join("kernels").join(self.name)
    }
}

/// Names of the packages of the newest kernel.
fn parts(apt: &Apt) -> Result<Vec<String>> {
    let is_part = |name: &String| {
        let mut versions = PARTS.iter().filter_map(|part| name.strip_prefix(part));
        // One without a version only names others.
        versions.any(|version| version.starts_with(|first: char| first.is_ascii_digit()))
    };
    let mut found = apt.dependencies(PACKAGE)?;
    found.retain(is_part);
    let mut next = 0;
    while let Some(package) = found.get(next) {
        next += 1;
        for name in apt.dependencies(package)? {
            if is_part(&name) && !found.contains(&name) {
                found.push(name);
            }
        }
    }
    Ok(found)
}

/// Unpacks what a guest needs of a package: the kernel and some modules.
fn unpack(package: &Path, to: &Path) -> Result<()> {
    let listed = cmd::output(Command::new("dpkg-deb").arg("-c").arg(package))
        .with_context(|| format!("dpkg-deb cannot list {}", package.display()))?;
    let wanted = |path: &&str| {
        let name = path.rsplit('/').next().unwrap_or_default();
        let module = name.split_once(".ko").map(|(module, _)| module);
        name.starts_with("vmlinuz") || module.is_some_and(|name| MODULES.contains(&name))
    };
    let paths: Vec<&str> = listed
        .lines()
        .filter_map(|line| line.split_whitespace().nth(5))
        .filter(wanted)
        .collect();
    if paths.is_empty() {
        return Ok(());
    }
    let plain = to.join("package.tar");
    let out = std::fs::File::create(&plain)?;
    let status = Command::new("dpkg-deb")
        .arg("--fsys-tarfile")
        .arg(package)
        .stdout(out)
        .status()
        .context("dpkg-deb does not start")?;
    if !status.success() {
        bail!("dpkg-deb cannot unpack {}", package.display());
    }
    // All into one folder: names are unique.
    cmd::quiet(
        Command::new("tar")
            .args(["-x", "--transform", "s,.*/,,", "-C"])
            .arg(to)
            .arg("-f")
            .arg(&plain)
            .args(paths),
    )?;
    Ok(std::fs::remove_file(plain)?)
}

/// Gives kernel and modules their plain names, and checks that all are there.
fn take_modules(folder: &Path) -> Result<()> {
    for entry in folder.read_dir()? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with("vmlinuz-") {
            std::fs::rename(&path, folder.join("vmlinuz"))?;
        } else if name.ends_with(".ko.xz") {
            cmd::quiet(Command::new("xz").arg("-d").arg(&path))?;
        } else if name.ends_with(".ko.zst") {
            cmd::quiet(Command::new("zstd").args(["-q", "-d", "--rm"]).arg(&path))?;
        }
    }
    let module = MODULES.iter().map(|module| format!("{module}.ko"));
    for file in ["vmlinuz".to_owned()].into_iter().chain(module) {
        if !folder.join(&file).is_file() {
            bail!("the packages of this kernel hold no {file}");
        }
    }
    Ok(())
}

fn remove(folder: &Path) -> Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}
