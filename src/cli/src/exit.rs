//! How a command ends.

use std::process::ExitCode;

/// The result of a command that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Success, or nothing to do.
    Done,
    /// A check found problems.
    Problems,
    /// Differences were found and not applied.
    Differences,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(match exit {
            Exit::Done => 0,
            Exit::Problems => 1,
            Exit::Differences => 2,
        })
    }
}
