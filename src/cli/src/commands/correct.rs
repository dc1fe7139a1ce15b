//! `paddock correct`: the operator charges or gives back money.

use crate::client::{field, text_of};
use crate::connection::Connection;
use crate::exit::Exit;
use crate::output::{cell, dollars};
use paddock_server::config::file::ConfigFile;
use reqwest::Method;
use serde::Serialize;
use serde_json::Value;

#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    connection: Connection,
    #[command(flatten)]
    body: Body,
}

/// A correction, as the API takes it.
#[derive(Debug, clap::Args, Serialize)]
#[group(skip)]
struct Body {
    /// The call to correct: its event_id in the audit.
    #[arg(
        long = "event",
        value_name = "ID",
        required_unless_present = "namespace"
    )]
    event_id: Option<String>,
    /// The namespace, if it is not one call that is corrected.
    #[arg(long, conflicts_with = "event_id")]
    namespace: Option<String>,
    /// One of the namespace's keys: its id.
    #[arg(long = "key", value_name = "ID", requires = "namespace")]
    key_id: Option<String>,
    /// A model.
    #[arg(long, requires = "namespace")]
    model: Option<String>,
    /// Dollars: above 0 charges, below 0 gives back.
    #[arg(long, allow_negative_numbers = true)]
    amount_usd: f64,
    /// Why.
    #[arg(long)]
    reason: String,
    /// Your name for the correction, such as a ticket: the same one again is not booked twice.
    #[arg(long)]
    reference: String,
}

/// Books it.
pub fn run(options: &Options, file: &ConfigFile) -> anyhow::Result<Exit> {
    let client = options.connection.open(file)?;
    let mut body = serde_json::to_value(&options.body)?;
    if let Some(fields) = body.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    let made = client.send(Method::POST, "/v1/corrections", &body)?;
    options.connection.print(&made, shown)?;
    Ok(Exit::Done)
}

fn shown(made: &Value) -> String {
    format!(
        "Correction {} of {} for {} ({}).",
        text_of(made, "id"),
        dollars(field(made, "amount_usd")),
        cell(field(made, "namespace")),
        text_of(made, "reference"),
    )
}
