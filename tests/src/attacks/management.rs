//! The management API.

use super::Ground;
use super::connections::status;
use anyhow::Context;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::time::sleep;

/// Between two calls of one hand.
const PACE: Duration = Duration::from_millis(5);
/// After a refusal that says so.
const LATER: Duration = Duration::from_secs(1);

async fn look(ground: &Ground, path: &str, key: &str) -> anyhow::Result<()> {
    if ground.ask(ground.request("GET", path, key)).await? == 429 {
        sleep(LATER).await;
    }
    Ok(())
}

pub(super) async fn streams(ground: Arc<Ground>) -> anyhow::Result<()> {
    look(&ground, "/v1/usage/stream?granularity=1h", &ground.viewer).await
}

pub(super) async fn exports(ground: Arc<Ground>) -> anyhow::Result<()> {
    look(&ground, "/v1/audit", &ground.exporter).await
}

pub(super) async fn flood(ground: Arc<Ground>) -> anyhow::Result<()> {
    sleep(PACE).await;
    let usage = format!("/v1/namespaces/{}/usage?period=all", ground.namespace);
    ground
        .ask(ground.request("GET", &usage, &ground.viewer))
        .await?;
    Ok(())
}

pub(super) async fn long_lists(ground: Arc<Ground>) -> anyhow::Result<()> {
    for path in [
        "/v1/keys?limit=1000",
        "/v1/audit?limit=1000&order=desc",
        "/v1/cost-attribution",
    ] {
        look(&ground, path, &ground.lister).await?;
        sleep(Duration::from_millis(100)).await;
    }
    Ok(())
}

pub(super) async fn half_bodies(ground: Arc<Ground>) -> anyhow::Result<()> {
    sleep(LATER.mul_f64(rand::random_range(0.0..0.3))).await;
    let mut connection = ground.connect(ground.gateway).await?;
    let half = format!(
        "POST /v1/keys HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: 100\r\n\r\n{{\"name\":",
        ground.uploader
    );
    connection.write_all(half.as_bytes()).await?;
    ground.was_answered(status(&mut connection).await?);
    // Not all at once.
    sleep(LATER.mul_f64(rand::random_range(0.5..1.5))).await;
    Ok(())
}

pub(super) async fn replays(ground: Arc<Ground>) -> anyhow::Result<()> {
    let replay = ground.replay.as_ref().context("there is no event")?;
    let body = json!({"event_ids": [replay.event]});
    let call = ground
        .request("POST", &replay.path, &ground.replayer)
        .json(&body);
    ground.ask(call).await?;
    sleep(PACE).await;
    Ok(())
}
