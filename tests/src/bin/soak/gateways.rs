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
/// What follows a log gives an event so many seconds to come from the filter.
const DELAY: u64 = 5;
/// So long after the last restart the ledger is whole without a person.
const REPAIRED: Duration = Duration::from_secs(30);

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

/// Envoys die under full load, and what follows their logs repairs the ledger. When which of them did.
pub async fn under_load(
    count: usize,
    installation: &mut Installation,
    clients: usize,
    tenants: &Arc<Vec<Tenant>>,
    (calls, rng): (&Arc<Calls>, &mut StdRng),
) -> anyhow::Result<Vec<(usize, Instant)>> {
    let mut kills = Vec::new();
    let followers: Vec<_> = (0..installation.gateways.len())
        .map(|gateway| installation.follow(gateway, DELAY))
        .collect::<anyhow::Result<_>>()?;
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
    sleep(REPAIRED).await;
    for mut follower in followers {
        follower.check()?;
    }
    for gateway in 0..installation.gateways.len() {
        let (_, new) = reconcile(installation, gateway)?;
        ensure!(
            new == 0,
            "gateway {}: {new} events were left for a person",
            gateway.saturating_add(1)
        );
    }
    Ok(kills)
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
