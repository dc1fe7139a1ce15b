//! The messages of gateways that wait to be booked.

use paddock_ledger::rules::ledger::{Booking, Message};
use paddock_ledger::store::StoreError;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use tokio::sync::oneshot;

/// Events enough for a transaction of their own while others are under way: the sums of as many are
/// several times fewer.
const WORTH_A_ROUND: usize = 4_000;

/// Where the result of a message goes.
pub(crate) type Answer = oneshot::Sender<Result<Booking, StoreError>>;

/// Messages that wait to be booked.
#[derive(Debug, Default)]
pub struct BookingQueue {
    waiting: Mutex<VecDeque<(Message, Answer)>>,
    /// Told when enough events wait.
    worth_a_round: tokio::sync::Notify,
    /// Held while messages are taken and summed up, until their events can be stored.
    pub(crate) preparing: tokio::sync::Mutex<()>,
    /// Held while events are stored, until their sums can be booked.
    pub(crate) storing: tokio::sync::Mutex<()>,
    /// Held while sums are booked.
    pub(crate) booking: tokio::sync::Mutex<()>,
}

impl BookingQueue {
    pub(crate) fn push(&self, message: Message, answer: Answer) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.push_back((message, answer));
        if events(&waiting) >= WORTH_A_ROUND {
            self.worth_a_round.notify_one();
        }
    }

    /// Waits until enough events wait, or no round is under way.
    pub(crate) async fn grow(&self) {
        let others_end = async {
            drop(self.storing.lock().await);
            drop(self.booking.lock().await);
        };
        let enough = async {
            while self.is_small() {
                self.worth_a_round.notified().await;
            }
        };
        tokio::select! {
            () = enough => {}
            () = others_end => {}
        }
    }

    /// Whether something waits, and is not worth a round.
    fn is_small(&self) -> bool {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        !waiting.is_empty() && events(&waiting) < WORTH_A_ROUND
    }

    /// The oldest messages: with at most so many events, but for the first.
    pub(crate) fn take(&self, most: usize) -> (Vec<Message>, Vec<Answer>) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let mut events: usize = 0;
        let mut fits = |(message, _): &(Message, Answer)| {
            let is_first = events == 0;
            events = events.saturating_add(message.batch.events.len());
            is_first || events <= most
        };
        let count = waiting.iter().take_while(|waiting| fits(waiting)).count();
        waiting.drain(..count).unzip()
    }
}

fn events(waiting: &VecDeque<(Message, Answer)>) -> usize {
    waiting
        .iter()
        .map(|(message, _)| message.batch.events.len())
        .sum()
}
