//! Messages of gateways on their way into the ledger. All that wait are booked together, in one
//! transaction: the sums they share are written once, and the disk is waited for once. So the more comes
//! at a time, the less each event costs, and whoever comes alone waits for nobody.
//!
//! Three such rounds are under way at most, each in another stage: one is summed up, one's events are
//! stored, and one's sums are booked. On PostgreSQL the last two are transactions at work at once. A round
//! of few events waits for those before it to end, for meanwhile it may grow.
//!
//! If the database refuses the values of an event, the rest is booked and the event is named in the result.

use crate::booking_queue::{Answer, Full, Waiting};
use crate::state::SharedApp;
use paddock_ledger::rules::batch::{ReadBatch, ReadEvent};
use paddock_ledger::rules::ledger::{self, BatchSums, Booking, Message, Stored};
use paddock_ledger::store::events::{self, Ids};
use paddock_ledger::store::{Store, StoreError};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// Events booked in one transaction at most, but for those of one message: whoever wants to borrow from a
/// scope of theirs waits for its end, and on SQLite whoever wants to write anything.
const fn most_events(store: &Store) -> usize {
    match store {
        Store::Sqlite { .. } => 8_000,
        Store::Postgres(_) => 20_000,
    }
}

/// Why a message was not booked.
#[derive(Debug)]
pub enum NotBooked {
    /// Too many wait: nothing of it was booked.
    Full,
    /// It waits still, and will be booked.
    Waits,
    /// The database refuses: nothing of it was booked, or it is not known whether it was.
    Failed(StoreError),
}

/// Books a message, whole or not at all, but for events that the database refuses. `batch` is the number that
/// the gateway gave its events, `bytes` how long the message was, and `patience` how long the caller waits. It
/// is booked also where the caller has gone meanwhile.
///
/// # Errors
/// Where too many wait, it has waited for too long, or the database refuses.
pub async fn book(
    app: &SharedApp,
    message: Message,
    batch: Option<u64>,
    bytes: usize,
    patience: Duration,
) -> Result<Booking, NotBooked> {
    let (answer, booked) = oneshot::channel();
    let waiting = Waiting {
        message,
        batch,
        bytes,
        answers: vec![answer],
    };
    app.bookings.push(waiting).map_err(|Full| {
        app.metrics.refused_messages.inc();
        NotBooked::Full
    })?;
    // Each message brings a round with it: where another's has taken it along there is nothing left
    // to do.
    tokio::spawn(round(app.clone()));
    match tokio::time::timeout(patience, booked).await {
        Err(_) => Err(NotBooked::Waits),
        Ok(booked) => booked
            .unwrap_or_else(|_| Err(StoreError::abandoned()))
            .map_err(NotBooked::Failed),
    }
}

/// Keeps those of a message's events that the database refused, for a person to look at. Only then may they be
/// acknowledged.
pub async fn set_aside(
    app: &SharedApp,
    gateway: &str,
    refused: &[(String, String)],
    raw: &[&RawValue],
) -> Result<(), StoreError> {
    if refused.is_empty() {
        return Ok(());
    }
    let refused: HashMap<&str, &str> = refused
        .iter()
        .map(|(id, error)| (id.as_str(), error.as_str()))
        .collect();
    let rows = raw.iter().filter_map(|event| {
        let Identified { id } = serde_json::from_str(event.get()).ok()?;
        Some((gateway, *refused.get(&*id)?, event.get()))
    });
    let rows: Vec<(&str, &str, &str)> = rows.collect();
    let mut tx = app.store.write().await?;
    events::reject(&mut tx, &rows, app.now()).await?;
    tx.commit().await?;
    let count = u64::try_from(rows.len()).unwrap_or(0);
    app.metrics.set_aside_events.inc_by(count);
    Ok(())
}

/// An event's id.
#[derive(Deserialize)]
pub struct Identified<'a> {
    /// The id.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
}

