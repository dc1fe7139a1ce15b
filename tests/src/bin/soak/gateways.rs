//! Envoys that are killed: what they had not sent is in their access logs.

use super::calls::Calls;
use super::clients::Load;
use super::crashes::{Target, mend, until_served};
use super::poison;
use super::tenants::Tenant;
use anyhow::{Context, ensure};
use paddock_local::Part;
use paddock_tests::installation::Installation;
use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Longer than the access log may wait to be written.
const WRITTEN: Duration = Duration::from_secs(1);

/// An Envoy dies while the service is away, so all that it has is in its memory and in its log. What
/// was restored from the log.
pub async fn with_a_full_queue(
    installation: &mut Installation,
    clients: usize,
    tenants: &Arc<Vec<Tenant>>,
    calls: &Arc<Calls>,
) -> anyhow::Result<u64> {
    let load = Load::start("away", clients, 7, installation, tenants, calls)?;
    until_served(calls, 100).await?;
    Target::Service.kill(installation)?;
    until_served(calls, 100).await?;
    load.stop().await?;
    sleep(WRITTEN).await;
    kill(installation, 0)?;
    mend(installation).await?;
    revive(installation, 0).await?;
    poison::log(installation, 0)?;
    let (is_whole, restored) = reconcile(installation, 0)?;
    ensure!(!is_whole, "reconcile did not say what it could not read");
    ensure!(restored > 0, "the log had nothing that the ledger lacked");
    Ok(restored)
}

/// Envoys die under full load. When which of them did, and what was restored from their logs.
pub async fn under_load(
    count: usize,
    installation: &mut Installation,
    clients: usize,
    tenants: &Arc<Vec<Tenant>>,
    (calls, rng): (&Arc<Calls>, &mut StdRng),
) -> anyhow::Result<(Vec<(usize, Instant)>, u64)> {
    let mut kills = Vec::new();
    let load = Load::start("killed", clients, 11, installation, tenants, calls)?;
    for _ in 0..count {
        until_served(calls, 100).await?;
        let gateway = rng.random_range(0..installation.gateways.len());
        kill(installation, gateway)?;
        kills.push((gateway, Instant::now()));
        revive(installation, gateway).await?;
    }
    until_served(calls, 100).await?;
    load.stop().await?;
    sleep(WRITTEN).await;
    let mut restored: u64 = 0;
    for gateway in 0..installation.gateways.len() {
        restored = restored.saturating_add(reconcile(installation, gateway)?.1);
    }
    Ok((kills, restored))
}

fn kill(installation: &mut Installation, gateway: usize) -> anyhow::Result<()> {
    let gateway = installation.gateways.get_mut(gateway);
    gateway.context("no such gateway")?.kill(Part::Envoy)
}

async fn revive(installation: &mut Installation, gateway: usize) -> anyhow::Result<()> {
    let gateway = installation.gateways.get_mut(gateway);
    gateway
        .context("no such gateway")?
        .restart(Part::Envoy)
        .await
}

/// Whether all of the log could be read, and how many events were new.
fn reconcile(installation: &Installation, gateway: usize) -> anyhow::Result<(bool, u64)> {
    let gateway = installation
        .gateways
        .get(gateway)
        .context("no such gateway")?;
    let (is_whole, told) = installation.reconcile(&gateway.access_log())?;
    let new = told.get("new").and_then(Value::as_u64);
    Ok((is_whole, new.context("reconcile did not say what was new")?))
}
