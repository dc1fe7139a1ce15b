//! `paddock openapi` and `paddock completions`: what the program says about itself.

use crate::exit::Exit;
use crate::output;
use clap_complete::Shell;
use paddock_server::config::{PolicyOptions, RateBounds};
use paddock_server::router;

/// Prints the OpenAPI document that a service with the default range of rates serves.
pub fn openapi() -> anyhow::Result<Exit> {
    let document = router::document(RateBounds::from(&PolicyOptions::default()));
    output::print(&format!("{document:#}\n"))?;
    Ok(Exit::Done)
}

/// Prints a completion script.
pub fn completions(shell: Shell, command: &mut clap::Command) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(shell, command, "paddock", &mut script);
    output::print(&String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
