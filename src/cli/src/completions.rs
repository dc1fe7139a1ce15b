//! `paddock completions`: a script for a shell.

use crate::exit::Exit;
use crate::output;
use clap_complete::Shell;

#[derive(Debug, clap::Args)]
pub struct Options {
    /// The shell. Source the output, or put it into the shell's completions folder.
    shell: Shell,
}

/// Prints the script.
pub fn run(options: &Options, command: &mut clap::Command) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(options.shell, command, "paddock", &mut script);
    output::print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
