//! The round that one replica makes for all: which alerts are due?

use super::firing::fire;
use super::reading::{Needed, Reading, judge, needed};
use crate::model::alert::Alert;
use crate::model::period::end_of_tomorrow;
use crate::rules::context::NamespaceContext;
use crate::store::{Store, StoreError, alerts, reports, tasks};
use paddock_core::money::Money;
use paddock_core::policy::Limits;
use paddock_core::timestamp::Timestamp;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

/// How often alerts are evaluated.
pub const EVERY: Duration = Duration::from_secs(15);

/// Evaluates every alert, where no replica has within [`EVERY`]; how many fired. One that cannot be
/// evaluated holds up no other.
pub async fn round(store: &Store, defaults: &Limits, now: Timestamp) -> Result<usize, StoreError> {
    let mut tx = store.write().await?;
    if !tasks::take(&mut tx, "alerts", now, now.plus(EVERY)).await? {
        return Ok(0);
    }
    tx.commit().await?;
    let mut fired = 0_usize;
    for (alert, reading) in due(store, defaults, now).await? {
        match fire_one(store, &alert, &reading, defaults, now).await {
            Ok(true) => fired = fired.saturating_add(1),
            Ok(false) => {}
            Err(error) => {
                tracing::warn!(alert = alert.id, %error, "an alert could not be fired");
            }
        }
    }
    Ok(fired)
}

/// The alerts that are due and have not fired in their period: read in one snapshot, by statements
/// whose number does not grow with the alerts'.
async fn due(
    store: &Store,
    defaults: &Limits,
    now: Timestamp,
) -> Result<Vec<(Alert, Reading)>, StoreError> {
    let mut tx = store.read().await?;
    let mut alerts = alerts::all(&mut tx).await?;
    alerts.retain(|alert| {
        let start = alert.period(now).start;
        alert.last_fired_at.is_none_or(|fired| fired < start)
    });
    let names: BTreeSet<&str> = alerts
        .iter()
        .map(|alert| alert.namespace.as_str())
        .collect();
    let contexts = NamespaceContext::find_many(&mut tx, &names, defaults).await?;
    let mut watched: BTreeMap<Needed, BTreeSet<&str>> = BTreeMap::new();
    for alert in &alerts {
        let names = watched.entry(needed(alert, now)).or_default();
        names.insert(&alert.namespace);
    }
    let mut costs: HashMap<(Needed, String), HashMap<u64, Money>> = HashMap::new();
    for (needed, names) in watched {
        let interval = (needed.granularity, needed.start, end_of_tomorrow(now));
        for (name, start, cost) in reports::costs_of_namespaces(&mut tx, names, interval).await? {
            costs.entry((needed, name)).or_default().insert(start, cost);
        }
    }
    drop(tx);
    let nothing = HashMap::new();
    let judged = alerts.into_iter().filter_map(|alert| {
        let limits = &contexts.get(&alert.namespace)?.limits;
        let costs = costs.get(&(needed(&alert, now), alert.namespace.clone()));
        let reading = judge(&alert, limits, costs.unwrap_or(&nothing), now)?;
        reading.is_due.then_some((alert, reading))
    });
    Ok(judged.collect())
}

async fn fire_one(
    store: &Store,
    alert: &Alert,
    reading: &Reading,
    defaults: &Limits,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let mut tx = store.write().await?;
    let fired = fire(&mut tx, alert, reading, defaults, now).await?;
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