async fn round(app: SharedApp) {
    let queue = &app.bookings;
    let preparing = queue.preparing.lock().await;
    queue.grow().await;
    let (mut messages, answers) = queue.take(most_events(&app.store));
    if messages.is_empty() {
        return;
    }
    if let Err(error) = look_up(&app, &mut messages).await {
        return refuse_all(answers, error);
    }
    let sums = BatchSums::of(&messages, &HashSet::new(), app.now());
    // On PostgreSQL ids that are new are stored far cheaper; SQLite need not be told.
    let ids = match app.store {
        Store::Sqlite { .. } => Ids::Any,
        Store::Postgres(_) => sums.new_ids(),
    };
    let storing = queue.storing.lock().await;
    drop(preparing);
    let mut booked = attempt(&app, &messages, sums, ids, storing).await;
    if booked.as_ref().is_err_and(StoreError::is_duplicate) {
        booked = attempt_again(&app, &messages).await;
    }
    match booked {
        Ok(booked) => {
            for (booked, answers) in booked.into_iter().zip(answers) {
                tell(answers, Ok(booked));
            }
        }
        // What is wrong with one message must not hold up the others.
        Err(error) if error.is_misplaced() || !error.is_transient() => {
            for (message, answers) in messages.into_iter().zip(answers) {
                tell(answers, alone(&app, message).await);
            }
        }
        Err(error) => refuse_all(answers, error),
    }
}

async fn look_up(app: &SharedApp, messages: &mut [Message]) -> Result<(), StoreError> {
    ledger::look_up(&mut app.store.read().await?, messages).await
}

/// Books one message. An event whose values the database refuses is found by halves.
async fn alone(app: &SharedApp, mut message: Message) -> Result<Booking, StoreError> {
    let error = match attempt_one(app, &message).await {
        Err(error) if error.is_of_values() => error,
        booked => return booked,
    };
    let events = std::mem::take(&mut message.batch.events);
    if events.is_empty() {
        return Err(error);
    }
    let mut whole = Booking::default();
    let mut parts: Vec<Vec<ReadEvent>> = vec![events];
    while let Some(mut events) = parts.pop() {
        let part = Message {
            gateway: message.gateway.clone(),
            batch: ReadBatch {
                events: events.clone(),
                ..ReadBatch::default()
            },
            reports: Vec::new(),
            further: message.further.clone(),
        };
        match attempt_one(app, &part).await {
            Ok(booked) => whole.new_events = whole.new_events.saturating_add(booked.new_events),
            Err(error) if !error.is_of_values() => return Err(error),
            Err(error) => match (events.len(), events.pop()) {
                (1, Some(event)) => {
                    let (id, gateway) = (event.row.id, &message.gateway);
                    tracing::error!(%error, id, gateway, "the database refuses this event");
                    whole.refused.push((id, error.to_string()));
                }
                (_, last) => {
                    events.extend(last);
                    let half = events.split_off(events.len().div_euclid(2));
                    parts.extend([half, events]);
                }
            },
        }
    }
    // What the gateway reports of its leases comes after its events.
    whole.leases = attempt_one(app, &message).await?.leases;
    Ok(whole)
}

async fn attempt_one(app: &SharedApp, message: &Message) -> Result<Booking, StoreError> {
    let booked = attempt_again(app, std::slice::from_ref(message)).await?;
    Ok(booked.into_iter().next().unwrap_or_default())
}

/// Where ids may be in the ledger already.
async fn attempt_again(app: &SharedApp, messages: &[Message]) -> Result<Vec<Booking>, StoreError> {
    let sums = BatchSums::of(messages, &HashSet::new(), app.now());
    let storing = app.bookings.storing.lock().await;
    attempt(app, messages, sums, Ids::Any, storing).await
}

async fn attempt(
    app: &SharedApp,
    messages: &[Message],
    sums: BatchSums<'_>,
    ids: Ids,
    storing: tokio::sync::MutexGuard<'_, ()>,
) -> Result<Vec<Booking>, StoreError> {
    // On SQLite one transaction writes at a time: another would wait for its connection, and not for ever.
    let mut booking = match app.store {
        Store::Sqlite { .. } => Some(app.bookings.booking.lock().await),
        Store::Postgres(_) => None,
    };
    let mut tx = app.store.write().await?;
    let stored = Stored::new(&mut tx, messages, sums, ids, app.now()).await?;
    if booking.is_none() {
        booking = Some(app.bookings.booking.lock().await);
    }
    drop(storing);
    let booked = stored.book(&mut tx, &app.config.terms, app.now()).await?;
    tx.commit().await?;
    drop(booking);
    Ok(booked)
}

fn refuse_all(answers: Vec<Vec<Answer>>, error: StoreError) {
    let error = Arc::new(error);
    for answers in answers {
        tell(answers, Err(StoreError::Shared(error.clone())));
    }
}

fn tell(answers: Vec<Answer>, booked: Result<Booking, StoreError>) {
    let booked = booked.map_err(Arc::new);
    for answer in answers {
        let booked = booked.clone().map_err(StoreError::Shared);
        // Whoever asked may have gone: it asks again.
        let _ = answer.send(booked);
    }
}
