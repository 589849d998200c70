//! PostgreSQL's regression suite, out of Debian's source package: statements that
//! the tests compare with PostgreSQL's own parser. Nothing of it is committed.

use crate::{cmd, paths};
use anyhow::{Context, Result, bail};
use std::path::Path;
use std::process::Command;

const PACKAGE: &str = "postgresql-15";
const FOLDER: &str = "src/test/regress/sql";

/// Fetches the suite into `target/oracle/sql`, unless it is there.
pub(super) fn install() -> Result<()> {
    let root = paths::target().join("oracle");
    let sql = root.join("sql");
    if sql.is_dir() || std::env::var_os("GUARD_SKIP_APT").is_some() {
        return Ok(());
    }
    // An apt of its own: this machine's sources need not name source packages.
    for folder in ["lists/partial", "cache/archives/partial"] {
        std::fs::create_dir_all(root.join(folder))?;
    }
    std::fs::write(root.join("sources.list"), sources()?)?;
    cmd::run(apt(&root).arg("update"))?;
    cmd::run(
        apt(&root)
            .args(["source", "--download-only", "--tar-only", PACKAGE])
            .current_dir(&root),
    )?;
    let archive = std::fs::read_dir(&root)?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.to_string_lossy().contains(".orig.tar"))
        .context("apt fetched no source archive")?;
    let unpacked = root.join("unpacked");
    std::fs::create_dir_all(&unpacked)?;
    cmd::run(
        Command::new("tar")
            .arg("-xf")
            .arg(&archive)
            .arg("-C")
            .arg(&unpacked)
            .args(["--strip-components=1", "--wildcards"])
            .arg(format!("*/{FOLDER}")),
    )?;
    // Moved in one step: a set-up that was cut short leaves no half of it.
    std::fs::rename(unpacked.join(FOLDER), &sql)?;
    std::fs::remove_file(archive)?;
    Ok(std::fs::remove_dir_all(unpacked)?)
}

/// The places where this machine's Debian packages come from, for their sources.
/// Of a release only the main suite: its mirrors keep what it names.
fn sources() -> Result<String> {
    let format = "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] \
         $(REPO_URI) $(RELEASE) $(COMPONENT)";
    let listed = cmd::output(Command::new("apt-get").args([
        "indextargets",
        "--format",
        format,
        "Identifier: Packages",
        "Origin: Debian",
    ]))
    .unwrap_or_default();
    let mut lines: Vec<&str> = listed
        .lines()
        .filter(|line| line.ends_with(" main"))
        .filter(|line| !line.contains("-security ") && !line.contains("-updates "))
        .collect();
    lines.sort_unstable();
    lines.dedup();
    if lines.is_empty() {
        bail!("apt knows no Debian archive that could have the sources of {PACKAGE}");
    }
    Ok(format!("{}\n", lines.join("\n")))
}

fn apt(root: &Path) -> Command {
    let mut command = Command::new("apt-get");
    let path = |name: &str| root.join(name).display().to_string();
    for option in [
        format!("Dir::Etc::sourcelist={}", path("sources.list")),
        "Dir::Etc::sourceparts=/dev/null".to_owned(),
        format!("Dir::State::lists={}", path("lists")),
        format!("Dir::Cache={}", path("cache")),
    ] {
        command.args(["-o", &option]);
    }
    command.arg("-q");
    command
}
