//! Debian packages of other suites than the machine's own: fetched through an
//! apt with sources and state of its own, from the mirrors that the machine
//! itself uses. Nothing of the system changes.

use crate::cmd;
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Debian's keys, where Debian has them.
const KEYS: &str = "/usr/share/keyrings/debian-archive-keyring.gpg";

/// A private apt.
pub(super) struct Apt {
    folder: PathBuf,
    options: Vec<String>,
}

impl Apt {
    /// One that knows a single suite, and of no package that it were installed.
    pub(super) fn of_suite(suite: &str) -> Result<Self> {
        let folder = super::folder().join("apt").join(suite);
        std::fs::create_dir_all(&folder)?;
        let status = folder.join("status");
        std::fs::write(&status, "")?;
        Self::new(folder, &[suite], &status)
    }

    /// One that knows this machine's own suites, and what it has installed.
    pub(super) fn of_machine() -> Result<Self> {
        let suite = codename()?;
        let folder = super::folder().join("apt/machine");
        let security = format!("{suite}-security");
        Self::new(
            folder,
            &[&suite, &security],
            Path::new("/var/lib/dpkg/status"),
        )
    }

    fn new(folder: PathBuf, suites: &[&str], status: &Path) -> Result<Self> {
        for part in ["state/lists/partial", "cache/archives/partial", "debs"] {
            std::fs::create_dir_all(folder.join(part))?;
        }
        let mirrors = Mirrors::of_machine()?;
        let sources = folder.join("sources.list");
        let mut list = String::new();
        for suite in suites {
            let mirror = mirrors.of(suite)?;
            list += &match Path::new(KEYS).is_file() {
                true => format!("deb [signed-by={KEYS}] {mirror} {suite} main\n"),
                false => format!("deb {mirror} {suite} main\n"),
            };
        }
        std::fs::write(&sources, list)?;
        let options = [
            ("Dir::Etc::sourcelist", sources.display().to_string()),
            ("Dir::Etc::sourceparts", "-".to_owned()),
            ("Dir::State", folder.join("state").display().to_string()),
            ("Dir::State::status", status.display().to_string()),
            ("Dir::Cache", folder.join("cache").display().to_string()),
            ("APT::Architecture", "amd64".to_owned()),
            ("APT::Sandbox::User", "root".to_owned()),
            ("Acquire::Languages", "none".to_owned()),
            ("Acquire::Retries", "3".to_owned()),
            // The locks are the system's; nothing here writes there.
            ("Debug::NoLocking", "1".to_owned()),
        ];
        let options = options.map(|(name, value)| format!("-o{name}={value}"));
        let apt = Self {
            folder,
            options: options.to_vec(),
        };
        cmd::quiet(apt.command("apt-get").args(["-q", "update"]))?;
        Ok(apt)
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.args(&self.options).env("LC_ALL", "C");
        command
    }

    /// Names of the packages that one depends on.
    pub(super) fn dependencies(&self, package: &str) -> Result<Vec<String>> {
        let mut command = self.command("apt-cache");
        let listed = cmd::output(command.args(["depends", "--important", package]))
            .with_context(|| format!("no package {package} in {}", self.folder.display()))?;
        let names = listed
            .lines()
            .filter_map(|line| line.split_once("Depends: "));
        Ok(names.map(|(_, name)| name.trim().to_owned()).collect())
    }

    /// Downloads exactly these packages.
    pub(super) fn download(&self, packages: &[String]) -> Result<Vec<PathBuf>> {
        let folder = self.folder.join("debs");
        empty(&folder)?;
        let mut command = self.command("apt-get");
        command.args(["-q", "download"]).args(packages);
        cmd::quiet(command.current_dir(&folder))?;
        list(&folder)
    }

    /// Downloads a package with everything that this machine lacks for it.
    pub(super) fn download_whole(&self, package: &str) -> Result<Vec<PathBuf>> {
        let folder = self.folder.join("cache/archives");
        empty(&folder)?;
        std::fs::create_dir_all(folder.join("partial"))?;
        let mut command = self.command("apt-get");
        command.args(["-q", "-y", "--no-install-recommends", "--download-only"]);
        cmd::quiet(command.args(["install", package]))?;
        list(&folder)
    }
}

/// The packages in a folder.
fn list(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in folder.read_dir()? {
        let path = entry?.path();
        if path.extension().is_some_and(|kind| kind == "deb") {
            found.push(path);
        }
    }
    if found.is_empty() {
        bail!("apt-get left no package in {}", folder.display());
    }
    found.sort();
    Ok(found)
}

/// Removes the packages in a folder.
fn empty(folder: &Path) -> Result<()> {
    for path in list(folder).unwrap_or_default() {
        std::fs::remove_file(path)?;
    }
    Ok(())
}

/// Name of the release that this machine runs.
fn codename() -> Result<String> {
    let text = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    let value = |line: &str| {
        Some(
            line.strip_prefix("VERSION_CODENAME=")?
                .trim_matches('"')
                .to_owned(),
        )
    };
    text.lines()
        .find_map(value)
        .context("/etc/os-release names no release: guests need a Debian host")
}

/// Where this machine gets its own packages from.
struct Mirrors {
    /// Of a release as a whole.
    main: Option<String>,
    /// Of its security updates.
    security: Option<String>,
}

impl Mirrors {
    /// Asks apt, which knows every form that sources can be written in.
    fn of_machine() -> Result<Self> {
        let suite = codename()?;
        let mut command = Command::new("apt-get");
        command.args(["indextargets", "--format", "$(REPO_URI) $(RELEASE)"]);
        let listed = cmd::output(command.arg("Created-By: Packages"))
            .context("apt-get cannot list its sources: guests need Debian's apt")?;
        let of = |wanted: &str| {
            let mut pairs = listed.lines().filter_map(|line| line.split_once(' '));
            pairs
                .find(|(_, release)| *release == wanted)
                .map(|(mirror, _)| mirror.to_owned())
        };
        Ok(Self {
            main: of(&suite),
            security: of(&format!("{suite}-security")),
        })
    }

    fn of(&self, suite: &str) -> Result<&str> {
        let (mirror, what) = match suite.ends_with("-security") {
            true => (&self.security, "security updates"),
            false => (&self.main, "its release"),
        };
        mirror.as_deref().with_context(|| {
            format!(
                "apt's sources on this machine have no mirror for {what}, so `{suite}` cannot be \
                 fetched; add one to /etc/apt/sources.list.d"
            )
        })
    }
}
