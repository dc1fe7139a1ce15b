//! Calls of models, and keys.

use super::Ground;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::sleep;

/// Between two calls of one hand.
const PACE: Duration = Duration::from_millis(10);

pub(super) async fn over_its_rate(ground: Arc<Ground>) -> anyhow::Result<()> {
    sleep(PACE).await;
    ground.ask(ground.chat(&ground.key, json!({}))).await?;
    Ok(())
}

pub(super) async fn over_its_budget(ground: Arc<Ground>) -> anyhow::Result<()> {
    sleep(PACE).await;
    ground
        .ask(ground.chat(&ground.poor, json!({"max_tokens": 4_000})))
        .await?;
    Ok(())
}

pub(super) async fn streams(ground: Arc<Ground>) -> anyhow::Result<()> {
    let stream = ground.chat(&ground.admin, json!({"stream": true}));
    ground.ask(stream.header("x-fake-chunk-ms", 150)).await?;
    Ok(())
}

pub(super) async fn unknown_keys(ground: Arc<Ground>) -> anyhow::Result<()> {
    sleep(PACE).await;
    let key = format!("sk-{:032x}", rand::random::<u128>());
    ground.ask(ground.chat(&key, json!({}))).await?;
    Ok(())
}

pub(super) async fn unknown_models(ground: Arc<Ground>) -> anyhow::Result<()> {
    sleep(PACE).await;
    let model = format!("model-{}", rand::random::<u64>());
    ground
        .ask(ground.chat(&ground.admin, json!({"model": model})))
        .await?;
    Ok(())
}

pub(super) async fn long_users(ground: Arc<Ground>) -> anyhow::Result<()> {
    sleep(PACE).await;
    let user = format!("{}-{}", rand::random::<u64>(), "u".repeat(64 << 10));
    ground
        .ask(ground.chat(&ground.admin, json!({"user": user})))
        .await?;
    Ok(())
}
