//! The round that one replica makes for all: which alerts are due?

use super::firing::fire;
use super::reading::read;
use crate::rules::context::NamespaceContext;
use crate::store::{Store, StoreError, alerts, tasks};
use paddock_core::policy::Limits;
use paddock_core::timestamp::Timestamp;
use std::time::Duration;

/// How often alerts are evaluated.
pub const EVERY: Duration = Duration::from_secs(15);

/// Evaluates every alert, where no replica has within [`EVERY`]; how many fired. One that cannot be
/// evaluated holds up no other.
///
/// # Errors
/// Where the database refuses.
pub async fn round(store: &Store, defaults: &Limits, now: Timestamp) -> Result<usize, StoreError> {
    let mut tx = store.write().await?;
    if !tasks::take(&mut tx, "alerts", now, now.plus(EVERY)).await? {
        return Ok(0);
    }
    tx.commit().await?;
    let mut tx = store.read().await?;
    let all = alerts::all(&mut tx).await?;
    drop(tx);
    let mut fired = 0_usize;
    for alert in all {
        match one(store, &alert, defaults, now).await {
            Ok(true) => fired = fired.saturating_add(1),
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(alert = alert.id, %error, "an alert could not be evaluated");
            }
        }
    }
    Ok(fired)
}

async fn one(
    store: &Store,
    alert: &crate::model::alert::Alert,
    defaults: &Limits,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let start = alert.period(now).start;
    if alert.last_fired_at.is_some_and(|fired| fired >= start) {
        return Ok(false);
    }
    let mut tx = store.read().await?;
    let Some(context) = NamespaceContext::find(&mut tx, &alert.namespace, defaults).await? else {
        return Ok(false);
    };
    let reading = read(&mut tx, alert, &context.limits, now).await?;
    drop(tx);
    let Some(reading) = reading.filter(|reading| reading.is_due) else {
        return Ok(false);
    };
    let mut tx = store.write().await?;
    let fired = fire(&mut tx, alert, &reading, defaults, now).await?;
    if fired {
        tx.commit().await?;
        tracing::info!(
            alert = alert.id,
            namespace = alert.namespace,
            "an alert fired"
        );
    }
    Ok(fired)
}
