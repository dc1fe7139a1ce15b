//! Tenants that go on while another one attacks.

use super::calls::Calls;
use super::clients::Load;
use super::crashes::until_served;
use super::tenants::Tenant;
use anyhow::{Context, ensure};
use paddock_tests::attacks::{ATTACKS, Ground};
use paddock_tests::installation::Installation;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// What is done to the first gateway.
const NAMES: [&str; 2] = [
    "large bodies that stop short of their end",
    "management calls without the end of their body",
];
const SPAN: Duration = Duration::from_secs(8);
/// Calls that are served meanwhile at least.
const SERVED: usize = 200;

/// Has each attack run beside the load. How many calls were answered beside each.
pub async fn attacked(
    installation: &Installation,
    clients: usize,
    tenants: &Arc<Vec<Tenant>>,
    calls: &Arc<Calls>,
) -> anyhow::Result<Vec<(&'static str, usize)>> {
    let address = |url: String| anyhow::Ok(url.trim_start_matches("http://").parse()?);
    let gateway = installation.gateways.first().context("no gateway")?;
    let service = installation.replicas.first().context("no replica")?;
    let (gateway, service) = (address(gateway.url())?, address(service.url())?);
    let ground = Arc::new(Ground::make(&installation.operator(0)?, gateway, service).await?);
    let load = Load::start("attacked", clients, 5, installation, tenants, calls)?;
    let mut answered = Vec::new();
    for name in NAMES {
        let attack = ATTACKS.iter().find(|attack| attack.name == name);
        let attack = attack.with_context(|| format!("there is no attack '{name}'"))?;
        let (before, begun) = (calls.answered(), Instant::now());
        let hands = attack.begin(&ground);
        until_served(calls, SERVED).await?;
        sleep(SPAN.saturating_sub(begun.elapsed())).await;
        drop(hands);
        let met = ground.answers();
        ensure!(met.contains_key(&attack.meets), "{name}: it met {met:?}");
        answered.push((name, calls.answered().saturating_sub(before)));
    }
    load.stop().await?;
    Ok(answered)
}
