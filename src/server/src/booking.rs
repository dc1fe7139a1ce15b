//! Messages of gateways on their way into the ledger. All that wait are booked together, in one
//! transaction: the sums they share are written once, and the disk is waited for once. So the more comes
//! at a time, the less each event costs, and whoever comes alone waits for nobody.
//!
//! Three such rounds are under way at most, each in another stage: one is summed up, one's events are
//! stored, and one's sums are booked. On PostgreSQL the last two are transactions at work at once. A round
//! of few events waits for those before it to end, for meanwhile it may grow.

use crate::booking_queue::Answer;
use crate::state::SharedApp;
use paddock_ledger::rules::ledger::{BatchSums, Booking, Message, Stored};
use paddock_ledger::rules::tags;
use paddock_ledger::store::events::Ids;
use paddock_ledger::store::{Store, StoreError};
use std::collections::HashSet;
use std::sync::Arc;
use tokio::sync::oneshot;

/// Events booked in one transaction at most, but for those of one message: whoever wants to borrow from a
/// scope of theirs waits for its end, and on SQLite whoever wants to write anything.
const fn most_events(store: &Store) -> usize {
    match store {
        Store::Sqlite { .. } => 8_000,
        Store::Postgres(_) => 20_000,
    }
}

/// Books a message, whole or not at all. It is booked also where the caller has gone meanwhile.
///
/// # Errors
/// Where the database refuses; then nothing of it was booked, or it is not known whether it was.
pub async fn book(app: &SharedApp, message: Message) -> Result<Booking, StoreError> {
    let (answer, booked) = oneshot::channel();
    app.bookings.push(message, answer);
    // Each message brings a round with it: where another's has taken it along there is nothing left
    // to do.
    tokio::spawn(round(app.clone()));
    booked
        .await
        .unwrap_or_else(|_| Err(StoreError::abandoned()))
}

async fn round(app: SharedApp) {
    let queue = &app.bookings;
    let preparing = queue.preparing.lock().await;
    queue.grow().await;
    let (mut messages, answers) = queue.take(most_events(&app.store));
    if messages.is_empty() {
        return;
    }
    if let Err(error) = attach_tags(&app, &mut messages).await {
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
        Ok(booked) => tell(answers, booked.into_iter().map(Ok)),
        // What is wrong with one message must not hold up the others.
        Err(error) if error.is_misplaced() || (messages.len() > 1 && !error.is_transient()) => {
            for (message, answer) in messages.into_iter().zip(answers) {
                let booked = attempt_again(&app, &[message]).await;
                let booked = booked.map(|booked| booked.into_iter().next().unwrap_or_default());
                tell([answer], [booked]);
            }
        }
        Err(error) => refuse_all(answers, error),
    }
}

async fn attach_tags(app: &SharedApp, messages: &mut [Message]) -> Result<(), StoreError> {
    tags::attach(&mut app.store.read().await?, messages).await
}

fn refuse_all(answers: Vec<Answer>, error: StoreError) {
    let error = Arc::new(error);
    let errors = std::iter::repeat_with(|| Err(StoreError::Shared(error.clone())));
    tell(answers, errors);
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

fn tell(
    answers: impl IntoIterator<Item = Answer>,
    booked: impl IntoIterator<Item = Result<Booking, StoreError>>,
) {
    for (answer, booked) in answers.into_iter().zip(booked) {
        // Whoever asked may have gone: it asks again.
        let _ = answer.send(booked);
    }
}
