//! Guard's YAML files: text → a tree that knows its places ([`tree`]) → typed
//! values ([`fields`]), with every mistake told at once ([`diagnostic`]).

pub(crate) mod diagnostic;
pub(crate) mod fields;
pub(crate) mod tree;

pub use diagnostic::{Mistakes, Place, Problem};

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Largest file, in bytes. The largest useful one is far smaller.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// Reads a file of bounded size.
///
/// # Errors
/// It cannot be read, is too large, or is not UTF-8.
pub(crate) fn read_file(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        let message = format!("it is larger than {MAX_FILE_BYTES} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    String::from_utf8(bytes)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.utf8_error()))
}

/// What to do about a file that cannot be read.
pub(crate) fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => "check the path",
        io::ErrorKind::PermissionDenied => "check who may read it",
        io::ErrorKind::InvalidData => "write it as UTF-8 text",
        _ => "name a small YAML file",
    }
}
