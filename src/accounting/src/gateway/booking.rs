//! Messages of gateways on their way into the ledger. While one transaction is under way all others
//! wait, and all that wait are booked together in the next: the sums they share are written once, and
//! the disk is waited for once. So the more comes at a time, the less each event costs, and whoever
//! comes alone waits for nobody.

use crate::app::SharedApp;
use crate::domain::ledger::{self, Booked, Ids, Message, Sums};
use crate::store::{Store, StoreError};
use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::oneshot;

/// Events booked in one transaction at most, but for those of one message: whoever wants to borrow
/// from a scope of theirs, or on SQLite to write anything, waits for its end.
const MOST_EVENTS: usize = 8_000;

type Answer = oneshot::Sender<Result<Booked, StoreError>>;

/// Messages that wait to be booked.
#[derive(Debug, Default)]
pub struct BookingQueue {
    waiting: Mutex<VecDeque<(Message, Answer)>>,
    /// Held while messages are taken and summed up, until they can be booked.
    preparing: tokio::sync::Mutex<()>,
    /// Held while messages are booked.
    booking: tokio::sync::Mutex<()>,
}

impl BookingQueue {
    fn push(&self, message: Message, answer: Answer) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.push_back((message, answer));
    }

    /// The oldest messages, as many as one transaction should book.
    fn take(&self) -> (Vec<Message>, Vec<Answer>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let mut events: usize = 0;
        let mut fits = |(message, _): &(Message, Answer)| {
            let is_first = events == 0;
            events = events.saturating_add(message.batch.events.len());
            is_first || events <= MOST_EVENTS
        };
        let count = waiting.iter().take_while(|waiting| fits(waiting)).count();
        waiting.drain(..count).unzip()
    }
}

/// Books a message, whole or not at all. It is booked also where the caller has gone meanwhile.
///
/// # Errors
/// Where the database refuses; then nothing of it was booked, or it is not known whether it was.
pub async fn book(app: &SharedApp, message: Message) -> Result<Booked, StoreError> {
    let (answer, booked) = oneshot::channel();
    app.bookings.push(message, answer);
    // Each message brings a round with it: where another's has taken it along there is nothing left
    // to do.
    tokio::spawn(round(app.clone()));
    booked
        .await
        .unwrap_or(Err(StoreError::Database(sqlx::Error::WorkerCrashed)))
}

async fn round(app: SharedApp) {
    let queue = &app.bookings;
    let preparing = queue.preparing.lock().await;
    let (messages, answers) = queue.take();
    if messages.is_empty() {
        return;
    }
    let sums = Sums::of(&messages, &HashSet::new(), app.now());
    let booking = queue.booking.lock().await;
    drop(preparing);
    // On PostgreSQL ids that are new are stored far cheaper; SQLite need not be told.
    let ids = match app.store {
        Store::Sqlite { .. } => Ids::Any,
        Store::Postgres(_) => Ids::New,
    };
    let mut booked = attempt(&app, &messages, sums, ids).await;
    if ids == Ids::New && booked.as_ref().is_err_and(StoreError::is_duplicate) {
        let sums = Sums::of(&messages, &HashSet::new(), app.now());
        booked = attempt(&app, &messages, sums, Ids::Any).await;
    }
    match booked {
        Ok(booked) => tell(answers, booked.into_iter().map(Ok)),
        // What is wrong with one message must not hold up the others.
        Err(error) if error.is_misplaced() || (messages.len() > 1 && !error.is_transient()) => {
            for (message, answer) in messages.into_iter().zip(answers) {
                let alone = [message];
                let sums = Sums::of(&alone, &HashSet::new(), app.now());
                let booked = attempt(&app, &alone, sums, Ids::Any).await;
                let booked = booked.map(|booked| booked.into_iter().next().unwrap_or_default());
                tell([answer], [booked]);
            }
        }
        Err(error) => {
            let error = Arc::new(error);
            let errors = std::iter::repeat_with(|| Err(StoreError::Shared(error.clone())));
            tell(answers, errors);
        }
    }
    drop(booking);
}

async fn attempt(
    app: &SharedApp,
    messages: &[Message],
    sums: Sums<'_>,
    ids: Ids,
) -> Result<Vec<Booked>, StoreError> {
    let mut tx = app.store.write().await?;
    let (terms, now) = (&app.config.terms, app.now());
    let booked = ledger::book_all(&mut tx, terms, messages, sums, ids, now).await?;
    tx.commit().await?;
    Ok(booked)
}

fn tell(
    answers: impl IntoIterator<Item = Answer>,
    booked: impl IntoIterator<Item = Result<Booked, StoreError>>,
) {
    for (answer, booked) in answers.into_iter().zip(booked) {
        // Whoever asked may have gone: it asks again.
        let _ = answer.send(booked);
    }
}
