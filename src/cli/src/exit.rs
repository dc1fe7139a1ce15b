//! How a command ends.

use std::process::ExitCode;

/// How a command ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Done, or nothing to do.
    Done,
    /// What was checked is not right.
    NotRight,
    /// Differences were found and not applied.
    Differences,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(match exit {
            Exit::Done => 0,
            Exit::NotRight => 1,
            Exit::Differences => 2,
        })
    }
}
