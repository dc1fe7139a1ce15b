//! `paddock openapi`: the management API as an OpenAPI document.

use crate::exit::Exit;
use crate::output;
use paddock_server::config::PolicyOptions;
use paddock_server::router;

/// Prints the document as an installation with the default range of rates serves it.
pub fn run() -> anyhow::Result<Exit> {
    let defaults = PolicyOptions::default();
    let document = router::document((defaults.min_rpm, defaults.max_rpm));
    output::print(&format!("{document:#}\n"))?;
    Ok(Exit::Done)
}
