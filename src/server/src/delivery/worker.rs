//! The worker: claims due deliveries, attempts them, and stores the outcomes.

use super::backoff;
use crate::outbound::outlet::Failure;
use crate::outbound::signature;
use crate::state::{App, SharedApp};
use futures_util::stream::{self, StreamExt};
use paddock_ledger::ids;
use paddock_ledger::model::delivery::{Channel, ClaimedDelivery, DeliveryOutcome};
use paddock_ledger::store::{StoreError, deliveries};
use std::time::Duration;
use tokio::sync::watch;

/// Deliveries claimed at once.
const CLAIM: u64 = 64;
/// Deliveries under way at once.
const AT_ONCE: usize = 16;
/// How long a claim lasts: longer than all attempts of one claim can take.
const CLAIM_LASTS: Duration = Duration::from_secs(120);
/// How long the worker rests when nothing is due.
const REST: Duration = Duration::from_secs(1);

/// Delivers until told to stop.
pub async fn run(app: SharedApp, mut stop: watch::Receiver<bool>) {
    loop {
        let claimed = pass(&app).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "cannot claim deliveries or store their outcomes; retrying");
            0
        });
        if claimed > 0 && !*stop.borrow() {
            continue;
        }
        tokio::select! {
            () = tokio::time::sleep(REST) => {}
            // An error means that the sender is gone: stop as well.
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// Attempts every due delivery once, and returns how many there were. If the database fails, those
/// whose outcome was not stored are attempted again when their claim ends.
pub async fn pass(app: &App) -> Result<usize, StoreError> {
    let now = app.now();
    let mut tx = app.store.write().await?;
    let due = deliveries::claim(&mut tx, now, now.plus(CLAIM_LASTS), CLAIM).await?;
    tx.commit().await?;
    let claimed = due.len();
    let attempts = due.into_iter().map(|due| async move {
        let started = app.now();
        let result = attempt(app, &due).await;
        let took = app.now().since(started);
        (due, result, took)
    });
    // Those that end while the ones before are stored are stored together.
    let attempts = stream::iter(attempts).buffer_unordered(AT_ONCE);
    let mut ended = attempts.ready_chunks(AT_ONCE);
    while let Some(ended) = ended.next().await {
        let mut tx = app.store.write().await?;
        for (due, result, took) in ended {
            let outcome = judge(app, &due, result);
            app.metrics
                .count_delivery(due.channel.name(), outcome.name(), took);
            deliveries::finish(&mut tx, &due, &outcome, app.now()).await?;
        }
        tx.commit().await?;
    }
    Ok(claimed)
}

async fn attempt(app: &App, due: &ClaimedDelivery) -> Result<u16, Failure> {
    let outlet = &app.outlet;
    match due.channel {
        Channel::Email => match &app.mailer {
            Some(mailer) => mailer.send(&due.target, &due.body).await,
            None => Err(Failure::new("mail is not configured: set --smtp-url")),
        },
        Channel::Slack => outlet.post(&due.target, &[], &due.body).await,
        Channel::Webhook => {
            let timestamp = app.now().secs();
            let signature = signature::sign(&due.secret, &due.event_id, timestamp, &due.body);
            let headers = [
                ("webhook-id", due.event_id.clone()),
                ("webhook-timestamp", timestamp.to_string()),
                ("webhook-signature", signature),
            ];
            outlet.post(&due.target, &headers, &due.body).await
        }
    }
}

fn judge(app: &App, due: &ClaimedDelivery, result: Result<u16, Failure>) -> DeliveryOutcome {
    match result {
        Ok(status) => DeliveryOutcome::Delivered { status },
        Err(failure) if failure.is_final || due.attempts >= backoff::ATTEMPTS => {
            let Failure { status, error, .. } = failure;
            tracing::warn!(
                delivery = due.id,
                event = due.event,
                error,
                "delivery failed for good"
            );
            DeliveryOutcome::Failed { status, error }
        }
        Err(Failure { status, error, .. }) => {
            tracing::debug!(
                delivery = due.id,
                event = due.event,
                error,
                "delivery failed; retrying later"
            );
            let wait = backoff::wait(due.attempts, ids::jitter());
            let due_at = app.now().plus(wait);
            DeliveryOutcome::Retry {
                status,
                error,
                due_at,
            }
        }
    }
}
