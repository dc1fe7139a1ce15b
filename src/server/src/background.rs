//! Periodic tasks of the service.

use crate::state::SharedApp;
use paddock_ledger::rules::alerts::evaluation;
use paddock_ledger::rules::housekeeping;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

/// How often the usage feed is read while it has listeners.
const FEED: Duration = Duration::from_secs(1);

/// How often old data is deleted.
const HOUSEKEEPING: Duration = Duration::from_secs(600);

/// Runs until stopped; then usage streams end.
pub async fn run(app: SharedApp, stop: watch::Receiver<bool>) {
    tokio::join!(
        repeat(FEED, stop.clone(), || feed(&app)),
        repeat(evaluation::EVERY, stop.clone(), || alerts(&app)),
        repeat(HOUSEKEEPING, stop, || clean_up(&app)),
    );
    app.usage_feed.close();
}

/// Runs `round` periodically until told to stop. A round in progress is dropped then: its open
/// transaction is rolled back, and the next start continues.
async fn repeat<F: Future<Output = ()>>(
    period: Duration,
    mut stop: watch::Receiver<bool>,
    round: impl Fn() -> F,
) {
    let mut ticks = tokio::time::interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let rounds = async {
        loop {
            ticks.tick().await;
            round().await;
        }
    };
    tokio::select! {
        () = rounds => {}
        // An error means that the sender is gone: stop as well.
        _ = stop.wait_for(|stop| *stop) => {}
    }
}

async fn alerts(app: &SharedApp) {
    let round = evaluation::round(&app.store, &app.config.organization, app.now());
    if let Err(error) = round.await {
        tracing::warn!(%error, "cannot evaluate alerts; retrying");
    }
}

async fn feed(app: &SharedApp) {
    if let Err(error) = app.usage_feed.publish(&app.store, app.now()).await {
        tracing::warn!(%error, "cannot read the usage feed; retrying");
    }
}

async fn clean_up(app: &SharedApp) {
    let config = &app.config;
    let round = housekeeping::keep(&app.store, &config.terms, config.audit_retention, app.now());
    match round.await {
        Ok(report) => tracing::info!(
            closed_leases = report.closed_leases,
            deleted_leases = report.deleted_leases,
            deleted_tombstones = report.deleted_tombstones,
            dropped_entries = report.dropped_entries,
            dropped_days = report.dropped_days,
            deleted_events = report.deleted_events,
            deleted_rejected = report.deleted_rejected,
            deleted_sums = report.deleted_sums,
            deleted_scopes = report.deleted_scopes,
            deleted_deliveries = report.deleted_deliveries,
            deleted_firings = report.deleted_firings,
            forgotten_objects = report.forgotten_objects,
            made_blocks = report.made_blocks,
            "housekeeping done: old data deleted, totals of days combined"
        ),
        Err(error) => tracing::warn!(%error, "housekeeping failed; retrying later"),
    }
}
