//! The log of deliveries, and when alerts fired.

use super::HousekeepingReport;
use super::steps::Steps;
use crate::model::period::DAY;
use crate::store::{Store, StoreError, alerts, deliveries};
use paddock_core::timestamp::Timestamp;
use std::time::Duration;
use tokio::time::Instant;

/// How long firings are kept: longer than the longest period in which an alert fires once, a month.
const KEEP_FIRINGS: Duration = Duration::from_secs(62 * DAY);

pub(super) async fn keep(
    store: &Store,
    now: Timestamp,
    report: &mut HousekeepingReport,
) -> Result<(), StoreError> {
    let mut steps = Steps::default();
    loop {
        let mut tx = store.write().await?;
        let began = Instant::now();
        let before = now.minus(deliveries::KEEP_LOG);
        let logged = deliveries::delete_finished(&mut tx, before, steps.size()).await?;
        let before = now.minus(KEEP_FIRINGS);
        let firings = alerts::delete_firings(&mut tx, before, steps.size()).await?;
        tx.commit().await?;
        report.deleted_deliveries = report.deleted_deliveries.saturating_add(logged);
        report.deleted_firings = report.deleted_firings.saturating_add(firings);
        if logged == 0 && firings == 0 {
            return Ok(());
        }
        steps.rest(began).await;
    }
}
