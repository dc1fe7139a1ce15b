//! What the service does by itself while it runs.

use crate::state::SharedApp;
use paddock_ledger::rules::alerts::evaluation;
use paddock_ledger::rules::housekeeping;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

/// How often the feed of usage is read, where somebody listens.
const FEED: Duration = Duration::from_secs(1);

/// How often what is too old is thrown away.
const HOUSEKEEPING: Duration = Duration::from_secs(600);

/// Runs until told to stop; then streams of usage end.
pub async fn run(app: SharedApp, stop: watch::Receiver<bool>) {
    tokio::join!(
        feed(&app, stop.clone()),
        alerts(&app, stop.clone()),
        house(&app, stop)
    );
    app.usage_feed.close();
}

/// Whether it is time for the next round; `false` where it is time to stop.
async fn wait(every: &mut tokio::time::Interval, stop: &mut watch::Receiver<bool>) -> bool {
    tokio::select! {
        // An error means that the sender is gone: stop as well.
        _ = stop.wait_for(|stop| *stop) => false,
        _ = every.tick() => true,
    }
}

fn every(period: Duration) -> tokio::time::Interval {
    let mut every = tokio::time::interval(period);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    every
}

async fn alerts(app: &SharedApp, mut stop: watch::Receiver<bool>) {
    let mut every = every(evaluation::EVERY);
    while wait(&mut every, &mut stop).await {
        let round = evaluation::round(&app.store, &app.config.organization, app.now());
        if let Err(error) = round.await {
            tracing::warn!(%error, "alerts could not be evaluated; trying again");
        }
    }
}

async fn feed(app: &SharedApp, mut stop: watch::Receiver<bool>) {
    let mut every = every(FEED);
    while wait(&mut every, &mut stop).await {
        if let Err(error) = app.usage_feed.publish(&app.store, app.now()).await {
            tracing::warn!(%error, "the feed of usage could not be read; trying again");
        }
    }
}

async fn house(app: &SharedApp, mut stop: watch::Receiver<bool>) {
    let mut every = every(HOUSEKEEPING);
    while wait(&mut every, &mut stop).await {
        // Where it is left off, what is not committed is undone, and the next round goes on.
        let round = tokio::select! {
            round = housekeeping::keep(&app.store, &app.config.terms, app.config.audit_retention, app.now()) => round,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        match round {
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
                made_blocks = report.made_blocks,
                "housekeeping: deleted expired rows and made day blocks"
            ),
            Err(error) => tracing::warn!(%error, "housekeeping failed; trying again later"),
        }
    }
}
