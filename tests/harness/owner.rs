//! The user that servers run as.

use crate::process::run;
use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// A command of a server, as its user: databases refuse to run as root.
pub(crate) fn as_owner(program: &Path) -> Command {
    let mut command = Command::new(program);
    if let Some((uid, gid)) = owner() {
        command.uid(uid).gid(gid);
    }
    // A working directory that this user may enter.
    command.current_dir("/");
    command
}

/// Opens a folder to the server's user and gives its path.
pub(crate) fn writable(folder: &Path) -> &Path {
    if let Some((uid, gid)) = owner() {
        chown(folder, Some(uid), Some(gid)).expect("root can give a folder away");
    }
    folder
}

/// The user for servers: `postgres`, else `nobody`; nobody else when we are
/// not root, for then the server can run as us.
fn owner() -> Option<(u32, u32)> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    ["postgres", "nobody"].iter().find_map(|name| {
        let fields: Vec<&str> = users
            .lines()
            .find(|line| line.split(':').next() == Some(name))?
            .split(':')
            .collect();
        Some((fields.get(2)?.parse().ok()?, fields.get(3)?.parse().ok()?))
    })
}

/// Gives a folder with all that is in it to the servers' user.
pub(crate) fn give_to_owner(folder: &Path) {
    if let Some((uid, gid)) = owner() {
        run(
            Command::new("chown")
                .arg("-R")
                .arg(format!("{uid}:{gid}"))
                .arg(folder),
            Duration::from_secs(30),
        )
        .success();
    }
}
