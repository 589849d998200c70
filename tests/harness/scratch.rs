//! A folder that is gone after the test.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// A scratch folder that every user may enter; its path is short enough for
/// unix sockets.
#[derive(Debug)]
pub struct Scratch(TempDir);

impl Scratch {
    /// Makes a scratch folder.
    ///
    /// # Panics
    /// If the temporary folder of the system cannot be written.
    #[must_use]
    #[track_caller]
    pub fn new() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("guard-")
            .tempdir()
            .expect("a scratch folder can be made");
        let everyone = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(folder.path(), everyone)
            .expect("a scratch folder can be opened to others");
        Self(folder)
    }

    /// Its path.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// The path of something inside.
    #[must_use]
    pub fn join(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Writes a file inside and gives its path.
    ///
    /// # Panics
    /// If the file cannot be written.
    #[track_caller]
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.join(name);
        std::fs::write(&path, text).expect("a scratch file can be written");
        path
    }

    /// Writes an executable script inside and gives its path.
    ///
    /// # Panics
    /// If the file cannot be written.
    #[track_caller]
    pub fn script(&self, name: &str, text: &str) -> PathBuf {
        let path = self.write(name, text);
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(&path, mode).expect("a script can be made executable");
        path
    }
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}
