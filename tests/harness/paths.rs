//! Where the project, its builds and its programs are.

use std::path::{Path, PathBuf};

/// The root of the project.
#[must_use]
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("/"))
}

/// The folder for builds and for what set-up fetches.
#[must_use]
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// A program of this project, built beside the running one.
#[must_use]
pub fn program(name: &str) -> PathBuf {
    let exe = std::env::current_exe().unwrap_or_default();
    let folder = exe.parent().unwrap_or(Path::new("/"));
    // Test executables are in `deps`, a folder below the programs.
    let folder = if folder.ends_with("deps") {
        folder.parent().unwrap_or(folder)
    } else {
        folder
    };
    folder.join(name)
}

/// The Python of the virtual environment with the client libraries.
#[must_use]
pub fn python() -> PathBuf {
    target().join("clients/python/bin/python")
}

/// The SQL files of PostgreSQL's regression suite.
#[must_use]
pub fn regression_suite() -> PathBuf {
    target().join("oracle/sql")
}

/// The folder with the node clients.
#[must_use]
pub fn node_modules() -> PathBuf {
    target().join("clients/node/node_modules")
}

/// Debian's JDBC driver.
#[must_use]
pub fn jdbc_driver() -> &'static Path {
    Path::new("/usr/share/java/postgresql.jar")
}

/// A program in the search path.
#[must_use]
pub fn which(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// A program of the newest PostgreSQL server on this machine. Debian keeps them
/// out of the search path.
#[must_use]
pub fn postgres_program(program: &str) -> Option<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = Path::new("/usr/lib/postgresql")
        .read_dir()
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            Some((
                entry.file_name().to_str()?.parse().ok()?,
                entry.path().join("bin").join(program),
            ))
        })
        .filter(|(_, file)| file.is_file())
        .collect();
    versions.sort();
    versions
        .pop()
        .map(|(_, file)| file)
        .or_else(|| which(program))
}

/// The server program of MariaDB: Debian keeps it out of users' search path.
#[must_use]
pub fn mariadb_server() -> Option<PathBuf> {
    let debian = Path::new("/usr/sbin/mariadbd");
    which("mariadbd").or_else(|| debian.is_file().then(|| debian.to_owned()))
}

/// The server program of Redis. Debian's `redis-tools` has it as `redis-check-rdb`,
/// which is the server when it is called so; the package `redis-server` adds a
/// link and a service.
#[must_use]
pub fn redis_server() -> Option<PathBuf> {
    which("redis-server").or_else(|| which("redis-check-rdb"))
}
