//! Exit codes of `guard-agent` and `guardctl`.

use std::process::ExitCode;

/// What a program of Guard ended with. `guardctl run` ends with the status of
/// the command it started instead.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done; for a question: yes.
    Done = 0,
    /// Failed while running.
    Failed = 1,
    /// Wrong usage (clap's own code).
    Usage = 2,
    /// Policy or configuration is not valid.
    Invalid = 3,
    /// The daemon cannot be reached.
    Unreachable = 4,
    /// This kernel lacks something that is required.
    Unsupported = 5,
    /// The question was answered with no.
    No = 10,
    /// `guardctl run`: the command was found and cannot be executed.
    NotExecutable = 126,
    /// `guardctl run`: the command was not found.
    NotFound = 127,
}

impl Exit {
    /// The code of a number that another process reported.
    #[must_use]
    pub const fn from_raw(raw: u8) -> Self {
        match raw {
            0 => Self::Done,
            2 => Self::Usage,
            3 => Self::Invalid,
            4 => Self::Unreachable,
            5 => Self::Unsupported,
            10 => Self::No,
            126 => Self::NotExecutable,
            127 => Self::NotFound,
            _ => Self::Failed,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
