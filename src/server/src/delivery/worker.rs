//! The worker: claims due deliveries in turns, attempts them, and stores the outcomes.

use super::backoff;
use crate::outbound::outlet::{ATTEMPT, Failure};
use crate::outbound::signature;
use crate::state::{App, SharedApp};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use paddock_ledger::ids;
use paddock_ledger::model::delivery::{Channel, ClaimedDelivery, DeliveryOutcome};
use paddock_ledger::store::{StoreError, deliveries};
use std::collections::HashMap;
use std::time::Duration;
use tokio::sync::watch;
use url::Url;

/// Deliveries under way at once.
const AT_ONCE: usize = 64;
/// Those of one namespace.
const OF_NAMESPACE: u64 = 4;
/// Those to one host.
const OF_TARGET: usize = 8;
/// How long a claim lasts: longer than an attempt can take.
const CLAIM_LASTS: Duration = Duration::from_secs(120);
/// How long a delivery waits whose target has as many under way as it may.
const TARGET_BUSY: Duration = Duration::from_secs(1);
/// How long a later attempt may take.
const LATER_ATTEMPT: Duration = Duration::from_secs(5);
/// How long the worker rests when nothing is due.
const REST: Duration = Duration::from_secs(1);

/// Delivers until told to stop; then what is under way is ended.
pub async fn run(app: SharedApp, mut stop: watch::Receiver<bool>) {
    let mut worker = Worker::new(&app);
    while !*stop.borrow() {
        if let Err(error) = worker.claim().await {
            tracing::warn!(%error, "cannot claim deliveries; retrying");
        }
        tokio::select! {
            ended = worker.end() => {
                if let Err(error) = ended {
                    tracing::warn!(%error, "cannot store the outcomes of deliveries; retrying");
                }
            }
            () = tokio::time::sleep(REST) => {}
            // An error means that the sender is gone: stop as well.
            _ = stop.wait_for(|stop| *stop) => break,
        }
    }
    while !worker.running.is_empty() {
        if let Err(error) = worker.end().await {
            tracing::warn!(%error, "cannot store the outcomes of deliveries");
        }
    }
}

/// Attempts every due delivery once, and returns how many there were. If the database fails, those whose outcome was
/// not stored are attempted again when their claim ends.
pub async fn pass(app: &App) -> Result<usize, StoreError> {
    let mut worker = Worker::new(app);
    let mut attempted: usize = 0;
    loop {
        let claimed = worker.claim().await?;
        if claimed == 0 {
            return Ok(attempted);
        }
        attempted = attempted.saturating_add(claimed);
        while !worker.running.is_empty() {
            worker.end().await?;
        }
    }
}

/// An attempt that ended.
struct Ended {
    due: ClaimedDelivery,
    target: String,
    result: Result<u16, Failure>,
    took: Duration,
}

struct Worker<'a> {
    app: &'a App,
    running: FuturesUnordered<BoxFuture<'a, Ended>>,
    /// How many are under way, by namespace and by target.
    namespaces: HashMap<String, usize>,
    targets: HashMap<String, usize>,
}

