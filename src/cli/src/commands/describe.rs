//! `paddock openapi`, `paddock completions` and `paddock man`: what the program says about itself.

use crate::completion;
use crate::exit::Exit;
use crate::output;
use anyhow::Context;
use clap::ValueEnum;
use paddock_server::config::{PolicyOptions, RateBounds};
use paddock_server::router;
use std::path::Path;

/// A shell that completes commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    Bash,
    Elvish,
    Fish,
    Powershell,
    Zsh,
}

/// Prints the OpenAPI document that a service with the default range of rates serves.
pub fn openapi() -> anyhow::Result<Exit> {
    let document = router::document(RateBounds::from(&PolicyOptions::default()));
    output::print(&format!("{document:#}\n"))?;
    Ok(Exit::Done)
}

/// Prints what makes a shell ask this program what comes next.
pub fn completions(shell: Shell) -> anyhow::Result<Exit> {
    let name = shell.to_possible_value();
    let name = name.as_ref().map_or("bash", |name| name.get_name());
    output::print(&completion::registration(name)?)?;
    Ok(Exit::Done)
}

/// Writes the manual pages.
pub fn man(folder: &Path, command: clap::Command) -> anyhow::Result<Exit> {
    std::fs::create_dir_all(folder)
        .and_then(|()| clap_mangen::generate_to(command, folder))
        .with_context(|| format!("cannot write manual pages into {}", folder.display()))?;
    Ok(Exit::Done)
}
