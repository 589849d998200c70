//! Where things are.

use std::path::{Path, PathBuf};

/// The root of the project.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap_or(Path::new("/"))
}

/// The folder for everything that is built or fetched.
pub(crate) fn target() -> PathBuf {
    guard_tests::paths::target()
}