impl<'a> Worker<'a> {
    fn new(app: &'a App) -> Worker<'a> {
        Worker {
            app,
            running: FuturesUnordered::new(),
            namespaces: HashMap::new(),
            targets: HashMap::new(),
        }
    }

    /// Begins what is due, as far as there is room: in turns by namespace, and of namespaces that have
    /// none under way. How many.
    async fn claim(&mut self) -> Result<usize, StoreError> {
        let free = AT_ONCE.saturating_sub(self.running.len());
        if free == 0 {
            return Ok(0);
        }
        let now = self.app.now();
        let terms = deliveries::Terms {
            now,
            until: now.plus(CLAIM_LASTS),
            most: u64::try_from(free).unwrap_or(0),
            of_namespace: OF_NAMESPACE,
        };
        let busy: Vec<&str> = self.namespaces.keys().map(String::as_str).collect();
        let mut tx = self.app.store.write().await?;
        let due = deliveries::claim(&mut tx, terms, &busy).await?;
        let mut begun = Vec::with_capacity(due.len());
        for due in due {
            let target = host(&due);
            let under_way = self.targets.entry(target.clone()).or_default();
            if *under_way >= OF_TARGET {
                deliveries::put_back(&mut tx, &due, now.plus(TARGET_BUSY)).await?;
                continue;
            }
            *under_way = under_way.saturating_add(1);
            begun.push((due, target));
        }
        let committed = tx.commit().await;
        let count = begun.len();
        for (due, target) in begun {
            if committed.is_err() {
                forget(&mut self.targets, &target);
                continue;
            }
            let own = self.namespaces.entry(due.namespace.clone()).or_default();
            *own = own.saturating_add(1);
            self.running.push(Box::pin(ended(self.app, due, target)));
        }
        committed.map(|()| count)
    }

    /// Waits for an attempt to end, and stores its outcome with those that ended meanwhile.
    async fn end(&mut self) -> Result<(), StoreError> {
        let Some(first) = self.running.next().await else {
            return std::future::pending().await;
        };
        let mut all = vec![first];
        while let Some(Some(more)) = self.running.next().now_or_never() {
            all.push(more);
        }
        for ended in &all {
            forget(&mut self.namespaces, &ended.due.namespace);
            forget(&mut self.targets, &ended.target);
        }
        let app = self.app;
        let mut tx = app.store.write().await?;
        for Ended {
            due, result, took, ..
        } in all
        {
            let outcome = judge(app, &due, result);
            app.metrics
                .count_delivery(due.channel.name(), outcome.name(), took);
            deliveries::finish(&mut tx, &due, &outcome, app.now()).await?;
        }
        tx.commit().await
    }
}

fn forget(counts: &mut HashMap<String, usize>, name: &str) {
    if let Some(count) = counts.get_mut(name) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(name);
        }
    }
}

/// Who is asked: a URL's host, or a mail's address.
fn host(due: &ClaimedDelivery) -> String {
    let shown = match due.channel {
        Channel::Email => due.target.stored().to_owned(),
        Channel::Webhook | Channel::Slack => due.target.shown_url(),
    };
    let url = Url::parse(&shown).ok();
    let host = url.as_ref().and_then(Url::host_str).map(str::to_owned);
    host.unwrap_or(shown)
}

async fn ended(app: &App, due: ClaimedDelivery, target: String) -> Ended {
    let started = app.now();
    // A target that failed before keeps a place for less long.
    let patience = match due.attempts {
        0 | 1 => ATTEMPT,
        _ => LATER_ATTEMPT,
    };
    let result = tokio::time::timeout(patience, attempt(app, &due)).await;
    let result = result.unwrap_or_else(|_| {
        let seconds = patience.as_secs();
        Err(Failure::new(format!("no response within {seconds} s")))
    });
    let took = app.now().since(started);
    Ended {
        due,
        target,
        result,
        took,
    }
}

async fn attempt(app: &App, due: &ClaimedDelivery) -> Result<u16, Failure> {
    let outlet = &app.outlet;
    let opened = |sealed| app.encryption.open(sealed).map_err(Failure::new);
    let target = opened(&due.target)?;
    let target = target.expose();
    match due.channel {
        Channel::Email => match &app.mailer {
            Some(mailer) => mailer.send(target, &due.body).await,
            None => Err(Failure::new("mail is not configured: set --smtp-url")),
        },
        Channel::Slack => outlet.post(target, &[], &due.body).await,
        Channel::Webhook => {
            let timestamp = app.now().secs();
            let signature =
                signature::sign(&opened(&due.secret)?, &due.event_id, timestamp, &due.body);
            let headers = [
                ("webhook-id", due.event_id.clone()),
                ("webhook-timestamp", timestamp.to_string()),
                ("webhook-signature", signature),
            ];
            outlet.post(target, &headers, &due.body).await
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
