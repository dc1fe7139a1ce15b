//! `paddock openapi`: the management API as an OpenAPI document.

use super::{Exit, output};
use paddock_accounting::config::PolicyOptions;
use paddock_accounting::openapi;

/// Prints the document as an installation with the default range of rates serves it.
pub fn run() -> anyhow::Result<Exit> {
    let defaults = PolicyOptions::default();
    let document = openapi::document((defaults.min_rpm, defaults.max_rpm));
    output::print(&format!("{document:#}\n"))?;
    Ok(Exit::Done)
}
