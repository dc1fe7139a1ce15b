//! `paddock demo`: a month of believable usage, for a look around.

mod calls;
mod cast;
mod chance;

use crate::client::{Client, field, text_of};
use crate::connection::Connection;
use crate::exit::Exit;
use crate::output;
use anyhow::{Context, bail};
use calls::Calls;
use cast::{NAMESPACES, ORGANIZATION};
use paddock_server::clock::{Clock, SystemClock};
use paddock_server::config::file::ConfigFile;
use reqwest::Method;
use serde_json::{Value, json};

/// Events sent at once.
const AT_ONCE: usize = 500;

#[derive(Debug, clap::Args)]
pub struct Options {
    #[command(flatten)]
    connection: Connection,
    /// Days of usage, today included; 1 to 365.
    #[arg(long, default_value_t = 45, value_parser = clap::value_parser!(u64).range(1..=365))]
    days: u64,
}

/// Makes an organization with namespaces and keys, and books their usage.
pub fn run(options: &Options, file: &ConfigFile) -> anyhow::Result<Exit> {
    let client = options.connection.open(file)?;
    let path = format!("/v1/organizations/{ORGANIZATION}");
    if client.find(&path)?.is_some() {
        bail!(
            "there is an organization '{ORGANIZATION}' already, so the demo was run before: nothing was changed"
        );
    }
    let models = client.get("/v1/prices")?;
    let models = cast::models(&models).context("no model has a price: import prices first")?;
    let keys = furnish(&client)?;
    let now = SystemClock.now();
    let mut booked: u64 = 0;
    let events: Vec<Value> = Calls::new(&models, &keys, options.days, now).collect();
    for part in events.chunks(AT_ONCE) {
        let body = json!({ "events": part });
        let answer = client.send(Method::POST, "/v1/usage/reconcile", &body)?;
        let rejected = field(&answer, "rejected").as_array();
        if let Some(rejected) = rejected.and_then(|rejected| rejected.first()) {
            bail!(
                "the service does not take the demo's usage: {}",
                text_of(rejected, "error")
            );
        }
        booked = booked.saturating_add(field(&answer, "new").as_u64().unwrap_or(0));
    }
    output::print(&format!(
        "Made the organization '{ORGANIZATION}' with {} namespaces and {} keys, and booked {booked} calls of \
         {} days.",
        NAMESPACES.len(),
        keys.len(),
        options.days,
    ))?;
    Ok(Exit::Done)
}

/// A key of the demo.
#[derive(Debug)]
pub struct DemoKey {
    /// Its id.
    pub id: String,
    /// The place of its namespace in [`NAMESPACES`].
    pub namespace: usize,
    /// How much of its namespace's calls are its own: a weight.
    pub weight: u64,
}

/// Makes what the calls are of.
fn furnish(client: &Client) -> anyhow::Result<Vec<DemoKey>> {
    let organization = json!({ "name": ORGANIZATION });
    client.send(Method::POST, "/v1/organizations", &organization)?;
    let mut keys = Vec::new();
    for (place, namespace) in NAMESPACES.iter().enumerate() {
        let body = json!({
            "name": namespace.name,
            "organization": ORGANIZATION,
            "monthly_quota_usd": namespace.monthly_usd,
            "tags": { "team": namespace.team, "cost_center": namespace.cost_center },
        });
        client.send(Method::POST, "/v1/namespaces", &body)?;
        for (name, weight) in namespace.keys {
            let body = json!({ "name": name, "namespace": namespace.name, "role": "developer" });
            let made = client.send(Method::POST, "/v1/keys", &body)?;
            keys.push(DemoKey {
                id: text_of(&made, "id").to_owned(),
                namespace: place,
                weight: *weight,
            });
        }
    }
    Ok(keys)
}
